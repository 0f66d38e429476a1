"""Scheduled backups: only verified ones count, and failures are reported."""

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta
from typing import Protocol

import structlog

from phonefarm.application.model.health_board import STORAGE, HealthBoard
from phonefarm.application.model.read_models import Verdict
from phonefarm.domain.errors import KnownError
from phonefarm.domain.health import HealthKind, health, problem
from phonefarm.support.clock import Clock

log = structlog.get_logger(__name__)

CHECK_SECONDS = 30.0
RETRY_AFTER_FAILURE = timedelta(minutes=15)


class BackupStore(Protocol):
    def remove_leftovers(self) -> None:
        """Remove what a crash left behind of a backup or a restore."""
        ...

    def newest_at(self) -> datetime | None:
        """When the newest verified backup was made."""
        ...

    def make(self, now: datetime, keep: int) -> str:
        """Make and verify a backup, keep the newest `keep`; returns its contents in words. Raises KnownError."""
        ...


def is_due(newest_at: datetime | None, failed_at: datetime | None, now: datetime, every: timedelta) -> bool:
    """Whether a backup is due; times in the future do not count, since the clock was set back."""
    if failed_at is not None and timedelta(0) <= now - failed_at < RETRY_AFTER_FAILURE:
        return False
    return newest_at is None or not timedelta(0) <= now - newest_at < every


class Backups:
    """Makes a backup whenever one is due; the copying runs in a thread of its own."""

    def __init__(self, store: BackupStore, health: HealthBoard, clock: Clock, *, every: timedelta, keep: int) -> None:
        self._store = store
        self._health = health
        self._clock = clock
        self._every = every
        self._keep = keep
        self._failed_at: datetime | None = None

    async def run(self) -> None:
        await asyncio.to_thread(self._store.remove_leftovers)
        while True:
            newest = await asyncio.to_thread(self._store.newest_at)
            if is_due(newest, self._failed_at, self._clock(), self._every):
                await self.make()
            await asyncio.sleep(CHECK_SECONDS)

    async def make(self) -> None:
        now = self._clock()
        try:
            contents = await asyncio.to_thread(self._store.make, now, self._keep)
        except KnownError as error:
            self._failed_at = now
            self._health.report(STORAGE, Verdict.WARN, problem(str(error)), part="backup")
            log.warning("backup failed", cause=str(error))
            return
        self._failed_at = None
        self._health.report(STORAGE, Verdict.PASS, health(HealthKind.IN_ORDER), part="backup")
        log.info("backup made and verified", holds=contents)
