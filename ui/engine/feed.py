"""Keeps the rows of one topic fresh: asks for changed rows only, and only while their page is shown."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from PySide6.QtCore import QObject, QTimer

from phonefarm.support.tasks import Tasks
from ui.engine.engine_link import Keys

Refresh = Callable[[Keys], Awaitable[bool]]
"""Fetches and shows the rows of these keys (None: all); returns whether that worked."""

RETRY_MS = 2000
NOTHING: frozenset[str] = frozenset()


class Feed(QObject):
    """Collects stale keys in one set; at most one refresh is in flight."""

    def __init__(
        self, refresh: Refresh, tasks: Tasks, name: str, parent: QObject | None = None, *, pause_seconds: float = 0.0
    ) -> None:
        """`pause_seconds` limits the rate of refreshes, for answers that are expensive and change often."""
        super().__init__(parent)
        self._pause_seconds = pause_seconds
        self._refresh = refresh
        self._tasks = tasks
        self._name = name
        self._stale: Keys = None
        self._is_awake = False
        self._is_running = False
        self._is_pausing = False
        self._became_idle = asyncio.Event()
        self._retry_timer = QTimer(self, singleShot=True, interval=RETRY_MS)
        self._retry_timer.timeout.connect(self._start_if_needed)

    @property
    def is_stale(self) -> bool:
        return self._stale is None or bool(self._stale)

    def mark_stale(self, keys: Keys) -> None:
        """These rows may have changed."""
        self._stale = None if keys is None or self._stale is None else self._stale | keys
        self._start_if_needed()

    def wake(self) -> None:
        self._is_awake = True
        self._start_if_needed()

    def sleep(self) -> None:
        self._is_awake = False
        self._retry_timer.stop()

    async def wait_until_idle(self) -> None:
        """Until all stale rows are refreshed, or a refresh has failed."""
        while self._is_running and not self._is_pausing:
            self._became_idle.clear()
            await self._became_idle.wait()

    def _start_if_needed(self) -> None:
        if self._is_awake and self.is_stale and not self._is_running:
            self._is_running = True
            self._tasks.start(self._run(), f"refreshing {self._name}")

    async def _run(self) -> None:
        try:
            while self._is_awake and self.is_stale:
                keys, self._stale = self._stale, NOTHING
                if not await self._refresh(keys):
                    # More rows may have become stale meanwhile, so the retry asks for all.
                    self._stale = None
                    self._retry_timer.start()
                    return
                if self._pause_seconds:
                    await self._pause()
        finally:
            self._is_running = False
            self._became_idle.set()

    async def _pause(self) -> None:
        self._is_pausing = True
        self._became_idle.set()
        try:
            await asyncio.sleep(self._pause_seconds)
        finally:
            self._is_pausing = False
