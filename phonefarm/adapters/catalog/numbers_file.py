"""Reads the user's numbers file, iccid,msisdn,country,operator,label, when it is new or has changed."""

from __future__ import annotations

import asyncio
from pathlib import Path

from phonefarm.adapters.catalog.number_tables import read_entries
from phonefarm.application.ports.records.numbers import NumberTable
from phonefarm.domain.errors import KnownError
from phonefarm.support.os_errors import cause_of


class NumbersFile:
    def __init__(self, path: Path | None) -> None:
        self._path = path
        self._seen: tuple[int, int] | None = None

    async def read_if_changed(self) -> NumberTable | None:
        """All lines if the file is new or has changed, else None; raises KnownError for what is no such table.

        A file that was refused for its content is read again only when it has changed once more.
        """
        if self._path is None:
            return None
        return await asyncio.to_thread(self._read_if_changed, self._path)

    def _read_if_changed(self, path: Path) -> NumberTable | None:
        try:
            stat = path.stat()
        except OSError as error:
            self._seen = None
            raise KnownError(f"The numbers file {path} cannot be read: {cause_of(error)}.") from error
        stamp = (stat.st_mtime_ns, stat.st_size)
        if stamp == self._seen:
            return None
        try:
            entries = read_entries(path)
        except KnownError as error:
            if not isinstance(error.__cause__, OSError):  # Excel may hold the file: it is read again as it is
                self._seen = stamp
            raise
        self._seen = stamp
        return entries
