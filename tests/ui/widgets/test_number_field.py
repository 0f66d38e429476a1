"""A number with its unit: typed freely, stepped within its limits, by keyboard, arrows and wheel."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from tests.ui.widgets.test_wheel import turn_wheel
from ui.style.theme import Theme
from ui.widgets.number_field import ARROWS_WIDTH, HEIGHT, WIDTH, NumberField
from ui.widgets.wheel_guard import guarded

Make = Callable[[str], NumberField]


@pytest.fixture
def make(qtbot: QtBot, qapp: QApplication, theme: Theme) -> Iterator[Make]:
    theme.apply_to(qapp)

    def made(value: str) -> NumberField:
        field = guarded(NumberField(theme, "per minute", 1, 300, is_whole=False))
        qtbot.addWidget(field)
        field.show_value(value)
        field.show()
        field.setFocus()
        qtbot.waitUntil(field.hasFocus)
        return field

    yield made
    theme.detach()


def test_arrows_are_clicked(make: Make) -> None:
    field = make("10")
    assert (field.width(), field.height()) == (max(WIDTH, field.sizeHint().width()), HEIGHT)
    arrows = field.width() - ARROWS_WIDTH // 2

    QTest.mouseClick(field, Qt.MouseButton.LeftButton, pos=QPoint(arrows, HEIGHT // 4))
    assert field.value() == "11"
    QTest.mouseClick(field, Qt.MouseButton.LeftButton, pos=QPoint(arrows, 3 * HEIGHT // 4))
    QTest.mouseClick(field, Qt.MouseButton.LeftButton, pos=QPoint(arrows, 3 * HEIGHT // 4))
    assert field.value() == "9"


@pytest.mark.parametrize(("value", "key"), [("300", Qt.Key.Key_Up), ("1", Qt.Key.Key_Down), ("", Qt.Key.Key_Up)])
def test_steps_end_at_the_limits(make: Make, value: str, key: Qt.Key) -> None:
    field = make(value)
    QTest.keyClick(field, key)
    assert field.value() == value


def test_wheel_steps_with_the_focus(make: Make) -> None:
    field = make("10")
    turn_wheel(field)
    assert field.value() == "9"


def test_what_is_typed_is_never_corrected(make: Make) -> None:
    field = make("")
    QTest.keyClicks(field, "99999x")
    field.clearFocus()
    assert field.value() == "99999x"
    assert field.number() is None


def test_decimals_are_read_with_a_comma_too(make: Make) -> None:
    assert make("0,25").number() == 0.25


def test_unit_is_painted_behind_the_number(make: Make, theme: Theme) -> None:
    field = make("10")
    with_unit = field.grab().toImage()
    line = field.lineEdit()
    line.unit = ""  # type: ignore[attr-defined]

    assert field.grab().toImage() != with_unit


def test_longest_number_and_its_unit_fit(qtbot: QtBot, theme: Theme) -> None:
    field = NumberField(theme, "refusals in a row", 1, 10_000, is_whole=True)
    qtbot.addWidget(field)

    text = field.fontMetrics().horizontalAdvance("10000" + "refusals in a row")

    assert field.sizeHint().width() >= text + ARROWS_WIDTH
