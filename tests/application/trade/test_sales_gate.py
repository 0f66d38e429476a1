"""Nothing is on offer while a dependency of every sale fails."""

from __future__ import annotations

import asyncio
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path

import pytest

from phonefarm.adapters.storage.sqlite import write_health
from phonefarm.adapters.storage.sqlite.database import Database
from phonefarm.application.ports.storage import StorageFailing, UnitOfWork
from phonefarm.application.trade.rentals import Rentals
from phonefarm.application.trade.sales_gate import Obstacle, SalesGate
from phonefarm.domain.allocation import Order
from phonefarm.domain.health import Health, HealthKind, health
from phonefarm.domain.ids import PhoneId
from phonefarm.domain.phones import PhoneState
from tests.application.stored_farm import StoredFarm
from tests.builders import NOON, a_seen_sim
from tests.waiting import until

HOUR = timedelta(hours=1)


class Shop:
    """A farm with one number to sell, and its sales gate."""

    def __init__(self, database: Database) -> None:
        self.farm = StoredFarm(database)
        self.key: Health | None = None
        self.gate = SalesGate(database, self.farm.clock, key=lambda: self.key, push_url="https://h/push")
        self.rentals = Rentals(
            database, self.farm.announcer, self.farm.clock, selling=self.gate.is_open, retire_after_sale=False
        )

    async def offered(self) -> dict[str, dict[str, int]]:
        return await self.rentals.offer()

    async def order(self) -> object:
        return await self.rentals.issue(Order(), 320, self.farm.clock())  # type: ignore[arg-type]


@pytest.fixture
async def shop(database: Database) -> Shop:
    shop = Shop(database)
    await shop.farm.seat(a_seen_sim())
    assert await shop.offered() == {"russia": {"any": 1, "mts": 1}}
    return shop


@pytest.fixture
def other(database_file: Path) -> Iterator[sqlite3.Connection]:
    with closing(sqlite3.connect(database_file, isolation_level=None)) as connection:
        yield connection


async def test_missing_key_empties_the_offer(shop: Shop) -> None:
    shop.key = health(HealthKind.KEY_MISSING)

    assert await shop.offered() == {"russia": {"any": 0}}
    assert shop.gate.problem() == health(HealthKind.KEY_MISSING)


async def test_failed_write_empties_the_offer_until_one_succeeds(
    shop: Shop, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    driver = database._writer._open().driver
    driver.execute("PRAGMA query_only = 1")
    with pytest.raises(StorageFailing):
        await shop.order()

    assert await shop.offered() == {"russia": {"any": 0}}
    assert await shop.order() is None

    driver.execute("PRAGMA query_only = 0")
    await database.write(lambda uow: uow.beat(NOON))
    assert (await shop.offered())["russia"]["any"] == 1


async def test_database_that_another_program_locks_empties_the_offer_while_a_write_waits(
    shop: Shop, database: Database, other: sqlite3.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(write_health, "SLOW_COMMIT_SECONDS", 0.05)
    other.execute("BEGIN IMMEDIATE")
    waiting = asyncio.gather(database.write(lambda uow: uow.beat(NOON)))

    async def is_empty() -> bool:
        return await shop.offered() == {"russia": {"any": 0}}

    await until(is_empty)
    other.execute("ROLLBACK")
    monkeypatch.undo()
    await waiting
    await database.write(lambda uow: uow.beat(NOON))

    async def is_back() -> bool:
        return (await shop.offered())["russia"]["any"] == 1

    await until(is_back)


async def test_offer_stays_empty_between_slow_writes_and_comes_back_with_a_quick_one(
    shop: Shop, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(write_health, "SLOW_COMMIT_SECONDS", 0.0)
    await database.write(lambda uow: uow.beat(NOON))
    assert await shop.offered() == {"russia": {"any": 0}}

    monkeypatch.undo()
    await database.write(lambda uow: uow.beat(NOON))

    assert (await shop.offered())["russia"]["any"] == 1


async def test_write_delayed_by_two_seconds_does_not_empty_the_offer(shop: Shop, database: Database) -> None:
    idle = database._health.commits

    database._health.commits = replace(idle, begun_at=time.monotonic() - 2.0)
    assert database.write_problem() is None
    database._health.commits = replace(idle, begun_at=time.monotonic() - 4.0)
    assert database.write_problem() is not None


async def test_offer_is_empty_if_nothing_was_written_for_long(
    shop: Shop, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(write_health, "STALE_WRITE_SECONDS", 0.0)

    assert await shop.offered() == {"russia": {"any": 0}}


async def test_bug_in_a_unit_of_work_does_not_empty_the_offer(shop: Shop, database: Database) -> None:
    with pytest.raises(ZeroDivisionError):
        await database.write(lambda uow: 1 // 0)

    assert (await shop.offered())["russia"]["any"] == 1


def note_ready_phone(uow: UnitOfWork, phone: PhoneId, skew: timedelta, at: datetime) -> None:
    uow.phones.note(phone, PhoneState.READY, "", at)
    uow.phones.note_reading(phone, begun_at=at, skew=skew, took=timedelta(seconds=1))


async def test_clock_that_the_phones_contradict_empties_the_offer(shop: Shop, database: Database) -> None:
    now = shop.farm.clock()
    for number in range(3):
        phone = PhoneId(f"witness-{number}@127.0.0.1:5037")
        await database.write(partial(note_ready_phone, phone=phone, skew=HOUR, at=now))

    await shop.gate.update_phone_skews()

    assert await shop.offered() == {"russia": {"any": 0}}
    assert shop.gate.problem() == health(HealthKind.CLOCK_BEHIND, minutes=60, phones=3)


async def test_since_of_a_closure_stays_while_its_problem_changes(shop: Shop) -> None:
    shop.key = health(HealthKind.KEY_MISSING)
    first = shop.gate.closure()
    shop.farm.clock.forward(60)
    shop.key = health(HealthKind.KEY_UNKNOWN, cause="the keyring is locked")

    later = shop.gate.closure()

    assert first is not None
    assert later is not None
    assert (later.obstacle, later.since, later.problem) == (Obstacle.KEY, first.since, shop.key)
    shop.key = None
    assert shop.gate.closure() is None
