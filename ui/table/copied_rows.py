"""Rows for the clipboard: as lines of plain text, and as an HTML table of text cells for spreadsheets."""

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
"""Without it a spreadsheet rounds phone numbers and ICCIDs."""


def clipboard_data(rows: Sequence[Any], columns: Sequence[Column[Any]], now: datetime) -> QMimeData:
    cells = [[_cell(column.text(row, now)) for column in columns] for row in rows]
    data = _make_mime_data()
    data.setText("\n".join("\t".join(line) for line in cells))
    data.setHtml(_as_html(cells))
    return data


def _make_mime_data() -> QMimeData:
    """Created by Qt: on the clipboard it outlives the interpreter, which must not be called when it is deleted."""
    model = QStandardItemModel(1, 1)
    made = model.mimeData([model.index(0, 0)])
    for kind in made.formats():
        made.removeFormat(kind)
    return made


def _cell(text: str) -> str:
    """One line without tabs; an apostrophe before what a spreadsheet would execute, as in our CSV files."""
    line = "" if text == formats.NOTHING else " ".join(text.split())
    return f"'{line}" if line.startswith(FORMULA_STARTS) and not _NUMBER.fullmatch(line) else line


def _as_html(cells: Sequence[Sequence[str]]) -> str:
    lines = ("".join(f"{_TEXT_CELL}{escape(cell)}</td>" for cell in line) for line in cells)
    return '<meta charset="utf-8"><table>' + "".join(f"<tr>{line}</tr>" for line in lines) + "</table>"
