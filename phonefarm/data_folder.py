"""The data folder, taken by one phonefarm at a time."""

from __future__ import annotations

import os
from pathlib import Path

from filelock import FileLock, Timeout

from phonefarm.domain.errors import KnownError


class DataFolder:
    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock: FileLock | None = None

    def take(self) -> None:
        """Make the folder if need be and hold it; raises KnownError if another phonefarm runs on it."""
        try:
            self._path.mkdir(parents=True, exist_ok=True)
            if os.name == "posix":
                self._path.chmod(0o700)
            lock = FileLock(self._path / "phonefarm.lock")
            lock.acquire(timeout=0)
        except Timeout:
            raise KnownError(
                f"Another phonefarm is running on {self._path}. Use that one, or close it first."
            ) from None
        except OSError as error:
            raise KnownError(f"The data folder {self._path} cannot be used: {error.strerror or error}.") from error
        self._lock = lock

    def release(self) -> None:
        if self._lock is not None:
            self._lock.release()
            self._lock = None
