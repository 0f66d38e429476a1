"""Keeps the log within its age and size, in small steps."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import structlog

from phonefarm.application.model.events import Announcer
from phonefarm.application.model.read_models import Topic
from phonefarm.application.ports.storage import Storage, StorageFailing
from phonefarm.support.clock import Clock

log = structlog.get_logger(__name__)

ROUND_SECONDS = 600.0
STEP = 200
"""Entries deleted by one commit."""
STEP_PAUSE_SECONDS = 0.2
BYTES_PER_MEGABYTE = 1_000_000


class LogRetention:
    """`run` until cancelled."""

    def __init__(
        self,
        storage: Storage,
        announcer: Announcer,
        clock: Clock,
        *,
        keep: timedelta,
        most_bytes: int,
        step_pause_seconds: float = STEP_PAUSE_SECONDS,
    ) -> None:
        self._storage = storage
        self._announcer = announcer
        self._clock = clock
        self._keep = keep
        self._most_bytes = most_bytes
        self._step_pause_seconds = step_pause_seconds

    async def run(self) -> None:
        while True:
            try:
                await self.clean()
            except StorageFailing as error:
                log.info("the log could not be cleaned yet", cause=str(error))
            await asyncio.sleep(ROUND_SECONDS)

    async def clean(self) -> int:
        """Returns how many entries were deleted."""
        before = self._clock() - self._keep
        dropped = total = await self._storage.write(lambda uow: uow.log.drop_before(before, STEP))
        while dropped:
            await asyncio.sleep(self._step_pause_seconds)
            dropped = await self._storage.write(lambda uow: uow.log.drop_before(before, STEP))
            total += dropped
        while await self._storage.read(lambda views: views.log.call_bytes()) > self._most_bytes:
            dropped = await self._storage.write(lambda uow: uow.log.drop_oldest_calls(STEP))
            if not dropped:
                break
            total += dropped
            await asyncio.sleep(self._step_pause_seconds)
        if total:
            log.info("old entries of the log deleted", count=total)
            self._announcer.changed(Topic.LOG)
        return total
