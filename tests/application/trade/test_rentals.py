"""From the offer to the finish: exact counts, distinct numbers, idempotent ends."""

from __future__ import annotations

import asyncio
import random
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from phonefarm.adapters.storage.sqlite.database import Database
from phonefarm.application.model.read_models import RentState, SimStanding, Topic
from phonefarm.application.model.row_queries import BANS
from phonefarm.application.model.timeline import TimelineKind
from phonefarm.application.ports.storage import StorageFailing
from phonefarm.application.trade.rentals import Rentals
from phonefarm.domain.allocation import Order
from phonefarm.domain.errors import KnownError
from phonefarm.domain.ids import PhoneId, RentId, SimId
from phonefarm.domain.phones import PhoneState
from phonefarm.domain.rents import ANSWER_WITHIN, ORPHAN_AFTER, FinishStatus
from phonefarm.support.tasks import Tasks
from tests.application.stored_farm import StoredFarm
from tests.builders import HOUR, ICCID, NUMBER, OTHER_ICCID, OTHER_NUMBER, OTHER_PHONE, SECOND, a_seen_sim
from tests.fakes.clock import FakeClock
from tests.fakes.storage import BrittleStorage
from tests.timelines import sentences
from tests.waiting import until

SIM = SimId(ICCID)

# Ordering -------------------------------------------------------------------


async def test_thirty_orders_at_once_get_thirty_numbers_and_the_next_gets_none(farm: StoredFarm) -> None:
    numbers = await farm.phones_with_sims(30)
    assert await farm.on_offer() == 30

    issued = await asyncio.gather(*(farm.issue() for _ in range(30)))

    assert {number.msisdn for number in issued if number} == set(numbers)
    assert len({number.rent_id for number in issued if number}) == 30
    assert await farm.issue() is None
    assert await farm.on_offer() == 0


async def test_orders_beyond_the_offer_get_nothing(farm: StoredFarm) -> None:
    await farm.phones_with_sims(5)

    issued = await asyncio.gather(*(farm.issue() for _ in range(12)))

    assert sum(number is not None for number in issued) == 5


async def test_order_for_another_country_gets_nothing_and_changes_nothing(farm: StoredFarm) -> None:
    await farm.seat(a_seen_sim())

    assert await farm.issue(Order(country="germany")) is None

    assert (await farm.counts()).rents_open == 0
    assert await farm.on_offer() == 1


async def test_offer_names_countries_with_nothing_left(farm: StoredFarm) -> None:
    await farm.seat(a_seen_sim(), a_seen_sim(OTHER_ICCID, slot=1, sub_id=2, mcc_mnc="26201", msisdn="4915112345678"))
    await farm.issue(Order(country="germany"))

    assert await farm.rentals.offer() == {"germany": {"any": 0}, "russia": {"any": 1, "mts": 1}}


async def test_order_that_waited_too_long_is_not_taken(farm: StoredFarm) -> None:
    await farm.seat(a_seen_sim())
    received_at = farm.clock()
    farm.clock.now += ANSWER_WITHIN + SECOND

    assert await farm.rentals.issue(Order(), Decimal(320), received_at) is None

    assert await farm.rents() == {}, "it was not taken and then taken back: it was never a rent"
    assert await farm.on_offer() == 1


@pytest.mark.parametrize(("set_by", "passed", "is_taken"), [(-HOUR, 9, False), (HOUR, 1, True)])
async def test_clock_change_does_not_affect_the_deadline_of_an_order(
    farm: StoredFarm, set_by: timedelta, passed: float, is_taken: bool
) -> None:
    await farm.seat(a_seen_sim())
    steady = FakeClock()
    rentals = Rentals(
        farm.storage, farm.announcer, farm.clock, selling=lambda: True, retire_after_sale=False, steady=steady
    )
    received_at = steady()
    farm.clock.now += set_by
    steady.forward(passed)

    assert (await rentals.issue(Order(), Decimal(320), received_at) is not None) is is_taken


async def test_rent_remembers_what_was_agreed(farm: StoredFarm) -> None:
    await farm.seat(a_seen_sim())

    issued = await farm.issue(expected=320)

    assert issued is not None
    rent = await farm.one_rent(issued.rent_id)
    assert (rent.msisdn, rent.country, rent.operator, rent.expected) == (NUMBER, "russia", "mts", Decimal(320))
    assert (await farm.one_sim(ICCID)).standing is SimStanding.RENTED


