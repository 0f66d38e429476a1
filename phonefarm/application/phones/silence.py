"""Notices that a phone does not answer, while its answer is still waited for."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager

from phonefarm.support.deadlines import Alarm


class SilenceAlarm:
    """Goes off when a question is not answered within `timeout_seconds`; the question itself is not cancelled."""

    def __init__(self, timeout_seconds: float) -> None:
        self.timeout_seconds = timeout_seconds
        self._late = asyncio.Event()
        self._answered_at = float("-inf")

    @contextmanager
    def question(self) -> Iterator[None]:
        """Around each question to the phone."""
        loop = asyncio.get_running_loop()
        timer = Alarm(loop.time() + self.timeout_seconds, self._late.set)
        try:
            yield
            self._answered_at = loop.time()
        finally:
            timer.cancel()
            self._late.clear()

    async def wait(self) -> None:
        """Until a question is late, and no other was answered since it was asked."""
        loop = asyncio.get_running_loop()
        while True:
            await self._late.wait()
            # The answer may have come since the event was set, or another question may have been answered.
            is_late, has_answered = self._late.is_set(), loop.time() - self._answered_at < self.timeout_seconds
            self._late.clear()
            if is_late and not has_answered:
                return
