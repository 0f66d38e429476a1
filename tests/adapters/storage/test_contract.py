"""The storage contract: units of work are atomic, durable and run one at a time; errors contain no text of an SMS."""

from __future__ import annotations

import asyncio
import sqlite3
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy.dialects import sqlite
from structlog.testing import capture_logs

from phonefarm.adapters.storage.columns import Instant, Money
from phonefarm.adapters.storage.sqlite import writer
from phonefarm.adapters.storage.sqlite.writer import JOIN_SECONDS, URGENT_JOIN_SECONDS
from phonefarm.adapters.storage.unit_of_work import RESERVED_IDS
from phonefarm.application.model.read_models import SmsStanding, Topic
from phonefarm.application.model.row_queries import MESSAGES, PHONES, PUSHES
from phonefarm.application.ports.records.messages import NewSms
from phonefarm.application.ports.records.phones import ReadingMark
from phonefarm.application.ports.storage import Result, StorageFailing, UnitOfWork
from phonefarm.domain.bans import Streak
from phonefarm.domain.ids import Msisdn, PhoneId, RentId, SimId, SmsId
from phonefarm.domain.phones import PhoneFacts, PhoneState
from phonefarm.domain.pushes import PushState
from phonefarm.domain.rents import FinishStatus
from phonefarm.domain.sms import RentSpan
from phonefarm.support.tasks import Tasks
from tests.adapters.storage.conftest import Store
from tests.builders import (
    HOUR,
    ICCID,
    MINUTE,
    NOON,
    NUMBER,
    OTHER_ICCID,
    OTHER_NUMBER,
    OTHER_PHONE,
    PHONE,
    SECOND,
    a_rent,
    a_seen_sim,
    an_inbound_sms,
    queue_push,
    store_sms,
)
from tests.timelines import a_text, sentences
from tests.waiting import until

SECRET_TEXT = "Your bank code is 990017"
SIM = SimId(ICCID)


def note(uow: UnitOfWork, title: str) -> None:
    uow.journal.note(NOON, Topic.SIMS, "key", a_text(title))


async def titles(store: Store) -> list[str]:
    lines = await store.database.read(lambda views: views.timeline(Topic.SIMS, "key"))
    return sentences(lines)


def a_phone_and_sim(uow: UnitOfWork) -> None:
    uow.phones.note(PHONE, PhoneState.READY, "", NOON)
    uow.sims.place(a_seen_sim(), PHONE, "russia", "mts", NOON)


# Units of work --------------------------------------------------------------


async def test_write_returns_the_result_of_the_unit_of_work(store: Store) -> None:
    assert await store.database.write(lambda uow: ("any", 1)) == ("any", 1)


async def test_failing_unit_of_work_is_rolled_back_and_its_error_raised(store: Store) -> None:
    def work(uow: UnitOfWork) -> None:
        note(uow, "half")
        raise ZeroDivisionError("in the middle")

    with pytest.raises(ZeroDivisionError, match="in the middle"):
        await store.database.write(work)

    assert await titles(store) == []


async def behind_a_block(
    store: Store, *works: tuple[Callable[[UnitOfWork], object], bool], of_an_order: bool = False
) -> None:
    """Submit units of work (and whether each is urgent) while the writer is blocked, then unblock it."""
    hold, entered = threading.Event(), asyncio.Event()
    loop = asyncio.get_running_loop()

    def block(uow: UnitOfWork) -> None:
        loop.call_soon_threadsafe(entered.set)
        hold.wait(10)
        if of_an_order:
            time.sleep(2 * URGENT_JOIN_SECONDS)  # too long: no waiting unit joins its commit

    async with asyncio.TaskGroup() as group:
        group.create_task(store.database.write(block, urgent=of_an_order))
        await entered.wait()
        for work, urgent in works:
            group.create_task(store.database.write(work, urgent=urgent))
        await asyncio.sleep(0)
        hold.set()


async def test_value_that_cannot_be_bound_rolls_back_only_its_own_unit(store: Store) -> None:
    errors: list[Exception] = []

    def a_bug(uow: UnitOfWork) -> None:
        uow.sims.set_ban(SIM, datetime(2026, 1, 1), NOON)  # noqa: DTZ001 - a time without a zone is no instant

    async def write_the_bug() -> None:
        try:
            await store.database.write(a_bug)
        except Exception as error:  # noqa: BLE001 - whatever it is
            errors.append(error)

    async with asyncio.TaskGroup() as group:
        group.create_task(store.database.write(lambda uow: note(uow, "before")))
        group.create_task(write_the_bug())
        group.create_task(store.database.write(lambda uow: note(uow, "after")))

    assert await titles(store) == ["before", "after"]
    assert [isinstance(error, StorageFailing) for error in errors] == [False]


