"""Counts calls with a wrong key, without storing the keys."""

from __future__ import annotations

from datetime import datetime

from phonefarm.support.clock import Clock


class WrongKeys:
    """Since the program started. A growing count means an attack, or a key that was changed on one side only."""

    def __init__(self, clock: Clock) -> None:
        self.count = 0
        self.last_at: datetime | None = None
        self._clock = clock

    def note(self) -> None:
        self.count += 1
        self.last_at = self._clock()
