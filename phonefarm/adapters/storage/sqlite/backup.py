"""Makes backups, which count only once they were opened, checked and read.

A backup contains no text of an SMS that the market already has: what the farm erases must not survive in backups.
"""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from filelock import FileLock, Timeout

from phonefarm.adapters.storage.columns import literals
from phonefarm.adapters.storage.sqlite.database_file import database_path
from phonefarm.adapters.storage.sqlite.drafts import (
    DRAFT_SUFFIX,
    STAMP,
    draft_of,
    explained_failure,
    make_private,
    replace_durably,
)
from phonefarm.adapters.storage.sqlite.integrity import Contents, integrity_problem, verify
from phonefarm.adapters.storage.sqlite.read_only import opened
from phonefarm.domain.errors import KnownError
from phonefarm.domain.pushes import OPEN_PUSH_STATES, PushState
from phonefarm.domain.sms import SmsStanding
from phonefarm.support.atomic_files import discard_draft

FOLDER = "backups"
_PREFIX, _SUFFIX = "phonefarm-", ".db"
_IS_NEEDED = f"""
    standing = '{SmsStanding.HELD.value}' OR sms_id IN (
        SELECT sms_id FROM pushes
        WHERE state IN ({literals((*OPEN_PUSH_STATES, PushState.PARKED))})
    )
"""  # noqa: S608 - words of ours


_IS_STRIPPED = f"erased_at IS NULL AND NOT ({_IS_NEEDED})"
_STRIPPED = {
    ("sms", "body"): f"CASE WHEN {_IS_STRIPPED} THEN '' ELSE body END",
    ("sms", "erased_at"): f"CASE WHEN {_IS_STRIPPED} THEN arrived_at ELSE erased_at END",
}
"""What is copied instead of a column, so that texts that are not needed any more never reach the copy."""


OTHER_BACKUP_SECONDS = 5.0


@dataclass(frozen=True, kw_only=True)
class Backup:
    """A verified backup."""

    path: Path
    made_at: datetime
    size: int


def backups_in(folder: Path) -> list[Backup]:
    """The backups in a folder, newest first, by their names; without drafts that a crash left."""
    found = []
    for path in folder.glob(f"{_PREFIX}*{_SUFFIX}"):
        with suppress(ValueError, OSError):
            stamp = path.name.removeprefix(_PREFIX).removesuffix(_SUFFIX)
            made_at = datetime.strptime(stamp, STAMP).replace(tzinfo=UTC)
            found.append(Backup(path=path, made_at=made_at, size=path.stat().st_size))
    return sorted(found, key=lambda backup: backup.made_at, reverse=True)


def make_backup(database: Path, target: Path) -> Contents:
    """Copy a database, also one in use, and verify the copy; `target` is complete or does not exist.

    Raises KnownError with the cause and what to do.
    """
    if not database.is_file():
        raise KnownError(f"There is no database at {database} yet: phonefarm has not run on this data folder.")
    draft = draft_of(target)
    with explained_failure(f"The backup {target} could not be made"):
        target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        try:
            _copy_without_texts(database, draft)
            contents = verify(draft)
            replace_durably(draft, target)
        finally:
            discard_draft(draft)
    return contents


def make_backup_in(folder: Path, database: Path, now: datetime) -> tuple[Path, Contents]:
    """The same in the folder of automatic backups, named by its time; removes the drafts there that a crash left."""
    target = folder / name_at(now)
    with explained_failure(f"The backup {target} could not be made"):
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        with _locked(folder):
            if target.exists():
                raise KnownError(f"{target} is there already: try again in a second.")
            remove_drafts(folder)
            return target, make_backup(database, target)


def remove_drafts(folder: Path) -> None:
    """Remove the drafts that a crash left: they would stay for ever, and each is as large as the database."""
    for draft in folder.glob(f"{_PREFIX}*{_SUFFIX}{DRAFT_SUFFIX}*"):
        with suppress(OSError):
            draft.unlink()


