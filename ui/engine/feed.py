"""Keeps one topic of the window fresh: asks for changed rows only, and only while somebody looks."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from PySide6.QtCore import QObject, QTimer

from phonefarm.support.tasks import Tasks
from ui.engine.engine_link import Keys

Refresh = Callable[[Keys], Awaitable[bool]]
"""Fetch these keys (None: all) and show them; says whether it worked."""

RETRY_MS = 2000
NOTHING: frozenset[str] = frozenset()


class Feed(QObject):
    """Stale keys pile up as one set; at most one question is under way."""

    def __init__(
        self, refresh: Refresh, tasks: Tasks, name: str, parent: QObject | None = None, *, rest: float = 0.0
    ) -> None:
        """`rest` seconds lie between two questions, for topics whose answer costs much and changes often."""
        super().__init__(parent)
        self._rest = rest
        self._refresh = refresh
        self._tasks = tasks
        self._name = name
        self._stale: Keys = None
        self._is_awake = False
        self._is_asking = False
        self._is_resting = False
        self._settled = asyncio.Event()
        self._again = QTimer(self, singleShot=True, interval=RETRY_MS)
        self._again.timeout.connect(self._look)

    @property
    def is_stale(self) -> bool:
        return self._stale is None or bool(self._stale)

    def note(self, keys: Keys) -> None:
        """Remember that these rows may have changed."""
        self._stale = None if keys is None or self._stale is None else self._stale | keys
        self._look()

    def wake(self) -> None:
        self._is_awake = True
        self._look()

    def sleep(self) -> None:
        self._is_awake = False
        self._again.stop()

    async def settled(self) -> None:
        """Until everything known to be stale has been asked for, or has failed."""
        while self._is_asking and not self._is_resting:
            self._settled.clear()
            await self._settled.wait()

    def _look(self) -> None:
        if self._is_awake and self.is_stale and not self._is_asking:
            self._is_asking = True
            self._tasks.start(self._ask(), f"refreshing {self._name}")

    async def _ask(self) -> None:
        try:
            while self._is_awake and self.is_stale:
                keys, self._stale = self._stale, NOTHING
                if not await self._refresh(keys):
                    # Which rows were lost is not known any more, so all are asked for next time.
                    self._stale = None
                    self._again.start()
                    return
                if self._rest:
                    await self._take_a_rest()
        finally:
            self._is_asking = False
            self._settled.set()

    async def _take_a_rest(self) -> None:
        self._is_resting = True
        self._settled.set()
        try:
            await asyncio.sleep(self._rest)
        finally:
            self._is_resting = False
