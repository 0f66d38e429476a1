"""The wheel scrolls; it changes a field only while the field has the focus."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from PySide6.QtCore import QDate, QPoint, QPointF
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QAbstractSpinBox, QApplication, QComboBox, QDateEdit, QLineEdit, QSpinBox, QWidget
from pytestqt.qtbot import QtBot

import ui
from phonefarm.application.model.read_models import Topic
from tests.fakes.desk import FakeDesk
from tests.ui.live import Live, WindowRunner, until
from ui.pages.settings.page import SettingsPage
from ui.widgets.wheel_guard import guarded


def turn_wheel(widget: QWidget) -> None:
    """One notch down over its middle, delivered like an event of the system."""
    window = widget.window()
    over = QPointF(widget.mapTo(window, widget.rect().center()))
    QTest.wheelEvent(window.windowHandle(), over, QPoint(0, -120))
    QApplication.processEvents()


def a_box() -> QComboBox:
    box = QComboBox()
    box.addItems(["one", "two", "three"])
    return box


def value_of(field: QWidget) -> object:
    if isinstance(field, QComboBox):
        return field.currentIndex()
    assert isinstance(field, QAbstractSpinBox)
    return field.text()


@pytest.mark.parametrize("make", [a_box, QSpinBox, QDateEdit])
def test_wheel_changes_a_field_only_with_the_focus(qtbot: QtBot, make: type[QSpinBox]) -> None:
    window = QWidget()
    qtbot.addWidget(window)
    elsewhere = QLineEdit(window)
    field = guarded(make())
    field.setParent(window)
    field.move(0, 100)
    window.resize(300, 300)
    window.show()
    elsewhere.setFocus()
    qtbot.waitUntil(elsewhere.hasFocus)
    if isinstance(field, QSpinBox):
        field.setValue(9)
    if isinstance(field, QDateEdit):
        field.setDate(QDate(2026, 3, 14))
    before = value_of(field)

    turn_wheel(field)
    assert value_of(field) == before
    assert not field.hasFocus()

    field.setFocus()
    qtbot.waitUntil(field.hasFocus)
    turn_wheel(field)
    assert value_of(field) != before


def test_wheel_scrolls_the_settings_without_changing_them(runner: WindowRunner, desk: FakeDesk) -> None:
    async def scenario(live: Live) -> None:
        live.window.go(Topic.SETTINGS)
        await live.window.wait_until_idle()
        page = live.window.pages[Topic.SETTINGS]
        assert isinstance(page, SettingsPage)
        boxes = page.findChildren(QComboBox)
        bar = page.scroll_area.verticalScrollBar()
        before = [box.currentIndex() for box in boxes]
        live.window.resize(980, 600)
        await until(lambda: bar.maximum() > 0)

        for box in boxes:
            page.scroll_area.ensureWidgetVisible(box, 0, 200)
            place = bar.value()
            turn_wheel(box)
            assert bar.value() == min(place + 60, bar.maximum())

        assert [box.currentIndex() for box in boxes] == before
        assert page.changes() == {}

    runner.live(desk, scenario)


def test_every_field_of_the_window_is_guarded() -> None:
    made = re.compile(r"(\w*)\(?\b(?:QComboBox|QSpinBox|QDoubleSpinBox|QDateEdit|QTimeEdit|QDateTimeEdit|QSlider)\(")

    found = [
        f"{path.name}: {hit[0]}"
        for path in sorted(Path(ui.__file__).parent.rglob("*.py"))
        for hit in made.finditer(path.read_text("utf-8"))
        if hit[1] != "guarded"
    ]

    assert found == []
