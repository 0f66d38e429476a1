"""The SQLite file: schema and migrations, damage, locks, checkpoints, restarts."""

from __future__ import annotations

import asyncio
import os
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from urllib.parse import quote

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import create_engine

from phonefarm.adapters.storage.columns import microseconds_of
from phonefarm.adapters.storage.outbox_statements import UNCERTAIN
from phonefarm.adapters.storage.sqlite import checkpoint, engine, migrations
from phonefarm.adapters.storage.sqlite import database as database_module
from phonefarm.adapters.storage.sqlite.database import Database
from phonefarm.adapters.storage.sqlite.migrations import HEAD, bring_up_to_date
from phonefarm.adapters.storage.tables import metadata
from phonefarm.adapters.storage.unit_of_work import RESERVED_IDS
from phonefarm.application.model.read_models import SmsStanding, Topic
from phonefarm.application.model.row_queries import RENTS
from phonefarm.application.model.timeline import TimelineKind, ban_ended
from phonefarm.application.ports.storage import StorageFailing, UnitOfWork
from phonefarm.domain.conditions import Condition
from phonefarm.domain.errors import KnownError
from phonefarm.domain.fields import Fields
from phonefarm.domain.ids import PhoneId
from phonefarm.support.tasks import Tasks
from tests.builders import NOON, an_inbound_sms, store_sms
from tests.checkout import CHECKOUT
from tests.timelines import a_text, sentences
from tests.waiting import until

SECRET_TEXT = "Your bank code is 990017"


def url_of(path: Path) -> str:
    return f"sqlite:///{quote(path.as_posix())}"


@contextmanager
def opened(path: Path) -> Iterator[Database]:
    database = Database(url_of(path))
    database.open()
    try:
        yield database
    finally:
        database.close()


def refusal_of(path: Path) -> str:
    """The error that opening this file raises."""
    database = Database(url_of(path))
    try:
        with pytest.raises(KnownError) as refused:
            database.open()
    finally:
        database.close()
    return str(refused.value)


# Schema -----------------------------------------------------------------------


def test_head_is_the_newest_revision_of_the_scripts() -> None:
    scripts = ScriptDirectory(str(Path(migrations.__file__).parent))

    assert scripts.get_heads() == [HEAD]


def test_migrations_make_exactly_the_tables_that_the_code_uses(database_file: Path) -> None:
    engine = create_engine(url_of(database_file))
    with engine.connect() as connection:
        difference = compare_metadata(MigrationContext.configure(connection), metadata)
    engine.dispose()

    assert difference == []


def test_opening_a_second_time_changes_nothing(database_file: Path) -> None:
    before = database_file.read_bytes()

    with opened(database_file):
        pass

    assert database_file.read_bytes() == before


def test_upgrade_run_twice_is_quiet(tmp_path: Path) -> None:
    engine = create_engine(url_of(tmp_path / "new.db"))

    for _ in range(2):
        bring_up_to_date(engine)
        migrations._upgrade(engine)

    engine.dispose()


def test_database_of_a_newer_phonefarm_is_left_alone(database_file: Path) -> None:
    with closing(sqlite3.connect(database_file)) as connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
        connection.commit()

    assert "newer phonefarm (schema 9999" in refusal_of(database_file)


@pytest.mark.parametrize("name", ["plain.db", "with blank.db", "процент%20.db", "plus+and#hash.db"])
def test_file_may_have_any_usual_name(tmp_path: Path, name: str) -> None:
    with opened(tmp_path / name):
        assert (tmp_path / name).exists()


async def test_file_survives_its_process(database_file: Path) -> None:
    with opened(database_file) as first:
        await first.write(lambda uow: uow.journal.note(NOON, Topic.SIMS, "k", a_text("kept")))

    with opened(database_file) as second:
        lines = await second.read(lambda views: views.timeline(Topic.SIMS, "k"))

    assert sentences(lines) == ["kept"]


def test_every_commit_is_forced_to_the_disk(database: Database) -> None:
    with database._engine.connect() as connection:
        pragmas = {
            name: connection.exec_driver_sql(f"PRAGMA {name}").scalar()
            for name in ("journal_mode", "synchronous", "foreign_keys")
        }

    assert pragmas == {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1}


# Files that cannot be used ------------------------------------------------------


def test_file_in_a_folder_that_is_not_there_is_refused_with_the_cause(tmp_path: Path) -> None:
    refusal = refusal_of(tmp_path / "none" / "phonefarm.db")

    assert "unable to open database file" in refusal
    assert "Check the disk and the data folder's permissions" in refusal


def test_folder_in_the_place_of_the_file_is_refused(tmp_path: Path) -> None:
    assert "unable to open database file" in refusal_of(tmp_path)


