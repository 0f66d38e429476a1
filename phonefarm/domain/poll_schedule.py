"""When a phone's inbox is read next: at once after a hint, again while its row is missing, else at the safety poll."""

from __future__ import annotations

from dataclasses import dataclass, replace

LEAST_SPACING_SECONDS = 0.15
"""Between two looks at one phone, however many hints come."""
CHASE_SECONDS = (0.2, 0.6, 1.5, 4.0, 10.0)
"""Backoff between looks while a hint's row has not appeared."""
HINT_MEMORY_SECONDS = 15.0
"""A message found within this time after a hint was announced by it."""


@dataclass(frozen=True, kw_only=True)
class PollSchedule:
    """Times are seconds on one monotonic clock."""

    next_look: float
    last_look: float = float("-inf")
    """When the last look ended."""
    last_hint: float = float("-inf")
    chase: int | None = None
    """Which wait of CHASE_SECONDS comes next; None while no row is expected."""

    def on_hint(self, at: float) -> PollSchedule:
        soonest = max(at, self.last_look + LEAST_SPACING_SECONDS)
        return replace(self, next_look=min(self.next_look, soonest), last_hint=at, chase=0)

    def on_look(self, *, begun: float, ended: float, found: int, poll: float) -> PollSchedule:
        """After a look that found `found` new messages; `poll` is the interval of the safety poll in seconds."""
        looked = replace(self, last_look=ended)
        hinted_meanwhile = self.last_hint >= begun
        if hinted_meanwhile:
            return replace(looked, next_look=ended + LEAST_SPACING_SECONDS, chase=0 if found == 0 else self.chase)
        if found or self.chase is None or self.chase >= len(CHASE_SECONDS):
            return replace(looked, next_look=ended + poll, chase=None)
        return replace(looked, next_look=ended + min(CHASE_SECONDS[self.chase], poll), chase=self.chase + 1)

    def was_announced(self, at: float) -> bool:
        """Whether a hint had announced a message that was found at `at`."""
        return at - self.last_hint <= HINT_MEMORY_SECONDS
