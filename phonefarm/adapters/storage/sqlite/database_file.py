"""The database's file: locked by one phonefarm at a time, private to its owner, and watched for its replacement."""

from __future__ import annotations

import contextlib
import os
import sqlite3
import time
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

from filelock import FileLock, Timeout
from sqlalchemy.engine import make_url

from phonefarm.application.ports.storage import StorageFailing
from phonefarm.domain.errors import KnownError
from phonefarm.support.os_errors import cause_of

LOCK_SUFFIX = ".lock"
RESCUE_SECONDS = 60.0
_WITH_ITS_LOG = ("", "-wal", "-shm")


class DatabaseFile:
    """The lock lies beside the file and not in the data folder, as two data folders may name the same database."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._lock = FileLock(f"{path}{LOCK_SUFFIX}", mode=0o600, thread_local=False)
        self._identity: tuple[int, int] | None = None
        self._rescued: Path | None = None

    def hold(self, *, make: bool = True) -> None:
        """Raises KnownError while another phonefarm has the database open, or if it cannot be used.

        `make`: create an empty file if there is none, so that it is private from its first byte.
        """
        try:
            if not self.path.parent.is_dir():  # else the lock would create it: a mistyped path, a new farm
                raise FileNotFoundError(2, f"there is no folder {self.path.parent}")
            self._lock.acquire(timeout=0)
            self._make_private(make=make)
        except Timeout:
            raise KnownError(
                f"Another phonefarm uses the database {self.path}. Close it, or point database_url at another file."
            ) from None
        except OSError as error:
            self.release()
            raise StorageFailing(
                f"The database cannot be used: unable to open database file ({cause_of(error)}). "
                "Check the disk and the data folder's permissions."
            ) from error

    def release(self) -> None:
        self._lock.release()

    def remember_identity(self) -> None:
        """Call once the file is open: from now on its path must lead to this file."""
        self._identity = _identity_of(self.path)

    def check_identity(self, connection: sqlite3.Connection) -> None:
        """Raises StorageFailing if the path no longer leads to the open file: commits would be lost at the stop.

        The open database is copied beside the path first; `connection` must have no transaction for that.
        """
        if self._identity is None or _identity_of(self.path) == self._identity:
            self._drop_rescued()
            return
        if self._rescued is None:
            self._rescued = _rescue(connection, self.path)
        step = "Stop phonefarm and put the file back."
        if self._rescued is not None:
            step = f"What was stored is kept: stop phonefarm and run 'phonefarm restore {self._rescued}'."
        raise StorageFailing(f"The database {self.path} was deleted or replaced while phonefarm runs. {step}")

    def _drop_rescued(self) -> None:
        """The file is back: restoring the copy later would lose what was committed since."""
        if self._rescued is not None:
            with contextlib.suppress(OSError):
                self._rescued.unlink(missing_ok=True)
            self._rescued = None

    def _make_private(self, *, make: bool) -> None:
        if os.name != "posix":
            return
        if self.path.is_dir():
            raise IsADirectoryError(21, "it is a folder")
        if make:
            os.close(os.open(self.path, os.O_RDWR | os.O_CREAT, 0o600))
        for ending in _WITH_ITS_LOG:
            with contextlib.suppress(OSError):  # of another owner, or not there
                Path(f"{self.path}{ending}").chmod(0o600)


def database_path(url: str) -> Path:
    """The file of an SQLite URL."""
    return Path(str(make_url(url).database)).resolve()


def _identity_of(path: Path) -> tuple[int, int] | None:
    """Device and inode; on Windows volume and file index."""
    try:
        stat = path.stat()
    except OSError:
        return None
    return stat.st_dev, stat.st_ino


def _rescue(connection: sqlite3.Connection, path: Path) -> Path | None:
    """Copy the open database beside its path; None if that cannot be written either."""
    target = path.with_name(f"{path.name}.rescued-{datetime.now(UTC):%Y%m%dT%H%M%SZ}")
    give_up_at = time.monotonic() + RESCUE_SECONDS

    def go_on(_status: int, _remaining: int, _total: int) -> None:
        if time.monotonic() > give_up_at:
            raise TimeoutError

    try:
        os.close(os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
        with closing(sqlite3.connect(target)) as copy:
            connection.backup(copy, pages=10_000, progress=go_on)
    except (OSError, sqlite3.Error):
        with contextlib.suppress(OSError):
            target.unlink(missing_ok=True)
        return None
    return target
