"""Gives every queued SMS to Onlinesim until Onlinesim has it: at once, in order per number, once."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime, timedelta
from typing import Generic, NamedTuple, TypeVar

import structlog

from phonefarm.application.model import timeline
from phonefarm.application.model.events import Announcer
from phonefarm.application.model.read_models import Topic, Verdict
from phonefarm.application.ports.records.pushes import NewPush
from phonefarm.application.ports.storage import Queue, Result, Storage, StorageFailing, UnitOfWork
from phonefarm.application.ports.world import PushChannel, PushMessage
from phonefarm.domain.errors import KnownError
from phonefarm.domain.health import Health, HealthKind, health
from phonefarm.domain.ids import SmsId
from phonefarm.domain.market_verdict import MarketRecord, MarketState
from phonefarm.domain.pushes import (
    NO_OPERATION,
    REFUSALS_BEFORE_PARKING,
    Accepted,
    Closed,
    Failed,
    FailureKind,
    FinalRefusal,
    PushOutcome,
    PushState,
    Retry,
    SoftRefusal,
    Unclear,
    after_attempt,
    describe,
    is_its_own,
    is_taken,
)
from phonefarm.support import deadlines
from phonefarm.support.clock import Clock
from phonefarm.support.deadlines import is_set_within
from phonefarm.support.tasks import Tasks

log = structlog.get_logger(__name__)

CONCURRENCY = 64
"""Attempts under way at once; one message has at most one."""
BEGUN_WITH_A_COMMIT = 4
"""So many attempts begin in the commit that queued their messages; a burst goes out by the page."""
IDLE_CHECK = 1.0
"""Seconds after which the database is asked again even if nobody woke us."""

BROKEN_OFF = "a bug in phonefarm broke the attempt off; see the log"

T = TypeVar("T")

_VERDICTS = {
    MarketState.WELL: Verdict.PASS,
    MarketState.FAILING: Verdict.WARN,
    MarketState.KEY_REFUSED: Verdict.FAIL,
}

MarketReport = Callable[[Verdict, Health], None]


class _Ended(NamedTuple):
    """An attempt whose end is to be written down."""

    message: PushMessage
    outcome: PushOutcome
    at: datetime
    another_was_taken: bool
    """Whether the market has accepted a message since this one failed before."""


class _End(NamedTuple):
    """What an attempt's end has made of the push."""

    ended: _Ended
    state: PushState | None
    """None: the attempt was not under way any more."""
    is_strange: bool = False
    """Whether the market denies a rent that is open."""


class _WorkWithPushes(NamedTuple, Generic[T]):
    """A unit of work of `commit`, once it has run."""

    returned: T
    begun: list[PushMessage]
    """The attempts that begin with it."""
    queued: int
    """How many pushes it has queued, those begun among them."""


class _Page(NamedTuple):
    """What one commit of the worker has written down."""

    ends: list[_End]
    begun: list[PushMessage]
    next_due: datetime | None
    """When the next push is due; None where this commit has not looked, or none waits."""


def _fail(waiting: asyncio.Future[T], error: BaseException) -> None:
    """Of what nobody waits for any more, a bug is told nevertheless."""
    if not waiting.done():
        waiting.set_exception(error)
    elif not isinstance(error, KnownError):
        log.error("a bug in phonefarm", task="commit with pushes", exc_info=error)