async def test_urgent_unit_runs_before_waiting_normal_ones(store: Store) -> None:
    order: list[str] = []

    await behind_a_block(
        store,
        (lambda uow: order.append("usual"), False),
        (lambda uow: order.append("usual too"), False),
        (lambda uow: order.append("urgent"), True),
    )

    assert order == ["urgent", "usual", "usual too"]


async def test_no_unit_joins_a_commit_that_has_been_open_too_long(store: Store) -> None:
    seen: list[object] = []

    def long(uow: UnitOfWork) -> None:
        note(uow, "long")
        time.sleep(2 * JOIN_SECONDS)

    def look(uow: UnitOfWork) -> None:
        seen.append(store.asked_by_another("SELECT count(*) FROM journal"))

    await behind_a_block(store, (long, False), (look, False))

    assert seen == [1]


async def test_urgent_unit_is_committed_without_waiting_for_normal_ones(store: Store) -> None:
    seen: list[object] = []

    def look(uow: UnitOfWork) -> None:
        seen.append(store.asked_by_another("SELECT count(*) FROM journal"))

    await behind_a_block(store, (look, False), (lambda uow: note(uow, "order"), True))

    assert seen == [1]


async def test_normal_units_may_join_a_commit_for_longer(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(writer, "JOIN_SECONDS", 60.0)
    seen: list[object] = []

    def long(uow: UnitOfWork) -> None:
        note(uow, "long")
        time.sleep(2 * URGENT_JOIN_SECONDS)

    def look(uow: UnitOfWork) -> None:
        seen.append(store.asked_by_another("SELECT count(*) FROM journal"))

    await behind_a_block(store, (long, False), (look, False))

    assert seen == [0]


async def test_urgent_and_normal_commits_alternate_and_are_equally_short(store: Store) -> None:
    done: list[str] = []

    def long(name: str) -> Callable[[UnitOfWork], None]:
        def unit(_uow: UnitOfWork) -> None:
            done.append(name)
            time.sleep(2 * URGENT_JOIN_SECONDS)

        return unit

    await behind_a_block(
        store,
        (long("usual"), False),
        (long("usual too"), False),
        (long("order"), True),
        (long("another order"), True),
        of_an_order=True,
    )

    assert done == ["usual", "order", "usual too", "another order"]


async def test_normal_commit_between_urgent_ones_is_short(store: Store) -> None:
    done: list[str] = []
    tasks, loop, order_waits = Tasks(), asyncio.get_running_loop(), threading.Event()

    def order() -> None:
        tasks.start(store.database.write(lambda _uow: done.append("order"), urgent=True), "order")
        loop.call_soon(order_waits.set)

    def long(_uow: UnitOfWork) -> None:
        done.append("usual")
        loop.call_soon_threadsafe(order)
        order_waits.wait(10)
        time.sleep(2 * URGENT_JOIN_SECONDS)

    await behind_a_block(store, (long, False), (lambda _uow: done.append("usual too"), False), of_an_order=True)

    assert done == ["usual", "order", "usual too"]


async def test_stream_of_urgent_units_does_not_starve_normal_ones(store: Store) -> None:
    done: list[str] = []
    orders: list[asyncio.Task[object]] = []
    tasks, loop, next_waits = Tasks(), asyncio.get_running_loop(), threading.Event()

    def take(_uow: UnitOfWork) -> None:
        """An urgent unit; at its end the next one waits already."""
        done.append("order")
        time.sleep(2 * JOIN_SECONDS)
        next_waits.clear()
        loop.call_soon_threadsafe(order_again)
        next_waits.wait(10)

    def order_again() -> None:
        if len(orders) < 40:
            orders.append(tasks.start(store.database.write(take, urgent=True), "order"))
        loop.call_soon(next_waits.set)

    order_again()
    await until(lambda: len(done) > 0)
    async with asyncio.TaskGroup() as group:
        for _ in range(3):
            group.create_task(store.database.write(lambda _uow: done.append("usual")))
    await until(lambda: len(done) == 43)

    assert len(done) - 1 - done[::-1].index("usual") < 20, done


async def test_failing_unit_of_a_shared_commit_is_rolled_back_alone_and_each_caller_gets_its_result(
    store: Store,
) -> None:
    hold, entered = threading.Event(), asyncio.Event()
    loop = asyncio.get_running_loop()

    def block(uow: UnitOfWork) -> None:
        loop.call_soon_threadsafe(entered.set)
        hold.wait(10)

    def work(number: int) -> object:
        def unit(uow: UnitOfWork) -> int:
            note(uow, f"unit {number}")
            if number % 3 == 0:
                raise LookupError(number)
            return number

        return store.database.write(unit)

    first = asyncio.gather(store.database.write(block))
    await entered.wait()
    rest = asyncio.gather(*(work(number) for number in range(12)), return_exceptions=True)  # type: ignore[call-overload]
    await asyncio.sleep(0)
    hold.set()
    await first
    results = await rest

    expected = [LookupError if number % 3 == 0 else number for number in range(12)]
    assert [type(it) if isinstance(it, Exception) else it for it in results] == expected
    assert await titles(store) == [f"unit {number}" for number in range(12) if number % 3]


async def test_committed_unit_is_visible_to_another_connection(store: Store) -> None:
    await store.database.write(lambda uow: note(uow, "durable"))

    assert store.asked_by_another("SELECT fields ->> 'text' FROM journal") == "durable"


async def test_running_unit_of_work_is_not_visible(store: Store) -> None:
    seen: list[object] = []

    def work(uow: UnitOfWork) -> None:
        note(uow, "not yet")
        seen.append(store.asked_by_another("SELECT count(*) FROM journal"))

    await store.database.write(work)

    assert seen == [0]


async def test_reader_does_not_wait_for_the_writer(store: Store) -> None:
    hold, entered = threading.Event(), threading.Event()

    def work(uow: UnitOfWork) -> None:
        note(uow, "slow")
        entered.set()
        hold.wait(10)

    writing = asyncio.gather(store.database.write(work))
    await asyncio.to_thread(entered.wait, 10)

    assert await asyncio.wait_for(titles(store), 5) == []
    hold.set()
    await writing
    assert await titles(store) == ["slow"]


async def test_cancelling_the_caller_does_not_stop_a_submitted_unit(store: Store) -> None:
    writing = asyncio.gather(store.database.write(lambda uow: note(uow, "handed in")))
    await asyncio.sleep(0)

    writing.cancel()
    await store.database.write(lambda uow: None)

    assert await titles(store) == ["handed in"]


# on_done -----------------------------------------------------------------------


class Outcomes:
    """Collects what `on_done` is called with."""

    def __init__(self) -> None:
        self.all: list[object] = []

    def add(self, result: Result[object]) -> None:
        try:
            self.all.append(result())
        except (ValueError, StorageFailing) as error:
            self.all.append(str(error))


async def test_on_done_gets_the_result_of_a_commit_or_why_there_was_none(store: Store) -> None:
    outcomes = Outcomes()

    def good(uow: UnitOfWork) -> str:
        note(uow, "good")
        return "done"

    def bad(uow: UnitOfWork) -> str:
        note(uow, "bad")
        raise ValueError("a bug")

    returned = await store.database.write(good, on_done=outcomes.add)
    with pytest.raises(ValueError, match="a bug"):
        await store.database.write(bad, on_done=outcomes.add)

    assert outcomes.all == ["done", "a bug"]
    assert returned == "done"
    assert await titles(store) == ["good"]


async def test_on_done_is_called_before_the_caller_resumes_and_on_its_loop(store: Store) -> None:
    events: list[object] = []

    await store.database.write(lambda uow: None, on_done=lambda result: events.append(asyncio.get_running_loop()))
    events.append("resumed")

    assert events == [asyncio.get_running_loop(), "resumed"]


async def test_on_done_is_called_though_the_caller_was_cancelled(store: Store) -> None:
    outcomes = Outcomes()
    writing = asyncio.gather(store.database.write(lambda uow: "done", on_done=outcomes.add))
    await asyncio.sleep(0)

    writing.cancel()

    await until(lambda: outcomes.all == ["done"])


async def test_on_done_is_called_with_the_refusal_of_a_closed_database(store: Store) -> None:
    outcomes = Outcomes()
    await asyncio.to_thread(store.database.close)

    with pytest.raises(StorageFailing, match="closed"):
        await store.database.write(lambda uow: None, on_done=outcomes.add)

    assert outcomes.all == ["The database is closed: phonefarm is stopping."]


async def test_bug_in_a_unit_whose_caller_was_cancelled_is_logged(store: Store) -> None:
    def bug(uow: UnitOfWork) -> None:
        raise LookupError("a bug")

    with capture_logs() as lines:
        writing = asyncio.gather(store.database.write(bug))
        await asyncio.sleep(0)
        writing.cancel()
        await until(lambda: lines)

    assert [type(line["exc_info"]) for line in lines] == [LookupError]


async def test_bug_in_a_unit_whose_caller_is_cancelled_before_it_resumes_is_logged(store: Store) -> None:
    loop = asyncio.get_running_loop()

    def bug(uow: UnitOfWork) -> None:
        raise LookupError("a bug")

    def cancel_before_it_resumes(result: Result[None]) -> None:
        loop.call_soon(writing.cancel)

    with capture_logs() as lines:
        work = store.database.write(bug, on_done=cancel_before_it_resumes)
        writing = asyncio.ensure_future(work)  # noqa: TID251 - a caller outside the farm
        with pytest.raises(asyncio.CancelledError):
            await writing

    assert [type(line["exc_info"]) for line in lines] == [LookupError]


async def test_refusal_whose_caller_was_cancelled_is_no_bug(store: Store) -> None:
    def refuse(uow: UnitOfWork) -> None:
        raise StorageFailing("not now")

    outcomes = Outcomes()
    with capture_logs() as lines:
        writing = asyncio.gather(store.database.write(refuse, on_done=outcomes.add))
        await asyncio.sleep(0)
        writing.cancel()
        await until(lambda: outcomes.all)

    assert lines == []


async def test_stop_iteration_in_a_unit_reaches_its_caller_as_an_error(store: Store) -> None:
    def work(uow: UnitOfWork) -> object:
        note(uow, "undone")
        return next(iter(()))

    with pytest.raises(RuntimeError, match="iteration"):
        await asyncio.wait_for(store.database.write(work), 5)

    assert await titles(store) == []


async def test_bug_in_on_done_is_logged_and_harms_no_other_unit_of_the_commit(store: Store) -> None:
    enough = threading.Event()

    def stumble(outcome: Result[None]) -> None:
        raise LookupError("a bug")

    def wait(uow: UnitOfWork) -> None:
        enough.wait(10)

    with capture_logs() as lines:
        waiting = asyncio.gather(store.database.write(wait))
        await asyncio.sleep(0)
        noting = asyncio.gather(  # both wait now, and share a commit
            store.database.write(lambda uow: note(uow, "first"), on_done=stumble),
            store.database.write(lambda uow: note(uow, "second")),
        )
        await asyncio.sleep(0)
        enough.set()
        await asyncio.wait_for(asyncio.gather(waiting, noting), 10)

    assert await titles(store) == ["first", "second"]
    assert [type(line["exc_info"]) for line in lines] == [LookupError]


async def test_close_commits_submitted_units_and_refuses_later_ones(store: Store) -> None:
    writing = asyncio.gather(*(store.database.write(lambda uow: note(uow, "in time")) for _ in range(50)))
    await asyncio.sleep(0)

    await asyncio.to_thread(store.database.close)
    await writing

    assert store.asked_by_another("SELECT count(*) FROM journal") == 50
    with pytest.raises(StorageFailing, match="closed"):
        await asyncio.wait_for(store.database.write(lambda uow: None), 5)
    with pytest.raises(StorageFailing, match="closed"):
        await asyncio.wait_for(store.database.read(lambda views: None), 5)


async def test_bug_in_a_unit_does_not_end_the_writer(store: Store) -> None:
    for error in (MemoryError(), RecursionError(), KeyError("x")):

        def work(uow: UnitOfWork, error: Exception = error) -> None:
            raise error

        with pytest.raises(type(error)):
            await store.database.write(work)

    assert await asyncio.wait_for(store.database.write(lambda uow: 1), 5) == 1


async def test_ids_rise_and_are_never_reused(store: Store) -> None:
    ids = await asyncio.gather(*(store.database.write(lambda uow: uow.next_id()) for _ in range(40)))

    assert len(set(ids)) == 40
    assert min(ids) > 10_000
    assert await store.database.write(lambda uow: [uow.next_id(), uow.next_id()]) == [max(ids) + 1, max(ids) + 2]


async def test_no_id_is_reused_after_a_failed_unit_that_took_some(store: Store) -> None:
    with suppress(LookupError):
        await store.database.write(take_ids_and_fail)

    assert len(set(await given_ids(store))) == MANY_IDS


async def test_no_id_is_reused_after_a_failed_unit_in_a_savepoint(store: Store) -> None:
    with suppress(ExceptionGroup):
        await behind_a_block(store, (take_ids_and_fail, False))

    assert len(set(await given_ids(store))) == MANY_IDS


async def test_no_id_is_reused_after_a_failed_commit(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(writer, "_make_durable", full_disk)
        with suppress(StorageFailing):
            await store.database.write(take_ids)

    assert len(set(await given_ids(store))) == MANY_IDS


async def test_no_id_is_reused_after_a_commit_that_the_database_rolled_back(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    def taken_back(driver: sqlite3.Connection) -> None:
        driver.execute("ROLLBACK")
        full_disk(driver)

    with monkeypatch.context() as patch:
        patch.setattr(writer, "_make_durable", taken_back)
        with suppress(StorageFailing):
            await store.database.write(take_ids)

    assert len(set(await given_ids(store))) == MANY_IDS


async def test_ids_are_reserved_in_advance_so_that_most_cost_no_statement(store: Store) -> None:
    first = await store.database.write(lambda uow: uow.next_id())
    taken = store.asked_by_another("SELECT value FROM sequences WHERE name <> 'heartbeat'")

    await store.database.write(take_ids)

    assert taken == first + RESERVED_IDS
    assert store.asked_by_another("SELECT value FROM sequences WHERE name <> 'heartbeat'") == taken


MANY_IDS = 5 * RESERVED_IDS


def take_ids(uow: UnitOfWork) -> list[int]:
    return [uow.next_id() for _ in range(RESERVED_IDS // 2)]


def take_ids_and_fail(uow: UnitOfWork) -> None:
    take_ids(uow)
    raise LookupError


async def given_ids(store: Store) -> list[int]:
    taken = await asyncio.gather(*(store.database.write(take_ids) for _ in range(2 * MANY_IDS // RESERVED_IDS)))
    return [one for some in taken for one in some]


def full_disk(_driver: sqlite3.Connection) -> None:
    raise sqlite3.OperationalError("database or disk is full")


# Constraints of the database ------------------------------------------------------


@pytest.mark.parametrize(
    "second",
    [
        a_rent(rent_id=RentId(2), msisdn=OTHER_NUMBER),
        a_rent(rent_id=RentId(2), sim_id=SimId(OTHER_ICCID)),
        a_rent(sim_id=SimId(OTHER_ICCID), msisdn=OTHER_NUMBER),
    ],
    ids=["same SIM", "same number", "same id"],
)
async def test_two_open_rents_on_one_sim_number_or_id_are_refused(store: Store, second: object) -> None:
    await store.database.write(lambda uow: uow.rents.add(a_rent()))

    with pytest.raises(sqlite3.IntegrityError):
        await store.database.write(lambda uow: uow.rents.add(second))  # type: ignore[arg-type]

    assert store.asked_by_another("SELECT count(*) FROM rents") == 1


async def test_finished_rent_leaves_its_sim_and_number_to_the_next(store: Store) -> None:
    def work(uow: UnitOfWork) -> frozenset[Msisdn]:
        uow.rents.add(a_rent())
        uow.rents.close(RentId(10_001), FinishStatus.SOLD, Decimal("870.1"), False, NOON + HOUR)
        uow.rents.add(a_rent(rent_id=RentId(10_002)))
        return uow.rents.open_numbers()

    assert await store.database.write(work) == {NUMBER}


async def test_message_is_stored_once_a_handset(store: Store) -> None:
    add = lambda uow: store_sms(uow, an_inbound_sms(body=SECRET_TEXT), SmsStanding.NO_RENT)  # noqa: E731
    await store.database.write(add)

    with pytest.raises(sqlite3.IntegrityError) as refused:
        await store.database.write(add)

    assert SECRET_TEXT not in str(refused.value)
    assert await store.database.write(lambda uow: uow.messages.known(PHONE, [b"\x01" * 32, b"\x02" * 32])) == {
        b"\x01" * 32
    }


async def test_no_database_error_contains_the_text_of_a_message(store: Store) -> None:
    unstorable = an_inbound_sms(body=SECRET_TEXT, row_id=2**80)

    with pytest.raises(Exception) as refused:
        await store.database.write(lambda uow: store_sms(uow, unstorable, SmsStanding.NO_RENT))

    assert SECRET_TEXT not in f"{refused.value!r} {refused.value}"


@pytest.mark.parametrize("number", [1, 2, 31, 32, 33, 77])
async def test_a_reading_of_any_size_is_stored_whole_and_known_again(store: Store, number: int) -> None:
    prints = [place.to_bytes(32, "big") for place in range(number)]

    def work(uow: UnitOfWork) -> tuple[list[SmsId], set[bytes]]:
        new = [
            NewSms(
                message=an_inbound_sms(fingerprint=of, body=f"text {place}", row_id=place), standing=SmsStanding.NO_RENT
            )
            for place, of in enumerate(prints)
        ]
        return uow.messages.add(new), uow.messages.known(PHONE, [*prints, b"\xff" * 32])

    ids, known = await store.database.write(work)

    stored = {
        message.sms_id: message.text
        for message in await store.database.read(lambda views: views.rows(MESSAGES, None, NOON))
    }
    assert stored == {sms_id: f"text {place}" for place, sms_id in enumerate(ids)}
    assert known == set(prints)


@pytest.mark.parametrize("text", ["", "\x00", "Row: 1\r\n", "🔑 Ваш код", "'; DROP TABLE sms; --", "x" * 100_000])
async def test_any_text_is_read_back_unchanged(store: Store, text: str) -> None:
    await store.database.write(lambda uow: store_sms(uow, an_inbound_sms(body=text, sender=text), SmsStanding.HELD))

    (message,) = await store.database.read(lambda views: views.rows(MESSAGES, None, NOON))
    assert (message.text, message.sender) == (text, text)


# Records ----------------------------------------------------------------------


async def test_phone_keeps_the_begin_of_its_state(store: Store) -> None:
    def work(uow: UnitOfWork) -> list[bool]:
        return [
            uow.phones.note(PHONE, PhoneState.OFFLINE, "offline", NOON),
            uow.phones.note(PHONE, PhoneState.OFFLINE, "offline", NOON + HOUR),
            uow.phones.note(PHONE, PhoneState.OFFLINE, "still", NOON + HOUR),
        ]

    assert await store.database.write(work) == [True, False, True]
    (row,) = await store.database.read(lambda views: views.rows(PHONES, None, NOON))
    assert (row.since, row.detail) == (NOON, "still")


async def test_present_phones_are_those_not_gone_of_one_server_or_all(store: Store) -> None:
    elsewhere = PHONE.replace("5037", "5038")

    def work(uow: UnitOfWork) -> list[set[str]]:
        for phone, state in (
            (PHONE, PhoneState.READY),
            (OTHER_PHONE, PhoneState.GONE),
            (elsewhere, PhoneState.OFFLINE),
        ):
            uow.phones.note(phone, state, "", NOON)  # type: ignore[arg-type]
        return [set(uow.phones.present()), set(uow.phones.present("127.0.0.1:5037"))]

    assert await store.database.write(work) == [{PHONE, elsewhere}, {PHONE}]


async def test_reading_mark_keeps_the_last_skew_that_was_measured(store: Store) -> None:
    def work(uow: UnitOfWork) -> list[object]:
        uow.phones.note(PHONE, PhoneState.READY, "", NOON)
        marks: list[object] = [uow.phones.mark_of(PHONE)]
        for minute, skew in ((1, -3 * HOUR), (2, None)):
            uow.phones.note_reading(PHONE, begun_at=NOON + minute * MINUTE, skew=skew, took=SECOND)
        return [*marks, uow.phones.mark_of(PHONE)]

    last = ReadingMark(last_read_at=NOON + 2 * MINUTE, clock_skew=-3 * HOUR)
    assert await store.database.write(work) == [None, last]


async def test_reading_mark_of_a_handset_is_that_of_its_last_reading_on_whichever_server(store: Store) -> None:
    serial = PHONE.partition("@")[0]
    elsewhere = PhoneId(f"{serial}@10.0.0.2:5037")

    def work(uow: UnitOfWork) -> list[object]:
        for phone in (PHONE, elsewhere):
            uow.phones.note(phone, PhoneState.READY, "", NOON)
        uow.phones.note_reading(elsewhere, begun_at=NOON + 2 * MINUTE, skew=HOUR, took=SECOND)
        uow.phones.note_reading(PHONE, begun_at=NOON + MINUTE, skew=-HOUR, took=SECOND)
        return [uow.phones.mark_of(phone) for phone in (PHONE, elsewhere)]

    last = ReadingMark(last_read_at=NOON + 2 * MINUTE, clock_skew=HOUR)
    assert await store.database.write(work) == [last, last]


async def test_facts_and_hints_show_on_the_phones_row(store: Store) -> None:
    def work(uow: UnitOfWork) -> list[bool]:
        uow.phones.note(PHONE, PhoneState.READY, "", NOON)
        uow.phones.set_facts(PHONE, PhoneFacts(make="Xiaomi", model="Redmi 12", android="13", sdk=33))
        return [uow.phones.note_hints(PHONE, True), uow.phones.note_hints(PHONE, True)]

    assert await store.database.write(work) == [True, False]
    (row,) = await store.database.read(lambda views: views.rows(PHONES, None, NOON))
    assert (row.label, row.hints_working) == ("Xiaomi Redmi 12", True)


async def test_spans_are_the_rents_open_since_an_instant(store: Store) -> None:
    def work(uow: UnitOfWork) -> list[list[RentSpan]]:
        uow.rents.add(a_rent(ordered_at=NOON))
        uow.rents.close(RentId(10_001), FinishStatus.SOLD, Decimal(0), False, NOON + HOUR)
        uow.rents.add(a_rent(rent_id=RentId(10_002), ordered_at=NOON + HOUR))
        moments = (NOON - SECOND, NOON, NOON + HOUR, NOON + HOUR + SECOND)
        return [uow.rents.spans(SIM, moment) for moment in moments]

    spans = await store.database.write(work)

    assert [[span.rent_id for span in found] for found in spans] == [
        [10_002, 10_001],
        [10_002, 10_001],
        [10_002, 10_001],
        [10_002],
    ]


async def test_rent_comes_back_as_it_was_made(store: Store) -> None:
    rent = a_rent(expected=Decimal("320.1234"), answered=False)

    def work(uow: UnitOfWork) -> list[object]:
        uow.rents.add(rent)
        return [uow.rents.get(rent.rent_id), uow.rents.get(RentId(1))]

    assert await store.database.write(work) == [rent, None]


async def test_ban_and_streak_are_kept_and_lifted(store: Store) -> None:
    until_then = NOON + HOUR

    def work(uow: UnitOfWork) -> list[object]:
        a_phone_and_sim(uow)
        uow.sims.set_streak(SIM, Streak(unused_in_a_row=0, banned_until=until_then), NOON)
        ended = [uow.sims.bans_ended(until_then - SECOND), uow.sims.bans_ended(until_then)]
        return [*ended, uow.sims.lift_ban(SIM), uow.sims.lift_ban(SIM)]

    assert await store.database.write(work) == [[], [SIM], True, False]


# The outbox -------------------------------------------------------------------


def queue(uow: UnitOfWork, number: int, msisdn: str = NUMBER, at: datetime = NOON) -> SmsId:
    message = an_inbound_sms(fingerprint=number.to_bytes(32, "big"), body=f"text {number}")
    sms_id = store_sms(uow, message, SmsStanding.FOR_RENT, msisdn, RentId(1))
    queue_push(uow, sms_id, RentId(1), Msisdn(msisdn), at)
    return sms_id


async def test_claim_takes_the_oldest_of_each_number_and_none_twice(store: Store) -> None:
    def work(uow: UnitOfWork) -> list[list[str]]:
        for number, msisdn in ((1, NUMBER), (2, NUMBER), (3, OTHER_NUMBER)):
            queue(uow, number, msisdn)
        return [[message.text for message in uow.pushes.claim(NOON, 10)] for _ in range(2)]

    assert await store.database.write(work) == [["text 1", "text 3"], []]


async def test_claim_takes_only_due_pushes_and_at_most_the_limit(store: Store) -> None:
    def work(uow: UnitOfWork) -> list[int]:
        for number in range(1, 6):
            queue(uow, number, str(79280000000 + number), NOON + SECOND)
        return [
            len(uow.pushes.claim(moment, limit)) for moment, limit in ((NOON, 9), (NOON + SECOND, 2), (NOON + HOUR, 9))
        ]

    assert await store.database.write(work) == [0, 2, 3]


async def test_next_due_ignores_pushes_blocked_by_an_older_one(store: Store) -> None:
    def work(uow: UnitOfWork) -> list[datetime | None]:
        due = [uow.pushes.next_due()]
        older = queue(uow, 1)
        queue(uow, 2)
        due.append(uow.pushes.next_due())
        uow.pushes.claim(NOON, 10)
        due.append(uow.pushes.next_due())
        uow.pushes.record(older, "HTTP 502", NOON)
        uow.pushes.reschedule(older, NOON + MINUTE)
        return [*due, uow.pushes.next_due()]

    assert await store.database.write(work) == [None, NOON, None, NOON + MINUTE]


async def test_result_of_an_attempt_is_recorded_once(store: Store) -> None:
    def work(uow: UnitOfWork) -> list[object]:
        sms_id = queue(uow, 1)
        unbegun = uow.pushes.record(sms_id, "HTTP 200", NOON)
        uow.pushes.claim(NOON, 1)
        push = uow.pushes.record(sms_id, "IGNORED", NOON, is_soft_refusal=True)
        uow.pushes.close(sms_id, PushState.PARKED, NOON)
        again = uow.pushes.record(sms_id, "HTTP 200", NOON)
        return [unbegun, push.soft_refusals if push else None, again]

    assert await store.database.write(work) == [None, 1, None]


async def test_only_begun_attempts_become_uncertain(store: Store) -> None:
    def work(uow: UnitOfWork) -> list[list[SmsId]]:
        begun = queue(uow, 1)
        uow.pushes.claim(NOON, 1)
        queue(uow, 2, OTHER_NUMBER)
        return [[begun], uow.pushes.make_uncertain(NOON + MINUTE), uow.pushes.make_uncertain(NOON + MINUTE)]

    begun, uncertain, again = await store.database.write(work)
    assert (uncertain, again) == (begun, [])
    (row,) = await store.database.read(lambda views: views.rows(PUSHES, [str(begun[0])], NOON))
    assert (row.state, row.uncertain, row.next_at, row.attempts) == (PushState.WAITING, 1, NOON + MINUTE, 1)


async def test_make_due_by_moves_waiting_pushes_earlier_and_none_later(store: Store) -> None:
    def work(uow: UnitOfWork) -> object:
        for number, due in enumerate((NOON, NOON + HOUR), start=1):
            sms = an_inbound_sms(fingerprint=number.to_bytes(32, "big"), row_id=number)
            sms_id = store_sms(uow, sms, SmsStanding.FOR_RENT, NUMBER, RentId(1))
            queue_push(uow, sms_id, RentId(1), Msisdn(f"7928123456{number}"), due, NOON)
        return [uow.pushes.make_due_by(NOON + MINUTE), len(uow.pushes.claim(NOON, 9)), uow.pushes.next_due()]

    assert await store.database.write(work) == [1, 1, NOON + MINUTE]


async def test_heartbeat_is_kept_and_takes_no_id(store: Store) -> None:
    first = await store.database.write(lambda uow: uow.next_id())

    for at in (NOON, NOON + MINUTE):
        await store.database.write(lambda uow, at=at: uow.beat(at))  # type: ignore[misc]

    assert await store.database.write(lambda uow: uow.next_id()) == first + 1


async def test_timeline_is_sorted_by_writing_and_bounded(store: Store) -> None:
    def work(uow: UnitOfWork) -> None:
        for number in range(250):
            note(uow, str(number))

    await store.database.write(work)

    assert await titles(store) == [str(number) for number in range(50, 250)]


# Columns ----------------------------------------------------------------------

DIALECT = sqlite.dialect()


@given(st.datetimes(timezones=st.just(UTC)))
def test_instant_comes_back_to_the_microsecond(moment: datetime) -> None:
    column = Instant()

    assert column.process_result_value(column.process_bind_param(moment, DIALECT), DIALECT) == moment


@given(st.decimals(0, 10**9, places=4))
def test_money_comes_back_to_the_ten_thousandth(amount: Decimal) -> None:
    column = Money()

    assert column.process_result_value(column.process_bind_param(amount, DIALECT), DIALECT) == amount


def test_instant_of_another_zone_is_the_same_instant() -> None:
    moscow = NOON.astimezone(timezone(timedelta(hours=3)))

    assert Instant().process_bind_param(moscow, DIALECT) == Instant().process_bind_param(NOON, DIALECT)