async def test_number_on_two_sims_is_rented_once(farm: StoredFarm) -> None:
    await farm.seat(a_seen_sim(), a_seen_sim(OTHER_ICCID, slot=1, sub_id=2))
    assert await farm.on_offer() == 1

    assert await farm.issue() is not None
    assert await farm.issue() is None
    standings = sorted(sim.standing for sim in (await farm.sims()).values())
    assert standings == [SimStanding.RENTED, SimStanding.SAME_NUMBER]


async def test_nothing_is_on_offer_and_nothing_is_issued_while_a_sale_cannot_work(database: Database) -> None:
    farm = StoredFarm(database, selling=False)
    await farm.seat(a_seen_sim())

    assert await farm.rentals.offer() == {"russia": {"any": 0}}
    assert await farm.issue() is None


async def test_order_goes_to_the_number_with_the_fewest_failures(farm: StoredFarm) -> None:
    await farm.seat(a_seen_sim())
    await farm.fail_rent()
    await farm.seat(a_seen_sim(OTHER_ICCID, msisdn=OTHER_NUMBER), phone=OTHER_PHONE)

    issued = await farm.issue()

    assert issued is not None
    assert issued.msisdn == OTHER_NUMBER


async def test_ids_of_rents_and_messages_come_from_one_sequence(farm: StoredFarm) -> None:
    await farm.seat(a_seen_sim())
    rent_id = await farm.rent()
    await farm.sms(row_id=1)
    await farm.rentals.finish(rent_id, FinishStatus.SOLD, None)

    second = await farm.rent()

    assert [message.sms_id for message in await farm.messages()] == [rent_id + 1]
    assert second == rent_id + 2


class HeldWrites:
    """Storage whose writes run at once and return when the test releases them."""

    def __init__(self, farm: StoredFarm) -> None:
        self.reached, self.let_go = asyncio.Event(), asyncio.Event()
        self._write = farm.storage.write
        farm.storage.write = self.write  # type: ignore[method-assign]

    async def write(self, work: Any, **options: Any) -> Any:
        result = await self._write(work, **options)
        self.reached.set()
        await self.let_go.wait()
        return result


async def test_order_whose_commit_took_too_long_is_withdrawn_and_the_number_free(farm: StoredFarm) -> None:
    await farm.seat(a_seen_sim())
    held = HeldWrites(farm)
    ordering = asyncio.gather(farm.issue())
    await held.reached.wait()

    farm.clock.now += ANSWER_WITHIN + SECOND
    held.let_go.set()

    assert (await ordering)[0] is None
    assert await farm.on_offer() == 1
    assert (await farm.timeline(Topic.RENTS, 10_001))[-1].kind is TimelineKind.WITHDRAWN


async def test_order_whose_caller_is_cancelled_is_withdrawn(farm: StoredFarm) -> None:
    await farm.seat(a_seen_sim())
    held = HeldWrites(farm)
    ordering = Tasks().start(farm.issue(), "an order")
    await held.reached.wait()

    ordering.cancel()
    with pytest.raises(asyncio.CancelledError):
        await ordering
    assert (await farm.counts()).rents_open == 1
    held.let_go.set()

    async def is_free() -> bool:
        return await farm.on_offer() == 1

    await until(is_free)


async def test_caller_gets_the_error_of_a_failing_database_and_it_is_no_bug(database: Database) -> None:
    storage = BrittleStorage(database)
    farm = StoredFarm(storage)
    await farm.seat(a_seen_sim())
    storage.broken = True

    with pytest.raises(StorageFailing):
        await farm.issue()


async def test_orders_are_spread_so_that_no_number_is_used_twice_before_all_were_used_once(farm: StoredFarm) -> None:
    numbers = await farm.phones_with_sims(6)

    used = []
    for _ in range(18):
        rent_id = await farm.rent()
        used.append((await farm.one_rent(rent_id)).msisdn)
        farm.clock.forward(1)
        await farm.rentals.finish(rent_id, FinishStatus.SOLD, None)

    for begin in (0, 6, 12):
        assert sorted(used[begin : begin + 6]) == sorted(numbers)


