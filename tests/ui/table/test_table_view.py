"""The table widget keeps selection and scroll position."""

from __future__ import annotations

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QImage
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from tests.ui.rows import BLACK, Sheep, a_table, flock
from ui.style.theme import Theme
from ui.style.tokens import DARK
from ui.table.delegates import ROW_HEIGHT
from ui.table.row_table import RowTable
from ui.table.table_view import FarmTable

NAMES = [f"s{n:03}" for n in range(200)]


@pytest.fixture
def table() -> RowTable[Sheep]:
    made = a_table()
    made.upsert(flock(*NAMES))
    return made


@pytest.fixture
def view(qtbot: QtBot, theme: Theme, table: RowTable[Sheep]) -> FarmTable:
    made = FarmTable(table, theme)
    qtbot.addWidget(made)
    made.sort_by(0, Qt.SortOrder.AscendingOrder)
    made.resize(400, 400)
    with qtbot.waitActive(made):
        made.show()
        made.activateWindow()
    made.clearFocus()
    return made


def test_selection_stays_on_its_row_when_rows_are_inserted_before_it(view: FarmTable, table: RowTable[Sheep]) -> None:
    view.select_key("s100")

    table.upsert(flock("a", "b", "c"))

    assert view.selected_keys() == ["s100"]


def test_selection_survives_a_model_reset(view: FarmTable, table: RowTable[Sheep]) -> None:
    view.select_key("s100")

    table.upsert(flock(*[f"s{n:03}x" for n in range(200)]))

    assert table.rowCount() == 400
    assert view.selected_keys() == ["s100"]


def test_selection_follows_its_row_through_a_sort(view: FarmTable) -> None:
    view.select_key("s100")

    view.sort_by(0, Qt.SortOrder.DescendingOrder)

    assert view.selected_keys() == ["s100"]
    assert view.selectionModel().selectedRows()[0].row() == 99


def test_visible_rows_stay_visible_while_rows_are_inserted_above(view: FarmTable, table: RowTable[Sheep]) -> None:
    view.verticalScrollBar().setValue(50 * ROW_HEIGHT + 7)

    table.upsert(flock("a", "b", "c"))

    assert table.key_at(view.rowAt(0)) == "s050"
    assert view.verticalScrollBar().value() == 53 * ROW_HEIGHT + 7


def test_new_rows_appear_at_the_top(view: FarmTable, table: RowTable[Sheep]) -> None:
    table.upsert(flock("a", "b", "c"))

    assert table.key_at(view.rowAt(0)) == "a"


def test_a_row_that_the_filter_hides_is_not_selected_any_more(view: FarmTable, table: RowTable[Sheep]) -> None:
    view.select_key("s100")

    table.show_filter(BLACK)

    assert view.selected_keys() == []


def test_column_width_does_not_depend_on_values(view: FarmTable, table: RowTable[Sheep]) -> None:
    before = [view.columnWidth(place) for place in range(3)]

    table.upsert([Sheep(name="s000", weight=10**30)])

    assert [view.columnWidth(place) for place in range(3)] == before


def test_narrow_table_hides_columns_of_high_rank(view: FarmTable) -> None:
    view.resize(190, 400)

    assert [view.isColumnHidden(place) for place in range(3)] == [False, False, True]


def test_cut_text_is_shown_in_the_tooltip(view: FarmTable, table: RowTable[Sheep]) -> None:
    table.upsert(flock("a" * 300))

    assert view.tooltip_at(table.index(0, 0)) == "a" * 300
    assert view.tooltip_at(table.index(1, 0)) == ""


def test_tab_into_a_table_selects_its_first_row(qtbot: QtBot, view: FarmTable) -> None:
    view.setFocus(Qt.FocusReason.TabFocusReason)

    qtbot.waitUntil(lambda: view.selected_keys() == ["s000"])


def test_new_theme_is_painted(view: FarmTable, theme: Theme, qapp: QApplication) -> None:
    light = view.viewport().grab().toImage()

    theme.tokens = DARK
    theme.changed.emit()
    view.select_key("s000")

    dark = view.viewport().grab().toImage()
    assert _differs(light, dark)


def _differs(one: QImage, other: QImage) -> bool:
    return one != other


def test_copy_takes_all_selected_rows_in_order_one_per_line(view: FarmTable) -> None:
    view.setFocus()
    view.select_keys([f"s{n:03}" for n in (3, 1, 2)])

    QTest.keyClick(view, Qt.Key.Key_C, Qt.KeyboardModifier.ControlModifier)

    lines = QApplication.clipboard().text().split("\n")
    assert [line.split("\t")[0] for line in lines] == ["s001", "s002", "s003"]
    shown = sum(not view.isColumnHidden(place) for place in range(view.model().columnCount()))
    assert {len(line.split("\t")) for line in lines} == {shown}


def test_copying_nothing_leaves_the_clipboard_alone(view: FarmTable) -> None:
    QApplication.clipboard().setText("kept")
    view.setFocus()

    QTest.keyClick(view, Qt.Key.Key_C, Qt.KeyboardModifier.ControlModifier)

    assert QApplication.clipboard().text() == "kept"
