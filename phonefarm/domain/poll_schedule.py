"""When to look at a phone's inbox next: at a hint at once, again while its row is awaited, else by the safety poll."""

from __future__ import annotations

from dataclasses import dataclass, replace

LEAST_SPACING = 0.15
"""Seconds between two looks at one phone, however many hints come."""
CHASE = (0.2, 0.6, 1.5, 4.0, 10.0)
"""Seconds between looks while a hint's row has not appeared."""
HINT_MEMORY = 15.0
"""A message found within so many seconds of a hint was announced by it."""


@dataclass(frozen=True, kw_only=True)
class PollSchedule:
    """Times are seconds on one monotonic clock."""

    next_look: float
    last_look: float = float("-inf")
    """When the last look ended."""
    last_hint: float = float("-inf")
    chase: int | None = None
    """Which wait of CHASE comes next; None while nothing is awaited."""

    def on_hint(self, at: float) -> PollSchedule:
        soonest = max(at, self.last_look + LEAST_SPACING)
        return replace(self, next_look=min(self.next_look, soonest), last_hint=at, chase=0)

    def on_look(self, *, begun: float, ended: float, found: int, poll: float) -> PollSchedule:
        """The plan after a look that found `found` new messages; `poll` is the safety poll's wait in seconds."""
        looked = replace(self, last_look=ended)
        hinted_meanwhile = self.last_hint >= begun
        if hinted_meanwhile:
            return replace(looked, next_look=ended + LEAST_SPACING, chase=0 if found == 0 else self.chase)
        if found or self.chase is None or self.chase >= len(CHASE):
            return replace(looked, next_look=ended + poll, chase=None)
        return replace(looked, next_look=ended + min(CHASE[self.chase], poll), chase=self.chase + 1)

    def announced(self, at: float) -> bool:
        """Whether a message found at `at` had been hinted at."""
        return at - self.last_hint <= HINT_MEMORY