async def test_stored_offer_is_issued_completely_while_phones_leave_and_return(farm: StoredFarm) -> None:
    await farm.phones_with_sims(8)
    rng = random.Random(5)

    for _ in range(60):
        phone = PhoneId(f"phone{rng.randrange(8)}@127.0.0.1:5037")
        await farm.phone(phone, rng.choice([PhoneState.READY, PhoneState.READY, PhoneState.GONE, PhoneState.OFFLINE]))
        announced = await farm.on_offer()

        issued = [number for number in await asyncio.gather(*(farm.issue() for _ in range(10))) if number]

        assert len({number.msisdn for number in issued}) == announced
        for number in issued[rng.randrange(3) :]:
            await farm.rentals.finish(number.rent_id, FinishStatus.NOT_ORDERED, None)


# Finishing ------------------------------------------------------------------


async def test_sold_rent_is_closed_credited_and_its_number_free(farm: StoredFarm) -> None:
    await farm.seat(a_seen_sim())
    rent_id = await farm.rent()
    farm.clock.forward(3600)

    assert await farm.rentals.finish(rent_id, FinishStatus.SOLD, Decimal("870.25"))

    rent = await farm.one_rent(rent_id)
    assert (rent.state, rent.credited, rent.credited_is_estimate) == (RentState.FINISHED, Decimal("870.25"), False)
    assert await farm.on_offer() == 1


@pytest.mark.parametrize("messages", [0, 1, 5])
async def test_rent_is_credited_once_however_many_messages_it_got(farm: StoredFarm, messages: int) -> None:
    await farm.seat(a_seen_sim())
    rent_id = await farm.rent()
    for number in range(messages):
        await farm.sms(100 + number, body=f"code {number}")

    await farm.rentals.finish(rent_id, FinishStatus.SOLD, Decimal(870))

    assert (await farm.one_rent(rent_id)).credited == Decimal(870)


@pytest.mark.parametrize("status", list(FinishStatus))
async def test_finish_is_idempotent(farm: StoredFarm, status: FinishStatus) -> None:
    await farm.seat(a_seen_sim())
    rent_id = await farm.rent()
    await farm.rentals.finish(rent_id, status, Decimal(870))
    first, sim = await farm.one_rent(rent_id), await farm.one_sim(ICCID)
    farm.clock.forward(60)

    for _ in range(3):
        assert await farm.rentals.finish(rent_id, status, Decimal(990))

    assert await farm.one_rent(rent_id) == first
    assert await farm.one_sim(ICCID) == sim


async def test_finishes_at_the_same_moment_close_the_rent_once(farm: StoredFarm) -> None:
    await farm.seat(a_seen_sim())
    rent_id = await farm.rent()

    known = await asyncio.gather(*(farm.rentals.finish(rent_id, FinishStatus.CANCELLED, None) for _ in range(10)))

    assert all(known)
    assert (await farm.one_sim(ICCID)).unused_in_a_row == 1
    assert [line.kind for line in await farm.timeline(Topic.RENTS, rent_id)].count(TimelineKind.FINISHED) == 1


async def test_refund_after_a_sale_takes_the_income_back_once(farm: StoredFarm) -> None:
    await farm.seat(a_seen_sim())
    rent_id = await farm.rent()
    await farm.rentals.finish(rent_id, FinishStatus.SOLD, Decimal(870))

    for _ in range(2):
        assert await farm.rentals.finish(rent_id, FinishStatus.REFUNDED, Decimal(870))

    rent = await farm.one_rent(rent_id)
    assert (rent.finish_status, rent.credited) == (FinishStatus.REFUNDED, Decimal(0))
    kinds = [line.kind for line in await farm.timeline(Topic.RENTS, rent_id)]
    assert kinds.count(TimelineKind.FINISHED) == kinds.count(TimelineKind.REFUNDED) == 1


async def test_contradiction_keeps_the_first_result(farm: StoredFarm) -> None:
    await farm.seat(a_seen_sim())
    rent_id = await farm.rent()
    await farm.rentals.finish(rent_id, FinishStatus.CANCELLED, None)

    assert await farm.rentals.finish(rent_id, FinishStatus.SOLD, Decimal(870))

    rent = await farm.one_rent(rent_id)
    assert (rent.finish_status, rent.credited) == (FinishStatus.CANCELLED, Decimal(0))


