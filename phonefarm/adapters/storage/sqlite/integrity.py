"""Checks a database file before it is trusted: a backup, or the database itself at a start."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from phonefarm.adapters.storage.sqlite.migrations import HEAD
from phonefarm.adapters.storage.sqlite.read_only import BUSY_SECONDS, opened_to_read
from phonefarm.adapters.storage.tables import metadata
from phonefarm.domain.errors import KnownError

_COUNTED = ("sims", "rents", "sms")
_OUR_TABLES = frozenset(metadata.tables) | {"alembic_version"}


@dataclass(frozen=True, kw_only=True)
class Contents:
    """What a backup contains."""

    revision: str
    sims: int
    rents: int
    messages: int
    last_heartbeat: datetime | None

    def __str__(self) -> str:
        return f"{self.sims} SIMs, {self.rents} rents, {self.messages} messages"


def verify(path: Path) -> Contents:
    """Open a backup as the app would, check every page and read from it; raises KnownError if it is not sound."""
    if not path.is_file():
        raise KnownError(f"There is no backup at {path}.")
    try:
        with closing(opened_to_read(path)) as connection:
            connection.execute("PRAGMA trusted_schema = OFF")
            _refuse_a_foreign_schema(connection, path)
            problem = connection.execute("PRAGMA integrity_check(1)").fetchone()[0]
            if problem != "ok":
                raise KnownError(f"{path} is damaged: {' '.join(str(problem).split())[:160]}.")
            revision = connection.execute("SELECT version_num FROM alembic_version").fetchone()[0]
            counts = [connection.execute(f"SELECT count(*) FROM {table}").fetchone()[0] for table in _COUNTED]  # noqa: S608
            beat = connection.execute("SELECT value FROM sequences WHERE name = 'heartbeat'").fetchone()
    except (sqlite3.Error, TypeError) as error:
        raise KnownError(f"{path} is no database of phonefarm that can be read: {error}.") from error
    if str(revision) > HEAD:
        raise KnownError(f"{path} was written by a newer phonefarm (schema {revision}, this one knows {HEAD}).")
    return Contents(
        revision=str(revision),
        sims=counts[0],
        rents=counts[1],
        messages=counts[2],
        last_heartbeat=datetime.fromtimestamp(beat[0], UTC) if beat else None,
    )


def _refuse_a_foreign_schema(connection: sqlite3.Connection, path: Path) -> None:
    """A trigger or view would run with our rights as soon as the farm writes."""
    found = connection.execute("SELECT type, name, coalesce(sql, '') FROM sqlite_master").fetchall()
    foreign = [
        f"{kind} {name}"
        for kind, name, sql in found
        if kind not in ("table", "index") or sql.upper().startswith("CREATE VIRTUAL") or _is_unknown(kind, name)
    ]
    if foreign:
        raise KnownError(f"{path} is no backup of phonefarm: it holds {_printable(foreign[0])}, which is not ours.")


def _is_unknown(kind: str, name: str) -> bool:
    return kind == "table" and name not in _OUR_TABLES and not name.startswith("sqlite_")


def _printable(name: str) -> str:
    return "".join(character if character.isprintable() else "?" for character in name)[:60]


def integrity_problem(database: Path) -> str | None:
    """What is wrong with a database file, or None. Checks every page, but not every index."""
    if not database.is_file() or database.stat().st_size == 0:
        return None
    try:
        with closing(sqlite3.connect(database, timeout=BUSY_SECONDS)) as connection:
            found = str(connection.execute("PRAGMA quick_check(1)").fetchone()[0])
    except sqlite3.OperationalError:
        return None  # locked or not readable: reported when it is opened
    except sqlite3.DatabaseError as error:
        return str(error)
    return None if found == "ok" else " ".join(found.split())[:160]
