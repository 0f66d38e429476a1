"""A database is locked by one phonefarm, whatever its path; its file is private, and its loss is noticed at once."""

from __future__ import annotations

import os
import shutil
import sqlite3
import sys
from collections.abc import Callable
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from phonefarm.adapters.storage.sqlite.backup import make_backup
from phonefarm.adapters.storage.sqlite.database import Database
from phonefarm.adapters.storage.sqlite.integrity import verify
from phonefarm.adapters.storage.sqlite.restore import restore
from phonefarm.application.model.read_models import SmsStanding
from phonefarm.application.ports.storage import StorageFailing
from phonefarm.domain.errors import KnownError
from tests.builders import NOON, an_inbound_sms, store_sms
from tests.waiting import until

MARK = "ERASED-MARK-"

posix_only = pytest.mark.skipif(
    sys.platform == "win32", reason="an open file can be neither removed nor replaced there"
)


def url_of(path: Path) -> str:
    return f"sqlite:///{path.as_posix()}"


# One at a time --------------------------------------------------------------------


def test_second_phonefarm_on_the_same_database_is_refused_until_the_first_has_closed_it(database_file: Path) -> None:
    first, second = Database(url_of(database_file)), Database(url_of(database_file))
    first.open()

    with pytest.raises(KnownError, match="Another phonefarm uses the database"):
        second.open()

    first.close()
    again = Database(url_of(database_file))
    again.open()
    again.close()


@posix_only
def test_same_database_under_another_path_is_refused_too(database_file: Path, tmp_path: Path) -> None:
    (tmp_path / "other folder").symlink_to(tmp_path, target_is_directory=True)
    first, second = Database(url_of(database_file)), Database(url_of(tmp_path / "other folder" / database_file.name))
    first.open()
    try:
        with pytest.raises(KnownError, match="Another phonefarm uses the database"):
            second.open()
    finally:
        first.close()


def test_restore_is_refused_while_any_phonefarm_has_the_database_open(database: Database, database_file: Path) -> None:
    backup = database_file.with_name("backup.db")
    make_backup(database_file, backup)
    before = database_file.stat().st_ino

    with pytest.raises(KnownError, match="Another phonefarm uses the database"):
        restore(backup, database_file, NOON)

    assert database_file.stat().st_ino == before


# Gone from its path --------------------------------------------------------------------


def remove(path: Path) -> None:
    path.unlink()


def replace(path: Path) -> None:
    copy = path.with_name("another.db")
    shutil.copy(path, copy)
    os.replace(copy, path)


@posix_only
@pytest.mark.parametrize("harm", [remove, replace])
async def test_removed_or_replaced_database_refuses_writes_and_is_rescued(
    database: Database, database_file: Path, harm: Callable[[Path], None]
) -> None:
    await database.write(lambda uow: store_sms(uow, an_inbound_sms(body="kept"), SmsStanding.NO_RENT))
    harm(database_file)

    for _ in range(2):
        with pytest.raises(StorageFailing, match="was deleted or replaced while phonefarm runs") as refused:
            await database.write(lambda uow: uow.beat(NOON))

    (rescued,) = database_file.parent.glob("*.rescued-*")
    assert str(rescued) in str(refused.value)
    assert verify(rescued).messages == 1
    assert rescued.stat().st_mode & 0o077 == 0


@posix_only
async def test_file_that_is_put_back_is_used_again(database: Database, database_file: Path) -> None:
    aside = database_file.with_name("aside.db")
    os.rename(database_file, aside)
    with pytest.raises(StorageFailing):
        await database.write(lambda uow: uow.beat(NOON))

    os.rename(aside, database_file)

    await database.write(lambda uow: uow.beat(NOON))


@posix_only
async def test_each_loss_is_rescued_with_all_that_was_stored_until_then(
    database: Database, database_file: Path
) -> None:
    aside = database_file.with_name("aside.db")
    os.rename(database_file, aside)
    with pytest.raises(StorageFailing):
        await database.write(lambda uow: uow.beat(NOON))
    os.rename(aside, database_file)
    await database.write(lambda uow: store_sms(uow, an_inbound_sms(body="came later"), SmsStanding.NO_RENT))

    os.remove(database_file)
    with pytest.raises(StorageFailing) as refused:
        await database.write(lambda uow: uow.beat(NOON))

    (rescued,) = database_file.parent.glob("*.rescued-*")
    assert str(rescued) in str(refused.value)
    assert verify(rescued).messages == 1


# Private --------------------------------------------------------------------


@posix_only
def test_database_is_for_its_owner_only_wherever_it_lies(tmp_path: Path) -> None:
    before = os.umask(0o022)
    try:
        path = tmp_path / "elsewhere.db"
        database = Database(url_of(path))
        database.open()
        modes = {file.name: file.stat().st_mode & 0o777 for file in tmp_path.glob("elsewhere.db*")}
        database.close()
    finally:
        os.umask(before)

    assert set(modes.values()) == {0o600}, modes


@posix_only
def test_database_of_a_former_version_becomes_private(database_file: Path) -> None:
    database_file.chmod(0o644)

    database = Database(url_of(database_file))
    database.open()
    database.close()

    assert database_file.stat().st_mode & 0o777 == 0o600


# Erased --------------------------------------------------------------------


def marks_in(folder: Path) -> set[str]:
    """Names of files that contain the marker in any encoding of a database."""
    return {file.name for file in folder.rglob("*") if file.is_file() and MARK.encode() in file.read_bytes()}


async def test_erased_text_is_in_no_file_even_if_sqlite_keeps_deleted_data(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    connect = sqlite3.dbapi2.connect

    def as_built_without_secure_delete(*arguments: Any, **options: Any) -> sqlite3.Connection:
        connection: sqlite3.Connection = connect(*arguments, **options)
        connection.execute("PRAGMA secure_delete = OFF")
        return connection

    monkeypatch.setattr(sqlite3.dbapi2, "connect", as_built_without_secure_delete)
    path = tmp_path / "phonefarm.db"
    database = Database(url_of(path))
    database.open()
    try:
        for number in range(200):
            text = f"{MARK}{number:04}" * 40
            await database.write(
                lambda uow, text=text, number=number: store_sms(  # type: ignore[misc]
                    uow,
                    an_inbound_sms(row_id=number, body=text, fingerprint=number.to_bytes(8, "big")),
                    SmsStanding.NO_RENT,
                )
            )
        assert marks_in(tmp_path) != set()

        erased = await database.write(
            lambda uow: uow.privacy.erase_texts(NOON + timedelta(days=365), NOON + timedelta(days=366), 1_000)
        )
        make_backup(path, tmp_path / "backup.db")

        assert erased == 200
        await until(lambda: marks_in(tmp_path) == set(), 20)
    finally:
        database.close()


async def test_log_with_erased_texts_is_truncated_also_after_a_reader_blocked_it(
    database: Database, database_file: Path
) -> None:
    await database.write(lambda uow: store_sms(uow, an_inbound_sms(body=f"{MARK}1" * 10), SmsStanding.NO_RENT))
    with closing(sqlite3.connect(database_file, isolation_level=None)) as reader:
        reader.execute("BEGIN")
        reader.execute("SELECT count(*) FROM sms").fetchone()
        await database.write(
            lambda uow: uow.privacy.erase_texts(NOON + timedelta(days=365), NOON + timedelta(days=366), 1_000)
        )
        assert marks_in(database_file.parent) != set()
        reader.execute("ROLLBACK")

    await until(lambda: marks_in(database_file.parent) == set(), 20)
