"""One connected phone: asked what it is, then its inbox read at each hint and by the safety poll, until it goes."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack, asynccontextmanager, contextmanager
from dataclasses import replace
from typing import Protocol

import structlog

from phonefarm.application.interfaces import PhoneBridge, PhoneUnreachable, Probe, ServerDown, SmsWithheld
from phonefarm.application.sim_inventory import SimInventory
from phonefarm.application.sms_intake import SmsIntake
from phonefarm.application.storage import StorageFailing
from phonefarm.domain.ids import PhoneId, serial_of
from phonefarm.domain.phones import PhoneFacts, PhoneState
from phonefarm.domain.rhythm import Rhythm
from phonefarm.domain.sms import Reading

log = structlog.get_logger(__name__)

WINDOW = 50
"""Newest rows read at each look."""
MOST_PAGES = 40
PAGE_OVERLAP = 5
SIM_CHECK_SECONDS = 60.0
LOOK_PATIENCE = 8.0
"""A phone that has not answered for so long is failing, though its answer is still waited for."""
FAILURES_BEFORE_FAILING = 2
FAILURES_BEFORE_RECONNECT = 5
PAUSES = (0.5, 1.0, 2.0, 4.0, 8.0, 16.0, 30.0)
"""Seconds after the first failed look, the second in a row and so on."""
STORAGE_PAUSE = 1.0
LONGEST_PAUSE = 30.0


class SessionBooks(Protocol):
    """What a session tells of its phone, and what it must know of the rest of the farm."""

    async def set_state(self, phone_id: PhoneId, state: PhoneState, detail: str = "") -> None: ...

    async def set_facts(self, phone_id: PhoneId, facts: PhoneFacts) -> None: ...

    async def note_hints(self, phone_id: PhoneId, working: bool) -> None: ...

    def poll_seconds(self, phone_id: PhoneId) -> float:
        """The safety poll's wait: shorter while one of the phone's SIMs is rented."""
        ...


class PhoneSession:
    """`gate` bounds how many phones are being asked for the first time at once."""

    def __init__(
        self,
        phone_id: PhoneId,
        bridge: PhoneBridge,
        inventory: SimInventory,
        intake: SmsIntake,
        books: SessionBooks,
        gate: asyncio.Semaphore,
        patience: float = LOOK_PATIENCE,
    ) -> None:
        self._phone_id = phone_id
        self._serial = serial_of(phone_id)
        self._bridge = bridge
        self._inventory = inventory
        self._intake = intake
        self._books = books
        self._gate = gate
        self._patience = patience
        self._late = asyncio.Event()
        self._hinted = asyncio.Event()
        self._rhythm = Rhythm(next_look=0.0)
        self._probe: Probe | None = None
        self._next_sim_check = 0.0
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
        async with self._place_at_the_gate():
            with self._patiently():
                probe = await self._bridge.probe(self._serial)
            await self._books.set_facts(self._phone_id, probe.facts)
            await self._check_sims(probe)
            return probe

    @asynccontextmanager
    async def _place_at_the_gate(self) -> AsyncIterator[None]:
        """Given back at the latest when the patience is over: silent phones must not keep the others out."""
        await self._gate.acquire()
        with ExitStack() as place:
            place.callback(self._gate.release)
            over = asyncio.get_running_loop().call_later(self._patience, place.close)
            try:
                yield
            finally:
                over.cancel()

    @contextmanager
    def _patiently(self) -> Iterator[None]:
        """Around a question to the phone: whether it has gone on for too long is noticed while it goes on."""
        timer = asyncio.get_running_loop().call_later(self._patience, self._late.set)
        try:
            yield
        finally:
            timer.cancel()
            self._late.clear()

    async def _notice_silence(self) -> None:
        while True:
            await self._late.wait()
            if not self._late.is_set() or self._failures >= FAILURES_BEFORE_FAILING:
                self._late.clear()
                continue  # the answer has just come, or the phone is known to fail
            self._late.clear()
            words = f"does not answer for {self._patience:g} s"
            try:
                await self._books.set_state(self._phone_id, PhoneState.FAILING, words)
            except StorageFailing as error:
                log.info("silence could not be recorded", phone=self._phone_id, cause=str(error))

    async def _watch_inbox(self, probe: Probe) -> None:
        loop = asyncio.get_running_loop()
        while True:
            if loop.time() >= self._next_sim_check:
                await self._check_sims(probe)
            await self._look(probe)
            self._failures = 0
            await self._books.set_state(self._phone_id, PhoneState.READY)
            await self._rest()

    async def _check_sims(self, probe: Probe) -> None:
        with self._patiently():
            seen = await self._bridge.read_sims(self._serial, probe)
        await self._inventory.take_stock(self._phone_id, seen)
        spread = random.uniform(0.9, 1.1)  # noqa: S311 - keeps the phones' checks apart
        self._next_sim_check = asyncio.get_running_loop().time() + SIM_CHECK_SECONDS * spread

    async def _look(self, probe: Probe) -> None:
        loop = asyncio.get_running_loop()
        begun = loop.time()
        self._hinted.clear()
        intake = await self._intake.accept(await self._read_whole(probe))
        ended = loop.time()
        found = 0 if intake.first else len(intake.new)
        poll = self._books.poll_seconds(self._phone_id) * random.uniform(0.85, 1.15)  # noqa: S311 - jitter
        self._rhythm = self._rhythm.on_look(begun=begun, ended=ended, found=found, poll=poll)
        if found:
            await self._books.note_hints(self._phone_id, self._rhythm.announced(ended))

    async def _read_whole(self, probe: Probe) -> Reading:
        """The newest window, and what lies below it as long as nothing known is reached."""
        reading = page = await self._read_page(probe, skip=0)
        for number in range(1, MOST_PAGES):
            if len(page.rows) < WINDOW or await self._intake.reaches_known(page):
                break
            page = await self._read_page(probe, skip=number * (WINDOW - PAGE_OVERLAP))
            reading = _joined(reading, page)
        return reading

    async def _read_page(self, probe: Probe, *, skip: int) -> Reading:
        with self._patiently():
            return await self._bridge.read_inbox(self._serial, probe, newest=WINDOW, skip=skip)

    async def _rest(self) -> None:
        pause = self._rhythm.next_look - asyncio.get_running_loop().time()
        while pause > 0:
            try:
                async with asyncio.timeout(pause):  # wait_for swallows a cancellation that meets a hint
                    await self._hinted.wait()
            except TimeoutError:
                return
            self._hinted.clear()
            pause = self._rhythm.next_look - asyncio.get_running_loop().time()

    async def _listen(self) -> None:
        """Follow the phone's arrival hints; a stream that ends is opened again, later each time."""
        loop = asyncio.get_running_loop()
        pause = 1.0
        while True:
            opened = loop.time()
            try:
                async for _hint in self._bridge.arrival_hints(self._serial):
                    self._rhythm = self._rhythm.on_hint(loop.time())
                    self._hinted.set()
            except (PhoneUnreachable, ServerDown) as error:
                log.info("hints ended", phone=self._phone_id, cause=str(error))
            pause = 1.0 if loop.time() - opened > LONGEST_PAUSE else min(pause * 2, LONGEST_PAUSE)
            await asyncio.sleep(pause)

    async def _meet(self, error: PhoneUnreachable | ServerDown | SmsWithheld) -> None:
        """Say what fails, try a reconnect when nothing else helped, and wait longer each time."""
        self._failures += 1
        log.info("a look failed", phone=self._phone_id, in_a_row=self._failures, cause=str(error))
        try:
            if isinstance(error, SmsWithheld):
                await self._books.set_state(self._phone_id, PhoneState.WITHHELD, str(error))
            elif self._failures >= FAILURES_BEFORE_FAILING:
                await self._books.set_state(self._phone_id, PhoneState.FAILING, str(error))
            if self._failures == FAILURES_BEFORE_RECONNECT:
                self._probe = None
                await self._bridge.reconnect(self._serial)
        except (PhoneUnreachable, ServerDown, StorageFailing) as second:
            log.info("could not be mended yet", phone=self._phone_id, cause=str(second))
        await asyncio.sleep(PAUSES[min(self._failures, len(PAUSES)) - 1])


def _joined(newer: Reading, older: Reading) -> Reading:
    """Two pages of one look; a row that slid from one into the other counts once."""
    have = {row.row_id for row in newer.rows}
    rows = newer.rows + tuple(row for row in older.rows if row.row_id not in have)
    return replace(newer, rows=rows, ended_at=older.ended_at)
