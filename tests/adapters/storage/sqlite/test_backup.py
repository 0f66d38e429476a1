"""A backup is opened, checked and read before it counts; a restore deletes nothing."""

from __future__ import annotations

import os
import sqlite3
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from phonefarm.adapters.storage.sqlite import backup as backup_module
from phonefarm.adapters.storage.sqlite import drafts
from phonefarm.adapters.storage.sqlite import restore as restore_module
from phonefarm.adapters.storage.sqlite.backup import (
    BackupFolder,
    backups_in,
    make_backup,
    name_at,
    refuse_a_damaged,
)
from phonefarm.adapters.storage.sqlite.database import Database
from phonefarm.adapters.storage.sqlite.integrity import Contents, integrity_problem, verify
from phonefarm.adapters.storage.sqlite.restore import restore
from phonefarm.application.model.read_models import PushState, SmsStanding
from phonefarm.domain.errors import KnownError
from phonefarm.support.atomic_files import FileHeld
from tests.application.stored_farm import StoredFarm
from tests.builders import HOUR, NOON, a_row, a_seen_sim, ms
from tests.fakes.held_file import Holder

SECRET_TEXT = "Ihr Code lautet 771204"


async def with_messages(database: Database) -> StoredFarm:
    """One message that the market has accepted, one still to be pushed, and one without a rent."""
    farm = StoredFarm(database)
    await farm.seat(a_seen_sim())
    await farm.sms(row_id=1, body=SECRET_TEXT)
    await farm.rent()
    await farm.sms(row_id=2, body="still to be pushed")
    return farm


def texts_in(path: Path) -> list[str]:
    with closing(sqlite3.connect(path)) as connection:
        return [row[0] for row in connection.execute("SELECT body FROM sms ORDER BY sms_id")]


def spoil(path: Path, at: int = 5_000) -> None:
    with path.open("rb+") as file:
        file.seek(at)
        file.write(b"\xff" * 20_000)


# Making -------------------------------------------------------------------------


async def test_backup_of_a_running_farm_holds_its_farm(database: Database, database_file: Path, tmp_path: Path) -> None:
    await with_messages(database)

    contents = make_backup(database_file, tmp_path / "copy.db")

    assert (contents.sims, contents.rents, contents.messages) == (1, 1, 2)
    assert verify(tmp_path / "copy.db") == contents


async def test_backup_omits_texts_that_are_not_needed_any_more(
    database: Database, database_file: Path, tmp_path: Path
) -> None:
    await with_messages(database)

    make_backup(database_file, tmp_path / "copy.db")

    assert texts_in(tmp_path / "copy.db") == ["", "still to be pushed"]
    assert SECRET_TEXT.encode() not in (tmp_path / "copy.db").read_bytes()
    assert texts_in(database_file) == [SECRET_TEXT, "still to be pushed"]


