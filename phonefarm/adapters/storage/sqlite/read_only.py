"""Opens a database file of SQLite for reading, beside the program that writes it."""

from __future__ import annotations

import sqlite3
from pathlib import Path

BUSY_SECONDS = 5.0


def opened(path: Path) -> sqlite3.Connection:
    """In autocommit. Raises sqlite3.Error for a file that cannot be opened."""
    # Not mode=ro: the first reader of a WAL database must be able to make its index.
    return sqlite3.connect(f"{path.as_uri()}?mode=rw", uri=True, timeout=BUSY_SECONDS, isolation_level=None)


def opened_to_read(path: Path) -> sqlite3.Connection:
    """The same, and every write is refused."""
    connection = opened(path)
    connection.execute("PRAGMA query_only = ON")
    return connection
