"""Reads the user's numbers file, iccid,msisdn,country,operator,label, when it is new or has changed."""

from __future__ import annotations

import asyncio
import csv
import io
from collections.abc import Sequence
from pathlib import Path

from phonefarm.application.storage import NumberEntry
from phonefarm.domain.errors import KnownError
from phonefarm.domain.ids import parse_iccid, parse_msisdn

LARGEST_FILE = 10_000_000
COLUMNS = ("iccid", "msisdn")


class NumbersFile:
    def __init__(self, path: Path | None) -> None:
        self._path = path
        self._seen: tuple[int, int] | None = None

    async def read_if_changed(self) -> Sequence[NumberEntry] | None:
        """All lines if the file is new or has changed, else None; raises KnownError that names the bad line.

        A file that was refused is read again only when it has changed once more.
        """
        if self._path is None:
            return None
        return await asyncio.to_thread(self._read_if_changed, self._path)

    def _read_if_changed(self, path: Path) -> Sequence[NumberEntry] | None:
        try:
            stat = path.stat()
            stamp = (stat.st_mtime_ns, stat.st_size)
            if stamp == self._seen:
                return None
            if stat.st_size > LARGEST_FILE:
                raise KnownError(f"The numbers file {path} is larger than {LARGEST_FILE // 10**6} MB.")
            text = path.read_text(encoding="utf-8-sig")
        except (OSError, UnicodeDecodeError) as error:
            cause = error.strerror if isinstance(error, OSError) else "it is not UTF-8 text"
            self._seen = None
            raise KnownError(f"The numbers file {path} cannot be read: {cause}.") from error
        self._seen = stamp
        return parse_numbers(text, path.name)


def parse_numbers(text: str, name: str) -> list[NumberEntry]:
    """The entries of a numbers file; separators `,` and `;` are both understood. Raises KnownError with the line."""
    try:
        return _parsed(text, name)
    except csv.Error:
        raise KnownError(f"{name} is not a CSV file: save it as plain text with commas.") from None


def _parsed(text: str, name: str) -> list[NumberEntry]:
    first_line = text.splitlines()[0] if text.strip() else ""
    delimiter = ";" if first_line.count(";") > first_line.count(",") else ","
    reader = csv.DictReader(io.StringIO(text), delimiter=delimiter)
    if text.strip() and not set(COLUMNS) <= {(column or "").strip().lower() for column in reader.fieldnames or ()}:
        raise KnownError(f"{name}: the first line must name the columns iccid,msisdn,country,operator,label.")
    entries: dict[str, NumberEntry] = {}
    for number, raw in enumerate(reader, start=2):
        row = {(column or "").strip().lower(): (value or "").strip() for column, value in raw.items() if column}
        if not any(row.values()):
            continue
        entry = _entry(row, f"{name}, line {number}")
        if entry.iccid in entries:
            raise KnownError(f"{name}, line {number}: this ICCID stands twice in the file.")
        entries[entry.iccid] = entry
    return list(entries.values())


def _entry(row: dict[str, str], where: str) -> NumberEntry:
    iccid = parse_iccid(row.get("iccid", "").replace(" ", ""))
    if iccid is None:
        raise KnownError(f"{where}: the ICCID is not 18 to 20 digits that begin with 89 (check for a typing error).")
    msisdn = parse_msisdn(row.get("msisdn", ""))
    if msisdn is None:
        raise KnownError(f"{where}: the number must be written with its country code, as 79281234567.")
    return NumberEntry(
        iccid=iccid,
        msisdn=msisdn,
        country=row.get("country", "").lower(),
        operator=row.get("operator", "").lower(),
        label=row.get("label", ""),
    )
