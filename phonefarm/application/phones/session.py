"""The task of one connected phone: introduce it, then read its inbox at each hint and at each safety poll."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from typing import TypeVar

import structlog

from phonefarm.application.messages.intake import Intake, SmsIntake
from phonefarm.application.phones.abilities import Abilities
from phonefarm.application.phones.health import PhoneHealth
from phonefarm.application.phones.inbox_reader import InboxReader, window_of
from phonefarm.application.phones.introductions import Introductions
from phonefarm.application.phones.session_host import SessionHost
from phonefarm.application.phones.silence import SilenceAlarm
from phonefarm.application.ports.storage import StorageFailing
from phonefarm.application.ports.world import (
    Checkup,
    Hint,
    NotUnderstood,
    PhoneBridge,
    PhoneUnreachable,
    Probe,
    Remembered,
    ServerDown,
    SmsUnsupported,
    SmsWithheld,
)
from phonefarm.application.sims.inventory import SimInventory
from phonefarm.domain import poll_schedule
from phonefarm.domain.announcements import Announcements
from phonefarm.domain.conditions import HintRecord
from phonefarm.domain.errors import KnownError
from phonefarm.domain.heard import Heard, HeardArrival
from phonefarm.domain.ids import PhoneId, serial_of, server_of
from phonefarm.domain.phones import PhoneFacts, PhoneState, StateCause
from phonefarm.domain.poll_schedule import PollSchedule
from phonefarm.domain.sims import SeenSim
from phonefarm.domain.sms import Reading
from phonefarm.support.deadlines import is_set_within, not_early

log = structlog.get_logger(__name__)

T = TypeVar("T")

CHECKUP_SECONDS = 60.0
THOROUGH_EVERY = 10
"""Every 10th check-up is thorough."""
CHECKUP_HEAD_START_SECONDS = 3.0
"""How long a due poll waits for a check-up that is due too."""
NOT_UP_PAUSE_SECONDS = 3.0
"""Between two questions whether Android is up and unlocked."""
SILENCE_TIMEOUT_SECONDS = 8.0
"""A phone that has not answered for this long is failing, though its answer is still waited for."""
FAILURES_BEFORE_FAILING = 2
RETRY_PAUSES_SECONDS = (0.5, 1.0, 2.0, 4.0, 8.0, 16.0, 30.0)
"""Backoff after the first failed poll, the second in a row and so on; the last one repeats."""
STORAGE_PAUSE_SECONDS = 1.0
LONGEST_HINT_PAUSE_SECONDS = 30.0
NO_SIM_DATA = "does not say which SIM cards it holds"


class PhoneSession:
    """Reads one phone until it is cancelled, and reports its state to `host`.

    `introductions` limits how many phones are introduced at once.
    """

    def __init__(
        self,
        phone_id: PhoneId,
        bridge: PhoneBridge,
        inventory: SimInventory,
        intake: SmsIntake,
        health: PhoneHealth,
        host: SessionHost,
        introductions: Introductions,
        patience: float = SILENCE_TIMEOUT_SECONDS,
    ) -> None:
        self._phone_id = phone_id
        self._serial = serial_of(phone_id)
        self._bridge = bridge
        self._inventory = inventory
        self._intake = intake
        self._health = health
        self._abilities = Abilities(phone_id, bridge, health)
        self._host = host
        self._introductions = introductions
        self._silence = SilenceAlarm(patience)
        self._inbox = InboxReader(bridge, self._serial, intake, self._silence.question, self._is_expecting)
        self._hinted = asyncio.Event()
        self._is_introduced = asyncio.Event()
        self._schedule = PollSchedule(next_poll=0.0)
        self._probe: Probe | None = None
        self._checkups = 0
        self._first_thorough = 0
        self._next_checkup = 0.0
        self._wants_checkup = False
        self._checkup_problems: tuple[str, ...] = ()
        self._sims: tuple[SeenSim, ...] | None = None
        self._lacks_sim_data = False
        self._airplane_mode: bool | None = None
        self._announcements = Announcements()
        self._log_complete_since: float | None = None
        """Since this time of the loop no line of the phone's log can have been missed, as far as is known."""
        self._hints = HintRecord()
        self._skew: timedelta | None = None
        self._failures = 0

    async def run(self) -> None:
        """Work until cancelled; every failure of the phone becomes a state."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._follow_hints(), name=f"hints of {self._phone_id}")
            group.create_task(self._report_silence(), name=f"silence of {self._phone_id}")
            while True:
                try:
                    if self._probe is None:
                        self._probe = await self._introduce()
                    await self._watch_inbox(self._probe)
                except (PhoneUnreachable, ServerDown, SmsWithheld) as error:
                    await self._back_off(error)
                except StorageFailing as error:
                    log.info("a poll could not be stored", phone=self._phone_id, cause=str(error))
                    await asyncio.sleep(STORAGE_PAUSE_SECONDS)

    async def _introduce(self) -> Probe:
        """Ask the phone what it is and what it holds: a few phones at a time, so that a full hub is not overloaded."""
        if self._failures == 0:
            await self._host.set_state(self._phone_id, PhoneState.STARTING)
        remembered: Remembered | None
        remembered, self._hints = await self._health.load_last_run(self._phone_id)
        while True:
            async with self._introduction_slot():
                with self._silence.question():
                    introduction = await self._bridge.identify(
                        self._serial, remembered, newest=window_of(remembered.probe if remembered else None)
                    )
                await self._host.set_facts(self._phone_id, introduction.facts)
                with self._silence.question():
                    other = await self._host.other_way_to(self._phone_id, introduction.hardware)
                if other is None and introduction.is_up and introduction.is_unlocked:
                    return await self._get_ready(introduction.facts, remembered)
            if other is not None:
                await self._wait_as_duplicate(other, introduction.hardware)
            else:
                state = PhoneState.LOCKED if introduction.is_up else PhoneState.BOOTING
                await self._host.set_state(self._phone_id, state)
                await asyncio.sleep(NOT_UP_PAUSE_SECONDS)
            remembered = None  # from the second time on ask only whether it is up by now

    async def _wait_as_duplicate(self, other: PhoneId | None, hardware: str) -> None:
        """Until the handset is not read under another id any more; the phone itself is not asked."""
        while other is not None:
            is_elsewhere = serial_of(other) == self._serial
            how = f"read through the adb server {server_of(other)}" if is_elsewhere else f"read as {other}"
            await self._host.set_state(self._phone_id, PhoneState.DUPLICATE, how)
            await asyncio.sleep(NOT_UP_PAUSE_SECONDS)
            other = await self._host.other_way_to(self._phone_id, hardware)

    async def _get_ready(self, facts: PhoneFacts, remembered: Remembered | None) -> Probe:
        self._is_introduced.set()
        probe = await self._abilities.load(facts)
        if probe is None:
            with self._silence.question():
                probe = await self._abilities.probe(facts)
        elif remembered is not None and remembered.probe == probe:
            # The thorough check-up costs an old phone seconds, and its values rarely change: make it the second one.
            self._first_thorough = 1 if remembered.sms_app else 0
        # The first check-up is part of the introduction; if it fails, the inbox is read all the same.
        await self._finish_checkup(asyncio.create_task(self._check_up(probe)))  # noqa: TID251 - awaited there
        return probe

    @asynccontextmanager
    async def _introduction_slot(self) -> AsyncIterator[None]:
        """Released at the latest after the silence timeout, so that silent phones do not block the others."""
        release = await self._introductions.begin(
            self._host.hub_of(self._phone_id), goes_first=self._host.is_rented(self._phone_id)
        )
        timer = asyncio.get_running_loop().call_later(self._silence.timeout_seconds, release)
        try:
            yield
        finally:
            timer.cancel()
            release()

    async def _report_silence(self) -> None:
        while True:
            await self._silence.wait()
            if self._failures >= FAILURES_BEFORE_FAILING:
                continue  # it is shown as failing already, with its error
            detail = f"does not answer for {self._silence.timeout_seconds:g} s"
            try:
                await self._host.set_state(self._phone_id, PhoneState.FAILING, detail)
            except StorageFailing as error:
                log.info("silence could not be stored", phone=self._phone_id, cause=str(error))

    async def _watch_inbox(self, probe: Probe) -> None:
        """Alternate polls and check-ups. A due check-up goes first, but an announced message does not wait for it."""
        loop = asyncio.get_running_loop()
        checkup: asyncio.Task[None] | None = None
        try:
            while True:
                if checkup is None and loop.time() >= self._next_checkup:
                    checkup = asyncio.create_task(self._check_up(probe))  # noqa: TID251 - awaited or ended here
                    await self._ends_before_hint(checkup, CHECKUP_HEAD_START_SECONDS)
                if checkup is not None and checkup.done():
                    await self._finish_checkup(checkup)
                    checkup = None
                if loop.time() >= self._schedule.next_poll:
                    await self._poll(probe)
                    self._failures = 0
                    await self._report_state()
                if self._abilities.are_due and not self._is_expecting():
                    with self._silence.question():
                        probe = self._probe = await self._abilities.probe_again(probe)
                await self._sleep_until_due(checkup)
        finally:
            if checkup is not None:
                await _cancel_and_wait(checkup)

    async def _finish_checkup(self, checkup: asyncio.Task[None]) -> None:
        """A check-up that failed is repeated soon, and the inbox is read all the same."""
        try:
            await checkup
        except (PhoneUnreachable, SmsWithheld) as error:
            self._checkup_problems = (*self._checkup_problems, str(error))[-FAILURES_BEFORE_FAILING:]
            log.info("a check-up failed", phone=self._phone_id, cause=str(error))
            self._next_checkup = asyncio.get_running_loop().time() + CHECKUP_SECONDS / 4
        else:
            self._checkup_problems = ()

    async def _report_state(self) -> None:
        """After a successful poll: a phone whose SIMs cannot be seen is read, and not offered."""
        if len(self._checkup_problems) >= FAILURES_BEFORE_FAILING:
            await self._host.set_state(self._phone_id, PhoneState.FAILING, self._checkup_problems[-1])
        elif self._lacks_sim_data:
            await self._host.set_state(self._phone_id, PhoneState.NOT_UNDERSTOOD, NO_SIM_DATA)
        elif self._sims is None:  # no check-up of this session has succeeded yet
            await self._host.set_state(self._phone_id, PhoneState.STARTING)
        else:
            await self._host.set_state(self._phone_id, PhoneState.READY)

    async def _check_up(self, probe: Probe) -> None:
        self._wants_checkup = False
        thorough = self._checkups % THOROUGH_EVERY == self._first_thorough
        with self._silence.question():
            checkup = await self._bridge.check_up(self._serial, probe, thorough=thorough)
        self._checkups += 1
        self._lacks_sim_data = checkup.sims is None
        if checkup.sims is not None and (thorough or checkup.sims != self._sims):
            await self._inventory.take_stock(self._phone_id, checkup.sims)
            self._sims = checkup.sims
            await self._intake.assign_known_sims(self._phone_id)
        await self._health.note_checkup(self._phone_id, probe, checkup, self._hints, self._skew)
        if not self._wants_checkup:  # else its cause may have come too late for this check-up
            jitter = random.uniform(0.9, 1.1)  # noqa: S311 - spreads the phones' check-ups
            is_short = self._lacks_sim_data or self._has_switched_airplane_mode(checkup)
            pause = CHECKUP_SECONDS / 4 if is_short else CHECKUP_SECONDS
            self._next_checkup = asyncio.get_running_loop().time() + pause * jitter

    def _has_switched_airplane_mode(self, checkup: Checkup) -> bool:
        """Since the last check-up; the radio follows the switch seconds later."""
        before, self._airplane_mode = self._airplane_mode, checkup.telemetry.airplane_mode
        return before is not None and before != self._airplane_mode

    def _check_up_soon(self) -> None:
        """The way messages arrive has changed: make a thorough check-up now, to update the phone's conditions."""
        self._checkups = self._first_thorough = 0
        self._next_checkup = 0.0
        self._wants_checkup = True

    async def _poll(self, probe: Probe) -> None:
        loop = asyncio.get_running_loop()
        begun = loop.time()
        self._hinted.clear()
        reading = None if self._is_expecting() else await self._read_until_hint(probe)
        if reading is None:
            begun = loop.time()
            reading = await self._inbox.read(probe)
        intake = await self._intake.accept(reading, self._heard(reading, loop.time()))
        self._inbox.note_stored(reading, probe)
        self._skew = reading.clock_skew if reading.clock_skew is not None else self._skew
        ended = loop.time()
        found = 0 if intake.first else len(intake.new)
        interval = self._host.poll_seconds(self._phone_id) * random.uniform(0.85, 1.15)  # noqa: S311 - jitter
        self._schedule = self._schedule.on_poll(begun=begun, ended=ended, found=found, interval=interval)
        if found:
            await self._note_rows(intake, ended, reading.ended_at)
        if intake.is_of_a_new_card:
            self._check_up_soon()
        chase_seconds = sum(min(wait, interval) for wait in poll_schedule.CHASE_SECONDS)
        self._announcements, overdue = self._announcements.drop_overdue(ended, chase_seconds)
        for announcement in overdue:
            await self._note_empty_hint(reading.ended_at - timedelta(seconds=ended - announcement.since))

    def _heard(self, reading: Reading, ended: float) -> Heard:
        """What the log had announced when the reading ended, at this time of the loop."""

        def to_utc(at: float) -> datetime:
            return reading.ended_at - timedelta(seconds=ended - at)

        since = self._log_complete_since if self._hints.working else None
        return Heard(
            arrivals=tuple(
                HeardArrival(since=to_utc(one.since), latest=to_utc(one.latest))
                for one in self._announcements.open
                if one.is_of_an_arrival
            ),
            without_gap_since=None if since is None else to_utc(since),
        )

    def _is_expecting(self) -> bool:
        """Whether a message was announced and its row is not there yet."""
        return self._schedule.chase is not None

    async def _read_until_hint(self, probe: Probe) -> Reading | None:
        """The safety poll; None if a message was announced meanwhile.

        That message may have come too late for this answer, so it is asked for at once.
        """
        reading = asyncio.create_task(self._inbox.read(probe))  # noqa: TID251 - awaited or ended below
        try:
            return await reading if await self._ends_before_hint(reading) else None
        finally:
            await _cancel_and_wait(reading)

    async def _ends_before_hint(self, task: asyncio.Task[T], within: float | None = None) -> bool:
        """Wait for the task, the next hint, or `within` seconds; returns whether the task is done."""
        hint = asyncio.create_task(self._hinted.wait())  # noqa: TID251 - ended below
        try:
            await asyncio.wait((task, hint), timeout=not_early(within), return_when=asyncio.FIRST_COMPLETED)
            return task.done()
        finally:
            hint.cancel()

    async def _note_rows(self, intake: Intake, ended: float, at: datetime) -> None:
        """`ended`: the loop's time at which our clock said `at`."""
        announced = self._schedule.was_announced(ended)
        arrivals = [ended - (at - arrival).total_seconds() for arrival in intake.arrivals]
        self._announcements, explained = self._announcements.on_rows(arrivals or None, ended)
        hints = self._hints.on_rows(announced=announced, delayed=intake.delayed > 0, at=at)
        if (hints.blamed_at, hints.delayed_at) != (self._hints.blamed_at, self._hints.delayed_at):
            self._check_up_soon()
        self._hints = hints
        count = len(intake.new)
        await self._health.note_arrivals(
            self._phone_id,
            hinted=count if announced else 0,
            unhinted=0 if announced else count,
            hint_to_row=None if explained is None else timedelta(seconds=ended - explained.since),
        )
        await self._host.note_hints(self._phone_id, announced)

    async def _note_empty_hint(self, at: datetime) -> None:
        """A message was announced at `at`, and its row has not come within the time it is waited for."""
        await self._health.note_empty_hint(self._phone_id, at)
        before, self._hints = self._hints, self._hints.on_empty(at)
        log.info("an announced message has no row", phone=self._phone_id, in_a_row=self._hints.empty_in_a_row)
        if self._hints.blamed_at != before.blamed_at or before.empty_in_a_row == 0:
            self._check_up_soon()

    async def _sleep_until_due(self, checkup: asyncio.Task[None] | None) -> None:
        """Until the next poll, the next check-up, or the end of the one in progress."""
        while (pause := self._next_due(checkup) - asyncio.get_running_loop().time()) > 0:
            if checkup is not None:
                await self._ends_before_hint(checkup, pause)
            else:
                await is_set_within(self._hinted, pause)
            if not self._hinted.is_set() or (checkup is not None and checkup.done()):
                return
            self._hinted.clear()

    def _next_due(self, checkup: asyncio.Task[None] | None) -> float:
        return self._schedule.next_poll if checkup is not None else min(self._schedule.next_poll, self._next_checkup)

    async def _follow_hints(self) -> None:
        """Follow the phone's arrival hints; reopen a stream that ends, with exponential backoff.

        Which lines to ask for depends on the phone's Android, so the introduction comes first.
        """
        await self._is_introduced.wait()
        loop = asyncio.get_running_loop()
        pause = 1.0
        while True:
            opened = loop.time()
            try:
                async for hint in self._bridge.arrival_hints(self._serial):
                    self._note_hint(hint, loop.time())
            except (PhoneUnreachable, ServerDown) as error:
                log.info("hints ended", phone=self._phone_id, cause=str(error))
            self._log_complete_since = None
            was_long = loop.time() - opened > LONGEST_HINT_PAUSE_SECONDS
            pause = 1.0 if was_long else min(pause * 2, LONGEST_HINT_PAUSE_SECONDS)
            await asyncio.sleep(pause)

    def _note_hint(self, hint: Hint, at: float) -> None:
        self._log_complete_since = at if self._log_complete_since is None else self._log_complete_since
        self._schedule = self._schedule.on_hint(at)
        self._announcements = self._announcements.on_hint(
            at, arriving=hint is Hint.ARRIVING, stored=hint is Hint.STORED
        )
        self._hinted.set()

    async def _back_off(self, error: PhoneUnreachable | ServerDown | SmsWithheld) -> None:
        """Report the failure and wait, longer each time; reconnecting is the task of `Recovery`."""
        self._failures += 1
        log.info("a poll failed", phone=self._phone_id, in_a_row=self._failures, cause=str(error))
        try:
            if isinstance(error, SmsWithheld):
                await self._host.set_state(self._phone_id, PhoneState.WITHHELD, str(error), _cause_of(error))
            elif self._failures >= FAILURES_BEFORE_FAILING:
                is_alive = isinstance(error, NotUnderstood)  # then reconnecting would not help
                state = PhoneState.NOT_UNDERSTOOD if is_alive else PhoneState.FAILING
                await self._host.set_state(self._phone_id, state, str(error), _cause_of(error))
            if isinstance(error, NotUnderstood):
                self._probe = None
                await self._health.forget_probe(self._phone_id)
        except StorageFailing as second:
            log.info("a failure could not be stored", phone=self._phone_id, cause=str(second))
        await asyncio.sleep(RETRY_PAUSES_SECONDS[min(self._failures, len(RETRY_PAUSES_SECONDS)) - 1])


def _cause_of(error: KnownError) -> StateCause:
    return StateCause.UNSUPPORTED if isinstance(error, NotUnderstood | SmsUnsupported) else StateCause.NONE


async def _cancel_and_wait(task: asyncio.Task[T]) -> None:
    task.cancel()
    await asyncio.wait((task,))
    if not task.cancelled():
        task.exception()  # retrieved, or asyncio logs it as never retrieved
