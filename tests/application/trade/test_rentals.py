"""From the offer to the finish: honest counts, distinct numbers, ends that happen once."""

from __future__ import annotations

import asyncio
import random
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from phonefarm.adapters.storage.database import Database
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
from tests.application.books import Books
from tests.builders import HOUR, ICCID, NUMBER, OTHER_ICCID, OTHER_NUMBER, OTHER_PHONE, SECOND, a_seen_sim
from tests.fakes.clock import FakeClock
from tests.fakes.storage import BrittleStorage
from tests.timelines import sentences
from tests.waiting import until

SIM = SimId(ICCID)

# Ordering -------------------------------------------------------------------


async def test_thirty_orders_at_once_get_thirty_numbers_and_the_next_gets_none(books: Books) -> None:
    numbers = await books.farm(30)
    assert await books.on_offer() == 30

    issued = await asyncio.gather(*(books.issue() for _ in range(30)))

    assert {number.msisdn for number in issued if number} == set(numbers)
    assert len({number.rent_id for number in issued if number}) == 30
    assert await books.issue() is None
    assert await books.on_offer() == 0


async def test_more_orders_than_numbers_leave_the_rest_without(books: Books) -> None:
    await books.farm(5)

    issued = await asyncio.gather(*(books.issue() for _ in range(12)))

    assert sum(number is not None for number in issued) == 5


async def test_order_for_another_country_gets_nothing_and_changes_nothing(books: Books) -> None:
    await books.seat(a_seen_sim())

    assert await books.issue(Order(country="germany")) is None

    assert (await books.counts()).rents_open == 0
    assert await books.on_offer() == 1


async def test_offer_names_countries_with_nothing_left(books: Books) -> None:
    await books.seat(a_seen_sim(), a_seen_sim(OTHER_ICCID, slot=1, sub_id=2, mcc_mnc="26201", msisdn="4915112345678"))
    await books.issue(Order(country="germany"))

    assert await books.rentals.offer() == {"germany": {"any": 0}, "russia": {"any": 1, "mts": 1}}


async def test_order_that_waited_too_long_is_not_taken(books: Books) -> None:
    await books.seat(a_seen_sim())
    received_at = books.clock()
    books.clock.now += ANSWER_WITHIN + SECOND

    assert await books.rentals.issue(Order(), Decimal(320), received_at) is None

    assert await books.rents() == {}, "it was not taken and then taken back: it was never a rent"
    assert await books.on_offer() == 1


@pytest.mark.parametrize(("set_by", "passed", "is_taken"), [(-HOUR, 9, False), (HOUR, 1, True)])
async def test_clock_that_is_set_neither_makes_nor_unmakes_a_late_order(
    books: Books, set_by: timedelta, passed: float, is_taken: bool
) -> None:
    await books.seat(a_seen_sim())
    steady = FakeClock()
    rentals = Rentals(
        books.storage, books.announcer, books.clock, selling=lambda: True, retire_after_sale=False, steady=steady
    )
    received_at = steady()
    books.clock.now += set_by
    steady.forward(passed)

    assert (await rentals.issue(Order(), Decimal(320), received_at) is not None) is is_taken


async def test_rent_remembers_what_was_agreed(books: Books) -> None:
    await books.seat(a_seen_sim())

    issued = await books.issue(expected=320)

    assert issued is not None
    rent = await books.one_rent(issued.rent_id)
    assert (rent.msisdn, rent.country, rent.operator, rent.expected) == (NUMBER, "russia", "mts", Decimal(320))
    assert (await books.one_sim(ICCID)).standing is SimStanding.RENTED


async def test_number_on_two_sims_is_rented_once(books: Books) -> None:
    await books.seat(a_seen_sim(), a_seen_sim(OTHER_ICCID, slot=1, sub_id=2))
    assert await books.on_offer() == 1

    assert await books.issue() is not None
    assert await books.issue() is None
    standings = sorted(sim.standing for sim in (await books.sims()).values())
    assert standings == [SimStanding.RENTED, SimStanding.SAME_NUMBER]