async def test_unneeded_text_is_in_no_file_at_any_moment_of_a_backup(
    database: Database, database_file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever a kill leaves is private and contains no such text."""
    await with_messages(database)
    folder = tmp_path / "backups"
    seen: list[tuple[int, bytes]] = []

    def look(draft: Path) -> Contents:
        seen.append((draft.stat().st_mode & 0o777, draft.read_bytes()))
        raise KnownError("stopped midway")

    monkeypatch.setattr(backup_module, "verify", look)
    with pytest.raises(KnownError, match="stopped midway"):
        make_backup(database_file, folder / "b.db")

    ((mode, content),) = seen
    assert os.name == "nt" or mode == 0o600
    assert SECRET_TEXT.encode() not in content
    assert b"still to be pushed" in content
    assert list(folder.iterdir()) == []


def test_leftovers_of_a_kill_are_removed_at_the_start_and_by_the_next_backup(
    database_file: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "backups"
    folder.mkdir()
    store = BackupFolder(f"sqlite:///{database_file}", folder)
    draft = folder / f"{name_at(NOON)}.draft"

    draft.write_bytes(b"half a database")
    store.remove_leftovers()
    assert not draft.exists()

    draft.write_bytes(b"half a database")
    (folder / f"{name_at(NOON)}.draft-journal").write_bytes(b"its journal")
    store.make(NOON + HOUR, keep=5)
    assert [path.name for path in folder.iterdir() if "draft" in path.name] == []


@pytest.mark.parametrize(
    "statement",
    [
        "CREATE TRIGGER spy AFTER INSERT ON sms BEGIN DELETE FROM pushes; END",
        "CREATE VIEW spy AS SELECT body FROM sms",
        "CREATE TABLE spy (body TEXT)",
        "CREATE VIRTUAL TABLE spy USING fts5(body)",
    ],
)
def test_backup_with_a_schema_that_is_not_ours_restores_nothing(
    database_file: Path, tmp_path: Path, statement: str
) -> None:
    backup = tmp_path / "backup.db"
    make_backup(database_file, backup)
    with closing(sqlite3.connect(backup)) as connection, connection:
        connection.execute(statement)
    before = database_file.read_bytes()

    with pytest.raises(KnownError, match=r"it holds \w+ spy.*, which is not ours"):
        restore(backup, database_file, NOON)

    assert database_file.read_bytes() == before


def test_backup_has_the_schema_of_the_database(database_file: Path, tmp_path: Path) -> None:
    make_backup(database_file, tmp_path / "backup.db")

    def schema(path: Path) -> list[tuple[str, str, str]]:
        with closing(sqlite3.connect(path)) as connection:
            return connection.execute("SELECT type, name, sql FROM sqlite_master ORDER BY type, name").fetchall()

    assert schema(tmp_path / "backup.db") == schema(database_file)


def test_sqlite_statistics_do_not_prevent_a_backup(database_file: Path, tmp_path: Path) -> None:
    with closing(sqlite3.connect(database_file)) as connection:
        connection.execute("ANALYZE")

    contents = make_backup(database_file, tmp_path / "copy.db")

    assert contents.messages == 0


async def test_held_message_keeps_its_text_in_the_backup(
    database: Database, database_file: Path, tmp_path: Path
) -> None:
    farm = StoredFarm(database)
    await farm.seat(a_seen_sim(), a_seen_sim("89701990098765432106", slot=1, sub_id=2, msisdn="79039876543"))
    await farm.rent()
    await farm.sms(row_id=2, sub_id=None, body="whose is it")

    make_backup(database_file, tmp_path / "copy.db")

    assert texts_in(tmp_path / "copy.db") == ["whose is it"]


def test_backup_of_nothing_is_refused(tmp_path: Path) -> None:
    with pytest.raises(KnownError, match="has not run on this data folder"):
        make_backup(tmp_path / "none.db", tmp_path / "copy.db")


def test_backup_that_cannot_be_written_says_so_and_leaves_nothing(database_file: Path, tmp_path: Path) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("no folder")

    with pytest.raises(KnownError, match="could not be made"):
        make_backup(database_file, blocked / "copy.db")

    assert list(tmp_path.glob("*.draft")) == []


def test_damaged_database_gives_no_backup(database_file: Path, tmp_path: Path) -> None:
    spoil(database_file)

    with pytest.raises(KnownError):
        make_backup(database_file, tmp_path / "copy.db")

    assert not (tmp_path / "copy.db").exists()
    assert list(tmp_path.glob("*.draft")) == []


# Keeping ------------------------------------------------------------------------


def test_newest_backups_are_kept_and_older_ones_deleted(database_file: Path, tmp_path: Path) -> None:
    folder = tmp_path / "backups"
    store = BackupFolder(f"sqlite:///{database_file}", folder)
    assert store.newest_at() is None

    for hour in range(5):
        store.make(NOON + hour * HOUR, keep=3)

    assert [backup.made_at for backup in backups_in(folder)] == [NOON + hour * HOUR for hour in (4, 3, 2)]
    assert store.newest_at() == NOON + 4 * HOUR


def test_draft_that_a_crash_left_is_no_backup(tmp_path: Path) -> None:
    (tmp_path / f"{name_at(NOON)}.draft").write_bytes(b"half")
    (tmp_path / "phonefarm-notes.db").write_bytes(b"the user's own")

    assert backups_in(tmp_path) == []


# Verifying ------------------------------------------------------------------------


@pytest.mark.parametrize("content", [b"", b"no database at all, but long enough to look like one" * 100])
def test_file_that_is_no_database_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "copy.db"
    path.write_bytes(content)

    with pytest.raises(KnownError, match="no database of phonefarm"):
        verify(path)


def test_damaged_copy_is_refused(database_file: Path, tmp_path: Path) -> None:
    make_backup(database_file, tmp_path / "copy.db")
    spoil(tmp_path / "copy.db")

    with pytest.raises(KnownError, match=r"damaged|no database"):
        verify(tmp_path / "copy.db")


def test_copy_of_a_newer_phonefarm_is_refused(database_file: Path) -> None:
    with closing(sqlite3.connect(database_file)) as connection, connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")

    with pytest.raises(KnownError, match="newer phonefarm"):
        verify(database_file)


# Restoring ------------------------------------------------------------------------


async def test_restore_replaces_the_database_and_keeps_the_former_one(
    database: Database, database_file: Path, tmp_path: Path
) -> None:
    farm = await with_messages(database)
    make_backup(database_file, tmp_path / "copy.db")
    await farm.sms(row_id=3, body="after the backup")
    database.close()

    contents, aside = restore(tmp_path / "copy.db", database_file, NOON)

    assert contents.messages == 2
    assert aside is not None
    assert len(texts_in(aside)) == 3
    assert len(texts_in(database_file)) == 2


def test_restore_where_there_is_no_database_puts_nothing_aside(database_file: Path, tmp_path: Path) -> None:
    make_backup(database_file, tmp_path / "copy.db")

    _, aside = restore(tmp_path / "copy.db", tmp_path / "new.db", NOON)

    assert aside is None
    assert list(tmp_path.glob("new.db.before-*")) == []


def beside(database: Path) -> dict[str, bytes]:
    """The contents of the database, its log and the former database, by file name."""
    return {
        path.name: path.read_bytes()
        for path in database.parent.glob(f"{database.name}*")
        if not path.name.endswith(".lock")
    }


def test_restore_over_a_database_that_another_program_has_open_leaves_it_with_its_journal(
    database_file: Path, tmp_path: Path, held: Holder
) -> None:
    make_backup(database_file, tmp_path / "copy.db")
    database_file.with_name("phonefarm.db-wal").write_bytes(b"what was stored last")
    before = beside(database_file)
    held.hold(database_file)

    with pytest.raises(KnownError, match=r"phonefarm\.db is held open by another program: close it there"):
        restore(tmp_path / "copy.db", database_file, NOON)

    held.let_go()
    assert beside(database_file) == before


def test_restore_whose_new_database_does_not_take_its_place_puts_the_former_one_back(
    database_file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(draft: Path, target: Path) -> None:
        raise OSError(28, "No space left on device")

    make_backup(database_file, tmp_path / "copy.db")
    database_file.with_name("phonefarm.db-wal").write_bytes(b"what was stored last")
    before = beside(database_file)
    monkeypatch.setattr(restore_module, "replace_durably", full)

    with pytest.raises(KnownError, match="could not be restored: No space left"):
        restore(tmp_path / "copy.db", database_file, NOON)

    assert beside(database_file) == before


def test_former_database_that_cannot_be_put_back_is_named_with_what_to_rename(
    database_file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def move_away_only(source: Path, target: Path) -> None:
        if ".before-" in source.name or source.name.endswith(".draft"):
            raise FileHeld("held")
        os.replace(source, target)

    make_backup(database_file, tmp_path / "copy.db")
    for module in (restore_module, drafts):
        monkeypatch.setattr(module, "replace_file", move_away_only)

    with pytest.raises(KnownError) as raised:
        restore(tmp_path / "copy.db", database_file, NOON)

    aside = next(tmp_path.glob("phonefarm.db.before-*"))
    assert f"rename by hand: {aside} to {database_file}." in str(raised.value)


async def test_messages_between_backup_and_restore_are_held_for_the_user(
    database: Database, database_file: Path, tmp_path: Path
) -> None:
    farm = await with_messages(database)
    make_backup(database_file, tmp_path / "copy.db")
    came = ms(farm.clock.forward(60))
    database.close()
    restore(tmp_path / "copy.db", database_file, NOON)
    again = Database(f"sqlite:///{database_file}")
    again.open()
    restored = StoredFarm(again)
    restored.clock.forward(600)
    await restored.phone()

    await restored.look(a_row(3, body="pushed before, perhaps", date_ms=came))

    newest = (await restored.messages())[-1]
    again.close()
    assert newest.standing is SmsStanding.HELD


async def test_push_that_waited_in_the_backup_is_not_sent_automatically(
    database: Database, database_file: Path, tmp_path: Path
) -> None:
    await with_messages(database)
    make_backup(database_file, tmp_path / "copy.db")
    database.close()

    restore(tmp_path / "copy.db", database_file, NOON)

    again = Database(f"sqlite:///{database_file}")
    again.open()
    (push,) = await StoredFarm(again).pushes()
    again.close()
    assert (push.state, push.last_answer) == (
        PushState.PARKED,
        "restored from a backup: send it again if Onlinesim lacks it",
    )


async def test_id_that_was_used_since_the_backup_is_not_reused(
    database: Database, database_file: Path, tmp_path: Path
) -> None:
    farm = await with_messages(database)
    make_backup(database_file, tmp_path / "copy.db")
    later = [await database.write(lambda uow: uow.next_id()) for _ in range(50)]
    database.close()

    restore(tmp_path / "copy.db", database_file, farm.clock())

    again = Database(f"sqlite:///{database_file}")
    again.open()
    given = await again.write(lambda uow: uow.next_id())
    again.close()
    assert max(later) < given < 2**53


def test_bad_backup_restores_nothing(database_file: Path, tmp_path: Path) -> None:
    before = database_file.read_bytes()
    (tmp_path / "bad.db").write_bytes(b"x" * 4096)

    with pytest.raises(KnownError):
        restore(tmp_path / "bad.db", database_file, NOON)

    assert database_file.read_bytes() == before
    assert list(tmp_path.glob("*before*")) == []


# At the start ---------------------------------------------------------------------


def test_sound_missing_and_empty_databases_have_no_problem(database_file: Path, tmp_path: Path) -> None:
    (tmp_path / "empty.db").touch()

    assert integrity_problem(database_file) is None
    assert integrity_problem(tmp_path / "none.db") is None
    assert integrity_problem(tmp_path / "empty.db") is None


def test_damaged_database_is_refused_with_the_backup_to_go_back_to(database_file: Path, tmp_path: Path) -> None:
    folder = tmp_path / "backups"
    BackupFolder(f"sqlite:///{database_file}", folder).make(datetime(2026, 3, 14, 12, tzinfo=UTC), keep=3)
    spoil(database_file, at=0)

    with pytest.raises(KnownError, match="damaged") as refusal:
        refuse_a_damaged(database_file, folder)

    assert f"phonefarm restore {folder / name_at(NOON)}" in str(refusal.value)


def test_damaged_database_without_a_backup_says_how_to_begin_anew(database_file: Path, tmp_path: Path) -> None:
    spoil(database_file, at=0)

    with pytest.raises(KnownError, match="There is no backup"):
        refuse_a_damaged(database_file, tmp_path / "backups")


def test_names_of_backups_are_times_in_utc() -> None:
    assert name_at(NOON + timedelta(seconds=1)) == "phonefarm-20260314T120001Z.db"
