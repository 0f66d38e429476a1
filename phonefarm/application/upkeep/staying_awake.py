"""Keeps this PC awake while it sells: a sleeping PC answers no orders and reads no SMS."""

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta
from typing import Protocol

import structlog

from phonefarm.application.model.health_board import ENGINE, HealthBoard
from phonefarm.application.model.read_models import Verdict
from phonefarm.application.ports.storage import Storage, StorageFailing
from phonefarm.application.trade.rentals import Rentals
from phonefarm.domain.errors import KnownError
from phonefarm.domain.health import HealthKind, health, problem
from phonefarm.support.clock import Clock

log = structlog.get_logger(__name__)

CHECK_SECONDS = 15.0
AWAKE_AFTERWARDS = timedelta(minutes=15)
"""If a hub fails for a moment, all numbers are gone, and an idle PC would fall asleep at once."""
PART = "keeping awake"


class Wakefulness(Protocol):
    """Controls whether this PC may fall asleep. Both methods are idempotent."""

    def hold(self) -> None:
        """Keep it awake until `release`, or the end of the program; raises KnownError."""
        ...

    def release(self) -> None: ...


class StayingAwake:
    """Keeps the PC awake while `run` runs and there is something to sell."""

    def __init__(
        self, storage: Storage, rentals: Rentals, wakefulness: Wakefulness, health: HealthBoard, clock: Clock
    ) -> None:
        self._storage = storage
        self._rentals = rentals
        self._wakefulness = wakefulness
        self._health = health
        self._clock = clock
        self._needed_at: datetime | None = None
        self._is_held = False

    async def run(self) -> None:
        try:
            while True:
                await self.update()
                await asyncio.sleep(CHECK_SECONDS)
        finally:
            self._release()

    async def update(self) -> None:
        """Hold or release, by what is on offer and rented now."""
        now = self._clock()
        try:
            counts = await self._storage.read(lambda views: views.counts(now))
        except StorageFailing:
            return  # reported elsewhere, and no reason to fall asleep
        if counts.rents_open or (counts.numbers_on_offer and self._rentals.selling):
            self._needed_at = now
            self._hold()
        elif self._needed_at is None or not timedelta(0) <= now - self._needed_at < AWAKE_AFTERWARDS:
            # A time in the future does not count: the clock was set back.
            self._release()

    def _hold(self) -> None:
        try:
            self._wakefulness.hold()
        except KnownError as error:
            self._health.report(ENGINE, Verdict.WARN, problem(str(error)), part=PART)
            return
        if not self._is_held:
            log.info("this PC is kept awake while it sells")
        self._is_held = True
        self._health.report(ENGINE, Verdict.PASS, health(HealthKind.RUNNING), part=PART)

    def _release(self) -> None:
        self._wakefulness.release()
        if self._is_held:
            log.info("this PC may fall asleep")
        self._is_held = False
        self._health.report(ENGINE, Verdict.PASS, health(HealthKind.RUNNING), part=PART)
