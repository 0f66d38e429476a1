"""Every queued SMS is sent until the market has accepted it: at once, in order per number, once, despite failures."""

from __future__ import annotations

import asyncio
import sys
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, TypeVar

import pytest
from structlog.testing import capture_logs

from phonefarm.adapters.storage.sqlite.database import Database
from phonefarm.application.messages import push_worker
from phonefarm.application.messages.intake import SmsIntake
from phonefarm.application.messages.push_worker import CONCURRENCY, MOST_BEGUN_PER_COMMIT, PushWorker
from phonefarm.application.model.read_models import PushState, Topic, Verdict
from phonefarm.application.model.timeline import TimelineKind
from phonefarm.application.ports.storage import Result, StorageFailing, UnitOfWork
from phonefarm.application.ports.world import PushMessage
from phonefarm.domain import market_verdict
from phonefarm.domain.errors import KnownError
from phonefarm.domain.ids import Msisdn, RentId, SmsId
from phonefarm.domain.pushes import (
    FAILURES_THAT_HOLD_BACK,
    Accepted,
    Failed,
    FailureKind,
    FinalRefusal,
    KeyRefused,
    SoftRefusal,
    TooMany,
    Unclear,
    describe,
)
from phonefarm.domain.rents import FinishStatus
from phonefarm.domain.sms import SmsStanding
from phonefarm.support.tasks import Tasks
from phonefarm.wording.health import health_text
from tests.application.stored_farm import StoredFarm, withhold_nothing
from tests.builders import MINUTE, NOON, OTHER_NUMBER, SECOND, a_new_push, a_row, a_seen_sim, an_inbound_sms, store_sms
from tests.fakes.clock import FakeClock
from tests.fakes.push_channel import ScriptedPushChannel
from tests.fakes.storage import BrittleStorage
from tests.stepped_clock import go_by_steps
from tests.timelines import sentences
from tests.waiting import until

T = TypeVar("T")

SPACING = 10 * SECOND
NOTHING_MORE = 0.1
"""Seconds during which the worker must send nothing."""


@dataclass(frozen=True, kw_only=True)
class Queued:
    """The pushes that a unit of work has queued."""

    sms_ids: list[SmsId]
    begun: list[PushMessage]

    @property
    def queued(self) -> int:
        return len(self.sms_ids)


NOTHING_QUEUED = Queued(sms_ids=[], begun=[])


class Outbox:
    """A worker on a stored farm, its scripted market and its reports."""

    def __init__(self, database: Database) -> None:
        self.storage = BrittleStorage(database)
        self.farm = StoredFarm(database)
        self.market = ScriptedPushChannel()
        self.bugs: list[str] = []
        self.verdicts: list[tuple[Verdict, str]] = []
        self.tasks = Tasks(lambda name, error: self.bugs.append(name))
        self.worker = self.another_worker()

    def another_worker(self) -> PushWorker:
        return PushWorker(
            self.storage,
            self.market,
            self.farm.announcer,
            self.farm.clock,
            self.tasks,
            spacing=SPACING,
            report_market=lambda verdict, found: self.verdicts.append((verdict, health_text(found))),
        )

    def start(self) -> None:
        self.tasks.start(self.worker.run(), "worker")

    async def commit(self, work: Callable[[UnitOfWork, int], Queued]) -> Queued:
        """As the intake does: `work` also gets the number of attempts that it may begin."""
        reservation = self.worker.reserve()
        return await self.worker._storage.write(lambda uow: work(uow, reservation.places), on_done=reservation.complete)

    async def pass_time(self, seconds: float) -> None:
        self.farm.clock.forward(seconds)
        self.worker.wake()

    async def reported(self, times: int) -> None:
        """Until the market was judged so often: a moment after the commit that can be read already."""
        await until(lambda: len(self.verdicts) >= times)

    async def reached(self, sms_id: SmsId, state: PushState, attempts: int = 1) -> None:
        """Wait until the push stands in `state` after so many attempts, none being under way."""

        async def is_so() -> bool:
            (push,) = [push for push in await self.farm.pushes() if push.sms_id == sms_id]
            return push.state is state and push.attempts == attempts

        await until(is_so)

    async def stays_quiet_after(self, attempts: int) -> None:
        await until(lambda: len(self.market.attempts) >= attempts)
        await self.stays_quiet()

    async def stays_quiet(self) -> None:
        before = len(self.market.attempts)
        self.worker.wake()
        await asyncio.sleep(NOTHING_MORE)
        assert len(self.market.attempts) == before


@pytest.fixture
async def outbox(database: Database) -> AsyncIterator[Outbox]:
    outbox = Outbox(database)
    yield outbox
    outbox.market.let_go()
    await outbox.tasks.stop()


# Retries --------------------------------------------------------------------


async def test_accepted_message_is_delivered_and_never_sent_again(outbox: Outbox) -> None:
    sms_id = await outbox.farm.queue(1)
    outbox.start()
    await outbox.reached(sms_id, PushState.DELIVERED)

    await outbox.pass_time(3600)

    await outbox.stays_quiet()
    assert len(outbox.market.attempts) == 1


