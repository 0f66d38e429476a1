"""The user pauses all selling: the offer is empty at once and stays so over a restart; open rents go on."""

from __future__ import annotations

from decimal import Decimal

import pytest

from phonefarm.adapters.storage.sqlite.database import Database
from phonefarm.application.model.read_models import BY_USER, Pause, Topic
from phonefarm.application.model.timeline import TimelineKind
from phonefarm.application.trade.rentals import Issued, Rentals
from phonefarm.application.trade.sales_gate import Obstacle, SalesGate
from phonefarm.application.trade.selling_pause import JOURNAL_KEY, SellingPause
from phonefarm.domain.allocation import Order
from phonefarm.domain.errors import KnownError
from phonefarm.domain.health import Health, HealthKind, health
from phonefarm.domain.rents import FinishStatus
from tests.application.stored_farm import StoredFarm
from tests.builders import NOON, a_seen_sim
from tests.fakes.pause_store import PauseInMemory

FULL = {"russia": {"any": 1, "mts": 1}}
EMPTY = {"russia": {"any": 0}}


class Shop:
    """A farm with one number to sell and a user who may pause it."""

    def __init__(self, database: Database) -> None:
        self.farm = StoredFarm(database)
        self.store = PauseInMemory()
        self.changes = 0
        self.pause = SellingPause(database, self.store, self.farm.clock, self._note_change)
        self.key: Health | None = None
        gate = SalesGate(database, self.farm.clock, key=lambda: self.key, push_url="https://h/push", paused=self.pause)
        self.gate = gate
        self.rentals = Rentals(
            database, self.farm.announcer, self.farm.clock, selling=gate.is_open, retire_after_sale=False
        )

    def _note_change(self) -> None:
        self.changes += 1

    async def order(self) -> Issued | None:
        return await self.rentals.issue(Order(), Decimal(320), self.farm.clock())


@pytest.fixture
async def shop(database: Database) -> Shop:
    shop = Shop(database)
    await shop.farm.seat(a_seen_sim())
    assert await shop.rentals.offer() == FULL
    return shop


async def test_pause_empties_the_offer_and_refuses_orders_until_resumed(shop: Shop) -> None:
    await shop.pause.pause()

    assert await shop.rentals.offer() == EMPTY
    assert await shop.order() is None

    await shop.pause.resume()
    assert await shop.rentals.offer() == FULL
    assert await shop.order() is not None


async def test_offer_is_empty_before_the_pause_is_stored(shop: Shop) -> None:
    shop.store.problem = KnownError("The disk is full.")

    with pytest.raises(KnownError, match=r"only until phonefarm stops: The disk is full\."):
        await shop.pause.pause()

    assert await shop.rentals.offer() == EMPTY
    assert shop.changes == 1


async def test_second_pause_stores_what_the_first_could_not(shop: Shop) -> None:
    shop.store.problem = KnownError("The disk is full.")
    with pytest.raises(KnownError):
        await shop.pause.pause()
    shop.store.problem = None
    shop.farm.clock.forward(60)

    await shop.pause.pause()

    assert shop.store.pause == Pause(since=NOON, by=BY_USER)


async def test_pause_that_cannot_be_removed_stays_in_force(shop: Shop) -> None:
    await shop.pause.pause()
    shop.store.problem = KnownError("It cannot be removed.")

    with pytest.raises(KnownError, match="cannot be removed"):
        await shop.pause.resume()

    assert await shop.rentals.offer() == EMPTY


async def test_open_rent_goes_on_through_a_pause_and_is_finished(shop: Shop) -> None:
    issued = await shop.order()
    assert issued is not None

    await shop.pause.pause()

    assert await shop.rentals.finish(issued.rent_id, FinishStatus.SOLD, Decimal(870))


async def test_farm_that_was_paused_starts_paused(shop: Shop, database: Database) -> None:
    await shop.pause.pause()

    after_restart = SellingPause(database, shop.store, shop.farm.clock, lambda: None)

    assert after_restart() == Pause(since=NOON, by=BY_USER)


async def test_pausing_twice_keeps_the_first_moment(shop: Shop) -> None:
    await shop.pause.pause()
    shop.farm.clock.forward(600)

    await shop.pause.pause()

    assert shop.pause() == Pause(since=NOON, by=BY_USER)
    assert shop.changes == 1


async def test_pause_is_told_before_any_other_obstacle_and_since_when(shop: Shop) -> None:
    shop.key = health(HealthKind.KEY_MISSING)
    await shop.pause.pause()
    shop.farm.clock.forward(60)

    closure = shop.gate.closure()

    assert closure is not None
    assert (closure.obstacle, closure.since) == (Obstacle.PAUSED, NOON)
    assert closure.problem == health(HealthKind.SELLING_PAUSED, by=BY_USER)
    assert shop.gate.unchecked_problem() == shop.key


async def test_journal_tells_who_paused_and_resumed(shop: Shop, database: Database) -> None:
    await shop.pause.pause()
    shop.farm.clock.forward(60)
    await shop.pause.resume()

    told = await database.read(lambda views: views.timeline(Topic.OVERVIEW, JOURNAL_KEY))

    assert [(entry.kind, entry.fields) for entry in told] == [
        (TimelineKind.SELLING_PAUSED, {"by": BY_USER}),
        (TimelineKind.SELLING_RESUMED, {"by": BY_USER}),
    ]


async def test_database_that_takes_no_entry_does_not_undo_the_pause(shop: Shop, database: Database) -> None:
    database._writer._open().driver.execute("PRAGMA query_only = 1")

    await shop.pause.pause()

    assert shop.store.pause is not None
    assert await shop.rentals.offer() == EMPTY
