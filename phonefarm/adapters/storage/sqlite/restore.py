"""Puts a backup in the place of the database."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import datetime
from pathlib import Path

from phonefarm.adapters.storage.columns import literals
from phonefarm.adapters.storage.sqlite.database_file import DatabaseFile
from phonefarm.adapters.storage.sqlite.drafts import (
    STAMP,
    draft_of,
    explained_failure,
    make_private,
    replace_durably,
)
from phonefarm.adapters.storage.sqlite.integrity import Contents, verify
from phonefarm.domain.errors import KnownError
from phonefarm.domain.pushes import OPEN_PUSH_STATES, PushState
from phonefarm.support.atomic_files import FileHeld, discard_draft, replace_file

SKIPPED_IDS = 10_000_000
"""More than were given out since any backup."""
_PARK = (
    f"UPDATE pushes SET state = '{PushState.PARKED.value}', is_free = 0, next_at = NULL, ended_at = ?, "  # noqa: S608
    "last_answer = 'restored from a backup: send it again if Onlinesim lacks it' "
    f"WHERE state IN ({literals(OPEN_PUSH_STATES)})"
)


def restore(backup: Path, database: Path, now: datetime) -> tuple[Contents, Path | None]:
    """Put a verified backup in the place of the database; returns its contents and where the former database is now.

    The caller holds the lock of the data folder, so that no phonefarm runs on it.
    """
    contents = verify(backup)
    draft = draft_of(database)
    with explained_failure(f"The backup {backup} could not be restored"):
        database.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with _database_lock(database):
            make_private(draft)
            try:
                shutil.copyfile(backup, draft)
                _forget_progress(draft, now)
                verify(draft)
                with _put_aside(database, now) as aside:
                    replace_durably(draft, database)
            finally:
                discard_draft(draft)
    return contents, aside


@contextmanager
def _database_lock(database: Path) -> Iterator[None]:
    """Raises KnownError while a phonefarm has the database open, whatever its data folder is."""
    file = DatabaseFile(database)
    file.hold(make=False)
    try:
        yield
    finally:
        file.release()


def _forget_progress(draft: Path, now: datetime) -> None:
    """What arrived, was pushed or was rented since the backup is unknown, so the user decides on it."""
    with closing(sqlite3.connect(draft)) as connection, connection:
        connection.execute("UPDATE phones SET baseline_at = NULL, last_read_at = NULL")
        connection.execute(_PARK, (int(now.timestamp() * 1_000_000),))
        # Ids used since the backup must never be used again: the market knows them.
        connection.execute("UPDATE sequences SET value = value + ? WHERE name <> 'heartbeat'", (SKIPPED_IDS,))


@contextmanager
def _put_aside(database: Path, now: datetime) -> Iterator[Path | None]:
    """Keep the former database with its log beside the new one: a restore deletes nothing.

    Both are moved back if either cannot be moved, or if the new database does not take the place.
    """
    aside = Path(f"{database}.before-{now.strftime(STAMP)}")
    moved: list[tuple[Path, Path]] = []
    try:
        for ending in ("-shm", "-wal", ""):
            path, away = Path(f"{database}{ending}"), Path(f"{aside}{ending}")
            if path.exists():
                replace_file(path, away)
                moved.append((path, away))
        yield aside if aside.exists() else None
    except BaseException:
        _put_back(moved)
        raise


def _put_back(moved: list[tuple[Path, Path]]) -> None:
    """The database last, so that it is never in its place without its log."""
    for place, (path, away) in enumerate(moved):
        try:
            replace_file(away, path)
        except (OSError, FileHeld) as error:
            by_hand = ", ".join(f"{away} to {path}" for path, away in moved[place:])
            raise KnownError(
                f"The former database could not be put back. Before phonefarm starts again, rename by hand: {by_hand}."
            ) from error
