"""The PC is kept awake while numbers are on offer or rented, and for a while after, but not after the stop."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest

from phonefarm.adapters.storage.sqlite.database import Database
from phonefarm.application.model.health_board import ENGINE, HealthBoard
from phonefarm.application.model.read_models import HealthCheck, Verdict
from phonefarm.application.ports.storage import StorageFailing
from phonefarm.application.upkeep.staying_awake import AWAKE_AFTERWARDS, StayingAwake
from phonefarm.domain.ids import SimId
from phonefarm.domain.rents import FinishStatus
from phonefarm.wording.health import health_text
from tests.application.stored_farm import StoredFarm
from tests.builders import ICCID, a_seen_sim
from tests.fakes.pc import FakePc
from tests.waiting import until

SECOND = timedelta(seconds=1)


class Desk:
    """A farm with one number on a PC that may fall asleep."""

    def __init__(self, database: Database) -> None:
        self.farm = StoredFarm(database)
        self.pc = FakePc()
        self.health = HealthBoard(self.farm.clock, lambda: None)
        self.staying_awake = StayingAwake(database, self.farm.rentals, self.pc, self.health, self.farm.clock)

    async def is_held_after(self, time: timedelta = SECOND) -> bool:
        self.farm.clock.forward(time.total_seconds())
        await self.staying_awake.update()
        return self.pc.is_held

    def engine(self) -> HealthCheck:
        return next(check for check in self.health.checks() if check.name == ENGINE)


@pytest.fixture
def desk(database: Database) -> Desk:
    return Desk(database)


async def test_pc_without_numbers_may_fall_asleep(desk: Desk) -> None:
    assert not await desk.is_held_after()


async def test_pc_is_kept_awake_while_a_number_is_on_offer_and_a_while_longer(desk: Desk) -> None:
    await desk.farm.seat(a_seen_sim())
    assert await desk.is_held_after()

    await desk.farm.rentals.hold_back(SimId(ICCID), "a spare one")

    assert await desk.is_held_after(AWAKE_AFTERWARDS - SECOND)
    assert not await desk.is_held_after(SECOND)


async def test_offer_that_cannot_be_sold_does_not_keep_the_pc_awake(desk: Desk) -> None:
    await desk.farm.seat(a_seen_sim())
    desk.farm.selling = False

    assert not await desk.is_held_after()


async def test_pc_is_kept_awake_while_a_number_is_rented_though_nothing_can_be_sold(desk: Desk) -> None:
    await desk.farm.seat(a_seen_sim())
    rent = await desk.farm.rent()
    desk.farm.selling = False
    assert await desk.is_held_after(10 * AWAKE_AFTERWARDS)

    await desk.farm.rentals.finish(rent, FinishStatus.SOLD, None)

    assert not await desk.is_held_after(AWAKE_AFTERWARDS)


async def test_pc_that_cannot_be_kept_awake_is_a_warning_until_it_can(desk: Desk) -> None:
    await desk.farm.seat(a_seen_sim())
    desk.pc.refuses = "Windows does not let phonefarm keep this PC awake."
    assert not await desk.is_held_after()
    assert (desk.engine().verdict, health_text(desk.engine().health)) == (Verdict.WARN, desk.pc.refuses)

    desk.pc.refuses = ""

    assert await desk.is_held_after()
    assert desk.engine().verdict is Verdict.PASS


async def test_warning_ends_once_nothing_needs_the_pc(desk: Desk) -> None:
    await desk.farm.seat(a_seen_sim())
    desk.pc.refuses = "Windows does not let phonefarm keep this PC awake."
    await desk.is_held_after()
    await desk.farm.rentals.hold_back(SimId(ICCID), "a spare one")

    await desk.is_held_after(AWAKE_AFTERWARDS)

    assert desk.engine().verdict is Verdict.PASS


async def test_clock_that_is_set_back_does_not_keep_the_pc_awake(desk: Desk) -> None:
    await desk.farm.seat(a_seen_sim())
    assert await desk.is_held_after()
    await desk.farm.rentals.hold_back(SimId(ICCID), "a spare one")

    assert not await desk.is_held_after(-timedelta(days=1))


async def test_failing_database_keeps_the_pc_awake(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    async def fail(query: object) -> None:
        raise StorageFailing("The disk is full.")

    await desk.farm.seat(a_seen_sim())
    await desk.is_held_after()
    monkeypatch.setattr(desk.staying_awake._storage, "read", fail)

    assert await desk.is_held_after(2 * AWAKE_AFTERWARDS)


async def test_pc_may_fall_asleep_after_the_stop(desk: Desk) -> None:
    await desk.farm.seat(a_seen_sim())
    running = asyncio.get_running_loop().create_task(desk.staying_awake.run())
    await until(lambda: desk.pc.is_held)

    running.cancel()
    await asyncio.wait([running])

    assert not desk.pc.is_held
