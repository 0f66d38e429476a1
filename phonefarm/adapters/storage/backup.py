"""Copies of the database that count only when they were opened, checked and read; and the way back from one.

A copy holds no text of an SMS that the market already has: what the farm erases must not live on in backups.
"""

from __future__ import annotations

import os
import re
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from filelock import FileLock, Timeout
from sqlalchemy.engine import make_url

from phonefarm.adapters.storage.database_file import DatabaseFile
from phonefarm.adapters.storage.migrations import HEAD
from phonefarm.adapters.storage.read_only import opened_to_read
from phonefarm.adapters.storage.tables import metadata
from phonefarm.domain.errors import KnownError
from phonefarm.domain.pushes import PushState
from phonefarm.domain.sms import SmsStanding
from phonefarm.support.atomic_files import FileHeld, discard_draft, replace_file
from phonefarm.support.os_errors import cause_of

FOLDER = "backups"
_PREFIX, _SUFFIX, _DRAFT = "phonefarm-", ".db", ".draft"
_STAMP = "%Y%m%dT%H%M%SZ"
_NEEDED_TEXTS = f"""
    standing = '{SmsStanding.HELD.value}' OR sms_id IN (
        SELECT sms_id FROM pushes
        WHERE state IN ('{PushState.WAITING.value}', '{PushState.SENDING.value}', '{PushState.PARKED.value}')
    )
"""  # noqa: S608 - words of ours


_IS_STRIPPED = f"erased_at IS NULL AND NOT ({_NEEDED_TEXTS})"
_STRIPPED = {
    ("sms", "body"): f"CASE WHEN {_IS_STRIPPED} THEN '' ELSE body END",
    ("sms", "erased_at"): f"CASE WHEN {_IS_STRIPPED} THEN arrived_at ELSE erased_at END",
}
"""What is copied instead of a column: texts that nobody needs any more never reach the copy."""


_PARK = (
    f"UPDATE pushes SET state = '{PushState.PARKED.value}', is_free = 0, next_at = NULL, ended_at = ?, "  # noqa: S608
    "last_answer = 'restored from a backup: send it again if Onlinesim lacks it' "
    f"WHERE state IN ('{PushState.WAITING.value}', '{PushState.SENDING.value}')"
)
IDS_LEFT_OUT = 10_000_000
OTHER_BACKUP_SECONDS = 5.0


@dataclass(frozen=True, kw_only=True)
class Backup:
    """A verified copy."""

    path: Path
    made_at: datetime
    size: int


@dataclass(frozen=True, kw_only=True)
class Contents:
    """What a copy holds, read from it."""

    revision: str
    sims: int
    rents: int
    messages: int
    last_heartbeat: datetime | None

    def __str__(self) -> str:
        return f"{self.sims} SIMs, {self.rents} rents, {self.messages} messages"


def backups_in(folder: Path) -> list[Backup]:
    """The copies in a folder, newest first, by their names; drafts that a crash left do not count."""
    found = []
    for path in folder.glob(f"{_PREFIX}*{_SUFFIX}"):
        with suppress(ValueError, OSError):
            stamp = path.name.removeprefix(_PREFIX).removesuffix(_SUFFIX)
            made_at = datetime.strptime(stamp, _STAMP).replace(tzinfo=UTC)
            found.append(Backup(path=path, made_at=made_at, size=path.stat().st_size))
    return sorted(found, key=lambda backup: backup.made_at, reverse=True)


def database_path(url: str) -> Path:
    """The file of an SQLite URL."""
    return Path(str(make_url(url).database)).resolve()


def make_backup(database: Path, target: Path) -> Contents:
    """Copy a database, also one that is being written to, and verify the copy; `target` is whole or not there.

    Raises KnownError with the cause and what to do.
    """
    if not database.is_file():
        raise KnownError(f"There is no database at {database} yet: phonefarm has not run on this data folder.")
    draft = target.with_name(target.name + _DRAFT)
    with _told(f"The backup {target} could not be made"):
        target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        try:
            _copy_without_texts(database, draft)
            contents = verified(draft)
            _settle(draft, target)
        finally:
            discard_draft(draft)
    return contents


def make_backup_in(folder: Path, database: Path, now: datetime) -> tuple[Path, Contents]:
    """The same under a name of its time in the folder of automatic backups; removes what a crash left there."""
    target = folder / name_at(now)
    with _told(f"The backup {target} could not be made"):
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        with _alone_in(folder):
            if target.exists():
                raise KnownError(f"{target} is there already: try again in a second.")
            remove_drafts(folder)
            return target, make_backup(database, target)


def remove_drafts(folder: Path) -> None:
    """What a crash left of a backup under way: whole or half a database that nobody would ever thin out."""
    for draft in folder.glob(f"{_PREFIX}*{_SUFFIX}{_DRAFT}*"):
        with suppress(OSError):
            draft.unlink()


@contextmanager
def _alone_in(folder: Path) -> Iterator[None]:
    """One backup at a time in a folder, so that a draft found there is nobody's any more."""
    lock = FileLock(folder / ".backup.lock", mode=0o600)
    try:
        lock.acquire(timeout=OTHER_BACKUP_SECONDS)
    except Timeout:
        raise KnownError(f"Another backup is being made in {folder}. Try again when it is done.") from None
    try:
        yield
    finally:
        lock.release()


def verified(path: Path) -> Contents:
    """Open a copy as the app would, check every page of it and read from it; KnownError if it is not sound."""
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


_COUNTED = ("sims", "rents", "sms")
_OUR_TABLES = frozenset(metadata.tables) | {"alembic_version"}


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