async def test_finish_of_an_unknown_rent_returns_false_and_stores_none(farm: StoredFarm) -> None:
    assert not await farm.rentals.finish(RentId(424242), FinishStatus.SOLD, Decimal(870))

    assert (await farm.counts()).rents_open == 0


async def test_finish_of_an_earlier_rent_does_not_end_the_present_one(farm: StoredFarm) -> None:
    await farm.seat(a_seen_sim())
    first = await farm.rent()
    await farm.rentals.finish(first, FinishStatus.SOLD, None)
    second = await farm.rent()

    await farm.rentals.finish(first, FinishStatus.SOLD, None)

    assert (await farm.one_rent(second)).state is RentState.WAITING
    assert await farm.on_offer() == 0


async def test_overdue_rent_stays_open_until_the_market_ends_it(farm: StoredFarm) -> None:
    await farm.seat(a_seen_sim())
    rent_id = await farm.rent()

    farm.clock.forward(30 * 24 * 3600)

    assert (await farm.one_rent(rent_id)).state is RentState.OVERDUE
    assert await farm.on_offer() == 0


async def test_rent_that_is_prolonged_for_months_stays_open_without_an_alert_and_credits_its_total(
    farm: StoredFarm,
) -> None:
    await farm.seat(a_seen_sim())
    rent_id = await farm.rent()
    await farm.sms()
    await farm.deliver_all()
    lines = len(await farm.timeline(Topic.RENTS, rent_id))

    for _ in range(120):
        farm.clock.forward(24 * 3600)
        await farm.rentals.end_bans()

    assert (await farm.one_rent(rent_id)).state is RentState.ACTIVE
    assert len(await farm.timeline(Topic.RENTS, rent_id)) == lines
    assert await farm.rentals.finish(rent_id, FinishStatus.SOLD, Decimal(4350))
    assert (await farm.one_rent(rent_id)).credited == Decimal(4350)


@pytest.mark.parametrize("retires", [False, True])
async def test_sold_number_is_held_back_only_by_setting(database: Database, retires: bool) -> None:
    farm = StoredFarm(database, retire_after_sale=retires)
    await farm.seat(a_seen_sim())

    await farm.rentals.finish(await farm.rent(), FinishStatus.SOLD, None)

    sim = await farm.one_sim(ICCID)
    assert sim.held_reason == ("a rent of it was sold" if retires else "")
    assert await farm.on_offer() == (0 if retires else 1)


@pytest.mark.parametrize("status", [status for status in FinishStatus if status is not FinishStatus.SOLD])
async def test_number_that_was_not_sold_is_not_retired(database: Database, status: FinishStatus) -> None:
    farm = StoredFarm(database, retire_after_sale=True)
    await farm.seat(a_seen_sim())

    await farm.rentals.finish(await farm.rent(), status, None)

    assert await farm.on_offer() == 1


async def test_retired_number_keeps_the_users_own_reason_and_can_be_released(database: Database) -> None:
    farm = StoredFarm(database, retire_after_sale=True)
    await farm.seat(a_seen_sim())
    rent_id = await farm.rent()
    await farm.rentals.hold_back(SIM, "broken antenna")

    await farm.rentals.finish(rent_id, FinishStatus.SOLD, None)

    assert (await farm.one_sim(ICCID)).held_reason == "broken antenna"
    await farm.rentals.hold_back(SIM, None)
    assert await farm.on_offer() == 1


# Orphans --------------------------------------------------------------------


async def test_order_whose_answer_was_lost_is_released_by_the_user_only_after_a_grace(farm: StoredFarm) -> None:
    await farm.seat(a_seen_sim())
    issued = await farm.issue()
    assert issued is not None
    with pytest.raises(KnownError, match="Only an unconfirmed rent"):
        await farm.rentals.release_orphan(issued.rent_id)

    farm.clock.now += ORPHAN_AFTER
    await farm.rentals.release_orphan(issued.rent_id)

    assert await farm.on_offer() == 1
    assert (await farm.one_sim(ICCID)).unused_in_a_row == 0


async def test_lost_answer_is_in_the_rents_timeline_and_frees_nothing(farm: StoredFarm) -> None:
    await farm.seat(a_seen_sim())
    issued = await farm.issue()
    assert issued is not None

    await farm.rentals.answer_lost(issued.rent_id)
    farm.clock.now += 720 * HOUR

    assert (await farm.timeline(Topic.RENTS, issued.rent_id))[-1].kind is TimelineKind.ANSWER_LOST
    assert (await farm.one_rent(issued.rent_id)).state is RentState.POSSIBLE_ORPHAN
    assert await farm.on_offer() == 0


