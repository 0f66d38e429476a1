"""How many phones are asked at once what they are: so many on each hub, and no more in all than this PC can serve."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass

ON_ONE_HUB = 16
"""They share the bandwidth of one cable to the PC."""
IN_ALL = 64
"""More would only share the processor, and the first of them would be ready later."""


@dataclass(eq=False)
class _Waiting:
    hub: str
    turn: asyncio.Future[None]


class Introductions:
    """Whoever has an open rent goes first; the others in the order in which they came."""

    def __init__(self, *, on_one_hub: int = ON_ONE_HUB, in_all: int = IN_ALL) -> None:
        self._on_one_hub = on_one_hub
        self._in_all = in_all
        self._inside: Counter[str] = Counter()
        self._first: list[_Waiting] = []
        self._others: list[_Waiting] = []

    async def begin(self, hub: str, *, goes_first: bool) -> Callable[[], None]:
        """Wait for a place; returns what gives it back, once. `hub`: empty where the phone hangs on none known."""
        waiting = _Waiting(hub, asyncio.get_running_loop().create_future())
        (self._first if goes_first else self._others).append(waiting)
        self._let_in()
        try:
            await waiting.turn
        except asyncio.CancelledError:
            if not waiting.turn.cancelled():  # its turn had come
                self._end(hub)
            raise
        return _once(lambda: self._end(hub))

    def _end(self, hub: str) -> None:
        self._inside[hub] -= 1
        self._let_in()

    def _let_in(self) -> None:
        for line in (self._first, self._others):
            for waiting in list(line):
                if waiting.turn.cancelled():
                    line.remove(waiting)
                    continue
                if self._inside.total() >= self._in_all:
                    return
                if not waiting.hub or self._inside[waiting.hub] < self._on_one_hub:
                    line.remove(waiting)
                    self._inside[waiting.hub] += 1
                    waiting.turn.set_result(None)


def _once(end: Callable[[], None]) -> Callable[[], None]:
    left = [end]

    def end_once() -> None:
        if left:
            left.pop()()

    return end_once