async def test_nothing_is_on_offer_and_nothing_is_issued_while_a_sale_cannot_work(database: Database) -> None:
    books = Books(database, selling=False)
    await books.seat(a_seen_sim())

    assert await books.rentals.offer() == {"russia": {"any": 0}}
    assert await books.issue() is None


async def test_order_goes_to_the_number_with_the_fewest_failures(books: Books) -> None:
    await books.seat(a_seen_sim())
    await books.fail_rent()
    await books.seat(a_seen_sim(OTHER_ICCID, msisdn=OTHER_NUMBER), phone=OTHER_PHONE)

    issued = await books.issue()

    assert issued is not None
    assert issued.msisdn == OTHER_NUMBER


async def test_ids_of_rents_and_messages_come_from_one_sequence(books: Books) -> None:
    await books.seat(a_seen_sim())
    rent_id = await books.rent()
    await books.sms(row_id=1)
    await books.rentals.finish(rent_id, FinishStatus.SOLD, None)

    second = await books.rent()

    assert [message.sms_id for message in await books.messages()] == [rent_id + 1]
    assert second == rent_id + 2


class HeldWrites:
    """Storage whose writes are carried out at once and reported when the test lets them go."""

    def __init__(self, books: Books) -> None:
        self.reached, self.let_go = asyncio.Event(), asyncio.Event()
        self._write = books.storage.write
        books.storage.write = self.write  # type: ignore[method-assign]

    async def write(self, work: Any, **options: Any) -> Any:
        result = await self._write(work, **options)
        self.reached.set()
        await self.let_go.wait()
        return result


async def test_order_whose_commit_took_too_long_is_taken_back_and_the_number_free(books: Books) -> None:
    await books.seat(a_seen_sim())
    held = HeldWrites(books)
    ordering = asyncio.gather(books.issue())
    await held.reached.wait()

    books.clock.now += ANSWER_WITHIN + SECOND
    held.let_go.set()

    assert (await ordering)[0] is None
    assert await books.on_offer() == 1
    assert (await books.story(Topic.RENTS, 10_001))[-1].kind is TimelineKind.WITHDRAWN


async def test_order_whose_caller_gives_up_before_its_answer_is_taken_back(books: Books) -> None:
    await books.seat(a_seen_sim())
    held = HeldWrites(books)
    ordering = Tasks().start(books.issue(), "an order")
    await held.reached.wait()

    ordering.cancel()
    with pytest.raises(asyncio.CancelledError):
        await ordering
    assert (await books.counts()).rents_open == 1
    held.let_go.set()

    async def is_free() -> bool:
        return await books.on_offer() == 1

    await until(is_free)


async def test_failing_database_is_said_to_the_caller_and_is_no_bug(database: Database) -> None:
    storage = BrittleStorage(database)
    books = Books(storage)
    await books.seat(a_seen_sim())
    storage.broken = True

    with pytest.raises(StorageFailing):
        await books.issue()


async def test_orders_are_spread_so_that_no_number_is_used_twice_before_all_were_used_once(books: Books) -> None:
    numbers = await books.farm(6)

    used = []
    for _ in range(18):
        rent_id = await books.rent()
        used.append((await books.one_rent(rent_id)).msisdn)
        books.clock.forward(1)
        await books.rentals.finish(rent_id, FinishStatus.SOLD, None)

    for begin in (0, 6, 12):
        assert sorted(used[begin : begin + 6]) == sorted(numbers)


async def test_offer_of_the_real_books_is_issued_whole_while_phones_vanish_and_return(books: Books) -> None:
    await books.farm(8)
    rng = random.Random(5)

    for _ in range(60):
        phone = PhoneId(f"phone{rng.randrange(8)}@127.0.0.1:5037")
        await books.phone(phone, rng.choice([PhoneState.READY, PhoneState.READY, PhoneState.GONE, PhoneState.OFFLINE]))
        announced = await books.on_offer()

        issued = [number for number in await asyncio.gather(*(books.issue() for _ in range(10))) if number]

        assert len({number.msisdn for number in issued}) == announced
        for number in issued[rng.randrange(3) :]:
            await books.rentals.finish(number.rent_id, FinishStatus.NOT_ORDERED, None)


