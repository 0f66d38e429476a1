"""Whether the user has paused all selling: in force at once, and still after a restart."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Protocol

import structlog

from phonefarm.application.model import timeline
from phonefarm.application.model.read_models import BY_USER, Pause, Topic
from phonefarm.application.model.timeline import Happening
from phonefarm.application.ports.storage import Storage, StorageFailing
from phonefarm.domain.errors import KnownError
from phonefarm.support.clock import Clock

log = structlog.get_logger(__name__)

JOURNAL_KEY = "selling"
"""The key of the farm's selling as a whole in the journal, under the topic of the overview."""


class PauseStore(Protocol):
    """Keeps the pause over a restart. The methods block; `write` and `remove` raise KnownError."""

    def read(self) -> Pause | None:
        """The pause; also of what cannot be understood, for a lost pause would sell against the user's will."""
        ...

    def write(self, pause: Pause) -> None: ...

    def remove(self) -> None: ...


class SellingPause:
    """Pauses and resumes all selling. Open rents go on."""

    def __init__(self, storage: Storage, store: PauseStore, clock: Clock, on_change: Callable[[], None]) -> None:
        """Reads the store, so a farm that was paused starts paused."""
        self._storage = storage
        self._store = store
        self._clock = clock
        self._on_change = on_change
        self._lock = asyncio.Lock()
        self._pause = store.read()
        self._is_stored = self._pause is not None

    def __call__(self) -> Pause | None:
        return self._pause

    async def pause(self, by: str = BY_USER) -> None:
        """Empty the offer now, then store the pause; raises KnownError if it would not outlive a restart."""
        async with self._lock:
            is_new = self._pause is None
            if self._pause is None:
                self._pause = Pause(since=self._clock(), by=by)
                self._on_change()
            if not self._is_stored:
                await self._write(self._pause)
            if is_new:
                log.info("selling is paused", by=by)
                await self._note(timeline.selling_paused(by))

    async def resume(self, by: str = BY_USER) -> None:
        """Sell again; raises KnownError and stays paused if the stored pause cannot be removed."""
        async with self._lock:
            if self._pause is None:
                return
            await asyncio.to_thread(self._store.remove)
            self._pause, self._is_stored = None, False
            self._on_change()
            log.info("selling is resumed", by=by)
            await self._note(timeline.selling_resumed(by))

    async def _write(self, pause: Pause) -> None:
        try:
            await asyncio.to_thread(self._store.write, pause)
        except KnownError as error:
            log.warning("the pause is not stored", cause=str(error))
            raise KnownError(
                f"Selling is paused, but only until phonefarm stops: {error} Pause again when that is mended."
            ) from error
        self._is_stored = True

    async def _note(self, happening: Happening) -> None:
        """The pause holds without its journal entry."""
        now = self._clock()
        try:
            await self._storage.write(lambda uow: uow.journal.note(now, Topic.OVERVIEW, JOURNAL_KEY, happening))
        except StorageFailing as error:
            log.warning("the journal does not tell of the pause", cause=str(error))
