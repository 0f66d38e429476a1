"""Deadlines that expire neither before pending input is read nor before their time.

asyncio checks timers before sockets. After the process (Ctrl-Z, a laptop's sleep) or the loop has been suspended, its
own timeouts would discard an answer that has already arrived.

asyncio's timers may also fire early, by up to one step of the clock (15.6 ms on Windows). A caller that then compares
the clock waits again, for a time that expires at once, and spins until the clock advances. Waits of this module do not.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Collection
from contextlib import suppress
from types import TracebackType
from typing import TypeVar

T = TypeVar("T")

CLOCK_STEP_SECONDS = time.get_clock_info("monotonic").resolution
"""How early asyncio's timers may fire."""
LATE_SECONDS = 0.1
"""A timer that fires this late means that the process or the loop was suspended."""
GRACE_SECONDS = 0.5
"""After a suspension threads and answers in several parts get this much more time."""


class Alarm:
    """Calls `action` at `when` (the loop's time), but not before the loop has read pending input since then."""

    def __init__(self, when: float, action: Callable[[], None]) -> None:
        self.when = when
        self._loop = asyncio.get_running_loop()
        self._action = action
        self._handle: asyncio.Handle = self._loop.call_at(when + CLOCK_STEP_SECONDS, self._due)

    def cancel(self) -> None:
        self._handle.cancel()

    def _due(self) -> None:
        is_late = self._loop.time() - self.when > LATE_SECONDS
        self._handle = self._loop.call_later(GRACE_SECONDS if is_late else 0.0, self._read)

    def _read(self) -> None:
        """The input of this iteration has been read; tasks that wait for it run before the action."""
        self._handle = self._loop.call_soon(self._action)


class Deadline:
    """`asyncio.timeout_at` with an `Alarm`: raises TimeoutError if the body has not ended by `when`."""

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
            self._alarm = None  # breaks the reference cycle, so that the garbage collector has nothing to do
        await self._timeout.__aexit__(kind, error, trace)

    def _expire(self) -> None:
        self._timeout.reschedule(asyncio.get_running_loop().time())


def within(seconds: float) -> Deadline:
    """`asyncio.timeout`, but input that has arrived by then counts."""
    return Deadline(asyncio.get_running_loop().time() + seconds)


def not_early(seconds: float | None) -> float | None:
    """The timeout for asyncio's own waits, so that at least `seconds` have passed at their end."""
    return None if seconds is None else seconds + CLOCK_STEP_SECONDS


async def is_set_within(event: asyncio.Event, seconds: float | None) -> bool:
    """Wait at most `seconds` for an event; returns whether it is set. An event that is late is not lost."""
    with suppress(TimeoutError):
        async with asyncio.timeout(not_early(seconds)):  # wait_for loses a cancellation that coincides with the event
            await event.wait()
    return event.is_set()


async def ended_within(tasks: Collection[asyncio.Future[T]], seconds: float) -> bool:
    """Wait at most `seconds` for all tasks; returns whether all have ended. Cancels none."""
    with suppress(TimeoutError):
        async with within(seconds):
            await asyncio.wait(tasks)
    return all(task.done() for task in tasks)
