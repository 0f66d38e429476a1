"""Reads the user's numbers file (iccid,msisdn,country,operator,label) whenever it has changed."""

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
        self._last_stamp: tuple[int, int] | None = None

    async def read_if_changed(self) -> NumberTable | None:
        """All lines if the file is new or has changed, else None; raises KnownError if it is not such a table.

        A file refused for its content is read again only after another change.
        """
        if self._path is None:
            return None
        return await asyncio.to_thread(self._read_if_changed, self._path)

    def _read_if_changed(self, path: Path) -> NumberTable | None:
        try:
            stat = path.stat()
        except OSError as error:
            self._last_stamp = None
            raise KnownError(f"The numbers file {path} cannot be read: {cause_of(error)}.") from error
        stamp = (stat.st_mtime_ns, stat.st_size)
        if stamp == self._last_stamp:
            return None
        try:
            entries = read_entries(path)
        except KnownError as error:
            if not isinstance(error.__cause__, OSError):  # a file that Excel has locked is tried again unchanged
                self._last_stamp = stamp
            raise
        self._last_stamp = stamp
        return entries