@pytest.mark.parametrize("finished", [False, True])
async def test_rent_that_the_market_knows_of_is_never_released(farm: StoredFarm, finished: bool) -> None:
    await farm.seat(a_seen_sim())
    rent_id = await farm.rent()
    if finished:
        await farm.rentals.finish(rent_id, FinishStatus.SOLD, None)
    farm.clock.now += HOUR

    with pytest.raises(KnownError, match="Only an unconfirmed rent"):
        await farm.rentals.release_orphan(rent_id)


async def test_the_sale_of_a_rent_released_as_an_orphan_still_counts(farm: StoredFarm) -> None:
    await farm.seat(a_seen_sim())
    issued = await farm.issue()
    assert issued is not None
    farm.clock.now += HOUR
    await farm.rentals.release_orphan(issued.rent_id)
    released = await farm.one_rent(issued.rent_id)
    farm.clock.now += HOUR

    assert await farm.rentals.finish(issued.rent_id, FinishStatus.SOLD, Decimal(900))

    sold = await farm.one_rent(issued.rent_id)
    assert (sold.finish_status, sold.credited) == (FinishStatus.SOLD, Decimal(900))
    assert sold.finished_at == released.finished_at


async def test_a_cancelled_rent_that_was_released_as_an_orphan_is_no_failure_of_the_number(farm: StoredFarm) -> None:
    await farm.seat(a_seen_sim())
    issued = await farm.issue()
    assert issued is not None
    farm.clock.now += HOUR
    await farm.rentals.release_orphan(issued.rent_id)

    assert await farm.rentals.finish(issued.rent_id, FinishStatus.CANCELLED, None)

    assert (await farm.one_sim(ICCID)).unused_in_a_row == 0


# Bans -----------------------------------------------------------------------


async def test_third_unused_rent_in_a_row_bans_the_number_for_a_day_and_no_longer(farm: StoredFarm) -> None:
    await farm.seat(a_seen_sim())
    for count in (1, 2):
        await farm.fail_rent()
        assert (await farm.one_sim(ICCID)).unused_in_a_row == count

    await farm.fail_rent()

    assert (await farm.counts()).bans == 1
    assert await farm.on_offer() == 0
    farm.clock.now += timedelta(hours=24) - SECOND
    assert await farm.issue() is None
    farm.clock.forward(1)
    assert await farm.on_offer() == 1
    assert await farm.issue() is not None


async def test_accepted_sms_resets_the_count(farm: StoredFarm) -> None:
    await farm.seat(a_seen_sim())
    await farm.fail_rent()
    await farm.fail_rent()
    rent_id = await farm.rent()
    await farm.sms()
    await farm.deliver_all()

    await farm.rentals.finish(rent_id, FinishStatus.CANCELLED, None)

    assert (await farm.one_sim(ICCID)).unused_in_a_row == 0
    assert (await farm.counts()).bans == 0


async def test_window_warns_when_one_more_failure_bans(farm: StoredFarm) -> None:
    await farm.seat(a_seen_sim())
    await farm.fail_rent()
    await farm.fail_rent()

    rent_id = await farm.rent()

    assert (await farm.one_rent(rent_id)).one_more_failure_bans


async def test_expired_ban_is_lifted(farm: StoredFarm) -> None:
    await farm.seat(a_seen_sim())
    await farm.rentals.set_ban(SIM, 2 * HOUR)
    farm.clock.now += 2 * HOUR

    await farm.rentals.end_bans()

    sim = await farm.one_sim(ICCID)
    assert (sim.banned_until, sim.standing) == (None, SimStanding.ON_OFFER)
    assert sentences(await farm.timeline(Topic.SIMS, ICCID))[-1] == "Ban ended"


async def test_ban_by_the_user_withholds_the_number_until_it_is_lifted(farm: StoredFarm) -> None:
    await farm.seat(a_seen_sim())

    await farm.rentals.set_ban(SIM, 5 * HOUR)

    assert await farm.on_offer() == 0
    (ban,) = await farm.storage.read(lambda views: views.rows(BANS, None, farm.clock()))
    assert (ban.by_hand, ban.until - ban.since) == (True, 5 * HOUR)
    await farm.rentals.lift_ban(SIM)
    assert await farm.on_offer() == 1


