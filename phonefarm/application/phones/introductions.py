"""Limits how many phones are introduced at once: on each hub, and in all."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass

MOST_ON_ONE_HUB = 16
"""They share the bandwidth of one cable to the PC."""
MOST_IN_ALL = 64
"""More would only share the processor and delay the first of them."""


@dataclass(eq=False)
class _Waiter:
    hub: str
    slot: asyncio.Future[None]


class Introductions:
    """Slots for introductions, first come first served; phones with an open rent have priority."""

    def __init__(self, *, on_one_hub: int = MOST_ON_ONE_HUB, in_all: int = MOST_IN_ALL) -> None:
        self._on_one_hub = on_one_hub
        self._in_all = in_all
        self._in_use: Counter[str] = Counter()
        self._first: list[_Waiter] = []
        self._others: list[_Waiter] = []

    async def begin(self, hub: str, *, goes_first: bool) -> Callable[[], None]:
        """Wait for a slot; returns the function that releases it, which is idempotent.

        `hub` is empty for a phone on no known hub: only the limit in all holds for it.
        """
        waiter = _Waiter(hub, asyncio.get_running_loop().create_future())
        (self._first if goes_first else self._others).append(waiter)
        self._grant_slots()
        try:
            await waiter.slot
        except asyncio.CancelledError:
            if not waiter.slot.cancelled():  # the slot was granted in the same moment
                self._release(hub)
            raise
        return _once(lambda: self._release(hub))

    def _release(self, hub: str) -> None:
        self._in_use[hub] -= 1
        self._grant_slots()

    def _grant_slots(self) -> None:
        for queue in (self._first, self._others):
            for waiter in list(queue):
                if waiter.slot.cancelled():
                    queue.remove(waiter)
                    continue
                if self._in_use.total() >= self._in_all:
                    return
                if not waiter.hub or self._in_use[waiter.hub] < self._on_one_hub:
                    queue.remove(waiter)
                    self._in_use[waiter.hub] += 1
                    waiter.slot.set_result(None)


def _once(release: Callable[[], None]) -> Callable[[], None]:
    pending = [release]

    def release_once() -> None:
        if pending:
            pending.pop()()

    return release_once