def test_file_that_is_no_database_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "phonefarm.db"
    path.write_bytes(b"this is a text" * 1000)

    assert "not a database" in refusal_of(path)


@pytest.mark.skipif(os.name != "posix" or os.geteuid() == 0, reason="root may write everywhere")
def test_read_only_folder_is_refused(database_file: Path) -> None:
    database_file.chmod(0o400)
    database_file.parent.chmod(0o500)
    try:
        assert "readonly" in refusal_of(database_file)
    finally:
        database_file.parent.chmod(0o700)


async def test_locked_database_fails_with_its_cause_and_works_again(
    database_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engine, "BUSY_SECONDS", 0.05)
    with opened(database_file) as database, closing(sqlite3.connect(database_file, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")

        with pytest.raises(StorageFailing, match="database is locked") as refused:
            await database.write(lambda uow: store_sms(uow, an_inbound_sms(body=SECRET_TEXT), SmsStanding.NO_RENT))

        assert SECRET_TEXT not in str(refused.value)
        other.execute("ROLLBACK")
        assert await database.write(lambda uow: 1) == 1


async def test_damaged_database_raises_storage_failing_and_no_bug(database_file: Path) -> None:
    with opened(database_file) as database:
        with closing(sqlite3.connect(database_file)) as other:
            other.execute("DROP TABLE journal")

        with pytest.raises(StorageFailing, match="no such table"):
            await database.write(lambda uow: uow.journal.note(NOON, Topic.SIMS, "k", a_text("x")))
        with pytest.raises(StorageFailing, match="no such table"):
            await database.read(lambda views: views.timeline(Topic.SIMS, "k"))


async def test_unopened_database_refuses_and_does_not_hang(database_file: Path) -> None:
    database = Database(url_of(database_file))

    with pytest.raises(StorageFailing, match="closed"):
        await database.write(lambda uow: None)

    database.close()


async def test_close_gives_up_a_hanging_disk_and_refuses_the_waiting_units(
    database_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(database_module, "CLOSE_WITHIN_SECONDS", 0.1)
    begun, enough, tasks = threading.Event(), threading.Event(), Tasks()
    database = Database(url_of(database_file))
    database.open()

    def hang(_uow: UnitOfWork) -> int:
        begun.set()
        enough.wait()
        return 1

    hanging = tasks.start(database.write(hang), "hangs")
    await until(begun.is_set)
    waiting = tasks.start(database.write(lambda uow: 2), "waits")
    await until(lambda: len(database._writer._queue) > 0)

    await asyncio.wait_for(asyncio.to_thread(database.close), 5)

    with pytest.raises(StorageFailing, match="closed"):
        await waiting
    enough.set()
    assert await hanging == 1
    await until(lambda: not database._writer._thread.is_alive())


async def test_units_that_wait_behind_a_lock_fail_together(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine, "BUSY_SECONDS", 0.3)
    path = tmp_path / "farm.db"
    with opened(path) as database, closing(sqlite3.connect(path, isolation_level=None)) as another:
        another.execute("BEGIN IMMEDIATE")
        begun = time.monotonic()

        errors = await asyncio.gather(*(database.write(lambda uow: None) for _ in range(10)), return_exceptions=True)

        took = time.monotonic() - begun
        another.execute("ROLLBACK")
    assert [type(error) for error in errors] == [StorageFailing] * 10
    assert took < 10 * 0.3, "each waited for a timeout of its own"


# Checkpoints --------------------------------------------------------------------


async def test_commits_are_checkpointed_while_the_writer_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checkpoint, "CHECKPOINT_SECONDS", 0.01)
    path = tmp_path / "farm.db"

    with opened(path) as database:
        await note(database)

        await until(lambda: noted_without_the_log(path) == 1)


async def test_long_log_is_checkpointed_without_a_pause(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checkpoint, "CHECKPOINT_SECONDS", 0.01)
    monkeypatch.setattr(checkpoint, "LONG_LOG_PAGES", 0)
    path = tmp_path / "farm.db"

    with opened(path) as database:
        monkeypatch.setattr(checkpoint, "CHECKPOINT_SECONDS", 3600.0)  # only the first pause is short
        for number in (1, 2, 3):
            await note(database)

            await until(lambda number=number: noted_without_the_log(path) == number)  # type: ignore[misc]


async def note(database: Database) -> None:
    await database.write(lambda uow: uow.journal.note(NOON, Topic.SIMS, "key", a_text("noted")))


def noted_without_the_log(path: Path) -> int:
    """How many lines of the journal are in the database file, without its log."""
    alone = path.with_name("alone.db")
    alone.write_bytes(path.read_bytes())
    look = closing(sqlite3.connect(f"file:{alone}?immutable=1", uri=True))
    with suppress(sqlite3.DatabaseError), look as connection:  # the copy may be of the middle of it
        return int(connection.execute("SELECT count(*) FROM journal").fetchone()[0])
    return 0


def test_outbox_of_an_older_schema_keeps_its_sequence_and_failure_counts(tmp_path: Path) -> None:
    path = tmp_path / "farm.db"
    with closing(sqlite3.connect(path)) as connection:
        upgrade_to(path, "0006")
        for sms_id, state, attempts in ((1, "waiting", 7), (2, "waiting", 1), (3, "delivered", 9)):
            connection.execute(
                "INSERT INTO pushes (sms_id, rent_id, msisdn, sender, state, attempts, soft_refusals, uncertain, "
                "is_free, is_last_chance, last_answer, next_at, created_at, arrived_at) "
                "VALUES (?, 1, '7', 'S', ?, ?, 0, 0, 0, 0, '', 0, 0, 0)",
                (sms_id, state, attempts),
            )
        connection.commit()

    with opened(path):
        pass

    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("SELECT sms_id, own_failures FROM pushes ORDER BY sms_id").fetchall() == [
            (1, 7),
            (2, 1),
            (3, 0),
        ]


_PUSHES_OF_0007 = [  # sms_id, state, attempts, last_answer, ended_at
    (1, "delivered", 3, "HTTP 200", 35),
    (2, "sending", 2, "HTTP 500 after 3 ms", None),
    (3, "refused", 1, "NO_OPERATION", 12),
    (4, "waiting", 1, UNCERTAIN, None),
]
_ATTEMPTS_OF_0007 = [  # sms_id, attempt, begun_at, ended_at, answer
    (1, 1, 10, 11, "HTTP 500 after 3 ms"),
    (1, 2, 20, 21, "no connection"),
    (1, 3, 34, 35, "HTTP 200"),
    (2, 1, 10, 11, "HTTP 500 after 3 ms"),
    (2, 2, 20, None, ""),
    (3, 1, 11, 12, "NO_OPERATION"),
    (4, 1, 10, 13, UNCERTAIN),
]


async def test_older_schema_keeps_failed_attempts_and_makes_one_in_flight_uncertain(
    tmp_path: Path,
) -> None:
    path = tmp_path / "farm.db"
    with closing(sqlite3.connect(path)) as connection:
        upgrade_to(path, "0007")
        connection.executemany(
            "INSERT INTO pushes (sms_id, rent_id, msisdn, sender, state, attempts, soft_refusals, own_failures, "
            "uncertain, is_free, is_last_chance, last_answer, next_at, created_at, arrived_at, begun_at, ended_at) "
            "VALUES (?1, 1, ?1, 'S', ?2, ?3, 0, 0, 0, 0, 0, ?4, 0, 0, 0, 20, ?5)",
            _PUSHES_OF_0007,
        )
        connection.executemany("INSERT INTO push_attempts VALUES (?, ?, ?, ?, ?)", _ATTEMPTS_OF_0007)
        connection.commit()

    with opened(path) as database:
        uncertain = await database.write(lambda uow: uow.pushes.make_uncertain(NOON))

    assert uncertain == [2]
    with closing(sqlite3.connect(path)) as connection:
        kept = connection.execute("SELECT * FROM push_attempts ORDER BY sms_id, attempt").fetchall()
    not_accepted = [attempt for attempt in _ATTEMPTS_OF_0007 if attempt[:2] not in ((1, 3), (2, 2))]
    assert kept == sorted([*not_accepted, (2, 2, 20, microseconds_of(NOON), UNCERTAIN)])


def test_kill_during_a_migration_leaves_the_database_unchanged(tmp_path: Path) -> None:
    path = tmp_path / "farm.db"
    upgrade_to(path, "0007")
    with closing(sqlite3.connect(path)) as connection:
        connection.executemany("INSERT INTO push_attempts VALUES (?, ?, ?, ?, ?)", _ATTEMPTS_OF_0007)
        connection.commit()
    killed_at_its_end = (
        "import os; from alembic import op; op.rename_table = lambda *_: os._exit(9); "
        f"from phonefarm.adapters.storage.sqlite.database import Database; Database({url_of(path)!r}).open()"
    )

    ended = subprocess.run([sys.executable, "-c", killed_at_its_end], cwd=CHECKOUT, check=False)

    assert ended.returncode == 9
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("SELECT version_num FROM alembic_version").fetchone() == ("0007",)
        assert connection.execute("SELECT count(*) FROM push_attempts").fetchone() == (len(_ATTEMPTS_OF_0007),)
    with opened(path):
        pass


async def test_messages_of_a_rent_in_an_older_schema_are_still_counted(tmp_path: Path) -> None:
    path = tmp_path / "farm.db"
    with closing(sqlite3.connect(path)) as connection:
        upgrade_to(path, "0008")
        for rent_id, messages in ((1, 2), (2, 0)):
            connection.execute(
                "INSERT INTO rents (rent_id, sim_id, msisdn, phone_id, country, operator, expected, ordered_at, "
                "answered, accepted_sms, sms_count, credited_is_estimate) VALUES (?1, ?1, ?1, 'p', '', '', 0, 0, 1, 0, "
                "?2, 0)",
                (rent_id, messages),
            )
            connection.executemany(
                "INSERT INTO sms (sms_id, phone_id, handset, fingerprint, row_id, msisdn, sender, body, arrived_at, "
                "standing, sim_mark, rent_id) VALUES (?1, 'p', 'p', ?1, ?1, '', 'S', '', 0, 'for rent', '', ?2)",
                [(10 * rent_id + number, rent_id) for number in range(messages)],
            )
        connection.commit()

    with opened(path) as database:
        rows = await database.read(lambda views: views.rows(RENTS, None, NOON))

    assert {row.rent_id: row.sms_count for row in rows} == {1: 2, 2: 0}


@pytest.mark.parametrize("revision", [f"{number:04}" for number in range(1, int(HEAD))])
async def test_database_of_every_older_schema_still_opens_with_its_timelines(tmp_path: Path, revision: str) -> None:
    path = tmp_path / "farm.db"
    upgrade_to(path, revision)
    with closing(sqlite3.connect(path)) as connection:
        connection.execute(
            "INSERT INTO journal (at, topic, key, kind, title) VALUES (0, 'sims', 'k', 'sim seen', 'Seen')"
        )
        connection.commit()

    with opened(path) as database:
        entries = await database.read(lambda views: views.timeline(Topic.SIMS, "k"))

    assert sentences(entries) == ["Seen"]


async def test_sentences_of_an_older_schema_are_shown_as_they_were_written(tmp_path: Path) -> None:
    path = tmp_path / "farm.db"
    written = ["Low battery: 14 %", 'Held back: "kept" for {tests}', "Оператор: 10 %\\"]
    with closing(sqlite3.connect(path)) as connection:
        upgrade_to(path, "0011")
        connection.executemany(
            "INSERT INTO journal (at, topic, key, kind, title) VALUES (?, 'sims', 'k', 'active', ?)",
            list(enumerate(written)),
        )
        connection.commit()

    with opened(path) as database:
        await database.write(lambda uow: uow.journal.note(NOON, Topic.SIMS, "k", ban_ended()))
        entries = await database.read(lambda views: views.timeline(Topic.SIMS, "k"))

    assert [entry.kind for entry in entries] == [TimelineKind.TEXT] * 3 + [TimelineKind.BAN_ENDED]
    assert sentences(entries)[:3] == written


async def test_measures_of_an_older_schema_become_values(tmp_path: Path) -> None:
    path = tmp_path / "farm.db"
    measures: dict[Condition, tuple[str, Fields]] = {
        Condition.STORAGE_FULL: ("42 MB free", {"free_megabytes": 42}),
        Condition.HOT: ("47 °C", {"celsius": 47}),
        Condition.LOW_BATTERY: ("12 %", {"percent": 12}),
        Condition.CLOCK_WRONG: ("40 min slow", {"minutes_fast": -40}),
        Condition.NOT_STORING: ("its Android may keep one-time codes back", {}),
        Condition.NO_SIM: ("", {}),
    }
    with closing(sqlite3.connect(path)) as connection:
        upgrade_to(path, "0011")
        connection.executemany(
            "INSERT INTO phone_conditions VALUES ('R5@localhost:5037', ?, ?, 0)",
            [(condition.value, detail) for condition, (detail, _) in measures.items()],
        )
        connection.commit()

    with opened(path) as database:
        found = await database.write(lambda uow: uow.health.conditions(PhoneId("R5@localhost:5037")))

    assert found == {condition: values for condition, (_, values) in measures.items()}


async def test_ids_continue_above_those_used_before_a_restart(tmp_path: Path) -> None:
    path = tmp_path / "farm.db"
    with opened(path) as database:
        before = await database.write(lambda uow: [uow.next_id() for _ in range(2 * RESERVED_IDS)])

    with opened(path) as database:
        after = await database.write(lambda uow: uow.next_id())

    assert max(before) < after <= max(before) + 2 * RESERVED_IDS


def upgrade_to(path: Path, revision: str) -> None:
    config = Config()
    config.set_main_option("script_location", str(Path(migrations.__file__).parent))
    engine = create_engine(url_of(path))
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, revision)
    engine.dispose()
