"""Reads tables out of files that people have, CSV as Excel and others write it or XLSX: rows of texts, no meaning."""

from __future__ import annotations

import csv
import io
import math
import re
import time
import warnings
import zipfile
from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path

from openpyxl import load_workbook
from openpyxl.worksheet.worksheet import Worksheet

from phonefarm.domain.errors import KnownError
from phonefarm.support.os_errors import cause_of

LARGEST_FILE = 10_000_000
MOST_PARTS = 1_000
LARGEST_PART = 2_000_000
"""Bytes of a part of an XLSX, unpacked: styles cost over a second a megabyte."""
LARGEST_SHEETS = 24_000_000
"""Bytes of all sheets: 50,000 rows of a numbers table take some 15 MB."""
LARGEST_TEXTS = 12_000_000
"""Bytes of the part in which an XLSX keeps its texts."""
MOST_ROWS = 50_000
MOST_COLUMNS = 64
MOST_SHEETS = 10
READ_SECONDS = 20.0
"""A file that takes longer is refused; no table of numbers does."""
LINES_THAT_TELL = 20
"""By so many lines the separator is told: the first may be a title."""
_SEPARATORS = ",;\t"
_SHEETS, _MEDIA = "xl/worksheets/", "xl/media/"

Row = tuple[int, Sequence[str]]
"""The number of a line as the user's program shows it, and its cells."""


def tables_of(path: Path) -> list[list[Row]]:
    """The tables of a file: one of a CSV, one for each sheet of an XLSX; raises KnownError."""
    try:
        if path.stat().st_size > LARGEST_FILE:
            raise KnownError(f"The file {path} is larger than {LARGEST_FILE // 10**6} MB.")
        content = path.read_bytes()
    except (OSError, ValueError) as error:
        cause = cause_of(error) if isinstance(error, OSError) else str(error)
        raise KnownError(f"The file {path} cannot be read: {cause}.") from error
    return tables_in(content, path.name)


def tables_in(content: bytes, name: str) -> list[list[Row]]:
    """The same; nothing but the file's content tells what kind it is."""
    if content.startswith(b"PK\x03\x04"):
        return _sheets_in(content, name)
    if content.startswith(b"\xd0\xcf\x11\xe0"):
        raise KnownError(
            f"{name} is protected by a password, or of an old Excel (.xls): save it as .xlsx without a password."
        )
    try:
        return [list(_csv_rows(_decoded(content, name)))]
    except csv.Error:
        raise KnownError(f"{name} is not a CSV file: save it as plain text with commas.") from None
    except _TooMuch as error:
        raise KnownError(f"{name} {error}: that is no table of numbers.") from None


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


class _TooMuch(Exception):
    """What of a file goes beyond every table, to be put behind its name."""


class _Allowance:
    """Counts the lines that are read, over all sheets of a file; raises _TooMuch."""

    def __init__(self) -> None:
        self._filled = 0
        self._give_up_at = time.monotonic() + READ_SECONDS

    def take(self, place: int, *, is_empty: bool = False) -> None:
        self._filled += not is_empty
        if max(place, self._filled) > MOST_ROWS:
            raise _TooMuch(f"has more than {MOST_ROWS} lines")
        if time.monotonic() >= self._give_up_at:
            raise _TooMuch(f"takes longer than {READ_SECONDS:g} s to read")


def _csv_rows(text: str) -> Iterator[Row]:
    allowance = _Allowance()
    first_lines = list(islice(io.StringIO(text), LINES_THAT_TELL))
    told = re.fullmatch(r'"?sep=(.)"?', first_lines[0].strip()) if first_lines else None  # Excel's own hint
    separator = told[1] if told else max(_SEPARATORS, key="".join(first_lines).count)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator)
    for place, cells in enumerate(reader):
        allowance.take(place)
        if place == 0 and told:
            continue
        yield reader.line_num, cells[:MOST_COLUMNS]


def _sheets_in(content: bytes, name: str) -> list[list[Row]]:
    """The sheets of an XLSX that hold anything."""
    _refuse_bombs(content, name)
    try:
        sheets = _sheets(content)
    except _TooMuch as error:
        raise KnownError(f"{name} {error}: that is no table of numbers.") from None
    except Exception as error:  # what a broken file makes of the library is not to be foreseen
        raise KnownError(f"{name} cannot be read as an Excel file ({type(error).__name__}): save it anew.") from error
    return [rows for rows in sheets if any(any(cells) for _, cells in rows)]


def _refuse_bombs(content: bytes, name: str) -> None:
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            parts = archive.infolist()
    except (zipfile.BadZipFile, ValueError, OSError, NotImplementedError) as error:
        raise KnownError(f"{name} is broken or cut short: copy it again.") from error
    if any(part.flag_bits & 1 for part in parts):
        raise KnownError(f"{name} is protected by a password: save it without one.")
    if len(parts) > MOST_PARTS or (large := _too_large(parts)) is not None:
        what = f"more than {MOST_PARTS} parts" if len(parts) > MOST_PARTS else f"a part of {large}"
        raise KnownError(f"{name} unpacks to {what}: that is no table of numbers.")
    if not any(part.filename == "xl/workbook.xml" for part in parts):
        raise KnownError(f"{name} is an archive, but no Excel file: save the table as .xlsx or CSV.")


def _too_large(parts: Sequence[zipfile.ZipInfo]) -> str | None:
    """The size of what is too large, by the archive's own directory, beyond which nothing is unpacked."""
    sheets = sum(part.file_size for part in parts if part.filename.startswith(_SHEETS))
    texts = sum(part.file_size for part in parts if part.filename == "xl/sharedStrings.xml")
    media = sum(part.file_size for part in parts if part.filename.startswith(_MEDIA))
    largest = max((part.file_size for part in parts if not _is_table(part.filename)), default=0)
    capped = ((sheets, LARGEST_SHEETS), (texts, LARGEST_TEXTS), (media, LARGEST_SHEETS), (largest, LARGEST_PART))
    for size, most in capped:
        if size > most:
            return f"{size / 1e6:.0f} MB"
    return None


def _is_table(part: str) -> bool:
    """Pictures are not unpacked either, unless the file calls one of them a sheet."""
    return part.startswith((_SHEETS, _MEDIA)) or part == "xl/sharedStrings.xml"


def _sheets(content: bytes) -> list[list[Row]]:
    allowance = _Allowance()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # on styles and extensions that openpyxl does not know
        book = load_workbook(io.BytesIO(content), read_only=True, data_only=True, keep_links=False)
        try:
            return [_rows_of(sheet, allowance) for sheet in book.worksheets[:MOST_SHEETS]]
        finally:
            book.close()


def _rows_of(sheet: Worksheet, allowance: _Allowance) -> list[Row]:
    rows: list[Row] = []
    found = sheet.iter_rows(max_row=MOST_ROWS + 2, max_col=MOST_COLUMNS, values_only=True)
    for number, values in enumerate(found, start=1):
        cells = [_text(value) for value in values]
        while cells and not cells[-1]:  # openpyxl fills each row up, and rows that are not there
            cells.pop()
        allowance.take(number, is_empty=not cells)
        if cells:
            rows.append((number, cells))
    return rows


def _text(value: object) -> str:
    """A cell as text. Excel keeps 15 digits of a number: a longer one is shown rounded, as Excel shows it."""
    match value:
        case None:
            return ""
        case bool():
            return str(value)
        case float() if not math.isfinite(value):
            return str(value)
        case float() | int():
            if abs(value) >= 10**15:
                return f"{float(value):.5E}"
            return str(int(value)) if value == int(value) else str(value)
        case _:
            return str(value)