async def test_failed_attempt_is_repeated_after_the_spacing_and_not_before(outbox: Outbox) -> None:
    outbox.market.script = [
        Failed(kind=FailureKind.ERROR, http_status=502, detail="HTTP 502 after 3 ms"),
        Failed(kind=FailureKind.UNREACHABLE, detail="no connection"),
    ]
    sms_id = await outbox.farm.queue(1)
    outbox.start()
    await outbox.reached(sms_id, PushState.WAITING, attempts=1)

    await outbox.pass_time(9.9)
    await outbox.stays_quiet()
    await outbox.pass_time(0.1)
    await outbox.reached(sms_id, PushState.WAITING, attempts=2)
    await outbox.pass_time(10)
    await outbox.reached(sms_id, PushState.DELIVERED, attempts=3)

    assert len(set(outbox.market.attempts)) == 1


async def test_wait_for_the_next_attempt_does_not_spin_with_a_coarse_clock(
    outbox: Outbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    go_by_steps(monkeypatch)
    monkeypatch.setattr(sys.modules[__name__], "SPACING", timedelta(seconds=0.11))
    loop, begun = asyncio.get_running_loop(), asyncio.get_running_loop().time()
    monkeypatch.setattr(FakeClock, "__call__", lambda _: NOON + timedelta(seconds=loop.time() - begun))
    reads = Counter[str]()
    monkeypatch.setattr(outbox.storage, "read", counted(outbox.storage.read, reads))
    outbox.market.script = [Failed(kind=FailureKind.UNREACHABLE, detail="no connection")] * 5
    sms_id = await outbox.farm.queue(1)
    outbox.worker = outbox.another_worker()

    outbox.start()
    await outbox.reached(sms_id, PushState.DELIVERED, attempts=6)

    assert reads["all"] <= 2 * 5


def counted(work: Callable[..., Any], count: Counter[str]) -> Callable[..., Any]:
    def call(*arguments: Any) -> Any:
        count["all"] += 1
        return work(*arguments)

    return call


@pytest.mark.parametrize("token", ["NO_OPERATION", "BAD_SERVICE"])
async def test_final_refusal_ends_it_with_the_token(outbox: Outbox, token: str) -> None:
    outbox.market.always = FinalRefusal(token=token)
    sms_id = await outbox.farm.queue(1)
    outbox.start()
    await outbox.reached(sms_id, PushState.REFUSED)

    await outbox.pass_time(3600)

    await outbox.stays_quiet()
    assert (await outbox.farm.pushes())[0].last_answer == token


async def test_sixth_soft_refusal_parks_the_message(outbox: Outbox) -> None:
    outbox.market.always = SoftRefusal(token="IGNORED")
    sms_id = await outbox.farm.queue(1)
    outbox.start()
    for attempts in range(1, 6):
        await outbox.reached(sms_id, PushState.WAITING, attempts)
        await outbox.pass_time(10)
    await outbox.reached(sms_id, PushState.PARKED, attempts=6)

    await outbox.pass_time(3600)

    await outbox.stays_quiet()


async def test_refused_key_is_tried_again_after_a_minute_and_alarmed_at_once(outbox: Outbox) -> None:
    outbox.market.script = [KeyRefused(http_status=401)]
    sms_id = await outbox.farm.queue(1)
    outbox.start()
    await outbox.reached(sms_id, PushState.WAITING)

    await until(lambda: outbox.verdicts == [(Verdict.FAIL, "HTTP 401: the key is refused")])
    await outbox.pass_time(59)
    await outbox.stays_quiet()
    await outbox.pass_time(1)
    await outbox.reached(sms_id, PushState.DELIVERED, attempts=2)
    await until(lambda: outbox.verdicts[-1][0] is Verdict.PASS)


async def test_new_key_is_tried_after_the_spacing_and_not_after_a_minute(outbox: Outbox) -> None:
    outbox.market.script = [KeyRefused(http_status=401)]
    sms_id = await outbox.farm.queue(1)
    outbox.start()
    await outbox.reached(sms_id, PushState.WAITING)

    await outbox.worker.use_new_key()
    await outbox.pass_time(9.9)
    await outbox.stays_quiet()
    await outbox.pass_time(0.1)

    await outbox.reached(sms_id, PushState.DELIVERED, attempts=2)


@pytest.mark.parametrize(("asked", "waited"), [(None, 10.0), (3 * SECOND, 10.0), (MINUTE, 60.0)])
async def test_too_many_requests_wait_as_long_as_the_market_asks_but_never_less_than_the_spacing(
    outbox: Outbox, asked: timedelta | None, waited: float
) -> None:
    outbox.market.script = [TooMany(retry_after=asked)]
    sms_id = await outbox.farm.queue(1)
    outbox.start()
    await outbox.reached(sms_id, PushState.WAITING)

    await outbox.pass_time(waited - 0.1)
    await outbox.stays_quiet()
    await outbox.pass_time(0.1)

    await outbox.reached(sms_id, PushState.DELIVERED, attempts=2)


async def test_market_is_reported_failing_after_the_third_failure_in_a_row(outbox: Outbox) -> None:
    outbox.market.script = [TooMany(), TooMany(), TooMany()]
    sms_id = await outbox.farm.queue(1)
    outbox.start()
    for attempt in range(1, 4):
        await outbox.reached(sms_id, PushState.WAITING, attempts=attempt)
        await outbox.reported(attempt)
        assert (outbox.verdicts[-1][0] is Verdict.WARN) == (attempt == 3)
        await outbox.pass_time(10)

    await outbox.reached(sms_id, PushState.DELIVERED, attempts=4)

    await outbox.reported(4)
    warnings = [detail for verdict, detail in outbox.verdicts if verdict is Verdict.WARN]
    assert warnings == ["answers with errors (429)"]
    assert outbox.verdicts[-1] == (Verdict.PASS, "accepts messages")


async def test_single_failure_becomes_an_outage_if_its_message_waits_long(
    outbox: Outbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(market_verdict, "OUTAGE_SECONDS", 0.2)
    outbox.market.script = [TooMany(retry_after=10 * MINUTE)]
    await outbox.farm.queue(1)
    outbox.start()

    await until(lambda: (Verdict.WARN, "answers with errors (429)") in outbox.verdicts)

    assert outbox.verdicts[0][0] is Verdict.PASS
    assert len(outbox.market.attempts) == 1


async def test_bank_senders_refusal_is_no_outage_of_the_market(outbox: Outbox) -> None:
    outbox.market.script = [FinalRefusal(token="BAD_SERVICE")]
    sms_id = await outbox.farm.queue(1)
    outbox.start()

    await outbox.reached(sms_id, PushState.REFUSED)

    await until(lambda: outbox.verdicts)
    assert outbox.verdicts[-1][0] is Verdict.PASS


async def test_no_operation_for_an_open_rent_is_pointed_out_with_the_setting_to_check(outbox: Outbox) -> None:
    farm = outbox.farm
    await farm.seat(a_seen_sim())
    rent_id = await farm.rent()
    await farm.sms()
    outbox.market.script = [FinalRefusal(token="NO_OPERATION")]

    outbox.start()

    await until(lambda: outbox.verdicts)
    assert outbox.verdicts[-1][0] is Verdict.WARN
    assert "sms_id" in outbox.verdicts[-1][1]
    assert TimelineKind.RENT_UNKNOWN in [line.kind for line in await farm.timeline(Topic.RENTS, rent_id)]


async def test_no_operation_for_a_finished_rent_is_expected(outbox: Outbox) -> None:
    sms_id, rent_id = await waiting_push(outbox)
    outbox.market.script = [FinalRefusal(token="NO_OPERATION")]

    await outbox.farm.rentals.finish(rent_id, FinishStatus.CANCELLED, None)
    outbox.worker.wake()

    await outbox.reached(sms_id, PushState.REFUSED, attempts=2)
    await until(lambda: outbox.verdicts[-1][0] is Verdict.PASS)


# A rent that is finished while a push waits --------------------------------------


async def waiting_push(outbox: Outbox) -> tuple[SmsId, RentId]:
    """A push of a real rent whose first attempt has failed."""
    farm = outbox.farm
    await farm.seat(a_seen_sim())
    rent_id = await farm.rent()
    await farm.sms()
    sms_id = SmsId((await farm.pushes())[0].sms_id)
    outbox.market.script = [Failed(kind=FailureKind.ERROR, http_status=500, detail="HTTP 500 after 1 ms")]
    outbox.start()
    await outbox.reached(sms_id, PushState.WAITING, attempts=1)
    return sms_id, rent_id


async def test_finish_gives_a_waiting_message_one_last_attempt_at_once(outbox: Outbox) -> None:
    sms_id, rent_id = await waiting_push(outbox)
    outbox.market.script = [Failed(kind=FailureKind.ERROR, http_status=500, detail="HTTP 500 after 1 ms")]

    await outbox.farm.rentals.finish(rent_id, FinishStatus.SOLD, None)
    outbox.worker.wake()

    await outbox.reached(sms_id, PushState.RENT_OVER, attempts=2)
    await outbox.pass_time(3600)
    await outbox.stays_quiet()


async def test_last_attempt_may_still_deliver(outbox: Outbox) -> None:
    sms_id, rent_id = await waiting_push(outbox)

    await outbox.farm.rentals.finish(rent_id, FinishStatus.SOLD, None)
    outbox.worker.wake()

    await outbox.reached(sms_id, PushState.DELIVERED, attempts=2)


async def test_accepted_sms_counts_for_its_rent(outbox: Outbox) -> None:
    sms_id, rent_id = await waiting_push(outbox)

    await outbox.pass_time(10)
    await outbox.reached(sms_id, PushState.DELIVERED, attempts=2)

    assert (await outbox.farm.one_rent(rent_id)).sms_delivered == 1


# Attempts that begin in a commit ------------------------------------------------


async def queue_some(outbox: Outbox, *numbers: int) -> None:
    """Hand messages in as a reading does, each of another number."""
    now = outbox.farm.clock()

    await outbox.commit(lambda uow, places: queue_in_unit(uow, places, numbers, now))


def queue_in_unit(uow: UnitOfWork, places: int, numbers: Iterable[int], now: datetime) -> Queued:
    """Queue messages one by one, each of another number."""
    sms_ids: list[SmsId] = []
    begun: list[PushMessage] = []
    for number in numbers:
        sms = an_inbound_sms(fingerprint=number.to_bytes(4, "big"), row_id=number, arrived_at=now)
        msisdn = Msisdn(str(79_280_000_000 + number))
        sms_ids.append(store_sms(uow, sms, SmsStanding.FOR_RENT, msisdn, RentId(1)))
        push = a_new_push(sms_ids[-1], RentId(1), msisdn, now, text=sms.body)
        begun += uow.pushes.add([push], now, begin=places - len(begun))
    return Queued(sms_ids=sms_ids, begun=begun)


async def test_only_pushes_in_flight_are_delivered_and_returned(outbox: Outbox) -> None:
    first, waiting, last = [await outbox.farm.queue(number, msisdn=str(number)) for number in range(3)]
    now = outbox.farm.clock()

    def work(uow: UnitOfWork) -> list[list[SmsId]]:
        begun = uow.pushes.claim(now, 3)
        assert {message.sms_id for message in begun} == {first, waiting, last}
        uow.pushes.record(waiting, "HTTP 502", now)
        uow.pushes.reschedule(waiting, now)
        told = [uow.pushes.deliver(dict.fromkeys((last, waiting, first, SmsId(999)), now), "HTTP 200")]
        told.append(uow.pushes.deliver(dict.fromkeys((first, waiting, last), now), "HTTP 200"))
        return told

    told, again = await outbox.storage.write(work)

    states = {push.sms_id: push.state for push in await outbox.farm.pushes()}
    assert (sorted(told), again) == (sorted([first, last]), [])
    assert states == {first: PushState.DELIVERED, waiting: PushState.WAITING, last: PushState.DELIVERED}


async def test_log_names_each_message_that_was_accepted_and_no_text(outbox: Outbox) -> None:
    with capture_logs() as lines:
        outbox.start()
        queued = [await outbox.farm.queue(number) for number in range(3)]
        for sms_id in queued:
            await outbox.reached(sms_id, PushState.DELIVERED)

    named: dict[object, object] = {}
    for line in lines:
        if line["event"] == "delivered":
            named |= line["rents"]
    pushes = {push.sms_id: push.rent_id for push in await outbox.farm.pushes()}
    assert named == pushes
    assert set(queued) == set(pushes)
    assert "text" not in repr(lines)


async def test_attempt_begins_in_the_commit_that_queues_its_message(outbox: Outbox) -> None:
    outbox.market.hold()

    await queue_some(outbox, 1)
    await until(lambda: outbox.market.attempts)

    assert outbox.storage.writes == 1


async def test_attempt_starts_before_the_caller_resumes(outbox: Outbox) -> None:
    outbox.market.hold()

    await queue_some(outbox, 1)

    assert len(outbox.market.attempts) == 1


async def test_bug_in_the_begin_of_an_attempt_does_not_leave_the_caller_waiting(
    outbox: Outbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    def a_bug(self: PushWorker, due: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(PushWorker, "_start_attempts", a_bug)

    with capture_logs() as logs:
        await asyncio.wait_for(queue_some(outbox, 1), 5)

    assert [line["event"] for line in logs if line["log_level"] == "error"] == ["a bug in phonefarm"]


async def test_bug_in_the_begin_of_an_attempt_frees_the_reserved_places(
    outbox: Outbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    def a_bug(self: PushWorker, due: object) -> None:
        raise ZeroDivisionError

    with capture_logs() as logs, monkeypatch.context() as patch:
        patch.setattr(PushWorker, "_start_attempts", a_bug)
        await queue_some(outbox, 1)
    await outbox.worker.stop(within=0.0)

    assert [line["event"] for line in logs if line["log_level"] != "info"] == ["a bug in phonefarm"]
    assert outbox.worker._idle.is_set()


async def test_messages_that_the_commit_does_not_begin_are_sent_at_once_too(
    outbox: Outbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(push_worker, "IDLE_CHECK_SECONDS", 3600.0)
    outbox.start()
    await outbox.stays_quiet()

    await queue_some(outbox, *range(2 * MOST_BEGUN_PER_COMMIT))

    await until(lambda: len(outbox.market.attempts) == 2 * MOST_BEGUN_PER_COMMIT)


async def test_cancelling_the_caller_undoes_nothing_and_the_message_is_sent_once(outbox: Outbox) -> None:
    giving_up = asyncio.ensure_future(queue_some(outbox, 1))  # noqa: TID251 - a caller outside the farm
    await asyncio.sleep(0)

    giving_up.cancel()

    await until(lambda: outbox.market.attempts)
    outbox.start()
    (push,) = await outbox.farm.pushes()
    await outbox.reached(SmsId(push.sms_id), PushState.DELIVERED)
    assert len(outbox.market.attempts) == 1


async def test_bug_in_a_commit_whose_caller_was_cancelled_is_logged(outbox: Outbox) -> None:
    def work(uow: UnitOfWork, places: int) -> Queued:
        raise LookupError("a bug")

    with capture_logs() as lines:
        giving_up = asyncio.ensure_future(outbox.commit(work))  # noqa: TID251 - a caller outside the farm
        await asyncio.sleep(0)
        giving_up.cancel()
        await until(lambda: lines)

    assert [type(line["exc_info"]) for line in lines] == [LookupError]


async def test_due_messages_are_sent_before_newly_queued_ones(outbox: Outbox) -> None:
    outbox.market.hold()
    older = [await outbox.farm.queue(number, msisdn=str(79_281_000_000 + number)) for number in range(CONCURRENCY)]

    await queue_some(outbox, 200, 201, 202)
    outbox.start()
    await outbox.stays_quiet_after(CONCURRENCY)

    assert {message.sms_id for message in outbox.market.attempts} == set(older)


async def test_a_commit_begins_at_most_as_many_attempts_as_it_has_places(outbox: Outbox) -> None:
    outbox.market.hold()
    now = outbox.farm.clock()

    await outbox.commit(lambda uow, places: queue_in_unit(uow, places, range(2 * MOST_BEGUN_PER_COMMIT), now))
    await outbox.stays_quiet_after(MOST_BEGUN_PER_COMMIT)

    assert len(outbox.market.attempts) == MOST_BEGUN_PER_COMMIT


async def test_message_that_may_not_begin_with_its_insert_is_sent_at_once_too(
    outbox: Outbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(push_worker, "IDLE_CHECK_SECONDS", 3600.0)
    outbox.start()
    await outbox.stays_quiet()
    now = outbox.farm.clock()
    sms = an_inbound_sms(arrived_at=now)

    def work(uow: UnitOfWork, places: int) -> Queued:
        sms_id = store_sms(uow, sms, SmsStanding.FOR_RENT, "79281234567", RentId(1))
        push = a_new_push(sms_id, RentId(1), "79281234567", now, text=None)
        return Queued(sms_ids=[sms_id], begun=uow.pushes.add([push], now, begin=places))

    (sms_id,) = (await outbox.commit(work)).sms_ids

    await outbox.reached(sms_id, PushState.DELIVERED)
    assert [message.text for message in outbox.market.attempts] == [sms.body]


async def test_message_of_a_rent_that_has_ended_meanwhile_has_one_chance(outbox: Outbox) -> None:
    farm = outbox.farm
    outbox.market.always = Failed(kind=FailureKind.ERROR, http_status=502, detail="HTTP 502")
    await farm.seat(a_seen_sim())
    rent_id = await farm.rent()
    arrived_ms = int((farm.clock() + SECOND).timestamp() * 1000)
    farm.clock.forward(5)
    await farm.rentals.finish(rent_id, FinishStatus.SOLD, None)
    farm.clock.forward(5)
    outbox.start()

    farm.intake = SmsIntake(outbox.storage, farm.announcer, farm.clock, outbox.worker, withholds=withhold_nothing)
    (sms_id,) = (await farm.look(a_row(100, date_ms=arrived_ms))).pushes

    await outbox.reached(sms_id, PushState.RENT_OVER)


async def test_failed_commit_is_raised_and_begins_nothing(outbox: Outbox) -> None:
    outbox.storage.broken = True

    with pytest.raises(StorageFailing):
        await queue_some(outbox, 1)

    outbox.storage.broken = False
    assert await outbox.farm.pushes() == []
    assert outbox.bugs == []


async def test_places_reserved_for_a_failed_commit_are_free_again(outbox: Outbox) -> None:
    def bug(uow: UnitOfWork, places: int) -> Queued:
        raise LookupError("a bug")

    for _ in range(2 * CONCURRENCY // MOST_BEGUN_PER_COMMIT):
        with pytest.raises(LookupError):
            await outbox.commit(bug)
    await queue_some(outbox, *range(MOST_BEGUN_PER_COMMIT))  # the worker does not run yet

    await until(lambda: len(outbox.market.attempts) == MOST_BEGUN_PER_COMMIT)
    outbox.start()
    await outbox.worker.stop(within=5.0)
    assert {push.state for push in await outbox.farm.pushes()} == {PushState.DELIVERED}


async def test_commit_after_the_stop_begins_nothing(outbox: Outbox) -> None:
    await outbox.worker.stop(within=5.0)

    await queue_some(outbox, 1)

    await outbox.stays_quiet()
    assert [push.state for push in await outbox.farm.pushes()] == [PushState.WAITING]


class Gated:
    """Storage that commits at once and reports commits while the gate is open."""

    def __init__(self, storage: BrittleStorage) -> None:
        self._write, self.read = storage.write, storage.read
        self.gate = asyncio.Event()
        self.gate.set()
        self.unreported = 0

    async def write(
        self,
        work: Callable[[UnitOfWork], T],
        *,
        urgent: bool = False,
        on_done: Callable[[Result[T]], None] | None = None,
    ) -> T:
        gate = self.gate
        result = await self._write(work, urgent=urgent)
        self.unreported += 1
        await gate.wait()
        self.unreported -= 1
        if on_done is not None:
            on_done(lambda: result)
        return result

    def write_problem(self) -> str | None:
        return None


@pytest.fixture
def gated(outbox: Outbox) -> Gated:
    outbox.worker._storage = gated = Gated(outbox.storage)
    return gated


def nothing(uow: UnitOfWork, places: int) -> Queued:
    """As a reading without a message."""
    return NOTHING_QUEUED


async def test_commits_that_begin_nothing_do_not_put_the_worker_to_sleep(outbox: Outbox, gated: Gated) -> None:
    outbox.market.script = [Failed(kind=FailureKind.ERROR, http_status=502, detail="HTTP 502")]
    sms_id = await outbox.farm.queue(1)
    outbox.start()
    await outbox.reached(sms_id, PushState.WAITING, attempts=1)

    gated.gate.clear()
    async with asyncio.TaskGroup() as group:
        for _ in range(CONCURRENCY // MOST_BEGUN_PER_COMMIT):
            group.create_task(outbox.commit(nothing))
        await until(lambda: gated.unreported >= CONCURRENCY // MOST_BEGUN_PER_COMMIT)
        outbox.worker.wake()
        await asyncio.sleep(NOTHING_MORE)
        gated.gate.set()
    outbox.farm.clock.forward(11)

    await outbox.reached(sms_id, PushState.DELIVERED, attempts=2)


async def test_attempts_in_flight_are_bounded_whatever_is_committed_meanwhile(outbox: Outbox, gated: Gated) -> None:
    outbox.market.hold()
    gated.gate.clear()
    for number in range(2 * CONCURRENCY):
        await outbox.farm.queue(number, msisdn=str(79_280_000_000 + number))
    outbox.start()
    await until(lambda: gated.unreported == 1)

    async with asyncio.TaskGroup() as group:
        for _ in range(20):
            group.create_task(outbox.commit(nothing))
        await until(lambda: gated.unreported == 21)
        gated.gate.set()
    await outbox.stays_quiet_after(CONCURRENCY)

    assert outbox.market.most_at_once == CONCURRENCY


async def test_stop_waits_for_a_claim_though_a_commit_ends_meanwhile(outbox: Outbox, gated: Gated) -> None:
    gate = gated.gate
    gate.clear()
    sms_id = await outbox.farm.queue(1)
    outbox.start()
    await until(lambda: gated.unreported == 1)
    gated.gate = asyncio.Event()
    gated.gate.set()
    await outbox.commit(nothing)

    async with asyncio.TaskGroup() as group:
        stopping = group.create_task(outbox.worker.stop(within=5.0))
        await asyncio.sleep(NOTHING_MORE)
        had_ended = stopping.done()
        gate.set()

    assert not had_ended
    assert [message.sms_id for message in outbox.market.attempts] == [sms_id]


async def test_attempts_that_commits_begin_are_bounded_as_well(outbox: Outbox) -> None:
    outbox.market.hold()
    outbox.start()

    async with asyncio.TaskGroup() as group:
        for number in range(2 * CONCURRENCY):
            group.create_task(queue_some(outbox, number))
    await outbox.stays_quiet_after(CONCURRENCY)

    assert outbox.market.most_at_once == CONCURRENCY


async def test_stop_waits_for_attempts_that_an_open_commit_begins(outbox: Outbox, gated: Gated) -> None:
    gated.gate.clear()
    outbox.start()
    await outbox.stays_quiet()
    gate, gated.gate = gated.gate, asyncio.Event()
    gate.set()
    async with asyncio.TaskGroup() as group:
        group.create_task(queue_some(outbox, 1))
        await until(lambda: gated.unreported == 1)
        stopping = group.create_task(outbox.worker.stop(within=5.0))
        await asyncio.sleep(NOTHING_MORE)
        had_ended = stopping.done()
        gated.gate.set()

    assert not had_ended
    assert [push.state for push in await outbox.farm.pushes()] == [PushState.DELIVERED]


async def test_commit_reported_after_the_stop_starts_nothing(outbox: Outbox, gated: Gated) -> None:
    gated.gate.clear()
    async with asyncio.TaskGroup() as group:
        group.create_task(queue_some(outbox, 1))
        await until(lambda: gated.unreported == 1)
        await outbox.worker.stop(within=0.0)
        gated.gate.set()

    await outbox.stays_quiet()
    assert outbox.market.attempts == []
    assert [push.state for push in await outbox.farm.pushes()] == [PushState.SENDING]  # the next start repeats it


async def test_text_that_a_firewall_refuses_does_not_block_its_number(outbox: Outbox) -> None:
    poison = await outbox.farm.queue(1)
    code = await outbox.farm.queue(2)
    refused = KeyRefused(http_status=403)
    outbox.market.answer_to = lambda message: refused if message.sms_id == poison else Accepted()
    outbox.start()

    for attempt in range(1, FAILURES_THAT_HOLD_BACK + 2):
        await outbox.reached(poison, PushState.WAITING, attempts=attempt)
        other = await outbox.farm.queue(100 + attempt, msisdn=OTHER_NUMBER)
        outbox.worker.wake()
        await outbox.reached(other, PushState.DELIVERED)
        await outbox.pass_time(60)

    await outbox.reached(code, PushState.DELIVERED)


# Sequence and concurrency ---------------------------------------------------


async def test_messages_of_one_number_go_one_after_the_other_oldest_first(outbox: Outbox) -> None:
    sent = [await outbox.farm.queue(number) for number in range(1, 6)]

    outbox.start()
    await outbox.reached(sent[-1], PushState.DELIVERED)

    assert [message.sms_id for message in outbox.market.attempts] == sent
    assert outbox.market.most_at_once == 1


async def test_undeliverable_message_blocks_only_its_own_number(outbox: Outbox) -> None:
    outbox.market.script = [Failed(kind=FailureKind.ERROR, http_status=500, detail="HTTP 500 after 1 ms")]
    stuck = await outbox.farm.queue(1)
    behind = await outbox.farm.queue(2)
    outbox.start()
    await outbox.reached(stuck, PushState.WAITING)

    other = await outbox.farm.queue(3, msisdn=OTHER_NUMBER)
    outbox.worker.wake()
    await outbox.reached(other, PushState.DELIVERED)

    await outbox.reached(behind, PushState.WAITING, attempts=0)
    await outbox.pass_time(10)
    await outbox.reached(behind, PushState.DELIVERED)


async def test_attempts_under_way_are_bounded(outbox: Outbox) -> None:
    outbox.market.hold()
    for number in range(1, CONCURRENCY + 6):
        await outbox.farm.queue(number, msisdn=str(79280000000 + number))

    outbox.start()
    await until(lambda: outbox.market.under_way.total() == CONCURRENCY)
    await outbox.stays_quiet()
    outbox.market.let_go()

    await until(lambda: len(outbox.market.attempts) == CONCURRENCY + 5)


async def test_message_has_at_most_one_attempt_under_way(outbox: Outbox) -> None:
    outbox.market.hold()
    await outbox.farm.queue(1)
    outbox.start()
    await until(lambda: outbox.market.attempts)

    await outbox.pass_time(3600)

    await outbox.stays_quiet()


async def test_push_is_found_without_a_wake_up(outbox: Outbox) -> None:
    outbox.start()
    await outbox.stays_quiet()

    sms_id = await outbox.farm.queue(1)

    await outbox.reached(sms_id, PushState.DELIVERED)


# Crash and stop -------------------------------------------------------------


async def crashed_attempt(outbox: Outbox) -> SmsId:
    """An attempt that had begun when the process was killed."""
    outbox.market.hold()
    sms_id = await outbox.farm.queue(1)
    outbox.start()
    await until(lambda: outbox.market.attempts)
    await outbox.tasks.stop()
    outbox.market.let_go()
    return sms_id


async def test_attempt_cut_by_a_crash_is_uncertain_repeated_once_and_counted(outbox: Outbox) -> None:
    sms_id = await crashed_attempt(outbox)

    outbox.worker = outbox.another_worker()
    await outbox.worker.recover()
    await outbox.worker.recover()
    outbox.start()
    await outbox.reached(sms_id, PushState.DELIVERED, attempts=2)

    (push,) = await outbox.farm.pushes()
    assert push.uncertain == 1
    assert (await outbox.farm.counts()).pushes_uncertain == 1
    assert TimelineKind.PUSH_UNCERTAIN in [line.kind for line in await outbox.farm.timeline(Topic.PUSHES, sms_id)]


async def test_200_that_cannot_be_read_is_uncertain_repeated_once_and_counted(outbox: Outbox) -> None:
    outbox.market.always = Unclear()
    sms_id = await outbox.farm.queue(1)
    outbox.start()
    await outbox.reached(sms_id, PushState.WAITING, attempts=1)
    await outbox.pass_time(10)
    await outbox.reached(sms_id, PushState.DELIVERED, attempts=2)

    await outbox.pass_time(3600)
    await outbox.stays_quiet()

    (push,) = await outbox.farm.pushes()
    assert (push.uncertain, push.last_answer) == (1, describe(Unclear()))
    assert (await outbox.farm.counts()).pushes_uncertain == 1
    assert TimelineKind.PUSH_UNCERTAIN in [line.kind for line in await outbox.farm.timeline(Topic.PUSHES, sms_id)]


async def test_readable_acceptance_after_an_unreadable_200_delivers_it(outbox: Outbox) -> None:
    outbox.market.script = [Unclear()]
    sms_id = await outbox.farm.queue(1)
    outbox.start()
    await outbox.reached(sms_id, PushState.WAITING, attempts=1)
    await outbox.pass_time(10)

    await outbox.reached(sms_id, PushState.DELIVERED, attempts=2)

    (push,) = await outbox.farm.pushes()
    assert (push.uncertain, push.last_answer) == (1, "HTTP 200")


async def test_what_was_delivered_before_a_crash_is_not_sent_after_it(outbox: Outbox) -> None:
    sms_id = await outbox.farm.queue(1)
    outbox.start()
    await outbox.reached(sms_id, PushState.DELIVERED)
    await outbox.tasks.stop()

    outbox.worker = outbox.another_worker()
    await outbox.worker.recover()
    outbox.start()

    await outbox.stays_quiet()


async def test_stop_waits_for_the_attempts_under_way_and_begins_none(outbox: Outbox) -> None:
    outbox.market.hold()
    first = await outbox.farm.queue(1)
    second = await outbox.farm.queue(2)
    outbox.start()
    await until(lambda: outbox.market.attempts)

    stopped = asyncio.gather(outbox.worker.stop(within=10))
    await outbox.stays_quiet()
    assert not stopped.done()
    outbox.market.let_go()
    await stopped

    await outbox.reached(first, PushState.DELIVERED)
    await outbox.reached(second, PushState.WAITING, attempts=0)


async def test_stop_during_a_claim_leaves_no_attempt_half_begun(outbox: Outbox) -> None:
    sms_id = await outbox.farm.queue(1)
    outbox.start()
    await asyncio.sleep(0)

    await outbox.worker.stop(within=10)
    await outbox.tasks.stop()

    (push,) = await outbox.farm.pushes()
    assert push.sms_id == sms_id
    assert push.state in (PushState.WAITING, PushState.DELIVERED)


async def test_stop_does_not_wait_for_ever(outbox: Outbox) -> None:
    outbox.market.hold()
    await outbox.farm.queue(1)
    outbox.start()
    await until(lambda: outbox.market.attempts)

    await asyncio.wait_for(outbox.worker.stop(within=0.05), 5)


# Failures of storage and channel ----------------------------------------------


async def test_acceptance_is_recorded_after_the_disk_has_failed(outbox: Outbox) -> None:
    sms_id = await outbox.farm.queue(1)
    outbox.market.on_attempt = lambda message: setattr(outbox.storage, "broken", True)
    outbox.start()
    await until(lambda: outbox.storage.refused > 1)

    outbox.storage.broken = False

    await outbox.reached(sms_id, PushState.DELIVERED)
    assert len(outbox.market.attempts) == 1


async def test_worker_outlives_a_database_that_cannot_be_read(outbox: Outbox) -> None:
    outbox.storage.broken = True
    outbox.start()
    await until(lambda: outbox.storage.refused > 1)

    outbox.storage.broken = False
    sms_id = await outbox.farm.queue(1)

    await outbox.reached(sms_id, PushState.DELIVERED)


async def test_bug_in_an_attempt_is_reported_and_the_message_tried_again(outbox: Outbox) -> None:
    outbox.market.script = [ValueError("a bug")]
    sms_id = await outbox.farm.queue(1)
    outbox.start()
    await outbox.reached(sms_id, PushState.WAITING)

    await until(lambda: outbox.bugs)
    await outbox.pass_time(10)

    await outbox.reached(sms_id, PushState.DELIVERED, attempts=2)


# Commands of the user -------------------------------------------------------


async def test_parked_message_is_sent_again_by_hand_with_its_refusals_forgotten(outbox: Outbox) -> None:
    outbox.market.script = [SoftRefusal(token="IGNORED")] * 7
    sms_id = await outbox.farm.queue(1)
    outbox.start()
    for attempts in range(1, 6):
        await outbox.reached(sms_id, PushState.WAITING, attempts)
        await outbox.pass_time(10)
    await outbox.reached(sms_id, PushState.PARKED, attempts=6)

    await outbox.worker.resend(sms_id)

    await outbox.reached(sms_id, PushState.WAITING, attempts=7)
    await outbox.pass_time(10)
    await outbox.reached(sms_id, PushState.DELIVERED, attempts=8)


async def test_delivered_message_is_never_sent_again_not_even_by_hand(outbox: Outbox) -> None:
    sms_id = await outbox.farm.queue(1)
    outbox.start()
    await outbox.reached(sms_id, PushState.DELIVERED)

    with pytest.raises(KnownError, match="never sent again"):
        await outbox.worker.resend(sms_id)
    with pytest.raises(KnownError, match="nothing left to drop"):
        await outbox.worker.drop(sms_id)

    await outbox.stays_quiet()


async def test_attempt_under_way_is_neither_resent_nor_dropped(outbox: Outbox) -> None:
    outbox.market.hold()
    sms_id = await outbox.farm.queue(1)
    outbox.start()
    await until(lambda: outbox.market.attempts)

    for order in (outbox.worker.resend(sms_id), outbox.worker.drop(sms_id)):
        with pytest.raises(KnownError, match="under way"):
            await order


async def test_dropped_message_is_not_sent_and_unblocks_the_next_one(outbox: Outbox) -> None:
    outbox.market.script = [Failed(kind=FailureKind.ERROR, http_status=500, detail="HTTP 500 after 1 ms")]
    first, second = await outbox.farm.queue(1), await outbox.farm.queue(2)
    outbox.start()
    await outbox.reached(first, PushState.WAITING)

    await outbox.worker.drop(first)

    await outbox.reached(second, PushState.DELIVERED)
    await outbox.pass_time(3600)
    await outbox.stays_quiet()
    assert await outbox.farm.push_state(first) is PushState.DROPPED


async def test_message_without_a_push_cannot_be_resent(outbox: Outbox) -> None:
    with pytest.raises(KnownError, match="no rent was open"):
        await outbox.worker.resend(SmsId(5))


async def test_timeline_of_a_push_shows_every_attempt(outbox: Outbox) -> None:
    outbox.market.script = [Failed(kind=FailureKind.ERROR, http_status=502, detail="HTTP 502 after 3 ms"), Accepted()]
    sms_id = await outbox.farm.queue(1)
    outbox.start()
    await outbox.reached(sms_id, PushState.WAITING)
    await outbox.pass_time(10)
    await outbox.reached(sms_id, PushState.DELIVERED, attempts=2)

    titles = sentences(await outbox.farm.timeline(Topic.PUSHES, sms_id))

    assert titles == ["SMS from Shop", "Push 1: HTTP 502 after 3 ms", "Push 2: delivered, 10.00 s after arrival"]