# Finishing ------------------------------------------------------------------


async def test_sold_rent_is_closed_credited_and_its_number_free(books: Books) -> None:
    await books.seat(a_seen_sim())
    rent_id = await books.rent()
    books.clock.forward(3600)

    assert await books.rentals.finish(rent_id, FinishStatus.SOLD, Decimal("870.25"))

    rent = await books.one_rent(rent_id)
    assert (rent.state, rent.credited, rent.credited_is_estimate) == (RentState.FINISHED, Decimal("870.25"), False)
    assert await books.on_offer() == 1


@pytest.mark.parametrize("messages", [0, 1, 5])
async def test_rent_is_credited_once_however_many_messages_it_got(books: Books, messages: int) -> None:
    await books.seat(a_seen_sim())
    rent_id = await books.rent()
    for number in range(messages):
        await books.sms(100 + number, body=f"code {number}")

    await books.rentals.finish(rent_id, FinishStatus.SOLD, Decimal(870))

    assert (await books.one_rent(rent_id)).credited == Decimal(870)


@pytest.mark.parametrize("status", list(FinishStatus))
async def test_repeated_finish_is_known_and_changes_nothing(books: Books, status: FinishStatus) -> None:
    await books.seat(a_seen_sim())
    rent_id = await books.rent()
    await books.rentals.finish(rent_id, status, Decimal(870))
    first, sim = await books.one_rent(rent_id), await books.one_sim(ICCID)
    books.clock.forward(60)

    for _ in range(3):
        assert await books.rentals.finish(rent_id, status, Decimal(990))

    assert await books.one_rent(rent_id) == first
    assert await books.one_sim(ICCID) == sim


async def test_finishes_at_the_same_moment_close_the_rent_once(books: Books) -> None:
    await books.seat(a_seen_sim())
    rent_id = await books.rent()

    known = await asyncio.gather(*(books.rentals.finish(rent_id, FinishStatus.CANCELLED, None) for _ in range(10)))

    assert all(known)
    assert (await books.one_sim(ICCID)).unused_in_a_row == 1
    assert [line.kind for line in await books.story(Topic.RENTS, rent_id)].count(TimelineKind.FINISHED) == 1


async def test_refund_after_a_sale_takes_the_income_back_once(books: Books) -> None:
    await books.seat(a_seen_sim())
    rent_id = await books.rent()
    await books.rentals.finish(rent_id, FinishStatus.SOLD, Decimal(870))

    for _ in range(2):
        assert await books.rentals.finish(rent_id, FinishStatus.REFUNDED, Decimal(870))

    rent = await books.one_rent(rent_id)
    assert (rent.finish_status, rent.credited) == (FinishStatus.REFUNDED, Decimal(0))
    kinds = [line.kind for line in await books.story(Topic.RENTS, rent_id)]
    assert kinds.count(TimelineKind.FINISHED) == kinds.count(TimelineKind.REFUNDED) == 1


async def test_contradiction_keeps_the_first_result(books: Books) -> None:
    await books.seat(a_seen_sim())
    rent_id = await books.rent()
    await books.rentals.finish(rent_id, FinishStatus.CANCELLED, None)

    assert await books.rentals.finish(rent_id, FinishStatus.SOLD, Decimal(870))

    rent = await books.one_rent(rent_id)
    assert (rent.finish_status, rent.credited) == (FinishStatus.CANCELLED, Decimal(0))


async def test_finish_of_an_unknown_rent_says_so_and_invents_none(books: Books) -> None:
    assert not await books.rentals.finish(RentId(424242), FinishStatus.SOLD, Decimal(870))

    assert (await books.counts()).rents_open == 0


