"""Deadlines that hear what has come before they say that nothing came.

asyncio judges a deadline before input that waits in a socket: after a standstill of the process (Ctrl-Z, a laptop's
sleep) or of the loop, an answer that is there would be thrown away as late.

Nor does a wait of this module end early. asyncio lets a timer fire up to a step of its clock before its time, on
Windows 15.6 ms: who then looks at the clock finds it too early and waits again, for what is over at once, and spins
until the clock makes its step.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Collection
from contextlib import suppress
from types import TracebackType
from typing import Any

CLOCK_STEP = time.get_clock_info("monotonic").resolution
"""Seconds by which asyncio's timers may be early."""
LATE_SECONDS = 0.1
"""A timer that fires so much after its time tells of a standstill."""
GRACE_SECONDS = 0.5
"""After a standstill threads and answers in several parts get so long to arrive."""


class Alarm:
    """Calls `action` at `when`, by the loop's clock, but not before the loop has had a turn of reading since then."""

    def __init__(self, when: float, action: Callable[[], None]) -> None:
        self.when = when
        self._loop = asyncio.get_running_loop()
        self._action = action
        self._handle: asyncio.Handle = self._loop.call_at(when + CLOCK_STEP, self._due)

    def cancel(self) -> None:
        self._handle.cancel()

    def _due(self) -> None:
        is_late = self._loop.time() - self.when > LATE_SECONDS
        self._handle = self._loop.call_later(GRACE_SECONDS if is_late else 0.0, self._read)

    def _read(self) -> None:
        """Input of this turn has been read; who waits for it goes on before the action."""
        self._handle = self._loop.call_soon(self._action)


class Deadline:
    """`asyncio.timeout_at` with an `Alarm`: raises TimeoutError where what is inside did not end by `when`."""

    def __init__(self, when: float | None) -> None:
        """None: never."""
        self._when = when
        self._timeout = asyncio.timeout(None)
        self._alarm: Alarm | None = None

    def expired(self) -> bool:
        return self._timeout.expired()

    async def __aenter__(self) -> Deadline:
        await self._timeout.__aenter__()
        if self._when is not None:
            self._alarm = Alarm(self._when, self._expire)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._alarm is not None:
            self._alarm.cancel()
            self._alarm = None  # it knows us: nothing is left for the search for garbage
        await self._timeout.__aexit__(kind, error, trace)

    def _expire(self) -> None:
        self._timeout.reschedule(asyncio.get_running_loop().time())


def within(seconds: float) -> Deadline:
    """`asyncio.timeout`, but what has come by then counts."""
    return Deadline(asyncio.get_running_loop().time() + seconds)


def not_early(seconds: float | None) -> float | None:
    """What asyncio's own waits must be told, so that so many seconds have passed at their end."""
    return None if seconds is None else seconds + CLOCK_STEP


async def is_set_within(event: asyncio.Event, seconds: float | None) -> bool:
    """Wait for an event, not past its time: it loses nothing by being late."""
    with suppress(TimeoutError):
        async with asyncio.timeout(not_early(seconds)):  # wait_for swallows a cancellation that meets the event
            await event.wait()
    return event.is_set()


async def ended_within(tasks: Collection[asyncio.Future[Any]], seconds: float) -> bool:
    """Wait for the ends of all; whether they have come within so many seconds. Cancels none."""
    with suppress(TimeoutError):
        async with within(seconds):
            await asyncio.wait(tasks)
    return all(task.done() for task in tasks)
