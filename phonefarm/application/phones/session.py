"""One connected phone: asked what it is, then its inbox read at each hint and by the safety poll, until it goes."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, Protocol

import structlog

from phonefarm.application.messages.intake import Intake, SmsIntake
from phonefarm.application.phones.abilities import Abilities
from phonefarm.application.phones.health import PhoneHealth
from phonefarm.application.phones.introductions import Introductions
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
from phonefarm.domain import rhythm
from phonefarm.domain.announcements import Announcements
from phonefarm.domain.conditions import HintRecord
from phonefarm.domain.errors import KnownError
from phonefarm.domain.heard import Heard, HeardArrival
from phonefarm.domain.ids import PhoneId, serial_of, server_of
from phonefarm.domain.phones import PhoneFacts, PhoneState, StateCause
from phonefarm.domain.rhythm import Rhythm
from phonefarm.domain.sims import SeenSim
from phonefarm.domain.sms import Reading, SmsRow
from phonefarm.support.deadlines import Alarm, is_set_within, not_early

log = structlog.get_logger(__name__)

WINDOW = 50
"""Newest rows read at each look."""
PLAIN_WINDOW = 3
"""The same where each text costs two queries of its own: most looks find nothing new below the newest."""
DEEP_WINDOW = 400
"""Rows of each further query of a look, as long as nothing known is reached."""
PLAIN_DEEP_WINDOW = 12
WINDOW_OVERLAP = 5
"""Rows that a further query reads again: it must meet the one before, or the inbox has changed meanwhile."""
CHECKUP_SECONDS = 60.0
THOROUGH_EVERY = 10
"""Every so manieth check-up asks for everything."""
CHECKUP_GOES_FIRST = 3.0
"""So many seconds a look that is due waits for a check-up."""
NOT_UP_PAUSE = 3.0
"""Seconds between two questions whether Android is up and unlocked."""
LOOK_PATIENCE = 8.0
"""A phone that has not answered for so long is failing, though its answer is still waited for."""
FAILURES_BEFORE_FAILING = 2
PAUSES = (0.5, 1.0, 2.0, 4.0, 8.0, 16.0, 30.0)
"""Seconds after the first failed look, the second in a row and so on."""
STORAGE_PAUSE = 1.0
SIMS_UNTOLD = "does not say which SIM cards it holds"
LONGEST_PAUSE = 30.0


class SessionBooks(Protocol):
    """What a session tells of its phone, and what it must know of the rest of the farm."""

    async def set_state(
        self, phone_id: PhoneId, state: PhoneState, detail: str = "", cause: StateCause = StateCause.NONE
    ) -> None: ...

    async def set_facts(self, phone_id: PhoneId, facts: PhoneFacts) -> None: ...

    async def note_hints(self, phone_id: PhoneId, working: bool) -> None: ...

    async def other_way_to(self, phone_id: PhoneId, hardware: str) -> PhoneId | None:
        """The phone under whose name this handset is read already; None makes `phone_id` its name from now on.

        Raises what asking the phone raises.
        """
        ...

    def poll_seconds(self, phone_id: PhoneId) -> float:
        """The safety poll's wait: shorter while one of the phone's SIMs is rented."""
        ...

    def is_rented(self, phone_id: PhoneId) -> bool: ...

    def hub_of(self, phone_id: PhoneId) -> str:
        """Whose bandwidth it shares with others; empty where that is not known."""
        ...


class PhoneSession:
    """`introductions` bounds how many phones are being asked for the first time at once."""

    def __init__(
        self,
        phone_id: PhoneId,
        bridge: PhoneBridge,
        inventory: SimInventory,
        intake: SmsIntake,
        health: PhoneHealth,
        books: SessionBooks,
        introductions: Introductions,
        patience: float = LOOK_PATIENCE,
    ) -> None:
        self._phone_id = phone_id
        self._serial = serial_of(phone_id)
        self._bridge = bridge
        self._inventory = inventory
        self._intake = intake
        self._health = health
        self._abilities = Abilities(phone_id, bridge, health)
        self._books = books
        self._introductions = introductions
        self._patience = patience
        self._late = asyncio.Event()
        self._hinted = asyncio.Event()
        self._is_introduced = asyncio.Event()
        self._rhythm = Rhythm(next_look=0.0)
        self._probe: Probe | None = None
        self._checkups = 0
        self._first_thorough = 0
        self._next_checkup = 0.0
        self._wants_checkup = False
        self._checkup_problems: tuple[str, ...] = ()
        self._sims: tuple[SeenSim, ...] | None = None
        self._sims_untold = False
        self._airplane_mode: bool | None = None
        self._heard_at = float("-inf")
        self._announcements = Announcements()
        self._hears_since: float | None = None
        """Since when no line of the log can have been missed, as far as is known."""
        self._hints = HintRecord()
        self._skew: timedelta | None = None
        self._read: frozenset[SmsRow] = frozenset()
        """The newest rows of the last look that was taken in: nothing new lies below one of them."""
        self._failures = 0

    async def run(self) -> None:
        """Work until cancelled; every failure of the phone is met here, with a state that says so."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._listen(), name=f"hints of {self._phone_id}")
            group.create_task(self._notice_silence(), name=f"patience with {self._phone_id}")
            while True:
                try:
                    if self._probe is None:
                        self._probe = await self._introduce()
                    await self._watch_inbox(self._probe)
                except (PhoneUnreachable, ServerDown, SmsWithheld) as error:
                    await self._meet(error)
                except StorageFailing as error:
                    log.info("a look could not be recorded", phone=self._phone_id, cause=str(error))
                    await asyncio.sleep(STORAGE_PAUSE)

    async def _introduce(self) -> Probe:
        """Ask the phone what it is and what it holds: a few phones at a time, so that a full hub does not choke."""
        if self._failures == 0:
            await self._books.set_state(self._phone_id, PhoneState.STARTING)
        remembered: Remembered | None
        remembered, self._hints = await self._health.recall(self._phone_id)
        while True:
            async with self._place_among_introductions():
                with self._patiently():
                    introduction = await self._bridge.identify(
                        self._serial, remembered, newest=_window_of(remembered.probe if remembered else None)
                    )
                await self._books.set_facts(self._phone_id, introduction.facts)
                with self._patiently():
                    other = await self._books.other_way_to(self._phone_id, introduction.hardware)
                if other is None and introduction.is_up and introduction.is_unlocked:
                    return await self._get_ready(introduction.facts, remembered)
            if other is not None:
                await self._wait_behind(other, introduction.hardware)
            else:
                state = PhoneState.LOCKED if introduction.is_up else PhoneState.BOOTING
                await self._books.set_state(self._phone_id, state)
                await asyncio.sleep(NOT_UP_PAUSE)
            remembered = None  # more than whether it is up by now need not be asked each time

    async def _wait_behind(self, other: PhoneId | None, hardware: str) -> None:
        """As long as the handset is read under another name; the phone itself is asked nothing."""
        while other is not None:
            is_elsewhere = serial_of(other) == self._serial
            how = f"read through the adb server {server_of(other)}" if is_elsewhere else f"read as {other}"
            await self._books.set_state(self._phone_id, PhoneState.DUPLICATE, how)
            await asyncio.sleep(NOT_UP_PAUSE)
            other = await self._books.other_way_to(self._phone_id, hardware)

    async def _get_ready(self, facts: PhoneFacts, remembered: Remembered | None) -> Probe:
        self._is_introduced.set()
        probe = await self._abilities.known(facts)
        if probe is None:
            with self._patiently():
                probe = await self._abilities.found_out(facts)
        elif remembered is not None and remembered.probe == probe:
            # What seldom changes and costs an old phone seconds can wait for the check-up after this one.
            self._first_thorough = 1 if remembered.sms_app else 0
        # The first check-up belongs to the introduction; one that fails must not keep the inbox from being read.
        await self._take_up(asyncio.create_task(self._check_up(probe)))  # noqa: TID251 - awaited there
        return probe

    @asynccontextmanager
    async def _place_among_introductions(self) -> AsyncIterator[None]:
        """Given back at the latest when the patience is over: silent phones must not keep the others out."""
        end = await self._introductions.begin(
            self._books.hub_of(self._phone_id), goes_first=self._books.is_rented(self._phone_id)
        )
        over = asyncio.get_running_loop().call_later(self._patience, end)
        try:
            yield
        finally:
            over.cancel()
            end()

    @contextmanager
    def _patiently(self) -> Iterator[None]:
        """Around a question to the phone: whether it has gone on for too long is noticed while it goes on."""
        loop = asyncio.get_running_loop()
        timer = Alarm(loop.time() + self._patience, self._late.set)
        try:
            yield
            self._heard_at = loop.time()
        finally:
            timer.cancel()
            self._late.clear()

    async def _notice_silence(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            await self._late.wait()
            is_late, was_heard = self._late.is_set(), loop.time() - self._heard_at < self._patience
            self._late.clear()
            if not is_late or was_heard or self._failures >= FAILURES_BEFORE_FAILING:
                continue  # the answer has just come, or that to another question, or the phone is known to fail
            words = f"does not answer for {self._patience:g} s"
            try:
                await self._books.set_state(self._phone_id, PhoneState.FAILING, words)
            except StorageFailing as error:
                log.info("silence could not be recorded", phone=self._phone_id, cause=str(error))

    async def _watch_inbox(self, probe: Probe) -> None:
        """Look and check up in turn; a check-up that is due goes first, but no announced message waits for its end."""
        loop = asyncio.get_running_loop()
        checkup: asyncio.Task[None] | None = None
        try:
            while True:
                if checkup is None and loop.time() >= self._next_checkup:
                    checkup = asyncio.create_task(self._check_up(probe))  # noqa: TID251 - awaited or ended here
                    await self._before_a_hint(checkup, CHECKUP_GOES_FIRST)
                if checkup is not None and checkup.done():
                    await self._take_up(checkup)
                    checkup = None
                if loop.time() >= self._rhythm.next_look:
                    await self._look(probe)
                    self._failures = 0
                    await self._say_how_it_is()
                if self._abilities.are_due and not self._is_expecting:
                    with self._patiently():
                        probe = self._probe = await self._abilities.tried_again(probe)
                await self._rest(checkup)
        finally:
            if checkup is not None:
                await _ended(checkup)

    async def _take_up(self, checkup: asyncio.Task[None]) -> None:
        """The end of a check-up: one that failed is made again soon, and the inbox is read all the same."""
        try:
            await checkup
        except (PhoneUnreachable, SmsWithheld) as error:
            self._checkup_problems = (*self._checkup_problems, str(error))[-FAILURES_BEFORE_FAILING:]
            log.info("a check-up failed", phone=self._phone_id, cause=str(error))
            self._next_checkup = asyncio.get_running_loop().time() + CHECKUP_SECONDS / 4
        else:
            self._checkup_problems = ()

    async def _say_how_it_is(self) -> None:
        """After a look that succeeded: a phone whose SIMs cannot be seen is read, and not offered."""
        if len(self._checkup_problems) >= FAILURES_BEFORE_FAILING:
            await self._books.set_state(self._phone_id, PhoneState.FAILING, self._checkup_problems[-1])
        elif self._sims_untold:
            await self._books.set_state(self._phone_id, PhoneState.NOT_UNDERSTOOD, SIMS_UNTOLD)
        elif self._sims is None:  # the first check-up of this session is still to come
            await self._books.set_state(self._phone_id, PhoneState.STARTING)
        else:
            await self._books.set_state(self._phone_id, PhoneState.READY)

    async def _check_up(self, probe: Probe) -> None:
        self._wants_checkup = False
        thorough = self._checkups % THOROUGH_EVERY == self._first_thorough
        with self._patiently():
            checkup = await self._bridge.check_up(self._serial, probe, thorough=thorough)
        self._checkups += 1
        self._sims_untold = checkup.sims is None
        if checkup.sims is not None and (thorough or checkup.sims != self._sims):
            await self._inventory.take_stock(self._phone_id, checkup.sims)
            self._sims = checkup.sims
            await self._intake.assign_known_sims(self._phone_id)
        await self._health.note_checkup(self._phone_id, probe, checkup, self._hints, self._skew)
        if not self._wants_checkup:  # what made it wanted may have come too late for this one
            spread = random.uniform(0.9, 1.1)  # noqa: S311 - keeps the phones' checks apart
            pause = CHECKUP_SECONDS / 4 if self._sims_untold or self._has_switched(checkup) else CHECKUP_SECONDS
            self._next_checkup = asyncio.get_running_loop().time() + pause * spread

    def _has_switched(self, checkup: Checkup) -> bool:
        """Whether the airplane mode changed since the last check-up: the radio follows the switch seconds later."""
        before, self._airplane_mode = self._airplane_mode, checkup.telemetry.airplane_mode
        return before is not None and before != self._airplane_mode

    def _check_up_soon(self) -> None:
        """Something about the messages changed: find out at once what ails the phone, or what does no more."""
        self._checkups = self._first_thorough = 0
        self._next_checkup = 0.0
        self._wants_checkup = True

    async def _look(self, probe: Probe) -> None:
        loop = asyncio.get_running_loop()
        begun = loop.time()
        self._hinted.clear()
        reading = None if self._is_expecting else await self._poll(probe)
        if reading is None:
            begun = loop.time()
            reading = await self._read_whole(probe)
        intake = await self._intake.accept(reading, self._heard(reading, loop.time()))
        self._read = frozenset(reading.rows[: _window_of(probe)])
        self._skew = reading.clock_skew if reading.clock_skew is not None else self._skew
        ended = loop.time()
        found = 0 if intake.first else len(intake.new)
        poll = self._books.poll_seconds(self._phone_id) * random.uniform(0.85, 1.15)  # noqa: S311 - jitter
        self._rhythm = self._rhythm.on_look(begun=begun, ended=ended, found=found, poll=poll)
        if found:
            await self._note_rows(intake, ended, reading.ended_at)
        if intake.is_of_a_new_card:
            self._check_up_soon()
        self._announcements, overdue = self._announcements.overdue(ended, sum(min(wait, poll) for wait in rhythm.CHASE))
        for announcement in overdue:
            await self._note_empty_hint(reading.ended_at - timedelta(seconds=ended - announcement.since))

    def _heard(self, reading: Reading, ended: float) -> Heard:
        """What the log has announced until the reading ended, at this time of the loop."""

        def ours(at: float) -> datetime:
            return reading.ended_at - timedelta(seconds=ended - at)

        since = self._hears_since if self._hints.working else None
        return Heard(
            arrivals=tuple(
                HeardArrival(since=ours(one.since), latest=ours(one.latest))
                for one in self._announcements.open
                if one.tells_of_an_arrival
            ),
            without_gap_since=None if since is None else ours(since),
        )

    @property
    def _is_expecting(self) -> bool:
        return self._rhythm.chase is not None

    async def _poll(self, probe: Probe) -> Reading | None:
        """The safety poll, or None where a message was announced meanwhile: it may have come too late for the answer.

        The announced one is asked for at once, not behind the old question.
        """
        reading = asyncio.create_task(self._read_whole(probe))  # noqa: TID251 - awaited or ended below
        try:
            return await reading if await self._before_a_hint(reading) else None
        finally:
            await _ended(reading)

    async def _before_a_hint(self, task: asyncio.Task[Any], within: float | None = None) -> bool:
        """Whether the task ended before a message was announced, or within so many seconds."""
        hint = asyncio.create_task(self._hinted.wait())  # noqa: TID251 - ended below
        try:
            await asyncio.wait((task, hint), timeout=not_early(within), return_when=asyncio.FIRST_COMPLETED)
            return task.done()
        finally:
            hint.cancel()

    async def _note_rows(self, intake: Intake, ended: float, at: datetime) -> None:
        """`ended`: the loop's time at which our clock said `at`."""
        announced = self._rhythm.announced(ended)
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
        await self._books.note_hints(self._phone_id, announced)

    async def _note_empty_hint(self, at: datetime) -> None:
        """A message was announced at `at`, and no row has come for as long as one was waited for."""
        await self._health.note_empty_hint(self._phone_id, at)
        before, self._hints = self._hints, self._hints.on_empty(at)
        log.info("an announced message has no row", phone=self._phone_id, in_a_row=self._hints.empty_in_a_row)
        if self._hints.blamed_at != before.blamed_at or before.empty_in_a_row == 0:
            self._check_up_soon()

    async def _read_whole(self, probe: Probe) -> Reading:
        """The newest window, and all that lies below it until something known is reached: nothing is passed over."""
        asked = _window_of(probe)
        reading = part = await self._read_window(probe, newest=asked, skip=0)
        while len(part.rows) == asked and not await self._reaches_known(part):
            asked = DEEP_WINDOW if probe.reads_hex else PLAIN_DEEP_WINDOW
            part = await self._read_window(probe, newest=asked, skip=max(len(reading.rows) - WINDOW_OVERLAP, 0))
            read, reading = len(reading.rows), _joined(reading, part)
            if len(reading.rows) == read and len(part.rows) == asked:
                raise PhoneUnreachable("The inbox shows the same rows again and not those below them.")
        return reading

    async def _reaches_known(self, part: Reading) -> bool:
        """By the books alone, an inbox that a backup brought back under other row ids would be read whole each time."""
        return not self._read.isdisjoint(part.rows) or await self._intake.reaches_known(part)

    async def _read_window(self, probe: Probe, *, newest: int, skip: int) -> Reading:
        with self._patiently():
            return await self._bridge.read_inbox(
                self._serial, probe, newest=newest, skip=skip, expecting=self._is_expecting and skip == 0
            )

    async def _rest(self, checkup: asyncio.Task[None] | None) -> None:
        """Until the next look, the next check-up, or the end of the one under way."""
        while (pause := self._next_task(checkup) - asyncio.get_running_loop().time()) > 0:
            if checkup is not None:
                await self._before_a_hint(checkup, pause)
            else:
                await is_set_within(self._hinted, pause)
            if not self._hinted.is_set() or (checkup is not None and checkup.done()):
                return
            self._hinted.clear()

    def _next_task(self, checkup: asyncio.Task[None] | None) -> float:
        return self._rhythm.next_look if checkup is not None else min(self._rhythm.next_look, self._next_checkup)

    async def _listen(self) -> None:
        """Follow the phone's arrival hints; a stream that ends is opened again, later each time.

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
            self._hears_since = None
            pause = 1.0 if loop.time() - opened > LONGEST_PAUSE else min(pause * 2, LONGEST_PAUSE)
            await asyncio.sleep(pause)

    def _note_hint(self, hint: Hint, at: float) -> None:
        self._hears_since = at if self._hears_since is None else self._hears_since
        self._rhythm = self._rhythm.on_hint(at)
        self._announcements = self._announcements.on_hint(
            at, arriving=hint is Hint.ARRIVING, stored=hint is Hint.STORED
        )
        self._hinted.set()

    async def _meet(self, error: PhoneUnreachable | ServerDown | SmsWithheld) -> None:
        """Say what fails and wait longer each time; making the connection anew is the ladder's business."""
        self._failures += 1
        log.info("a look failed", phone=self._phone_id, in_a_row=self._failures, cause=str(error))
        try:
            if isinstance(error, SmsWithheld):
                await self._books.set_state(self._phone_id, PhoneState.WITHHELD, str(error), _cause_of(error))
            elif self._failures >= FAILURES_BEFORE_FAILING:
                is_alive = isinstance(error, NotUnderstood)  # then no connection made anew would help
                state = PhoneState.NOT_UNDERSTOOD if is_alive else PhoneState.FAILING
                await self._books.set_state(self._phone_id, state, str(error), _cause_of(error))
            if isinstance(error, NotUnderstood):
                self._probe = None
                await self._health.forget(self._phone_id)
        except StorageFailing as second:
            log.info("a failure could not be recorded", phone=self._phone_id, cause=str(second))
        await asyncio.sleep(PAUSES[min(self._failures, len(PAUSES)) - 1])


def _cause_of(error: KnownError) -> StateCause:
    return StateCause.UNSUPPORTED if isinstance(error, NotUnderstood | SmsUnsupported) else StateCause.NONE


async def _ended(task: asyncio.Task[Any]) -> None:
    task.cancel()
    await asyncio.wait((task,))
    if not task.cancelled():
        task.exception()  # looked at, so that nobody calls it unheard


def _window_of(probe: Probe | None) -> int:
    return PLAIN_WINDOW if probe is not None and not probe.reads_hex else WINDOW


def _joined(newer: Reading, older: Reading) -> Reading:
    """Two windows of one look; a row that slid from one into the other counts once.

    Raises PhoneUnreachable if they do not meet: rows between them may have been passed over.
    """
    have = {row.row_id for row in newer.rows}
    if not any(row.row_id in have for row in older.rows):
        raise PhoneUnreachable("The inbox changed while it was read.")
    rows = newer.rows + tuple(row for row in older.rows if row.row_id not in have)
    return replace(newer, rows=rows, ended_at=older.ended_at)
