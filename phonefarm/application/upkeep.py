"""What happens by the clock: bans that run out, overdue rents, the numbers file, the database's pulse."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from itertools import count

import structlog

from phonefarm.application.events import Announcer
from phonefarm.application.health import ENGINE, STORAGE, HealthBoard
from phonefarm.application.read_models import Topic, Verdict
from phonefarm.application.rentals import Rentals
from phonefarm.application.sim_inventory import SimInventory
from phonefarm.application.storage import NumberEntry, Storage, StorageFailing
from phonefarm.domain.errors import KnownError

log = structlog.get_logger(__name__)

EVERY = 1.0
RENTS_EVERY = 15
"""Rounds after which open rents are shown anew, since time alone changes their state."""

ReadNumbers = Callable[[], Awaitable[Sequence[NumberEntry] | None]]
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
    ) -> None:
        self._storage = storage
        self._rentals = rentals
        self._inventory = inventory
        self._announcer = announcer
        self._health = health
        self._read_numbers = read_numbers
        self._unused: Sequence[NumberEntry] | None = None

    async def run(self) -> None:
        """One round a second until cancelled; a round that the world spoils says so and the next one tries again."""
        for number in count():
            try:
                await self._rentals.end_bans()
                await self._use_numbers()
                self._health.report(STORAGE, Verdict.PASS, "in order")
            except StorageFailing as error:
                self._health.report(STORAGE, Verdict.FAIL, str(error))
            if number % RENTS_EVERY == 0:
                self._announcer.changed(Topic.RENTS, None)
            await asyncio.sleep(EVERY)

    async def _use_numbers(self) -> None:
        try:
            read = await self._read_numbers()
        except KnownError as error:
            self._health.report(ENGINE, Verdict.WARN, str(error), part="numbers file")
            return
        self._unused = read if read is not None else self._unused
        if (entries := self._unused) is not None:
            await self._inventory.use_numbers_file(entries)
            self._unused = None
            self._health.report(ENGINE, Verdict.PASS, f"{len(entries)} numbers from the file", part="numbers file")
            log.info("numbers file read", lines=len(entries))
