"""SQLAlchemy's engine for one SQLite file, and what its errors mean."""

from __future__ import annotations

import sqlite3

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.engine import make_url
from sqlalchemy.exc import DatabaseError, DataError, IntegrityError, ProgrammingError

from phonefarm.adapters.storage.sqlite.read_only import BUSY_SECONDS
from phonefarm.application.ports.storage import StorageFailing

MOST_LOG_PAGES = 50_000
"""From this length on, the writer itself checkpoints the rest of the write-ahead log, so that it restarts.

When commits pause, that happens by itself; under a stream of them there is always one not checkpointed yet.
"""

_BUGS = (
    IntegrityError,
    DataError,
    ProgrammingError,
    sqlite3.IntegrityError,
    sqlite3.DataError,
    sqlite3.ProgrammingError,
)
"""Errors that neither a disk nor a permission can cause."""


def engine_for(url: str) -> Engine:
    engine = create_engine(
        make_url(url), hide_parameters=True, connect_args={"timeout": BUSY_SECONDS, "check_same_thread": False}
    )

    @event.listens_for(engine, "connect")
    def _prepare(connection: sqlite3.Connection, _record: object) -> None:
        connection.isolation_level = None  # SQLAlchemy emits BEGIN itself, below
        cursor = connection.cursor()
        for pragma in (
            "journal_mode=WAL",
            "synchronous=FULL",
            "foreign_keys=ON",
            "secure_delete=ON",  # erased texts leave the file even if SQLite was built without it
            "cache_size=-20000",
            f"wal_autocheckpoint={MOST_LOG_PAGES}",
        ):
            cursor.execute(f"PRAGMA {pragma}")
        cursor.close()

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        if not connection.get_execution_options().get("begins_explicitly", False):
            connection.exec_driver_sql("BEGIN")

    return engine


def is_bug(error: BaseException) -> bool:
    """Whether phonefarm has caused the error, not the disk, a lock or a damaged file."""
    return not isinstance(error, DatabaseError | sqlite3.Error) or isinstance(error, _BUGS)


def cause_of(error: BaseException) -> str:
    """The first line of the driver's message; it contains no stored value."""
    return (str(getattr(error, "orig", None) or error).splitlines() or [type(error).__name__])[0]


def storage_failing(error: BaseException) -> StorageFailing:
    return StorageFailing(
        f"The database cannot be used: {cause_of(error)}. Check the disk and the data folder's permissions."
    )