async def test_lifting_a_ban_resets_the_count(farm: StoredFarm) -> None:
    await farm.seat(a_seen_sim())
    await farm.fail_rent()
    await farm.rentals.set_ban(SIM, HOUR)

    await farm.rentals.lift_ban(SIM)

    assert (await farm.one_sim(ICCID)).unused_in_a_row == 0


async def test_longer_ban_by_the_user_is_not_shortened_by_the_third_failure(farm: StoredFarm) -> None:
    await farm.seat(a_seen_sim())
    await farm.fail_rent()
    await farm.fail_rent()
    rent_id = await farm.rent()
    await farm.rentals.set_ban(SIM, 100 * HOUR)
    until = (await farm.one_sim(ICCID)).banned_until

    await farm.rentals.finish(rent_id, FinishStatus.CANCELLED, None)

    (ban,) = await farm.storage.read(lambda views: views.rows(BANS, None, farm.clock()))
    assert (ban.until, ban.by_hand) == (until, True)


@pytest.mark.parametrize("length", [timedelta(0), timedelta(seconds=59), timedelta(days=367), timedelta(days=-1)])
async def test_ban_of_no_length_or_beyond_a_year_is_refused(farm: StoredFarm, length: timedelta) -> None:
    await farm.seat(a_seen_sim())

    with pytest.raises(KnownError, match="between a minute and a year"):
        await farm.rentals.set_ban(SIM, length)


async def test_ban_of_a_sim_without_one_cannot_be_lifted(farm: StoredFarm) -> None:
    await farm.seat(a_seen_sim())

    with pytest.raises(KnownError, match="not banned"):
        await farm.rentals.lift_ban(SIM)


async def test_sim_held_back_is_off_the_offer_while_its_rent_goes_on(farm: StoredFarm) -> None:
    await farm.seat(a_seen_sim())
    rent_id = await farm.rent()
    await farm.rentals.hold_back(SIM, "  broken antenna  ")

    assert (await farm.one_rent(rent_id)).state is RentState.WAITING
    await farm.rentals.finish(rent_id, FinishStatus.SOLD, None)
    sim = await farm.one_sim(ICCID)
    assert (sim.standing, sim.held_reason) == (SimStanding.HELD_BACK, "broken antenna")
    await farm.rentals.hold_back(SIM, None)
    assert await farm.on_offer() == 1


@pytest.mark.parametrize("reason", ["", "   "])
async def test_sim_held_back_without_a_reason_is_held_back_all_the_same(farm: StoredFarm, reason: str) -> None:
    await farm.seat(a_seen_sim())

    await farm.rentals.hold_back(SIM, reason)

    assert await farm.on_offer() == 0


async def test_unknown_sim_can_be_neither_banned_nor_held_back(farm: StoredFarm) -> None:
    for order in (farm.rentals.set_ban(SimId("?"), HOUR), farm.rentals.hold_back(SimId("?"), "x")):
        with pytest.raises(KnownError, match="not in the database"):
            await order


async def test_counts_and_offer_agree_through_a_whole_day(farm: StoredFarm) -> None:
    await farm.phones_with_sims(6)
    rents = [await farm.rent() for _ in range(4)]
    sims = sorted(await farm.sims())

    await farm.rentals.finish(rents[0], FinishStatus.SOLD, None)
    await farm.rentals.hold_back(SimId(sims[0]), "x")
    await farm.rentals.set_ban(SimId(sims[5]), HOUR)
    for seconds in (0, 1800, 1800, 1800):
        farm.clock.forward(seconds)
        assert (await farm.counts()).numbers_on_offer == await farm.on_offer()


async def test_timeline_of_a_sim_has_the_message_count_of_each_rent(farm: StoredFarm) -> None:
    await farm.seat(a_seen_sim())
    rent_id = await farm.rent()
    await farm.sms(row_id=1, body="one")
    await farm.sms(row_id=2, body="two")

    await farm.rentals.finish(rent_id, FinishStatus.SOLD, None)

    assert f"Rent {rent_id} sold, 2 SMS" in sentences(await farm.timeline(Topic.SIMS, ICCID))
