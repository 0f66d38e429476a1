"""Calls that were refused for their key: how many and when, nothing of the keys themselves."""

from __future__ import annotations

from datetime import datetime

from phonefarm.support.clock import Clock


class WrongKeys:
    """Counts since the program started; a count that grows is a key changed on one side only, or a stranger."""

    def __init__(self, clock: Clock) -> None:
        self.count = 0
        self.last_at: datetime | None = None
        self._clock = clock

    def note(self) -> None:
        self.count += 1
        self.last_at = self._clock()
