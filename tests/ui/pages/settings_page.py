"""Drives the Settings page by mouse and keyboard."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QLineEdit, QWidget

from phonefarm.application.model.read_models import SettingProblem, Topic
from tests.ui.live import Live, until
from ui.pages.settings.groups import SettingGroup
from ui.pages.settings.page import SettingsPage
from ui.widgets.number_field import NumberField

Judge = Callable[[Mapping[str, str]], Sequence[SettingProblem]]


async def settings_of(live: Live) -> SettingsPage:
    """The page, shown and filled."""
    live.window.go(Topic.SETTINGS)
    await live.window.wait_until_idle()
    page = live.window.pages[Topic.SETTINGS]
    assert isinstance(page, SettingsPage)
    assert page.rows
    return page


def line_of(page: SettingsPage, name: str) -> QLineEdit:
    field = page.rows[name].field
    line = field.lineEdit() if isinstance(field, NumberField) else field
    assert isinstance(line, QLineEdit)
    return line


async def focus(page: SettingsPage, name: str) -> None:
    """On the group of the setting, its field has the focus."""
    page.show_setting(name)
    await until(page.rows[name].field.hasFocus)


async def enter(page: SettingsPage, name: str, text: str) -> None:
    """Type over what the field holds; the focus stays in it."""
    await focus(page, name)
    line = line_of(page, name)
    line.selectAll()
    QTest.keyClick(line, Qt.Key.Key_Delete)
    QTest.keyClicks(line, text)


async def leave(page: SettingsPage, name: str) -> None:
    """By the Tab key."""
    QTest.keyClick(page.rows[name].field, Qt.Key.Key_Tab)
    await until(lambda: not page.rows[name].field.hasFocus())


def click(widget: QWidget) -> None:
    assert widget.isVisible(), "nobody can click what is not shown"
    QTest.mouseClick(widget, Qt.MouseButton.LeftButton)


async def choose_group(page: SettingsPage, group: SettingGroup) -> None:
    click(page.groups.items[group])
    await until(page.groups.items[group].isChecked)


def shown_rows(page: SettingsPage) -> list[str]:
    return [name for name, row in page.rows.items() if row.isVisible()]


def refusing(name: str, value: str, problem: str, repair: str = "") -> Judge:
    """Finds one value of one setting wrong."""

    def judge(changes: Mapping[str, str]) -> Sequence[SettingProblem]:
        is_wrong = changes.get(name) == value
        return [SettingProblem(name=name, problem=problem, repair=repair)] if is_wrong else []

    return judge
