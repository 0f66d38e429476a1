"""What happens by the clock: bans that run out, overdue rents, the numbers file, the database's pulse, clock steps."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from datetime import timedelta
from itertools import count

import structlog

from phonefarm.application.model.events import Announcer
from phonefarm.application.model.health_board import ENGINE, STORAGE, HealthBoard
from phonefarm.application.model.read_models import Topic, Verdict
from phonefarm.application.ports.records.numbers import NumberTable
from phonefarm.application.ports.storage import Storage, StorageFailing
from phonefarm.application.sims.inventory import SimInventory
from phonefarm.application.sims.number_lines import told
from phonefarm.application.trade.rentals import Rentals
from phonefarm.domain.errors import KnownError
from phonefarm.domain.health import HealthKind, health, problem
from phonefarm.support.clock import Clock

log = structlog.get_logger(__name__)

EVERY = 1.0
BEAT_EVERY = 5.0
CLOCK_STEP = 2.0
"""Seconds by which the wall clock must leave the monotonic one to have been set."""
RENTS_EVERY = 15
"""Rounds after which open rents are shown anew, since time alone changes their state."""

ReadNumbers = Callable[[], Awaitable[NumberTable | None]]
"""The numbers file's lines if it changed since the last call, else None; raises KnownError for a bad file."""


class Upkeep:
    def __init__(
        self,
        storage: Storage,
        rentals: Rentals,
        inventory: SimInventory,
        announcer: Announcer,
        health: HealthBoard,
        read_numbers: ReadNumbers,
        watch_sales: Callable[[], Awaitable[None]],
        clock: Clock,
        *,
        spacing: timedelta,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._storage = storage
        self._rentals = rentals
        self._inventory = inventory
        self._announcer = announcer
        self._health = health
        self._read_numbers = read_numbers
        self._watch_sales = watch_sales
        self._clock = clock
        self._spacing = spacing
        self._monotonic = monotonic
        self._unused: NumberTable | None = None
        self._beaten_at: float | None = None
        self._wall_ahead: float | None = None

    async def run(self) -> None:
        """One round a second until cancelled; a round that the world spoils says so and the next one tries again."""
        for number in count():
            try:
                await self._follow_the_clock()
                await self._rentals.end_bans()
                await self._use_numbers()
                await self._beat()
                if number % RENTS_EVERY == 0:
                    await self._watch_sales()
            except StorageFailing as error:
                self._beaten_at = None
                self._health.report(STORAGE, Verdict.FAIL, problem(str(error)))
            if number % RENTS_EVERY == 0:
                self._announcer.changed(Topic.RENTS, None)
            await asyncio.sleep(EVERY)

    async def _beat(self) -> None:
        """Prove by a change that is really written that the database takes changes; a full disk still lets us read."""
        now = self._monotonic()
        if self._beaten_at is not None and now - self._beaten_at < BEAT_EVERY:
            return
        at = self._clock()
        await self._storage.write(lambda uow: uow.beat(at))
        self._beaten_at = now
        self._health.report(STORAGE, Verdict.PASS, health(HealthKind.IN_ORDER))

    async def _follow_the_clock(self) -> None:
        """A clock that was set back would leave pushes waiting for an hour that passed already: they are pulled in."""
        now = self._clock()
        ahead = now.timestamp() - self._monotonic()
        step = 0.0 if self._wall_ahead is None else ahead - self._wall_ahead
        if step < -CLOCK_STEP:
            due = now + self._spacing
            pulled = await self._storage.write(lambda uow: uow.pushes.make_due_by(due))
            log.warning("the clock was set back", seconds=round(-step, 1), pushes_pulled_in=pulled)
            self._announcer.changed(Topic.PUSHES, None)
        elif step > CLOCK_STEP:
            log.warning("the clock was set forward, or this PC slept", seconds=round(step, 1))
        self._wall_ahead = ahead

    async def _use_numbers(self) -> None:
        try:
            read = await self._read_numbers()
        except KnownError as error:
            self._health.report(ENGINE, Verdict.WARN, problem(str(error)), part="numbers file")
            return
        self._unused = read if read is not None else self._unused
        if (table := self._unused) is not None:
            await self._use(table)
            self._unused = None

    async def _use(self, table: NumberTable) -> None:
        """A file without a single good line changes nothing: the former numbers stay."""
        objected = list[str]()
        if table.entries or not table.problems:
            objected = await self._inventory.use_numbers_file(table.entries)
        verdict = Verdict.WARN if objected or table.problems else Verdict.PASS
        found = health(
            HealthKind.NUMBERS_READ,
            count=len(table.entries),
            unused=len(objected),
            objection=objected[0] if objected else "",
            left_out=len(table.problems),
            reasons="; ".join(told(table.problems)),
        )
        self._health.report(ENGINE, verdict, found, part="numbers file")
        log.info("numbers file read", lines=len(table.entries), left_out=len(table.problems))
