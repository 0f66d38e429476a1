"""Opens an SQLite file beside the program that writes it."""

from __future__ import annotations

import sqlite3
from pathlib import Path

BUSY_SECONDS = 5.0


def opened(path: Path) -> sqlite3.Connection:
    """In autocommit mode. Raises sqlite3.Error if the file cannot be opened."""
    # Not mode=ro: the first reader of a WAL database must be able to create its index.
    return sqlite3.connect(f"{path.as_uri()}?mode=rw", uri=True, timeout=BUSY_SECONDS, isolation_level=None)


def opened_to_read(path: Path) -> sqlite3.Connection:
    """The same, but every write is refused."""
    connection = opened(path)
    connection.execute("PRAGMA query_only = ON")
    return connection
