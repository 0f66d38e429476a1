"""Claimed pushes: oldest first per number unless one is never accepted, and one last attempt after a finish."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import select

from phonefarm.adapters.storage.tables import pushes
from phonefarm.adapters.storage.unit_of_work import SqlUnitOfWork
from phonefarm.application.ports.storage import UnitOfWork
from phonefarm.application.ports.world import PushMessage
from phonefarm.domain.ids import RentId, SmsId
from phonefarm.domain.pushes import FAILURES_THAT_HOLD_BACK
from phonefarm.domain.rents import FinishStatus
from phonefarm.domain.sms import SmsStanding
from tests.application.stored_farm import StoredFarm
from tests.builders import (
    MINUTE,
    NUMBER,
    OTHER_NUMBER,
    SECOND,
    a_new_push,
    a_seen_sim,
    an_inbound_sms,
    queue_push,
    store_sms,
)


async def claim(farm: StoredFarm) -> list[SmsId]:
    now = farm.clock()
    return [message.sms_id for message in await farm.storage.write(lambda uow: uow.pushes.claim(now, 16))]


async def fail(
    farm: StoredFarm, sms_id: SmsId, *, is_its_own: bool = True, again_after: timedelta = timedelta(0)
) -> bool:
    """An attempt fails and the push is rescheduled; returns whether it was the last chance."""
    now = farm.clock()

    def work(uow: UnitOfWork) -> bool:
        push = uow.pushes.record(sms_id, "HTTP 500", now, is_its_own=is_its_own)
        assert push is not None
        uow.pushes.reschedule(sms_id, now + again_after)
        return push.is_last_chance

    return await farm.storage.write(work)


async def test_an_older_message_goes_first(farm: StoredFarm) -> None:
    first, second = await farm.queue(1), await farm.queue(2)

    assert await claim(farm) == [first]
    await fail(farm, first)
    assert await claim(farm) == [first]
    assert second not in await claim(farm)


async def test_message_that_is_never_accepted_blocks_the_next_for_a_few_attempts_only(
    farm: StoredFarm,
) -> None:
    poison, code = await farm.queue(1), await farm.queue(2)
    for _ in range(FAILURES_THAT_HOLD_BACK):
        assert await claim(farm) == [poison]
        await fail(farm, poison)

    assert await claim(farm) == [poison]
    await fail(farm, poison, again_after=MINUTE)
    assert await claim(farm) == [code]


async def test_failures_that_are_not_its_own_block_newer_messages_for_ever(farm: StoredFarm) -> None:
    first, second = await farm.queue(1), await farm.queue(2)

    for _ in range(5 * FAILURES_THAT_HOLD_BACK):
        assert await claim(farm) == [first]
        await fail(farm, first, is_its_own=False)

    assert await claim(farm) == [first]
    assert second not in await claim(farm)


async def that_lets_newer_ones_pass(farm: StoredFarm) -> SmsId:
    """A message that has failed so often by itself that it blocks no other; retried in two seconds."""
    poison = await farm.queue(1)
    for _ in range(FAILURES_THAT_HOLD_BACK):
        assert await claim(farm) == [poison]
        await fail(farm, poison, again_after=10 * SECOND)
        farm.clock.forward(10)
    farm.clock.forward(-2)
    return poison


async def test_push_begun_with_its_insert_equals_one_claimed_after_it(farm: StoredFarm) -> None:
    now = farm.clock()

    def work(uow: UnitOfWork, number: str, mark: bytes, begin: int) -> SmsId:
        sms = an_inbound_sms(fingerprint=mark, row_id=mark[0], arrived_at=now)
        sms_id = store_sms(uow, sms, SmsStanding.FOR_RENT, number, RentId(1))
        begun = uow.pushes.add([a_new_push(sms_id, RentId(1), number, now, sms.body)], now, begin=begin)
        begun += uow.pushes.claim(now, 1)
        assert [(message.sms_id, message.msisdn, message.text) for message in begun] == [(sms_id, number, sms.body)]
        return sms_id

    at_once = await farm.storage.write(lambda uow: work(uow, NUMBER, b"\x01", 1))
    claimed = await farm.storage.write(lambda uow: work(uow, OTHER_NUMBER, b"\x02", 0))

    def rows(uow: UnitOfWork) -> list[tuple[object, ...]]:
        assert isinstance(uow, SqlUnitOfWork)
        found = uow._connection.execute(select(pushes).order_by(pushes.c.sms_id)).mappings()
        return [tuple(value for name, value in row.items() if name not in ("sms_id", "msisdn")) for row in found]

    first, second = await farm.storage.write(rows)
    assert at_once != claimed
    assert first == second


async def test_nothing_of_a_number_begins_with_its_insert_while_an_older_one_is_open(farm: StoredFarm) -> None:
    poison = await that_lets_newer_ones_pass(farm)
    number, now = "79281234567", farm.clock()

    def work(uow: UnitOfWork) -> list[PushMessage]:
        sms = an_inbound_sms(fingerprint=b"code", row_id=2, arrived_at=now)
        sms_id = store_sms(uow, sms, SmsStanding.FOR_RENT, number, RentId(1))
        return uow.pushes.add([a_new_push(sms_id, RentId(1), number, now, sms.body)], now, begin=1)

    begun = await farm.storage.write(work)
    (code,) = await claim(farm)
    farm.clock.forward(2)

    assert begun == []
    assert code != poison
    assert await claim(farm) == []


async def test_two_messages_of_one_number_are_never_in_flight_together(farm: StoredFarm) -> None:
    poison, code = await farm.queue(1), await farm.queue(2)
    for _ in range(FAILURES_THAT_HOLD_BACK):
        await claim(farm)
        await fail(farm, poison)

    together = await claim(farm)
    while_in_flight = await claim(farm)

    assert (together, while_in_flight) == ([poison], [])
    assert code


async def test_older_message_that_comes_due_waits_for_the_newer_one_in_flight(farm: StoredFarm) -> None:
    poison = await that_lets_newer_ones_pass(farm)
    code = await farm.queue(2)
    assert await claim(farm) == [code]

    farm.clock.forward(2)
    meanwhile = await claim(farm)
    await fail(farm, code, again_after=10 * SECOND)

    assert (meanwhile, await claim(farm)) == ([], [poison])


async def test_message_assigned_late_goes_before_newer_ones_of_its_number(farm: StoredFarm) -> None:
    now = farm.clock()
    held = an_inbound_sms(fingerprint=b"held", row_id=1, arrived_at=now)
    older = await farm.storage.write(lambda uow: store_sms(uow, held, SmsStanding.HELD, NUMBER, RentId(1)))
    await farm.queue(2, msisdn=NUMBER)

    await farm.storage.write(lambda uow: queue_push(uow, older, RentId(1), NUMBER, now))

    assert await claim(farm) == [older]


async def test_an_attempt_begun_after_the_finish_is_the_last_also_when_our_clock_was_set_back(farm: StoredFarm) -> None:
    await farm.seat(a_seen_sim())
    rent_id = await farm.rent()
    (sms_id,) = (await farm.sms()).pushes
    assert await claim(farm) == [sms_id]
    await farm.rentals.finish(rent_id, FinishStatus.SOLD, None)
    began_before = await fail(farm, sms_id)

    farm.clock.now -= timedelta(hours=1)
    await farm.storage.write(lambda uow: uow.pushes.reschedule(sms_id, farm.clock()))
    assert await claim(farm) == [sms_id]
    began_after = await fail(farm, sms_id)

    assert (began_before, began_after) == (False, True)
