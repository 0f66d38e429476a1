"""Reads rows of text from CSV files, as Excel and others write them, and XLSX files; knows nothing of their meaning."""

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

MAX_FILE_BYTES = 10_000_000
MAX_PARTS = 1_000
MAX_PART_BYTES = 2_000_000
"""Uncompressed size of a part of an XLSX: styles take over a second per megabyte."""
MAX_SHEETS_BYTES = 24_000_000
"""Of all sheets: 50,000 rows of a numbers table take about 15 MB."""
MAX_TEXTS_BYTES = 12_000_000
"""Of the shared strings, where an XLSX keeps its texts."""
MAX_ROWS = 50_000
MAX_COLUMNS = 64
MAX_SHEETS = 10
READ_SECONDS = 20.0
"""A file that takes longer is refused."""
SEPARATOR_LINES = 20
"""Lines from which the separator is detected; the first may be a title."""
_SEPARATORS = ",;\t"
_SHEETS, _MEDIA = "xl/worksheets/", "xl/media/"

Row = tuple[int, Sequence[str]]
"""The line number that the user's program shows, and the cells."""


def tables_of(path: Path) -> list[list[Row]]:
    """One table of a CSV, one per sheet of an XLSX; raises KnownError."""
    try:
        if path.stat().st_size > MAX_FILE_BYTES:
            raise KnownError(f"The file {path} is larger than {MAX_FILE_BYTES // 10**6} MB.")
        content = path.read_bytes()
    except (OSError, ValueError) as error:
        cause = cause_of(error) if isinstance(error, OSError) else str(error)
        raise KnownError(f"The file {path} cannot be read: {cause}.") from error
    return tables_in(content, path.name)


def tables_in(content: bytes, name: str) -> list[list[Row]]:
    """The tables in a file's content, from which the format is detected; errors call it `name`."""
    if content.startswith(b"PK\x03\x04"):
        return _xlsx_tables(content, name)
    if content.startswith(b"\xd0\xcf\x11\xe0"):
        raise KnownError(f"{name} has a password or the old Excel format (.xls): save it as .xlsx without a password.")
    try:
        return [list(_csv_rows(_decode(content, name)))]
    except csv.Error:
        raise KnownError(f"{name} is not a CSV file: save it as plain text with commas.") from None
    except _TooMuch as error:
        raise KnownError(f"{name} {error}: that is not a table of numbers.") from None


def _decode(content: bytes, name: str) -> str:
    """UTF-8, UTF-16 (Excel's "Unicode text"), else the code page of Russian Windows."""
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
    raise KnownError(f"{name} is not a table: it must be a CSV or an Excel file (.xlsx).")


class _TooMuch(Exception):
    """A limit of `_Allowance` is exceeded; the text is the predicate to the file's name."""


class _Allowance:
    """Limits the lines and the time spent on a file, over all its sheets."""

    def __init__(self) -> None:
        self._filled = 0
        self._give_up_at = time.monotonic() + READ_SECONDS

    def take(self, place: int, *, is_empty: bool = False) -> None:
        """Count one line; raises _TooMuch."""
        self._filled += not is_empty
        if max(place, self._filled) > MAX_ROWS:
            raise _TooMuch(f"has more than {MAX_ROWS} lines")
        if time.monotonic() >= self._give_up_at:
            raise _TooMuch(f"takes longer than {READ_SECONDS:g} s to read")


def _csv_rows(text: str) -> Iterator[Row]:
    allowance = _Allowance()
    first_lines = list(islice(io.StringIO(text), SEPARATOR_LINES))
    declared = re.fullmatch(r'"?sep=(.)"?', first_lines[0].strip()) if first_lines else None  # Excel's own hint
    separator = declared[1] if declared else max(_SEPARATORS, key="".join(first_lines).count)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator)
    for place, cells in enumerate(reader):
        allowance.take(place)
        if place == 0 and declared:
            continue
        yield reader.line_num, cells[:MAX_COLUMNS]


def _xlsx_tables(content: bytes, name: str) -> list[list[Row]]:
    """The sheets of an XLSX that are not empty."""
    _check_archive(content, name)
    try:
        sheets = _read_sheets(content)
    except _TooMuch as error:
        raise KnownError(f"{name} {error}: that is not a table of numbers.") from None
    except Exception as error:  # openpyxl raises anything on a broken file
        raise KnownError(f"{name} cannot be read as an Excel file ({type(error).__name__}): save it again.") from error
    return [rows for rows in sheets if any(any(cells) for _, cells in rows)]


def _check_archive(content: bytes, name: str) -> None:
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            parts = archive.infolist()
    except (zipfile.BadZipFile, ValueError, OSError, NotImplementedError) as error:
        raise KnownError(f"{name} is broken or cut short: copy it again.") from error
    if any(part.flag_bits & 1 for part in parts):
        raise KnownError(f"{name} is protected by a password: save it without one.")
    if len(parts) > MAX_PARTS or (large := _find_excess(parts)) is not None:
        what = f"more than {MAX_PARTS} parts" if len(parts) > MAX_PARTS else f"a part of {large}"
        raise KnownError(f"{name} unpacks to {what}: that is not a table of numbers.")
    if not any(part.filename == "xl/workbook.xml" for part in parts):
        raise KnownError(f"{name} is an archive, but not an Excel file: save the table as .xlsx or CSV.")


def _find_excess(parts: Sequence[zipfile.ZipInfo]) -> str | None:
    """The first size above its limit, in words. By the archive's directory; zipfile extracts no more than that."""
    sheets = sum(part.file_size for part in parts if part.filename.startswith(_SHEETS))
    texts = sum(part.file_size for part in parts if part.filename == "xl/sharedStrings.xml")
    media = sum(part.file_size for part in parts if part.filename.startswith(_MEDIA))
    largest = max((part.file_size for part in parts if not _has_own_limit(part.filename)), default=0)
    capped = (
        (sheets, MAX_SHEETS_BYTES),
        (texts, MAX_TEXTS_BYTES),
        (media, MAX_SHEETS_BYTES),
        (largest, MAX_PART_BYTES),
    )
    for size, most in capped:
        if size > most:
            return f"{size / 1e6:.0f} MB"
    return None


def _has_own_limit(part: str) -> bool:
    """Whether a limit of its own applies. Media are never read, unless the file declares one of them a sheet."""
    return part.startswith((_SHEETS, _MEDIA)) or part == "xl/sharedStrings.xml"


def _read_sheets(content: bytes) -> list[list[Row]]:
    allowance = _Allowance()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # about styles and extensions that openpyxl does not support
        book = load_workbook(io.BytesIO(content), read_only=True, data_only=True, keep_links=False)
        try:
            return [_read_rows(sheet, allowance) for sheet in book.worksheets[:MAX_SHEETS]]
        finally:
            book.close()


def _read_rows(sheet: Worksheet, allowance: _Allowance) -> list[Row]:
    rows: list[Row] = []
    found = sheet.iter_rows(max_row=MAX_ROWS + 2, max_col=MAX_COLUMNS, values_only=True)
    for number, values in enumerate(found, start=1):
        cells = [_cell_text(value) for value in values]
        while cells and not cells[-1]:  # openpyxl pads rows, and adds missing ones
            cells.pop()
        allowance.take(number, is_empty=not cells)
        if cells:
            rows.append((number, cells))
    return rows


def _cell_text(value: object) -> str:
    """A cell as text. Excel keeps 15 digits of a number; a longer one is shown rounded, as in Excel."""
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
