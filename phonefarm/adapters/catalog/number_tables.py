"""Reads tables of numbers, CSV as Excel and others write it or XLSX: forgiving in form, strict in content."""

from __future__ import annotations

import asyncio
import csv
import io
import re
import warnings
import zipfile
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from phonefarm.application.storage import NumberEntry
from phonefarm.domain.errors import KnownError
from phonefarm.domain.ids import parse_iccid, parse_msisdn

LARGEST_FILE = 10_000_000
LARGEST_UNPACKED = 80_000_000
MOST_PARTS = 1_000
MOST_ROWS = 50_000
MOST_COLUMNS = 64
MOST_SHEETS = 10
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
_SEPARATORS = ",;\t"

Row = tuple[int, Sequence[str]]
"""The number of a line as the user's program shows it, and its cells."""


async def read_table(path: str) -> Sequence[NumberEntry]:
    """All entries of a CSV or XLSX file; raises KnownError that names the bad line."""
    return await asyncio.to_thread(read_entries, Path(path))


def read_entries(path: Path) -> list[NumberEntry]:
    """The same, at once; nothing but the file's content tells what kind it is."""
    try:
        if path.stat().st_size > LARGEST_FILE:
            raise KnownError(f"The file {path} is larger than {LARGEST_FILE // 10**6} MB.")
        content = path.read_bytes()
    except (OSError, ValueError) as error:
        cause = error.strerror if isinstance(error, OSError) else str(error)
        raise KnownError(f"The file {path} cannot be read: {cause}.") from error
    return entries_in(content, path.name)


def entries_in(content: bytes, name: str) -> list[NumberEntry]:
    if content.startswith(b"PK\x03\x04"):
        return _entries_of_sheets(content, name)
    if content.startswith(b"\xd0\xcf\x11\xe0"):
        raise KnownError(
            f"{name} is protected by a password, or of an old Excel (.xls): save it as .xlsx without a password."
        )
    return parse_numbers(_decoded(content, name), name)


# CSV ------------------------------------------------------------------------


def parse_numbers(text: str, name: str) -> list[NumberEntry]:
    """The entries of a CSV text; separators `,`, `;` and tab are understood. Raises KnownError with the line."""
    try:
        return _entries(_csv_rows(text), name, ROWS_BEFORE_HEADING)
    except csv.Error:
        raise KnownError(f"{name} is not a CSV file: save it as plain text with commas.") from None


def _decoded(content: bytes, name: str) -> str:
    """UTF-8, UTF-16 as Excel's "Unicode text", else the code page of Russian Windows."""
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        encodings = ["utf-16"]
    elif b"\x00" in content[:200]:
        encodings = ["utf-16-le" if content[1:2] == b"\x00" else "utf-16-be"]
    else:
        encodings = ["utf-8-sig", "cp1251"]
    for encoding in encodings:
        try:
            text = content.decode(encoding)
        except UnicodeDecodeError:
            continue
        if "\x00" not in text:
            return text
    raise KnownError(f"{name} is no table: it must be a CSV text or an Excel file (.xlsx).")


def _csv_rows(text: str) -> Iterator[Row]:
    lines = text.splitlines()
    told = re.fullmatch(r'"?sep=(.)"?', lines[0].strip()) if lines else None  # Excel's own hint
    first_line = next((line for line in lines[1 if told else 0 :] if line.strip()), "")
    separator = told[1] if told else max(_SEPARATORS, key=first_line.count)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator)
    for place, cells in enumerate(reader):
        if place == 0 and told:
            continue
        yield reader.line_num, cells


# XLSX -----------------------------------------------------------------------


def _entries_of_sheets(content: bytes, name: str) -> list[NumberEntry]:
    _refuse_bombs(content, name)
    try:
        sheets = _sheets(content)
    except Exception as error:  # what a broken file makes of the library is not to be foreseen
        raise KnownError(f"{name} cannot be read as an Excel file ({type(error).__name__}): save it anew.") from error
    filled = [rows for rows in sheets if any(any(cells) for _, cells in rows)]
    for rows in filled:
        if any(set(_heading(cells)) >= _NEEDED for _, cells in rows[:ROWS_BEFORE_HEADING]):
            return _entries(iter(rows), name, ROWS_BEFORE_HEADING)
    return _entries(iter(filled[0] if filled else ()), name, ROWS_BEFORE_HEADING)


def _refuse_bombs(content: bytes, name: str) -> None:
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            parts = archive.infolist()
    except (zipfile.BadZipFile, ValueError, OSError, NotImplementedError) as error:
        raise KnownError(f"{name} is broken or cut short: copy it again.") from error
    if any(part.flag_bits & 1 for part in parts):
        raise KnownError(f"{name} is protected by a password: save it without one.")
    if len(parts) > MOST_PARTS or sum(part.file_size for part in parts) > LARGEST_UNPACKED:
        raise KnownError(f"{name} unpacks to more than {LARGEST_UNPACKED // 10**6} MB: that is no table of numbers.")
    if not any(part.filename == "xl/workbook.xml" for part in parts):
        raise KnownError(f"{name} is an archive, but no Excel file: save the table as .xlsx or CSV.")


def _sheets(content: bytes) -> list[list[Row]]:
    from openpyxl import load_workbook

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # on styles and extensions that openpyxl does not know
        book = load_workbook(io.BytesIO(content), read_only=True, data_only=True, keep_links=False)
        try:
            return [
                [
                    (number, [_text(value) for value in values])
                    for number, values in enumerate(
                        sheet.iter_rows(max_row=MOST_ROWS + 2, max_col=MOST_COLUMNS, values_only=True), start=1
                    )
                ]
                for sheet in book.worksheets[:MOST_SHEETS]
            ]
        finally:
            book.close()


def _text(value: object) -> str:
    """A cell as text. Excel keeps 15 digits of a number: a longer one is shown rounded, as Excel shows it."""
    match value:
        case None:
            return ""
        case bool():
            return str(value)
        case float() | int():
            if abs(value) >= 10**15:
                return f"{float(value):.5E}"
            return str(int(value)) if value == int(value) else str(value)
        case _:
            return str(value)


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
