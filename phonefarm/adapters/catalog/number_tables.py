"""Reads tables of numbers, CSV as Excel and others write it or XLSX: forgiving in form, strict in content."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from phonefarm.adapters.catalog.table_files import MOST_ROWS, Row, tables_in, tables_of
from phonefarm.application.records import NumberEntry
from phonefarm.domain.errors import KnownError
from phonefarm.domain.ids import parse_iccid, parse_msisdn

ROWS_BEFORE_HEADING = 20

_NAMES = {
    "iccid": ("iccid", "icc", "icc id", "icc_id"),
    "msisdn": ("msisdn", "number", "phone", "phone number", "номер", "номер телефона", "телефон"),
    "country": ("country", "страна"),
    "operator": ("operator", "оператор"),
    "label": ("label", "метка", "note", "примечание"),
}
_COLUMN_OF = {name: column for column, names in _NAMES.items() for name in names}
_NEEDED = {"iccid", "msisdn"}
_ROUNDED = re.compile(r"[0-9]+([.,][0-9]+)?[eE]\+?[0-9]+")
_WHOLE_FLOAT = re.compile(r"([0-9]{7,15})[.,]0")


async def read_table(path: str) -> Sequence[NumberEntry]:
    """All entries of a CSV or XLSX file; raises KnownError that names the bad line."""
    return await asyncio.to_thread(read_entries, Path(path))


def read_entries(path: Path) -> list[NumberEntry]:
    """The same, at once; nothing but the file's content tells what kind it is."""
    return _entries_of(tables_of(path), path.name)


def entries_in(content: bytes, name: str) -> list[NumberEntry]:
    """The same of a file's content; `name` is what errors call it."""
    return _entries_of(tables_in(content, name), name)


def _entries_of(tables: Sequence[Sequence[Row]], name: str) -> list[NumberEntry]:
    """Of the first table that has the columns; of the first one at all where none has, so that it says what lacks."""
    for rows in tables:
        if any(set(_heading(cells)) >= _NEEDED for _, cells in rows[:ROWS_BEFORE_HEADING]):
            return _entries(iter(rows), name, ROWS_BEFORE_HEADING)
    return _entries(iter(tables[0] if tables else ()), name, ROWS_BEFORE_HEADING)


# Rows -----------------------------------------------------------------------


def _entries(rows: Iterator[Row], name: str, may_precede: int) -> list[NumberEntry]:
    entries: dict[str, NumberEntry] = {}
    heading: dict[str, int] | None = None
    for count, (number, cells) in enumerate(rows):
        if count > MOST_ROWS:
            raise KnownError(f"{name} has more than {MOST_ROWS} lines: that is no table of this farm's numbers.")
        if not any(cell.strip() for cell in cells):
            continue
        if heading is None:
            heading = _heading(cells)
            if not set(heading) >= _NEEDED:
                raise KnownError(f"{name}: the first line must name the columns iccid,msisdn,country,operator,label.")
            continue
        row = {column: _tidy(cells[place]) for column, place in heading.items() if place < len(cells)}
        if not any(row.values()):
            continue
        entry = _entry(row, f"{name}, line {number}")
        if entry.iccid in entries:
            raise KnownError(f"{name}, line {number}: this ICCID stands twice in the file.")
        entries[entry.iccid] = entry
    return list(entries.values())


def _heading(cells: Iterable[str]) -> dict[str, int]:
    """Where each known column is; of two that mean the same the first counts."""
    found: dict[str, int] = {}
    for place, cell in enumerate(cells):
        column = _COLUMN_OF.get(" ".join(cell.strip().strip("\ufeff").lower().split()))
        if column is not None:
            found.setdefault(column, place)
    return found


def _tidy(cell: str) -> str:
    """Without blanks around it, and without the apostrophe that tells a spreadsheet "this is text"."""
    return cell.replace("\u00a0", " ").strip().removeprefix("'").strip()


def _entry(row: dict[str, str], where: str) -> NumberEntry:
    stated = row.get("iccid", "").replace(" ", "")
    if _ROUNDED.fullmatch(stated):
        raise KnownError(
            f"{where}: the ICCID was kept as a number, {stated}, and its last digits are lost. Format the column as "
            "text and enter the ICCIDs again."
        )
    if not stated:
        raise KnownError(
            f"{where}: the ICCID is missing; a formula must have been calculated before the file is saved."
        )
    iccid = parse_iccid(stated)
    if iccid is None:
        raise KnownError(f"{where}: the ICCID is not 18 to 20 digits that begin with 89 (check for a typing error).")
    number = row.get("msisdn", "")
    whole = _WHOLE_FLOAT.fullmatch(number)
    msisdn = parse_msisdn(whole[1] if whole else number)
    if msisdn is None:
        raise KnownError(f"{where}: the number must be written with its country code, as 79281234567.")
    return NumberEntry(
        iccid=iccid,
        msisdn=msisdn,
        country=row.get("country", "").lower(),
        operator=row.get("operator", "").lower(),
        label=row.get("label", ""),
    )
