"""Gives every queued SMS to Onlinesim until Onlinesim has it: at once, in order per number, once."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import timedelta

import structlog

from phonefarm.application.events import Announcer
from phonefarm.application.interfaces import Clock, PushChannel, PushMessage
from phonefarm.application.read_models import StoryKind, Topic, Verdict
from phonefarm.application.storage import Storage, StorageFailing, UnitOfWork
from phonefarm.application.tasks import Tasks
from phonefarm.domain.errors import KnownError
from phonefarm.domain.ids import SmsId
from phonefarm.domain.pushes import (
    NO_OPERATION,
    REFUSALS_BEFORE_PARKING,
    Accepted,
    Failed,
    FinalRefusal,
    KeyRefused,
    PushOutcome,
    PushState,
    Retry,
    Settled,
    SoftRefusal,
    after_attempt,
    describe,
)

log = structlog.get_logger(__name__)

CONCURRENCY = 16
"""Attempts under way at once; one message has at most one."""
IDLE_CHECK = 1.0
"""Seconds after which the database is asked again even if nobody woke us."""

BROKEN_OFF = "a bug in phonefarm broke the attempt off; see the log"

UNKNOWN_OPERATION = "Onlinesim knows no operation for this rent: check the setting sms_id"
"""If the rent has not ended meanwhile, what smsId carries may not be what Onlinesim looks for."""

MarketReport = Callable[[Verdict, str], None]


class PushWorker:
    """`run` works until cancelled; `stop` lets attempts under way end, so that nothing becomes uncertain."""

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
        self._idle = asyncio.Event()
        self._idle.set()
        self._stopping = False

    def wake(self) -> None:
        self._wake.set()

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
        while not self._stopping:
            self._wake.clear()
            try:
                started = await self._start_due()
            except StorageFailing as error:
                log.error("the outbox cannot be read", cause=str(error))
                await asyncio.sleep(IDLE_CHECK)
                continue
            if not started:
                await self._rest()

    async def stop(self, within: float) -> None:
        """Begin nothing more and wait for the attempts under way, at most `within` seconds."""
        self._stopping = True
        self._wake.set()
        try:
            async with asyncio.timeout(within):
                await self._idle.wait()
        except TimeoutError:
            log.warning("attempts still under way at stop become uncertain", number=len(self._under_way))

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
            uow.journal.note(now, Topic.PUSHES, sms_id, StoryKind.USER_ACTION, "Sent again by hand")

        await self._storage.write(work)
        self._push_changed(sms_id)
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
            uow.journal.note(now, Topic.PUSHES, sms_id, StoryKind.PUSH_CLOSED, "Dropped by hand")

        await self._storage.write(work)
        self._push_changed(sms_id)
        self.wake()

    async def _start_due(self) -> bool:
        free = CONCURRENCY - len(self._under_way)
        if free <= 0:
            return False
        now = self._clock()
        self._idle.clear()
        try:
            due = await self._storage.write(lambda uow: uow.pushes.claim(now, free))
            for message in due:
                self._under_way.add(message.sms_id)
                self._tasks.start(self._attempt(message), f"push {message.sms_id}")
        finally:
            self._idle_if_done()
        return bool(due)

    async def _attempt(self, message: PushMessage) -> None:
        try:
            try:
                outcome = await self._channel.push(message)
            except Exception:
                await self._record(message, Failed(detail=BROKEN_OFF))
                raise
            await self._record(message, outcome)
        except Exception:
            await self._let_go(message)
            raise
        finally:
            self._under_way.discard(message.sms_id)
            self._idle_if_done()
            self._wake.set()

    async def _let_go(self, message: PushMessage) -> None:
        """After a bug the push must not stay under way for ever: its attempt is uncertain and made again later."""
        now = self._clock()
        await self._storage.write(lambda uow: uow.pushes.make_uncertain(now, message.sms_id, now + self._spacing))

    def _idle_if_done(self) -> None:
        if not self._under_way:
            self._idle.set()

    async def _record(self, message: PushMessage, outcome: PushOutcome) -> None:
        """Write down how the attempt ended; while the database fails this goes on, as a 200 must not be forgotten."""
        while True:
            try:
                state, is_strange = await self._storage.write(lambda uow: self._decide(uow, message, outcome))
                break
            except StorageFailing as error:
                log.error("an attempt's end cannot be recorded yet", sms_id=message.sms_id, cause=str(error))
                await asyncio.sleep(IDLE_CHECK)
        log.info("push", sms_id=message.sms_id, rent_id=message.rent_id, outcome=describe(outcome), state=state)
        if is_strange:
            self._report_market(Verdict.WARN, f"{NO_OPERATION} for a rent that is open: check the setting sms_id")
        else:
            self._judge_market(outcome)
        self._push_changed(message.sms_id)
        self._announcer.changed(Topic.MESSAGES, [message.sms_id])
        self._announcer.changed(Topic.RENTS, [message.rent_id])

    def _decide(self, uow: UnitOfWork, message: PushMessage, outcome: PushOutcome) -> tuple[PushState | None, bool]:
        """Where the push stands now, and whether the market denies a rent that is open."""
        now = self._clock()
        push = uow.pushes.record(message.sms_id, describe(outcome), now, isinstance(outcome, SoftRefusal))
        if push is None:
            return None, False
        is_strange = outcome == FinalRefusal(token=NO_OPERATION) and not push.rent_is_over
        step = after_attempt(
            outcome,
            soft_refusals=push.soft_refusals,
            rent_is_over=push.rent_is_over,
            was_last_chance=push.is_last_chance,
            now=now,
            spacing=self._spacing,
            refusals_before_parking=self._refusals_before_parking,
        )
        match step:
            case Settled(state=state):
                uow.pushes.settle(message.sms_id, state, now)
                if state is PushState.DELIVERED:
                    uow.rents.note_accepted(push.rent_id)
                if is_strange:
                    uow.journal.note(now, Topic.RENTS, push.rent_id, StoryKind.PUSH_REFUSED, UNKNOWN_OPERATION)
                return state, is_strange
            case Retry(at=at):
                uow.pushes.retry(message.sms_id, at)
                return PushState.WAITING, False

    def _judge_market(self, outcome: PushOutcome) -> None:
        match outcome:
            case Accepted():
                self._report_market(Verdict.PASS, "accepts messages")
            case FinalRefusal() | SoftRefusal():
                self._report_market(Verdict.PASS, f"answers; it refused a message with {describe(outcome)}")
            case KeyRefused():
                self._report_market(Verdict.FAIL, describe(outcome))
            case _:
                self._report_market(Verdict.WARN, describe(outcome))

    async def _rest(self) -> None:
        """Sleep until woken or until a push is due; the database is asked each second, without writing to it."""
        if len(self._under_way) >= CONCURRENCY:
            await self._wake.wait()
            return
        while (pause := await self._seconds_to_next()) > 0:
            try:
                async with asyncio.timeout(min(pause, IDLE_CHECK)):
                    await self._wake.wait()
            except TimeoutError:
                continue
            return

    async def _seconds_to_next(self) -> float:
        """Until the next push is due; more than a second where none is known of."""
        try:
            due = await self._storage.read(lambda views: views.next_push_due())
        except StorageFailing:
            due = None
        return 2 * IDLE_CHECK if due is None else (due - self._clock()).total_seconds()

    def _push_changed(self, sms_id: SmsId) -> None:
        self._announcer.changed(Topic.PUSHES, [sms_id])
        self._announcer.changed(Topic.OVERVIEW)
