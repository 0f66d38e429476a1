"""Keeps this PC from falling asleep while it sells: asleep, it answers no order and reads no SMS."""

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

LOOK_EVERY = 15.0
AWAKE_AFTERWARDS = timedelta(minutes=15)
"""A hub that goes dark for a moment takes all numbers along, and a PC that nobody touches would be asleep at once."""
PART = "keeping awake"


class Wakefulness(Protocol):
    """This PC, which falls asleep when nobody uses it. Both may be called again and again."""

    def hold(self) -> None:
        """Keep it awake until `release`, or the end of the program; raises KnownError."""
        ...

    def release(self) -> None: ...


class StayingAwake:
    """`run` until cancelled; from then on the PC may fall asleep."""

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
                await self.look()
                await asyncio.sleep(LOOK_EVERY)
        finally:
            self._release()

    async def look(self) -> None:
        """Hold or release by what is on offer and rented now."""
        now = self._clock()
        try:
            counts = await self._storage.read(lambda views: views.counts(now))
        except StorageFailing:
            return  # told by others, and no reason to fall asleep
        if counts.rents_open or (counts.numbers_on_offer and self._rentals.selling):
            self._needed_at = now
            self._hold()
        elif self._needed_at is None or not timedelta(0) <= now - self._needed_at < AWAKE_AFTERWARDS:
            # A moment in the future was noted by a clock that was set back since.
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
