"""Copied rows: whole numbers, one line per row, nothing that a spreadsheet executes."""

from __future__ import annotations

import os
import subprocess
import sys
from datetime import UTC, datetime

import pytest

from ui.table.copied_rows import clipboard_data
from ui.table.row_table import Column

NOON = datetime(2026, 3, 14, 12, tzinfo=UTC)


def column_at(place: int, title: str) -> Column[list[str]]:
    return Column(title=title, text=lambda row, _: row[place], sort_key=str, sample="")


COLUMNS = [column_at(0, "Number"), column_at(1, "Text")]


def plain(*rows: list[str]) -> str:
    return clipboard_data(rows, COLUMNS, NOON).text()


def test_rows_are_lines_and_cells_stand_between_tabs() -> None:
    assert plain(["+79281234567", "one"], ["+79039876543", "two"]) == "+79281234567\tone\n+79039876543\ttwo"


def test_cell_stays_one_cell_whatever_is_in_it() -> None:
    assert plain(["+79281234567", "code\t1\n2"]) == "+79281234567\tcode 1 2"


def test_absent_value_is_an_empty_cell() -> None:
    assert plain(["–", "one"]) == "\tone"


@pytest.mark.parametrize("text", ["=HYPERLINK(1)", "@SUM(1)", "+cmd|1", "-2+3"])
def test_text_from_outside_is_no_formula(text: str) -> None:
    assert plain(["+79281234567", text]) == f"+79281234567\t'{text}"


def test_spreadsheet_gets_text_cells_without_foreign_markup() -> None:
    html = clipboard_data([["89701010012345678909", "<b>1</b>"]], COLUMNS, NOON).html()

    assert html.count("mso-number-format:'\\@'") == 2
    assert ">89701010012345678909</td>" in html
    assert "&lt;b&gt;1&lt;/b&gt;" in html


def test_program_exits_cleanly_with_rows_on_the_clipboard() -> None:
    ends = """
from datetime import UTC, datetime
from PySide6.QtWidgets import QApplication
from ui.table.copied_rows import clipboard_data
from ui.table.row_table import Column
app = QApplication([])
column = Column(title="t", text=lambda row, now: row, sort_key=str, sample="")
app.clipboard().setMimeData(clipboard_data(["one"], [column], datetime.now(UTC)))
"""

    ended = subprocess.run(
        [sys.executable, "-c", ends], env={**os.environ, "QT_QPA_PLATFORM": "offscreen"}, timeout=60, check=False
    )

    assert ended.returncode == 0


def test_nothing_but_text_and_table_is_copied() -> None:
    assert sorted(clipboard_data([["1", "2"]], COLUMNS, NOON).formats()) == ["text/html", "text/plain"]
