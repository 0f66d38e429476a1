"""Rows of a table for the clipboard: a line each as plain text, and for spreadsheets a table whose cells are text."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime
from html import escape
from typing import Any

from PySide6.QtCore import QMimeData
from PySide6.QtGui import QStandardItemModel

from phonefarm.support.csv_cells import FORMULA_STARTS
from ui.table.row_table import Column
from ui.text import formats

_NUMBER = re.compile(r"[+-]?[\d\s.,]+")
_TEXT_CELL = "<td style=\"mso-number-format:'\\@'\">"
"""Without it a spreadsheet takes a phone number or an ICCID for a quantity and rounds it."""


def copied(rows: Sequence[Any], columns: Sequence[Column[Any]], now: datetime) -> QMimeData:
    cells = [[_cell(column.text(row, now)) for column in columns] for row in rows]
    copy = _empty()
    copy.setText("\n".join("\t".join(line) for line in cells))
    copy.setHtml(_as_html(cells))
    return copy


def _empty() -> QMimeData:
    """One that Qt has made: it outlives Python on the clipboard, and its end would call a Python that is gone."""
    model = QStandardItemModel(1, 1)
    made = model.mimeData([model.index(0, 0)])
    for kind in made.formats():
        made.removeFormat(kind)
    return made


def _cell(text: str) -> str:
    """One line without tabs; what a spreadsheet would carry out gets an apostrophe, as in our CSV files."""
    line = "" if text == formats.NOTHING else " ".join(text.split())
    return f"'{line}" if line.startswith(FORMULA_STARTS) and not _NUMBER.fullmatch(line) else line


def _as_html(cells: Sequence[Sequence[str]]) -> str:
    lines = ("".join(f"{_TEXT_CELL}{escape(cell)}</td>" for cell in line) for line in cells)
    return '<meta charset="utf-8"><table>' + "".join(f"<tr>{line}</tr>" for line in lines) + "</table>"