async def test_finish_of_an_earlier_rent_leaves_the_numbers_present_one_open(books: Books) -> None:
    await books.seat(a_seen_sim())
    first = await books.rent()
    await books.rentals.finish(first, FinishStatus.SOLD, None)
    second = await books.rent()

    await books.rentals.finish(first, FinishStatus.SOLD, None)

    assert (await books.one_rent(second)).state is RentState.WAITING
    assert await books.on_offer() == 0


async def test_overdue_rent_stays_open_until_the_market_ends_it(books: Books) -> None:
    await books.seat(a_seen_sim())
    rent_id = await books.rent()

    books.clock.forward(30 * 24 * 3600)

    assert (await books.one_rent(rent_id)).state is RentState.OVERDUE
    assert await books.on_offer() == 0


async def test_rent_that_is_prolonged_for_months_stays_open_is_not_pointed_out_and_credits_its_total(
    books: Books,
) -> None:
    await books.seat(a_seen_sim())
    rent_id = await books.rent()
    await books.sms()
    await books.deliver_all()
    lines = len(await books.story(Topic.RENTS, rent_id))

    for _ in range(120):
        books.clock.forward(24 * 3600)
        await books.rentals.end_bans()

    assert (await books.one_rent(rent_id)).state is RentState.ACTIVE
    assert len(await books.story(Topic.RENTS, rent_id)) == lines
    assert await books.rentals.finish(rent_id, FinishStatus.SOLD, Decimal(4350))
    assert (await books.one_rent(rent_id)).credited == Decimal(4350)


@pytest.mark.parametrize("retires", [False, True])
async def test_sold_number_is_held_back_only_by_setting(database: Database, retires: bool) -> None:
    books = Books(database, retire_after_sale=retires)
    await books.seat(a_seen_sim())

    await books.rentals.finish(await books.rent(), FinishStatus.SOLD, None)

    sim = await books.one_sim(ICCID)
    assert sim.held_reason == ("a rent of it was sold" if retires else "")
    assert await books.on_offer() == (0 if retires else 1)


@pytest.mark.parametrize("status", [status for status in FinishStatus if status is not FinishStatus.SOLD])
async def test_number_that_was_not_sold_is_not_retired(database: Database, status: FinishStatus) -> None:
    books = Books(database, retire_after_sale=True)
    await books.seat(a_seen_sim())

    await books.rentals.finish(await books.rent(), status, None)

    assert await books.on_offer() == 1


async def test_retired_number_keeps_the_users_own_reason_and_comes_back_by_hand(database: Database) -> None:
    books = Books(database, retire_after_sale=True)
    await books.seat(a_seen_sim())
    rent_id = await books.rent()
    await books.rentals.hold_back(SIM, "broken antenna")

    await books.rentals.finish(rent_id, FinishStatus.SOLD, None)

    assert (await books.one_sim(ICCID)).held_reason == "broken antenna"
    await books.rentals.hold_back(SIM, None)
    assert await books.on_offer() == 1


# Orphans --------------------------------------------------------------------


async def test_order_whose_answer_was_lost_is_released_by_the_user_only_after_a_grace(books: Books) -> None:
    await books.seat(a_seen_sim())
    issued = await books.issue()
    assert issued is not None
    with pytest.raises(KnownError, match="Only an unconfirmed rent"):
        await books.rentals.release_orphan(issued.rent_id)

    books.clock.now += ORPHAN_AFTER
    await books.rentals.release_orphan(issued.rent_id)

    assert await books.on_offer() == 1
    assert (await books.one_sim(ICCID)).unused_in_a_row == 0


async def test_lost_answer_is_written_into_the_rents_story_and_frees_nothing(books: Books) -> None:
    await books.seat(a_seen_sim())
    issued = await books.issue()
    assert issued is not None

    await books.rentals.answer_lost(issued.rent_id)
    books.clock.now += 720 * HOUR

    assert (await books.story(Topic.RENTS, issued.rent_id))[-1].kind is TimelineKind.ANSWER_LOST
    assert (await books.one_rent(issued.rent_id)).state is RentState.POSSIBLE_ORPHAN
    assert await books.on_offer() == 0


