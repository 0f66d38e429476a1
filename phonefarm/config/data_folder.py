"""The data folder and its lock, which one phonefarm holds at a time."""

from __future__ import annotations

import os
import stat
from pathlib import Path

from filelock import FileLock, Timeout

from phonefarm.domain.errors import KnownError
from phonefarm.support.leftovers import remove_drafts
from phonefarm.support.os_errors import cause_of


def _refuse_if_others_may_write(folder: Path) -> None:
    """Refuse a folder such as /tmp, where others could replace our files."""
    if os.name == "posix" and stat.S_IMODE(folder.stat().st_mode) & 0o002:
        raise KnownError(
            f"The data folder {folder} can be written by others. Name a folder of your own in PHONEFARM_DATA_DIR, "
            f"or take their right away: chmod o-w '{folder}'."
        )


class FolderInUse(KnownError):
    """Another phonefarm runs on the folder."""


class DataFolder:
    """Creates and locks the data folder."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock: FileLock | None = None

    def take(self) -> None:
        """Create the folder if needed and lock it.

        Raises KnownError if another phonefarm holds it, others may write there, or it cannot be used.
        """
        try:
            self._path.mkdir(mode=0o700, parents=True, exist_ok=True)
            _refuse_if_others_may_write(self._path)
            lock = FileLock(self._path / "phonefarm.lock", mode=0o600)
            lock.acquire(timeout=0)
        except Timeout:
            raise FolderInUse(
                f"Another phonefarm is running on {self._path}. Use that one, or close it first."
            ) from None
        except OSError as error:
            raise KnownError(f"The data folder {self._path} cannot be used: {cause_of(error)}.") from error
        self._lock = lock
        remove_drafts(self._path)

    def release(self) -> None:
        if self._lock is not None:
            self._lock.release()
            self._lock = None
