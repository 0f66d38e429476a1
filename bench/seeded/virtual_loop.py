"""An event loop with a virtual clock that advances to the next timer when all tasks wait; deterministic."""

from __future__ import annotations

import asyncio
import selectors
from collections.abc import Coroutine, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

T = TypeVar("T")

BEGIN = datetime(2026, 3, 14, 12, 0, tzinfo=UTC)


class Deadlock(Exception):
    """All tasks wait and no timer is scheduled."""


class _VirtualSelector(selectors.BaseSelector):
    """Advances the virtual clock instead of waiting; polls real sockets (the loop's wake-up pipe) without blocking."""

    def __init__(self) -> None:
        self._real = selectors.DefaultSelector()
        self.now = 0.0

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        ready = self._real.select(0)
        if ready:
            return ready
        if timeout is None:
            raise Deadlock("all tasks wait and no timer is scheduled")
        self.now += max(timeout, 0.0)
        return []

    def register(self, fileobj: Any, events: int, data: Any = None) -> selectors.SelectorKey:
        return self._real.register(fileobj, events, data)

    def unregister(self, fileobj: Any) -> selectors.SelectorKey:
        return self._real.unregister(fileobj)

    def get_map(self) -> Mapping[Any, selectors.SelectorKey]:
        return self._real.get_map()

    def close(self) -> None:
        self._real.close()


class VirtualLoop(asyncio.SelectorEventLoop):
    def __init__(self) -> None:
        self._virtual = _VirtualSelector()
        super().__init__(self._virtual)

    def time(self) -> float:
        return self._virtual.now

    def clock(self) -> datetime:
        """The virtual time as a datetime, for the app's clock."""
        return BEGIN + timedelta(seconds=self._virtual.now)


def run_virtually(work: Coroutine[Any, Any, T], loop: VirtualLoop) -> T:
    """Run to completion, then cancel the remaining tasks and close the loop."""
    asyncio.set_event_loop(loop)
    try:
        return loop.run_until_complete(work)
    finally:
        remaining = asyncio.all_tasks(loop)
        for task in remaining:
            task.cancel()
        if remaining:
            loop.run_until_complete(asyncio.gather(*remaining, return_exceptions=True))
        asyncio.set_event_loop(None)
        loop.close()