@contextmanager
def _locked(folder: Path) -> Iterator[None]:
    """Allow one backup at a time in a folder, so that any draft in it is a leftover."""
    lock = FileLock(folder / ".backup.lock", mode=0o600)
    try:
        lock.acquire(timeout=OTHER_BACKUP_SECONDS)
    except Timeout:
        raise KnownError(f"Another backup is being made in {folder}. Try again when it is done.") from None
    try:
        yield
    finally:
        lock.release()


def refuse_a_damaged(database: Path, backups: Path) -> None:
    """Raise KnownError if the database is damaged, and name the backup to restore."""
    problem = integrity_problem(database)
    if problem is None:
        return
    newest = next(iter(backups_in(backups)), None)
    if newest is None:
        remedy = f"There is no backup in {backups}: move the file away to begin with an empty one."
    else:
        made = newest.made_at.astimezone().strftime("%Y-%m-%d %H:%M")
        remedy = f"The last verified backup is of {made}: 'phonefarm restore {newest.path}' puts it in place."
    raise KnownError(f"The database {database} is damaged ({problem}). {remedy}")


def _copy_without_texts(database: Path, draft: Path) -> None:
    """Copy table by table on one snapshot. The draft is private from its first byte and has no write-ahead log."""
    make_private(draft)
    with closing(opened(database)) as source:
        source.execute("ATTACH DATABASE ? AS draft", (str(draft),))
        for setting in ("journal_mode = OFF", "synchronous = OFF"):
            source.execute(f"PRAGMA draft.{setting}")
        source.execute("BEGIN")
        schema = source.execute(_SCHEMA).fetchall()
        for kind, name, sql in schema:
            if kind == "table":
                source.execute(_in_draft(sql, "TABLE"))
                source.execute(_copy_of(source, name))
        for kind, _, sql in schema:
            if kind == "index":
                source.execute(_in_draft(sql, "INDEX"))
        source.execute("COMMIT")


_SCHEMA = """
    SELECT type, name, sql FROM main.sqlite_master WHERE sql IS NOT NULL AND substr(name, 1, 7) <> 'sqlite_'
"""
"""Without SQLite's internal tables, such as the statistics of an ANALYZE."""


def _in_draft(sql: str, what: str) -> str:
    """The same statement, for the attached copy."""
    return re.sub(rf"(?i)^(CREATE (?:UNIQUE )?{what}) ", r"\1 draft.", sql, count=1)


def _copy_of(source: sqlite3.Connection, table: str) -> str:
    columns = [row[1] for row in source.execute(f'PRAGMA main.table_info("{table}")')]
    names = ", ".join(f'"{column}"' for column in columns)
    values = ", ".join(_STRIPPED.get((table, column), f'"{column}"') for column in columns)
    return f'INSERT INTO draft."{table}" ({names}) SELECT {values} FROM main."{table}"'  # noqa: S608 - our own tables


def name_at(now: datetime) -> str:
    return f"{_PREFIX}{now.astimezone(UTC).strftime(STAMP)}{_SUFFIX}"


class BackupFolder:
    """The automatic backups of one database: makes, lists and rotates them."""

    def __init__(self, url: str, folder: Path) -> None:
        self._database = database_path(url)
        self._folder = folder

    def remove_leftovers(self) -> None:
        """Remove what a crash left of a backup or a restore; call while no other phonefarm uses the database."""
        remove_drafts(self._folder)
        with suppress(OSError):
            draft_of(self._database).unlink(missing_ok=True)

    def newest_at(self) -> datetime | None:
        found = backups_in(self._folder)
        return found[0].made_at if found else None

    def make(self, now: datetime, keep: int) -> str:
        """Make one and delete the oldest beyond `keep`; returns its contents, in words."""
        _, contents = make_backup_in(self._folder, self._database, now)
        for old in backups_in(self._folder)[keep:]:
            with suppress(OSError):
                old.path.unlink()
        return str(contents)