class PushWorker:
    """`run` works until `stop`, which lets attempts under way end, so that nothing becomes uncertain."""

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
        self._report_market = report_market
        self._refusals_before_parking = refusals_before_parking
        self._wake = asyncio.Event()
        self._under_way: set[SmsId] = set()
        """Attempts begun whose end is not on the disk."""
        self._ended: list[_Ended] = []
        self._promised = 0
        """Attempts that a commit under way may begin."""
        self._market = MarketRecord()
        self._accepted_at: datetime | None = None
        self._failed_at: dict[SmsId, datetime] = {}
        """Of those that are tried again."""
        self._idle = asyncio.Event()
        self._idle.set()
        self._stopping = False
        self._has_stopped = False
        """Whether nobody will write down any more how an attempt ends."""

    def wake(self) -> None:
        self._wake.set()

    async def commit(self, work: Callable[[UnitOfWork, Queue], T]) -> T:
        """Commit `work`, and in the same commit begin some of what it queues: a message waits for one, not for two.

        A caller who gives up takes nothing back: what was begun is sent.
        """
        some = min(BEGUN_WITH_A_COMMIT, self._free())
        waiting: asyncio.Future[T] = asyncio.get_running_loop().create_future()
        self._storage.hand_in(
            lambda uow: self._with_a_queue(uow, work, some), lambda result: self._committed(result, some, waiting)
        )
        self._promised += some
        self._idle.clear()
        try:
            return await waiting
        except asyncio.CancelledError:
            if not waiting.cancelled() and (error := waiting.exception()) is not None:  # it gave up just then
                _fail(waiting, error)
            raise

    async def recover(self) -> None:
        """After a start: attempts whose end was never recorded are repeated once, counted and shown."""
        now = self._clock()
        uncertain = await self._storage.write(lambda uow: uow.pushes.make_uncertain(now))
        if uncertain:
            log.warning("uncertain attempts are repeated once", number=len(uncertain))

    async def use_new_key(self) -> None:
        """What waits because the key was refused is tried with the new one soon, and not after its minute."""
        due = self._clock() + self._spacing
        try:
            await self._storage.write(lambda uow: uow.pushes.not_later_than(due))
        except StorageFailing as error:
            log.error("pushes wait their time out, though the key is new", cause=str(error))
            return
        self._announcer.changed(Topic.PUSHES, None)
        self.wake()

    async def run(self) -> None:
        while not (self._stopping and self._idle.is_set()):
            self._wake.clear()
            try:
                moved, next_due = await self._keep_books()
            except StorageFailing as error:
                log.error("the outbox cannot be kept", cause=str(error))
                await asyncio.sleep(IDLE_CHECK)
                continue
            if not moved:
                await self._rest(next_due)

    async def stop(self, within: float) -> None:
        """Begin nothing more and wait for the attempts under way, at most `within` seconds."""
        self._stopping = True
        self._wake.set()
        try:
            async with deadlines.within(within):
                await self._idle.wait()
        except TimeoutError:
            log.warning("attempts still under way at stop become uncertain", number=len(self._under_way))
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
            uow.pushes.restart(sms_id, now)
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
            uow.pushes.settle(sms_id, PushState.DROPPED, now)
            uow.journal.note(now, Topic.PUSHES, sms_id, timeline.dropped())

        await self._storage.write(work)
        self._failed_at.pop(sms_id, None)
        self._pushes_changed([sms_id])
        self.wake()

    async def _keep_books(self) -> tuple[bool, datetime | None]:
        """Write down which attempts have ended and begin what is due, in one commit.

        Returns whether there was anything to do, and when the next push is due where nothing is now.
        What cannot be written down stays ended and is tried again: a 200 must not be forgotten.
        """
        ended, free = list(self._ended), self._free()
        if not ended and free == 0:
            return False, None
        self._promised += free
        self._idle.clear()
        try:
            page = await self._storage.write(lambda uow: self._turn_the_page(uow, ended, free))
        except StorageFailing:
            raise
        except Exception:
            await self._keep_each_alone(ended)
            raise
        else:
            self._booked(ended, page.ends)
            self._begin(page.begun)
        finally:
            self._promised -= free
            self._idle_if_done()
        return bool(ended or page.begun), page.next_due

    def _turn_the_page(self, uow: UnitOfWork, ended: Sequence[_Ended], free: int) -> _Page:
        accepted = [each for each in ended if each.outcome == Accepted()]
        ends = self._deliver(uow, accepted, Accepted()) if accepted else []
        ends += [self._decide(uow, each) for each in ended if each.outcome != Accepted()]
        due = self._claim(uow, free)
        return _Page(ends, due, None if due or not free else uow.pushes.next_due())

    async def _keep_each_alone(self, ended: Sequence[_Ended]) -> None:
        """After a bug: find the attempt whose end cannot be written down, and let the others not suffer for it."""
        for each in ended:
            try:
                page = await self._storage.write(lambda uow, each=each: self._turn_the_page(uow, [each], 0))  # type: ignore[misc]
                ends = page.ends
            except StorageFailing:
                raise
            except Exception:  # noqa: BLE001 - it is the one that the caller raises
                log.error("the end of an attempt cannot be written down", sms_id=each.message.sms_id)
                await self._let_go(each.message)
                ends = []
            self._booked([each], ends)

    async def _let_go(self, message: PushMessage) -> None:
        """After a bug the push must not stay under way for ever: its attempt is uncertain and made again later."""
        now = self._clock()
        await self._storage.write(lambda uow: uow.pushes.make_uncertain(now, message.sms_id, now + self._spacing))

    def _claim(self, uow: UnitOfWork, free: int) -> list[PushMessage]:
        return uow.pushes.claim(self._clock(), free) if free else []

    def _free(self) -> int:
        """How many attempts more may be under way now."""
        if self._stopping:
            return 0
        return max(0, CONCURRENCY + len(self._ended) - len(self._under_way) - self._promised)

    def _committed(self, result: Result[_WorkWithPushes[T]], promised: int, waiting: asyncio.Future[T]) -> None:
        """Begin what a commit has begun on the books, and answer who waits for it."""
        was_full = self._free() == 0
        self._promised -= promised
        try:
            work = result()
        except Exception as error:  # noqa: BLE001 - raised where the caller waits
            _fail(waiting, error)
        else:
            try:
                if not self._has_stopped:  # else the next start finds them, uncertain
                    self._begin(work.begun)
            finally:  # what the caller makes of it can wait, the messages cannot
                if not waiting.done():
                    waiting.set_result(work.returned)
            if len(work.begun) < work.queued:
                self.wake()
        self._idle_if_done()
        if was_full:  # the worker may be waiting for just these
            self.wake()

    def _with_a_queue(self, uow: UnitOfWork, work: Callable[[UnitOfWork, Queue], T], most: int) -> _WorkWithPushes[T]:
        begun: list[PushMessage] = []
        queued = 0

        def queue(pushes: Sequence[NewPush]) -> None:
            nonlocal queued
            begun.extend(uow.pushes.add(pushes, self._clock(), begin=most - len(begun)))
            queued += len(pushes)

        return _WorkWithPushes(work(uow, queue), begun, queued)

    def _begin(self, due: Iterable[PushMessage]) -> None:
        for message in due:
            self._idle.clear()
            self._under_way.add(message.sms_id)
            self._tasks.start(self._attempt(message), f"push {message.sms_id}")

    async def _attempt(self, message: PushMessage) -> None:
        try:
            outcome = await self._channel.push(message)
        except Exception:
            self._note_end(message, Failed(kind=FailureKind.NOT_SENT, detail=BROKEN_OFF))
            raise
        self._note_end(message, outcome)

    def _note_end(self, message: PushMessage, outcome: PushOutcome) -> None:
        at, another = self._clock(), self._another_was_taken(message.sms_id)
        self._ended.append(_Ended(message=message, outcome=outcome, at=at, another_was_taken=another))
        self._wake.set()

    def _booked(self, ended: Iterable[_Ended], ends: Sequence[_End]) -> None:
        """The ends are on the disk: tell of them."""
        for each in ended:
            self._ended.remove(each)
            self._under_way.discard(each.message.sms_id)
            if each.outcome == Accepted():
                self._accepted_at = each.at
        for end in ends:
            self._failed_at.pop(end.ended.message.sms_id, None)
            if end.state is PushState.WAITING:
                self._failed_at[end.ended.message.sms_id] = end.ended.at
        if not ends:
            return
        self._tell(ends)
        messages = [end.ended.message for end in ends]
        self._pushes_changed([message.sms_id for message in messages])
        self._announcer.changed(Topic.MESSAGES, [message.sms_id for message in messages])
        self._announcer.changed(Topic.RENTS, {message.rent_id for message in messages})

    def _idle_if_done(self) -> None:
        if not self._under_way and not self._promised:
            self._idle.set()

    def _tell(self, ends: Sequence[_End]) -> None:
        """What was accepted in one line, as a burst is made of it."""
        accepted = [end.ended.message for end in ends if end.state is PushState.DELIVERED]
        if accepted:
            log.info("delivered", rents={message.sms_id: message.rent_id for message in accepted})
            self._judge_market(Accepted())
        for end in ends:
            if end.state is not PushState.DELIVERED:
                self._tell_of_failure(end)

    def _tell_of_failure(self, end: _End) -> None:
        message, outcome = end.ended.message, end.ended.outcome
        log.info("push", sms_id=message.sms_id, rent_id=message.rent_id, outcome=describe(outcome), state=end.state)
        if end.is_strange:
            self._market = self._market.after(outcome, asyncio.get_running_loop().time())
            self._report_market(Verdict.WARN, health(HealthKind.RENT_UNKNOWN))
        else:
            self._judge_market(outcome)

    def _deliver(self, uow: UnitOfWork, accepted: Sequence[_Ended], outcome: PushOutcome) -> list[_End]:
        """All of them at once: this is what a burst is made of."""
        ended_at = {each.message.sms_id: each.at for each in accepted}
        delivered = set(uow.pushes.deliver(ended_at, describe(outcome)))
        return [
            _End(ended=each, state=PushState.DELIVERED if each.message.sms_id in delivered else None)
            for each in accepted
        ]

    def _decide(self, uow: UnitOfWork, ended: _Ended) -> _End:
        """Where a push stands whose attempt was not accepted."""
        sms_id, outcome = ended.message.sms_id, ended.outcome
        before = uow.pushes.get(sms_id)
        if before is not None and is_taken(outcome, uncertain=before.uncertain):
            return self._deliver(uow, [ended], outcome)[0]
        push = uow.pushes.record(
            sms_id,
            describe(outcome),
            ended.at,
            is_soft_refusal=isinstance(outcome, SoftRefusal),
            is_its_own=is_its_own(outcome, another_was_taken=ended.another_was_taken),
            is_uncertain=outcome == Unclear(),
        )
        if push is None:
            return _End(ended=ended, state=None)
        is_strange = outcome == FinalRefusal(token=NO_OPERATION) and not push.rent_is_over
        step = after_attempt(
            outcome,
            soft_refusals=push.soft_refusals,
            rent_is_over=push.rent_is_over,
            was_last_chance=push.is_last_chance,
            now=ended.at,
            spacing=self._spacing,
            refusals_before_parking=self._refusals_before_parking,
        )
        match step:
            case Closed(state=state):
                uow.pushes.settle(sms_id, state, ended.at)
                if is_strange:
                    uow.journal.note(ended.at, Topic.RENTS, push.rent_id, timeline.rent_unknown())
                return _End(ended=ended, state=state, is_strange=is_strange)
            case Retry(at=at):
                uow.pushes.retry(sms_id, at)
                return _End(ended=ended, state=PushState.WAITING)

    def _another_was_taken(self, sms_id: SmsId) -> bool:
        """Whether the market has accepted a message since this one failed before."""
        failed_at = self._failed_at.get(sms_id)
        return failed_at is not None and self._accepted_at is not None and self._accepted_at >= failed_at

    def _judge_market(self, outcome: PushOutcome) -> None:
        self._market = self._market.after(outcome, asyncio.get_running_loop().time())
        self._report_market(_VERDICTS[self._market.state], self._market.health)

    def _judge_market_again(self) -> None:
        """While a push waits, time alone may make an outage of a failure."""
        later = self._market.at(asyncio.get_running_loop().time())
        if later is not self._market:
            self._market = later
            self._report_market(_VERDICTS[later.state], later.health)

    async def _rest(self, next_due: datetime | None) -> None:
        """Sleep until woken or until a push is due; the database is asked each second, without writing to it."""
        if self._free() == 0:
            await self._wake.wait()
            return
        while (pause := self._seconds_to(next_due)) > 0:
            if await is_set_within(self._wake, min(pause, IDLE_CHECK)):
                return
            if (next_due := await self._next_due()) is not None:
                self._judge_market_again()

    async def _next_due(self) -> datetime | None:
        try:
            return await self._storage.read(lambda views: views.next_push_due())
        except StorageFailing:
            return None

    def _seconds_to(self, due: datetime | None) -> float:
        """More than a second where none is known of."""
        return 2 * IDLE_CHECK if due is None else (due - self._clock()).total_seconds()

    def _pushes_changed(self, sms_ids: Sequence[SmsId]) -> None:
        self._announcer.changed(Topic.PUSHES, sms_ids)
        self._announcer.changed(Topic.OVERVIEW)
