"""Reads tables of numbers from CSV or XLSX: lenient about the format, strict about each line."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from phonefarm.adapters.catalog.table_files import MAX_ROWS, Row, tables_in, tables_of
from phonefarm.application.ports.records.numbers import LineProblem, NumberEntry, NumberTable
from phonefarm.domain.errors import KnownError
from phonefarm.domain.ids import parse_iccid, parse_msisdn

MAX_ROWS_BEFORE_HEADING = 20

_NAMES = {
    "iccid": ("iccid", "icc", "icc id", "icc_id"),
    "msisdn": ("msisdn", "number", "phone", "phone number", "номер", "номер телефона", "телефон"),
    "country": ("country", "страна"),
    "operator": ("operator", "оператор"),
    "label": ("label", "метка", "note", "примечание"),
}
_COLUMN_OF = {name: column for column, names in _NAMES.items() for name in names}
_REQUIRED = {"iccid", "msisdn"}
_ROUNDED = re.compile(r"[0-9]+([.,][0-9]+)?[eE]\+?[0-9]+")
_WHOLE_FLOAT = re.compile(r"([0-9]{7,15})[.,]0")


async def read_table(path: str) -> NumberTable:
    """All lines of a CSV or XLSX file; raises KnownError if it is not such a table."""
    return await asyncio.to_thread(read_entries, Path(path))


def read_entries(path: Path) -> NumberTable:
    """Blocking version of `read_table`. The format is detected from the content, not from the name."""
    return _read_first_table(tables_of(path), path.name)


def entries_in(content: bytes, name: str) -> NumberTable:
    """The lines of a file's content; errors call it `name`."""
    return _read_first_table(tables_in(content, name), name)


def _read_first_table(tables: Sequence[Sequence[Row]], name: str) -> NumberTable:
    """From the first table with the required columns; without one, the first table, whose error names them."""
    for rows in tables:
        if any(set(_parse_heading(cells)) >= _REQUIRED for _, cells in rows[:MAX_ROWS_BEFORE_HEADING]):
            return _parse_rows(iter(rows), name)
    return _parse_rows(iter(tables[0] if tables else ()), name)


# Rows -----------------------------------------------------------------------


class _BadLine(Exception):
    """One invalid line; the others are still read."""


def _parse_rows(rows: Iterator[Row], name: str) -> NumberTable:
    entries: dict[str, NumberEntry] = {}
    problems: list[LineProblem] = []
    heading: dict[str, int] | None = None
    for count, (number, cells) in enumerate(rows):
        if count > MAX_ROWS:
            raise KnownError(f"{name} has more than {MAX_ROWS} lines: that is not a table of this farm's numbers.")
        if not any(cell.strip() for cell in cells):
            continue
        if heading is None:
            heading = _parse_heading(cells)
            if not set(heading) >= _REQUIRED:
                raise KnownError(f"{name}: the first line must name the columns iccid,msisdn,country,operator,label.")
            continue
        row = {column: _tidy(cells[place]) for column, place in heading.items() if place < len(cells)}
        if not any(row.values()):
            continue
        try:
            entry = _parse_entry(row, number)
            if entry.iccid in entries:
                raise _BadLine(f"this ICCID stands in line {entries[entry.iccid].line} already")
        except _BadLine as error:
            problems.append(LineProblem(line=number, problem=str(error)))
        else:
            entries[entry.iccid] = entry
    return NumberTable(entries=tuple(entries.values()), problems=tuple(problems))


def _parse_heading(cells: Iterable[str]) -> dict[str, int]:
    """The position of each known column; of synonyms the first counts."""
    found: dict[str, int] = {}
    for place, cell in enumerate(cells):
        column = _COLUMN_OF.get(" ".join(cell.strip().strip("\ufeff").lower().split()))
        if column is not None:
            found.setdefault(column, place)
    return found


def _tidy(cell: str) -> str:
    """Without surrounding blanks and without the apostrophe by which a spreadsheet marks text."""
    return cell.replace("\u00a0", " ").strip().removeprefix("'").strip()


def _parse_entry(row: dict[str, str], line: int) -> NumberEntry:
    number = row.get("msisdn", "")
    whole = _WHOLE_FLOAT.fullmatch(number)
    iccid = _parse_iccid_cell(row.get("iccid", "").replace(" ", ""))
    msisdn = parse_msisdn(whole[1] if whole else number)
    if msisdn is None:
        raise _BadLine("the number must be written with its country code, as 79281234567")
    return NumberEntry(
        iccid=iccid,
        msisdn=msisdn,
        country=row.get("country", "").lower(),
        operator=row.get("operator", "").lower(),
        label=row.get("label", ""),
        line=line,
    )


def _parse_iccid_cell(stated: str) -> str:
    if (iccid := parse_iccid(stated)) is not None:
        return iccid
    if _ROUNDED.fullmatch(stated):
        raise _BadLine(
            f"the ICCID was kept as a number, {stated}, and its last digits are lost. Format the column as text and "
            "enter the ICCIDs again"
        )
    if not stated:
        raise _BadLine("the ICCID is missing; if it is a formula, let Excel calculate it and save the file again")
    raise _BadLine("the ICCID is not 18 to 20 digits that begin with 89 (check for a typing error)")
