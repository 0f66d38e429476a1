"""Periodic tasks: expired bans, overdue rents, the numbers file, the database heartbeat, clock changes."""

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
from phonefarm.application.sims.number_lines import describe_problems
from phonefarm.application.trade.rentals import Rentals
from phonefarm.domain.errors import KnownError
from phonefarm.domain.health import HealthKind, health, problem
from phonefarm.support.clock import Clock

log = structlog.get_logger(__name__)

ROUND_SECONDS = 1.0
HEARTBEAT_SECONDS = 5.0
CLOCK_CHANGE_SECONDS = 2.0
"""A larger difference between the wall clock and the monotonic clock means that the wall clock was set."""
ROUNDS_BETWEEN_RENT_UPDATES = 15
"""Open rents are announced as changed this often, since time alone changes their state."""

ReadNumbers = Callable[[], Awaitable[NumberTable | None]]
"""Reads the numbers file if it changed since the last call, else returns None; raises KnownError for a bad file."""


class Upkeep:
    """Runs the periodic tasks of a farm once a second."""

    def __init__(
        self,
        storage: Storage,
        rentals: Rentals,
        inventory: SimInventory,
        announcer: Announcer,
        health: HealthBoard,
        read_numbers: ReadNumbers,
        update_sales: Callable[[], Awaitable[None]],
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
        self._update_sales = update_sales
        self._clock = clock
        self._spacing = spacing
        self._monotonic = monotonic
        self._unused: NumberTable | None = None
        self._heartbeat_at: float | None = None
        self._wall_ahead: float | None = None

    async def run(self) -> None:
        """Run until cancelled; a round that fails is reported, and the next one tries again."""
        for number in count():
            try:
                await self._check_clock()
                await self._rentals.end_bans()
                await self._read_numbers_file()
                await self._write_heartbeat()
                if number % ROUNDS_BETWEEN_RENT_UPDATES == 0:
                    await self._update_sales()
            except StorageFailing as error:
                self._heartbeat_at = None
                self._health.report(STORAGE, Verdict.FAIL, problem(str(error)))
            if number % ROUNDS_BETWEEN_RENT_UPDATES == 0:
                self._announcer.changed(Topic.RENTS, None)
            await asyncio.sleep(ROUND_SECONDS)

    async def _write_heartbeat(self) -> None:
        """Check with a real write that the database is writable; with a full disk reads still succeed."""
        now = self._monotonic()
        if self._heartbeat_at is not None and now - self._heartbeat_at < HEARTBEAT_SECONDS:
            return
        at = self._clock()
        await self._storage.write(lambda uow: uow.beat(at))
        self._heartbeat_at = now
        self._health.report(STORAGE, Verdict.PASS, health(HealthKind.IN_ORDER))

    async def _check_clock(self) -> None:
        """After the clock was set back, reschedule pushes that would wait too long."""
        now = self._clock()
        ahead = now.timestamp() - self._monotonic()
        step = 0.0 if self._wall_ahead is None else ahead - self._wall_ahead
        if step < -CLOCK_CHANGE_SECONDS:
            due = now + self._spacing
            pulled = await self._storage.write(lambda uow: uow.pushes.make_due_by(due))
            log.warning("the clock was set back", seconds=round(-step, 1), pushes_pulled_in=pulled)
            self._announcer.changed(Topic.PUSHES, None)
        elif step > CLOCK_CHANGE_SECONDS:
            log.warning("the clock was set forward, or this PC slept", seconds=round(step, 1))
        self._wall_ahead = ahead

    async def _read_numbers_file(self) -> None:
        try:
            read = await self._read_numbers()
        except KnownError as error:
            self._health.report(ENGINE, Verdict.WARN, problem(str(error)), part="numbers file")
            return
        self._unused = read if read is not None else self._unused
        if (table := self._unused) is not None:
            await self._use_numbers(table)
            self._unused = None

    async def _use_numbers(self, table: NumberTable) -> None:
        """A file without a single valid line changes nothing: the former numbers stay."""
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
            reasons="; ".join(describe_problems(table.problems)),
        )
        self._health.report(ENGINE, verdict, found, part="numbers file")
        log.info("numbers file read", lines=len(table.entries), left_out=len(table.problems))