@pytest.mark.parametrize("finished", [False, True])
async def test_rent_that_the_market_knows_of_is_never_released(books: Books, finished: bool) -> None:
    await books.seat(a_seen_sim())
    rent_id = await books.rent()
    if finished:
        await books.rentals.finish(rent_id, FinishStatus.SOLD, None)
    books.clock.now += HOUR

    with pytest.raises(KnownError, match="Only an unconfirmed rent"):
        await books.rentals.release_orphan(rent_id)


async def test_the_sale_of_a_rent_released_as_an_orphan_still_counts(books: Books) -> None:
    await books.seat(a_seen_sim())
    issued = await books.issue()
    assert issued is not None
    books.clock.now += HOUR
    await books.rentals.release_orphan(issued.rent_id)
    released = await books.one_rent(issued.rent_id)
    books.clock.now += HOUR

    assert await books.rentals.finish(issued.rent_id, FinishStatus.SOLD, Decimal(900))

    sold = await books.one_rent(issued.rent_id)
    assert (sold.finish_status, sold.credited) == (FinishStatus.SOLD, Decimal(900))
    assert sold.finished_at == released.finished_at


async def test_a_cancelled_rent_that_was_released_as_an_orphan_is_no_failure_of_the_number(books: Books) -> None:
    await books.seat(a_seen_sim())
    issued = await books.issue()
    assert issued is not None
    books.clock.now += HOUR
    await books.rentals.release_orphan(issued.rent_id)

    assert await books.rentals.finish(issued.rent_id, FinishStatus.CANCELLED, None)

    assert (await books.one_sim(ICCID)).unused_in_a_row == 0


# Bans -----------------------------------------------------------------------


async def test_third_unused_rent_in_a_row_bans_the_number_for_a_day_and_no_longer(books: Books) -> None:
    await books.seat(a_seen_sim())
    for count in (1, 2):
        await books.fail_rent()
        assert (await books.one_sim(ICCID)).unused_in_a_row == count

    await books.fail_rent()

    assert (await books.counts()).bans == 1
    assert await books.on_offer() == 0
    books.clock.now += timedelta(hours=24) - SECOND
    assert await books.issue() is None
    books.clock.forward(1)
    assert await books.on_offer() == 1
    assert await books.issue() is not None


async def test_accepted_sms_starts_the_count_again(books: Books) -> None:
    await books.seat(a_seen_sim())
    await books.fail_rent()
    await books.fail_rent()
    rent_id = await books.rent()
    await books.sms()
    await books.deliver_all()

    await books.rentals.finish(rent_id, FinishStatus.CANCELLED, None)

    assert (await books.one_sim(ICCID)).unused_in_a_row == 0
    assert (await books.counts()).bans == 0


async def test_window_warns_when_one_more_failure_bans(books: Books) -> None:
    await books.seat(a_seen_sim())
    await books.fail_rent()
    await books.fail_rent()

    rent_id = await books.rent()

    assert (await books.one_rent(rent_id)).one_more_failure_bans


async def test_ban_that_ran_out_is_taken_off_the_books(books: Books) -> None:
    await books.seat(a_seen_sim())
    await books.rentals.set_ban(SIM, 2 * HOUR)
    books.clock.now += 2 * HOUR

    await books.rentals.end_bans()

    sim = await books.one_sim(ICCID)
    assert (sim.banned_until, sim.standing) == (None, SimStanding.ON_OFFER)
    assert sentences(await books.story(Topic.SIMS, ICCID))[-1] == "Ban has run out"


async def test_ban_by_hand_withholds_and_lifting_gives_back(books: Books) -> None:
    await books.seat(a_seen_sim())

    await books.rentals.set_ban(SIM, 5 * HOUR)

    assert await books.on_offer() == 0
    (ban,) = await books.storage.read(lambda views: views.rows(BANS, None, books.clock()))
    assert (ban.by_hand, ban.until - ban.since) == (True, 5 * HOUR)
    await books.rentals.lift_ban(SIM)
    assert await books.on_offer() == 1