def restore(backup: Path, database: Path, now: datetime) -> tuple[Contents, Path | None]:
    """Put a verified copy in the place of the database; returns what it holds and where the former one was put.

    The caller holds the data folder, so that no phonefarm runs on it.
    """
    contents = verified(backup)
    draft = database.with_name(database.name + _DRAFT)
    with _told(f"The backup {backup} could not be restored"):
        database.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with _held(database):
            _make_private(draft)
            try:
                shutil.copyfile(backup, draft)
                _forget_readings(draft, now)
                verified(draft)
                with _put_aside(database, now) as aside:
                    _settle(draft, database)
            finally:
                discard_draft(draft)
    return contents, aside


@contextmanager
def _held(database: Path) -> Iterator[None]:
    """Raises KnownError while a phonefarm has the database open, on whatever data folder it runs."""
    file = DatabaseFile(database)
    file.hold(make=False)
    try:
        yield
    finally:
        file.release()


def problem_of(database: Path) -> str | None:
    """What is wrong with a database file, or None; looks at every page once, not at every index."""
    if not database.is_file() or database.stat().st_size == 0:
        return None
    try:
        with closing(sqlite3.connect(database, timeout=5.0)) as connection:
            found = str(connection.execute("PRAGMA quick_check(1)").fetchone()[0])
    except sqlite3.OperationalError:
        return None  # locked, or not readable: said by whoever opens it
    except sqlite3.DatabaseError as error:
        return str(error)
    return None if found == "ok" else " ".join(found.split())[:160]


def refuse_a_damaged(database: Path, backups: Path) -> None:
    """KnownError for a database that is damaged, with the backup to go back to."""
    problem = problem_of(database)
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
    """Copies table by table on one snapshot; the draft is private from its first byte and has no log of its own."""
    _make_private(draft)
    with closing(
        sqlite3.connect(f"{database.as_uri()}?mode=rw", uri=True, timeout=5.0, isolation_level=None)
    ) as source:
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
"""Without what SQLite makes for itself, such as the statistics of an ANALYZE."""


def _in_draft(sql: str, what: str) -> str:
    """The same statement, for the attached copy."""
    return re.sub(rf"(?i)^(CREATE (?:UNIQUE )?{what}) ", r"\1 draft.", sql, count=1)


def _copy_of(source: sqlite3.Connection, table: str) -> str:
    columns = [row[1] for row in source.execute(f'PRAGMA main.table_info("{table}")')]
    names = ", ".join(f'"{column}"' for column in columns)
    values = ", ".join(_STRIPPED.get((table, column), f'"{column}"') for column in columns)
    return f'INSERT INTO draft."{table}" ({names}) SELECT {values} FROM main."{table}"'  # noqa: S608 - our own tables


def _make_private(draft: Path) -> None:
    draft.unlink(missing_ok=True)
    os.close(os.open(draft, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600))


def _forget_readings(draft: Path, now: datetime) -> None:
    """What came, was pushed or was rented since the backup is not known: as on a new phone, the user decides on it."""
    with closing(sqlite3.connect(draft)) as connection, connection:
        connection.execute("UPDATE phones SET baseline_at = NULL, last_read_at = NULL")
        connection.execute(_PARK, (int(now.timestamp() * 1_000_000),))
        # Ids given out since the backup must never be given again: the market knows them.
        connection.execute("UPDATE sequences SET value = value + ? WHERE name <> 'heartbeat'", (IDS_LEFT_OUT,))


def _settle(draft: Path, target: Path) -> None:
    """The draft, safely on the disk, takes the target's name."""
    with draft.open("rb+") as file:
        os.fsync(file.fileno())
    if os.name == "posix":
        draft.chmod(0o600)
    replace_file(draft, target)
    if os.name == "posix":
        folder = os.open(target.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)


@contextmanager
def _put_aside(database: Path, now: datetime) -> Iterator[Path | None]:
    """The former database with its journal, kept beside the new one: nothing is thrown away by a restore.

    Back in its place, with all of its journal, where it cannot be put aside whole or no new one takes its place.
    """
    aside = Path(f"{database}.before-{now.strftime(_STAMP)}")
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
    """The database last, so that it is never there without its journal."""
    for place, (path, away) in enumerate(moved):
        try:
            replace_file(away, path)
        except (OSError, FileHeld) as error:
            by_hand = ", ".join(f"{away} to {path}" for path, away in moved[place:])
            raise KnownError(
                f"The former database could not be put back. Before phonefarm starts again, rename by hand: {by_hand}."
            ) from error


@contextmanager
def _told(what: str) -> Iterator[None]:
    try:
        yield
    except (OSError, sqlite3.Error) as error:
        cause = cause_of(error) if isinstance(error, OSError) else str(error)
        raise KnownError(
            f"{what}: {cause or error}. Check the disk's free space and the folder's permissions."
        ) from error


def name_at(now: datetime) -> str:
    return f"{_PREFIX}{now.astimezone(UTC).strftime(_STAMP)}{_SUFFIX}"


class BackupFolder:
    """The automatic copies of one database: made, listed, thinned out."""

    def __init__(self, url: str, folder: Path) -> None:
        self._database = database_path(url)
        self._folder = folder

    def remove_leftovers(self) -> None:
        """What a crash left of a backup or a restore; call while no other phonefarm uses the database."""
        remove_drafts(self._folder)
        with suppress(OSError):
            self._database.with_name(self._database.name + _DRAFT).unlink(missing_ok=True)

    def newest_at(self) -> datetime | None:
        found = backups_in(self._folder)
        return found[0].made_at if found else None

    def make(self, now: datetime, keep: int) -> str:
        """Make one and let go of the oldest beyond `keep`; returns what it holds, in words."""
        _, contents = make_backup_in(self._folder, self._database, now)
        for old in backups_in(self._folder)[keep:]:
            with suppress(OSError):
                old.path.unlink()
        return str(contents)
