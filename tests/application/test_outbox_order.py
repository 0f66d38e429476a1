"""Which pushes are taken up: in order per number, unless one is never accepted; and one last time after a finish."""

from __future__ import annotations

from datetime import timedelta

from phonefarm.application.storage import UnitOfWork
from phonefarm.domain.ids import SmsId
from phonefarm.domain.pushes import ATTEMPTS_THAT_HOLD_BACK
from phonefarm.domain.rents import FinishStatus
from tests.application.books import Books
from tests.builders import a_seen_sim


async def claim(books: Books) -> list[SmsId]:
    now = books.clock()
    return [message.sms_id for message in await books.storage.write(lambda uow: uow.pushes.claim(now, 16))]


async def fail(books: Books, sms_id: SmsId) -> bool:
    """An attempt ends without success and the push waits again; says whether it was the last chance."""
    now = books.clock()

    def work(uow: UnitOfWork) -> bool:
        push = uow.pushes.record(sms_id, "HTTP 500", now, False)
        assert push is not None
        uow.pushes.retry(sms_id, now)
        return push.is_last_chance

    return await books.storage.write(work)


async def test_an_older_message_goes_first(books: Books) -> None:
    first, second = await books.queue(1), await books.queue(2)

    assert await claim(books) == [first]
    await fail(books, first)
    assert await claim(books) == [first]
    assert second not in await claim(books)


async def test_a_message_that_is_never_accepted_holds_the_next_ones_back_for_a_few_attempts_only(books: Books) -> None:
    poison, code = await books.queue(1), await books.queue(2)
    for _ in range(ATTEMPTS_THAT_HOLD_BACK):
        assert await claim(books) == [poison]
        await fail(books, poison)

    assert set(await claim(books)) == {poison, code}


async def test_an_attempt_begun_after_the_finish_is_the_last_also_when_our_clock_was_set_back(books: Books) -> None:
    await books.seat(a_seen_sim())
    rent_id = await books.rent()
    (sms_id,) = (await books.sms()).pushes
    assert await claim(books) == [sms_id]
    await books.rentals.finish(rent_id, FinishStatus.SOLD, None)
    began_before = await fail(books, sms_id)

    books.clock.now -= timedelta(hours=1)
    await books.storage.write(lambda uow: uow.pushes.retry(sms_id, books.clock()))
    assert await claim(books) == [sms_id]
    began_after = await fail(books, sms_id)

    assert (began_before, began_after) == (False, True)