async def test_lifting_a_ban_starts_the_count_again(books: Books) -> None:
    await books.seat(a_seen_sim())
    await books.fail_rent()
    await books.rentals.set_ban(SIM, HOUR)

    await books.rentals.lift_ban(SIM)

    assert (await books.one_sim(ICCID)).unused_in_a_row == 0


async def test_longer_ban_by_hand_outlasts_the_third_failure(books: Books) -> None:
    await books.seat(a_seen_sim())
    await books.fail_rent()
    await books.fail_rent()
    rent_id = await books.rent()
    await books.rentals.set_ban(SIM, 100 * HOUR)
    until = (await books.one_sim(ICCID)).banned_until

    await books.rentals.finish(rent_id, FinishStatus.CANCELLED, None)

    (ban,) = await books.storage.read(lambda views: views.rows(BANS, None, books.clock()))
    assert (ban.until, ban.by_hand) == (until, True)


@pytest.mark.parametrize("length", [timedelta(0), timedelta(seconds=59), timedelta(days=367), timedelta(days=-1)])
async def test_ban_of_no_length_or_beyond_a_year_is_refused(books: Books, length: timedelta) -> None:
    await books.seat(a_seen_sim())

    with pytest.raises(KnownError, match="between a minute and a year"):
        await books.rentals.set_ban(SIM, length)


async def test_what_is_not_banned_cannot_be_lifted(books: Books) -> None:
    await books.seat(a_seen_sim())

    with pytest.raises(KnownError, match="not banned"):
        await books.rentals.lift_ban(SIM)


async def test_sim_held_back_is_off_the_offer_while_its_rent_goes_on(books: Books) -> None:
    await books.seat(a_seen_sim())
    rent_id = await books.rent()
    await books.rentals.hold_back(SIM, "  broken antenna  ")

    assert (await books.one_rent(rent_id)).state is RentState.WAITING
    await books.rentals.finish(rent_id, FinishStatus.SOLD, None)
    sim = await books.one_sim(ICCID)
    assert (sim.standing, sim.held_reason) == (SimStanding.HELD_BACK, "broken antenna")
    await books.rentals.hold_back(SIM, None)
    assert await books.on_offer() == 1


@pytest.mark.parametrize("reason", ["", "   "])
async def test_sim_held_back_without_a_reason_is_held_back_all_the_same(books: Books, reason: str) -> None:
    await books.seat(a_seen_sim())

    await books.rentals.hold_back(SIM, reason)

    assert await books.on_offer() == 0


async def test_sim_nobody_knows_is_neither_banned_nor_held(books: Books) -> None:
    for order in (books.rentals.set_ban(SimId("?"), HOUR), books.rentals.hold_back(SimId("?"), "x")):
        with pytest.raises(KnownError, match="not on the books"):
            await order


async def test_counts_and_offer_say_the_same_through_a_whole_day(books: Books) -> None:
    await books.farm(6)
    rents = [await books.rent() for _ in range(4)]
    sims = sorted(await books.sims())

    await books.rentals.finish(rents[0], FinishStatus.SOLD, None)
    await books.rentals.hold_back(SimId(sims[0]), "x")
    await books.rentals.set_ban(SimId(sims[5]), HOUR)
    for seconds in (0, 1800, 1800, 1800):
        books.clock.forward(seconds)
        assert (await books.counts()).numbers_on_offer == await books.on_offer()


async def test_sims_story_says_how_many_messages_each_rent_had(books: Books) -> None:
    await books.seat(a_seen_sim())
    rent_id = await books.rent()
    await books.sms(row_id=1, body="one")
    await books.sms(row_id=2, body="two")

    await books.rentals.finish(rent_id, FinishStatus.SOLD, None)

    assert f"Rent {rent_id} sold, 2 SMS" in sentences(await books.story(Topic.SIMS, ICCID))
