"""The Settings page in small windows and long languages: nothing is cut and nothing overlaps."""

from __future__ import annotations

import asyncio
import itertools
import os
from pathlib import Path

import pytest
from PySide6.QtWidgets import QAbstractButton, QComboBox, QLabel, QWidget

from phonefarm.adapters.secrets.memory_store import MemoryStore
from phonefarm.application.model.read_models import SettingKind, Topic
from phonefarm.config.own_environment import PREFIX
from phonefarm.config.settings import load_settings
from phonefarm.config.settings_editor import SettingsEditor
from phonefarm.support.logs import SecretFilter
from tests.fakes.desk import FakeDesk
from tests.ui.live import Live, WindowRunner, until
from tests.ui.longer_words import longer_words
from tests.ui.pages.settings_page import enter, leave, settings_of
from ui.pages.settings.group_list import GroupItem
from ui.pages.settings.groups import GROUPS, SettingGroup
from ui.pages.settings.page import SettingsPage
from ui.pages.settings.setting_rows import LabelledRow
from ui.text.words import tr
from ui.text.words.settings import CHOICES, SETTINGS
from ui.widgets.switch import Switch

ARROW_OF_A_BOX = 34
SIZES = [(1280, 800), (1366, 768), (1440, 900), (1920, 1080)]


@pytest.fixture
def desk(desk: FakeDesk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> FakeDesk:
    """With all settings of the program, checked as they really are."""
    for name in list(os.environ):
        if name.startswith(PREFIX):
            monkeypatch.delenv(name)
    monkeypatch.setenv(f"{PREFIX}PUSH_REFUSALS_BEFORE_PARKING", "8")
    editor = SettingsEditor(load_settings(data_dir=tmp_path), MemoryStore("key"), SecretFilter())
    desk.fields = list(editor.fields())
    desk.judge = editor.check
    return desk


def cut_widgets(page: QWidget) -> list[str]:
    """The texts of visible widgets that have less room than they need."""
    found = []
    for widget in page.findChildren(QWidget):
        if not widget.isVisible():
            continue
        if isinstance(widget, QLabel) and widget.text():
            room, need = widget.width(), widget.sizeHint().width()
            if widget.wordWrap():
                room, need = widget.height(), widget.heightForWidth(widget.width())
            if need > room:
                found.append(f"{widget.text()} ({need} in {room})")
        elif isinstance(widget, GroupItem):
            metrics = widget.fontMetrics()
            need = metrics.horizontalAdvance(widget.text()) + metrics.horizontalAdvance(widget.painted_count())
            if need + 24 > widget.width():
                found.append(widget.text())
        elif isinstance(widget, QAbstractButton) and not isinstance(widget, Switch):
            if widget.sizeHint().width() > widget.width():
                found.append(widget.text())
        elif isinstance(widget, QComboBox):
            texts = [widget.itemText(place) for place in range(widget.count())]
            longest = max(texts, key=widget.fontMetrics().horizontalAdvance)
            if widget.fontMetrics().horizontalAdvance(longest) + ARROW_OF_A_BOX > widget.width():
                found.append(longest)
    return found


def overlapping_rows(page: SettingsPage) -> list[str]:
    rows = sorted(
        (row.mapTo(page.list, row.rect().topLeft()).y(), row.height(), row.name.plain)
        for row in page.findChildren(LabelledRow)
        if row.isVisible()
    )
    pairs = itertools.pairwise(rows)
    return [f"{upper[2]} and {lower[2]}" for upper, lower in pairs if upper[0] + upper[1] > lower[0]]


async def settle() -> None:
    """Let Qt lay out what was changed."""
    for _ in range(5):
        await asyncio.sleep(0)


async def change_everything(page: SettingsPage) -> None:
    """Every setting that can be changed is, and two are wrong."""
    for row in page.rows.values():
        if row.setting.is_fixed or row.setting.kind in (SettingKind.TEXT, SettingKind.ADDRESS, SettingKind.PATH):
            continue
        match row.setting.kind:
            case SettingKind.SWITCH:
                row.control.show_value("false" if row.value() == "true" else "true")
            case SettingKind.CHOICE:
                row.control.show_value(row.setting.choices[-1])
            case SettingKind.NUMBER:
                row.control.show_value("77")
            case _:
                row.control.show_value("new-secret")
    await enter(page, "push_url", "htps://push.example/v1/PUSH_SMS_RENT")
    await leave(page, "push_url")
    await until(lambda: page.rows["push_url"].problem)


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("is_longer", [False, True])
def test_nothing_is_cut_in_any_group(
    runner: WindowRunner, desk: FakeDesk, size: tuple[int, int], is_longer: bool
) -> None:
    async def scenario(live: Live) -> None:
        live.window.resize(*size)
        page = await settings_of(live)
        for is_changed in (False, True):
            if is_changed:
                await change_everything(page)
            for group in SettingGroup:
                page.show_group(group)
                await settle()
                assert cut_widgets(page) == [], group
                assert overlapping_rows(page) == [], group
                assert page.list.width() <= page.scroll_area.viewport().width()
                assert page.bar.mapTo(live.window, page.bar.rect().bottomRight()).y() < size[1]

    if is_longer:
        with longer_words():
            runner.live(desk, scenario)
    else:
        runner.live(desk, scenario)


def test_longer_words_are_a_third_longer() -> None:
    """Else the test above shows nothing."""
    with longer_words():
        assert tr("Erase texts after") == "Eraseжж textsжж afterжж"
    assert tr("Erase texts after") == "Erase texts after"


def test_page_keeps_its_whole_name_beside_the_unsaved_changes(runner: WindowRunner, desk: FakeDesk) -> None:
    async def scenario(live: Live) -> None:
        page = await settings_of(live)
        await change_everything(page)
        item = live.window.rail.item(Topic.SETTINGS)
        metrics = item.fontMetrics()

        assert metrics.horizontalAdvance(item.text() + item.count_text()) + 32 <= item.width()

    with longer_words():
        runner.live(desk, scenario)


@pytest.mark.parametrize(("width", "is_beside"), [(1280, False), (1440, True)])
def test_note_is_beside_its_control_or_under_it(
    runner: WindowRunner, desk: FakeDesk, width: int, is_beside: bool
) -> None:
    async def scenario(live: Live) -> None:
        live.window.resize(width, 800)
        page = await settings_of(live)
        await settle()
        row = page.rows["push_retry_seconds"]
        note = row.note.mapTo(row, row.note.rect().center())
        control_end = row.control.mapTo(row, row.control.rect().bottomRight())

        assert (note.x() > control_end.x()) is is_beside
        assert (note.y() > control_end.y()) is not is_beside

    runner.live(desk, scenario)


def test_every_setting_has_a_name_a_group_and_words_for_its_choices(desk: FakeDesk) -> None:
    placed = [name for names in GROUPS.values() for name in names]

    assert sorted(placed) == sorted(field.name for field in desk.fields)
    assert set(SETTINGS) == set(placed)
    choices = {(f.name, c) for f in desk.fields if f.kind is SettingKind.CHOICE for c in f.choices}
    assert set(CHOICES) == choices
