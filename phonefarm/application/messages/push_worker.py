"""Sends every queued SMS to Onlinesim until Onlinesim has accepted it: at once, in order per number, once."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime, timedelta
from functools import partial
from typing import NamedTuple

import structlog

from phonefarm.application.messages.push_results import AttemptResult, RecordedResult, RetryPolicy, record_results
from phonefarm.application.model import timeline
from phonefarm.application.model.events import Announcer
from phonefarm.application.model.read_models import Topic, Verdict
from phonefarm.application.ports.dispatch import QueuedPushes
from phonefarm.application.ports.storage import Result, Storage, StorageFailing, UnitOfWork
from phonefarm.application.ports.world import PushChannel, PushMessage
from phonefarm.domain.errors import KnownError
from phonefarm.domain.health import Health, HealthKind, health
from phonefarm.domain.ids import SmsId
from phonefarm.domain.market_verdict import MarketRecord, MarketState
from phonefarm.domain.pushes import (
    REFUSALS_BEFORE_PARKING,
    Accepted,
    Failed,
    FailureKind,
    PushOutcome,
    PushState,
    describe,
)
from phonefarm.support import deadlines
from phonefarm.support.clock import Clock
from phonefarm.support.deadlines import is_set_within
from phonefarm.support.tasks import Tasks

log = structlog.get_logger(__name__)

CONCURRENCY = 64
"""Attempts in flight at once; one message has at most one."""
MOST_BEGUN_PER_COMMIT = 4
"""Attempts that the commit of a reading may begin; the others of a burst are claimed in batches."""
IDLE_CHECK_SECONDS = 1.0
"""The database is asked for due pushes this often even if nobody wakes the worker."""

INTERRUPTED = "a bug in phonefarm broke the attempt off; see the log"

_VERDICTS = {
    MarketState.WELL: Verdict.PASS,
    MarketState.FAILING: Verdict.WARN,
    MarketState.KEY_REFUSED: Verdict.FAIL,
}

MarketReport = Callable[[Verdict, Health], None]


class _Batch(NamedTuple):
    """The result of one commit of the worker."""

    recorded: list[RecordedResult]
    claimed: list[PushMessage]
    next_due: datetime | None
    """When the next push is due; None if none waits or this commit did not ask."""


class _Reservation:
    def __init__(self, places: int, complete: Callable[[int, Result[QueuedPushes]], None]) -> None:
        self.places = places
        self._complete = complete

    def complete(self, result: Result[QueuedPushes]) -> None:
        self._complete(self.places, result)


class PushWorker:
    """Sends due pushes from `run` until `stop`, which waits for the attempts in flight so that none is uncertain.

    Invariant: attempts in flight and reserved places together never exceed `CONCURRENCY`.
    """

    def __init__(
        self,
        storage: Storage,
        channel: PushChannel,
        announcer: Announcer,
        clock: Clock,
        tasks: Tasks,
        *,
        spacing: timedelta,
        report_market: MarketReport,
        refusals_before_parking: int = REFUSALS_BEFORE_PARKING,
    ) -> None:
        self._storage = storage
        self._channel = channel
        self._announcer = announcer
        self._clock = clock
        self._tasks = tasks
        self._spacing = spacing
        self._policy = RetryPolicy(spacing=spacing, refusals_before_parking=refusals_before_parking)
        self._report_market = report_market
        self._wake = asyncio.Event()
        self._in_flight: set[SmsId] = set()
        """Attempts begun whose result is not stored."""
        self._results: list[AttemptResult] = []
        """Of attempts in flight: still to be stored."""
        self._reserved = 0
        """Places for attempts that open commits may begin."""
        self._market = MarketRecord()
        self._accepted_at: datetime | None = None
        self._failed_at: dict[SmsId, datetime] = {}
        """The last failure of each push that is retried."""
        self._idle = asyncio.Event()
        """Set while no attempt is in flight and no place is reserved."""
        self._idle.set()
        self._stopping = False
        self._has_stopped = False
        """Whether no result of an attempt will be stored any more."""

    def wake(self) -> None:
        self._wake.set()

    def reserve(self) -> _Reservation:
        """Reserve up to `MOST_BEGUN_PER_COMMIT` places for a commit that is submitted now; none after `stop`."""
        return _Reservation(self._reserve(min(MOST_BEGUN_PER_COMMIT, self._free_places())), self._complete)

    async def recover(self) -> None:
        """After a start: repeat once the attempts whose result was never stored; they are counted and shown."""
        now = self._clock()
        uncertain = await self._storage.write(lambda uow: uow.pushes.make_uncertain(now))
        if uncertain:
            log.warning("uncertain attempts are repeated once", number=len(uncertain))

    async def use_new_key(self) -> None:
        """Retry pushes that wait because the key was refused soon, not after the usual minute."""
        due = self._clock() + self._spacing
        try:
            await self._storage.write(lambda uow: uow.pushes.make_due_by(due))
        except StorageFailing as error:
            log.error("waiting pushes keep their due time although the key is new", cause=str(error))
            return
        self._announcer.changed(Topic.PUSHES, None)
        self.wake()

    async def run(self) -> None:
        while not (self._stopping and self._idle.is_set()):
            self._wake.clear()
            try:
                was_busy, next_due = await self._record_and_claim()
            except StorageFailing as error:
                log.error("pushes can be neither recorded nor claimed", cause=str(error))
                await asyncio.sleep(IDLE_CHECK_SECONDS)
                continue
            if not was_busy:
                await self._wait_for_work(next_due)

    async def stop(self, within: float) -> None:
        """Begin nothing more and wait for the attempts in flight, at most `within` seconds."""
        self._stopping = True
        self._wake.set()
        try:
            async with deadlines.within(within):
                await self._idle.wait()
        except TimeoutError:
            log.warning("attempts in flight at stop become uncertain", number=len(self._in_flight))
        self._has_stopped = True

    async def resend(self, sms_id: SmsId) -> None:
        now = self._clock()

        def work(uow: UnitOfWork) -> None:
            push = uow.pushes.get(sms_id)
            if push is None:
                raise KnownError("This message has no push: no rent was open when it arrived.")
            if push.state is PushState.DELIVERED:
                raise KnownError("Onlinesim has accepted this message: it is never sent again.")
            if push.state is PushState.SENDING:
                raise KnownError("An attempt is under way: wait for its end.")
            message = uow.messages.get(sms_id)
            if message is None or message.is_erased:
                raise KnownError("Its text was erased: there is nothing left to send.")
            uow.pushes.reopen(sms_id, now)
            uow.journal.note(now, Topic.PUSHES, sms_id, timeline.resent())

        await self._storage.write(work)
        self._pushes_changed([sms_id])
        self.wake()

    async def drop(self, sms_id: SmsId) -> None:
        now = self._clock()

        def work(uow: UnitOfWork) -> None:
            push = uow.pushes.get(sms_id)
            if push is None or push.state in (PushState.DELIVERED, PushState.DROPPED):
                raise KnownError("There is nothing left to drop: this push has ended.")
            if push.state is PushState.SENDING:
                raise KnownError("An attempt is under way: wait for its end.")
            uow.pushes.close(sms_id, PushState.DROPPED, now)
            uow.journal.note(now, Topic.PUSHES, sms_id, timeline.dropped())

        await self._storage.write(work)
        self._failed_at.pop(sms_id, None)
        self._pushes_changed([sms_id])
        self.wake()

    # Recording and claiming -------------------------------------------------------

    async def _record_and_claim(self) -> tuple[bool, datetime | None]:
        """Store the results of attempts and claim what is due, in one commit.

        Returns whether there was anything to do, and if not, when the next push is due.
        Results that cannot be stored are kept and stored later: an acceptance must not be forgotten.
        """
        results, places = list(self._results), self._free_places()
        if not results and places == 0:
            return False, None
        self._reserve(places)
        try:
            batch = await self._storage.write(lambda uow: self._run_batch(uow, results, places))
        except StorageFailing:
            raise
        except Exception:
            await self._record_each_alone(results)
            raise
        else:
            self._note_recorded(results, batch.recorded)
            self._start_attempts(batch.claimed)
        finally:
            self._release(places)
        return bool(results or batch.claimed), batch.next_due

    def _run_batch(self, uow: UnitOfWork, results: Sequence[AttemptResult], places: int) -> _Batch:
        recorded = record_results(uow, results, self._policy)
        claimed = uow.pushes.claim(self._clock(), places) if places else []
        return _Batch(recorded, claimed, None if claimed or not places else uow.pushes.next_due())

    async def _record_each_alone(self, results: Sequence[AttemptResult]) -> None:
        """After a bug: store the results one by one, so that one that cannot be stored does not block the others."""
        for result in results:
            try:
                batch = await self._storage.write(partial(self._run_batch, results=[result], places=0))
                recorded = batch.recorded
            except StorageFailing:
                raise
            except Exception:  # noqa: BLE001 - the caller raises the error of the batch
                log.error("the result of an attempt cannot be stored", sms_id=result.message.sms_id)
                await self._make_uncertain(result.message)
                recorded = []
            self._note_recorded([result], recorded)

    async def _make_uncertain(self, message: PushMessage) -> None:
        """After a bug: the attempt counts as uncertain and is repeated later, so that it is not in flight for ever."""
        now = self._clock()
        await self._storage.write(lambda uow: uow.pushes.make_uncertain(now, message.sms_id, now + self._spacing))

    def _note_recorded(self, results: Iterable[AttemptResult], recorded: Sequence[RecordedResult]) -> None:
        """The results are on the disk: free their places and publish the changes."""
        for result in results:
            self._results.remove(result)
            self._in_flight.discard(result.message.sms_id)
            if result.outcome == Accepted():
                self._accepted_at = result.at
        for each in recorded:
            self._failed_at.pop(each.result.message.sms_id, None)
            if each.state is PushState.WAITING:
                self._failed_at[each.result.message.sms_id] = each.result.at
        if not recorded:
            return
        self._log_and_judge(recorded)
        messages = [each.result.message for each in recorded]
        self._pushes_changed([message.sms_id for message in messages])
        self._announcer.changed(Topic.MESSAGES, [message.sms_id for message in messages])
        self._announcer.changed(Topic.RENTS, {message.rent_id for message in messages})

    # Places -----------------------------------------------------------------------

    def _free_places(self) -> int:
        """How many more attempts may begin now."""
        if self._stopping:
            return 0
        return max(0, CONCURRENCY + len(self._results) - len(self._in_flight) - self._reserved)

    def _reserve(self, places: int) -> int:
        self._reserved += places
        self._idle.clear()
        return places

    def _release(self, places: int) -> None:
        self._reserved -= places
        if not self._in_flight and not self._reserved:
            self._idle.set()

    def _complete(self, places: int, result: Result[QueuedPushes]) -> None:
        """A commit with reserved places is done: start the attempts that it has begun."""
        was_full = self._free_places() == 0
        has_more = False
        try:
            pushes = _returned_by(result)
            if pushes is not None:
                has_more = len(pushes.begun) < pushes.queued
                if not self._has_stopped:  # else the next start finds them in flight: uncertain
                    self._start_attempts(pushes.begun)
        finally:
            self._release(places)
            if has_more or was_full:  # if it was full, the worker may be waiting for these places
                self.wake()

    # Attempts ---------------------------------------------------------------------

    def _start_attempts(self, messages: Iterable[PushMessage]) -> None:
        for message in messages:
            self._idle.clear()
            self._in_flight.add(message.sms_id)
            self._tasks.start(self._attempt(message), f"push {message.sms_id}")

    async def _attempt(self, message: PushMessage) -> None:
        try:
            outcome = await self._channel.push(message)
        except Exception:
            self._add_result(message, Failed(kind=FailureKind.NOT_SENT, detail=INTERRUPTED))
            raise
        self._add_result(message, outcome)

    def _add_result(self, message: PushMessage, outcome: PushOutcome) -> None:
        another = self._another_was_accepted(message.sms_id)
        self._results.append(AttemptResult(message, outcome, self._clock(), another))
        self._wake.set()

    def _another_was_accepted(self, sms_id: SmsId) -> bool:
        """Whether the market has accepted a message since this one failed before."""
        failed_at = self._failed_at.get(sms_id)
        return failed_at is not None and self._accepted_at is not None and self._accepted_at >= failed_at

    # What the results say of the market ---------------------------------------------

    def _log_and_judge(self, recorded: Sequence[RecordedResult]) -> None:
        """Accepted messages share one log line, as a burst consists of them."""
        accepted = [each.result.message for each in recorded if each.state is PushState.DELIVERED]
        if accepted:
            log.info("delivered", rents={message.sms_id: message.rent_id for message in accepted})
            self._judge_market(Accepted())
        for each in recorded:
            if each.state is not PushState.DELIVERED:
                self._log_and_judge_failure(each)

    def _log_and_judge_failure(self, recorded: RecordedResult) -> None:
        message, outcome = recorded.result.message, recorded.result.outcome
        log.info(
            "push", sms_id=message.sms_id, rent_id=message.rent_id, outcome=describe(outcome), state=recorded.state
        )
        if recorded.denies_open_rent:
            self._market = self._market.after(outcome, asyncio.get_running_loop().time())
            self._report_market(Verdict.WARN, health(HealthKind.RENT_UNKNOWN))
        else:
            self._judge_market(outcome)

    def _judge_market(self, outcome: PushOutcome) -> None:
        self._market = self._market.after(outcome, asyncio.get_running_loop().time())
        self._report_market(_VERDICTS[self._market.state], self._market.health)

    def _judge_market_again(self) -> None:
        """While a push waits, a failure becomes an outage by the passage of time alone."""
        later = self._market.at(asyncio.get_running_loop().time())
        if later is not self._market:
            self._market = later
            self._report_market(_VERDICTS[later.state], later.health)

    # Waiting ------------------------------------------------------------------------

    async def _wait_for_work(self, next_due: datetime | None) -> None:
        """Sleep until woken or until a push is due; the database is asked each second, without writing to it."""
        if self._free_places() == 0:
            await self._wake.wait()
            return
        while (pause := self._seconds_to(next_due)) > 0:
            if await is_set_within(self._wake, min(pause, IDLE_CHECK_SECONDS)):
                return
            if (next_due := await self._next_due()) is not None:
                self._judge_market_again()

    async def _next_due(self) -> datetime | None:
        try:
            return await self._storage.read(lambda views: views.next_push_due())
        except StorageFailing:
            return None

    def _seconds_to(self, due: datetime | None) -> float:
        """Longer than one idle check if no due time is known."""
        return 2 * IDLE_CHECK_SECONDS if due is None else (due - self._clock()).total_seconds()

    def _pushes_changed(self, sms_ids: Sequence[SmsId]) -> None:
        self._announcer.changed(Topic.PUSHES, sms_ids)
        self._announcer.changed(Topic.OVERVIEW)


def _returned_by(result: Result[QueuedPushes]) -> QueuedPushes | None:
    """None if the unit of work failed; the storage reports that to its caller."""
    try:
        return result()
    except Exception:  # noqa: BLE001
        return None
