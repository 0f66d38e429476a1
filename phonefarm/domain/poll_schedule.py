"""When a phone's inbox is read next: at once after a hint, again while its row is missing, else at the safety poll."""

from __future__ import annotations

from dataclasses import dataclass, replace

LEAST_SPACING_SECONDS = 0.15
"""Between two polls of one phone, however many hints come."""
CHASE_SECONDS = (0.2, 0.6, 1.5, 4.0, 10.0)
"""Backoff between polls while a hint's row has not appeared."""
HINT_MEMORY_SECONDS = 15.0
"""A message found within this time after a hint was announced by it."""


@dataclass(frozen=True, kw_only=True)
class PollSchedule:
    """Times are seconds on one monotonic clock."""

    next_poll: float
    last_poll: float = float("-inf")
    """When the last poll ended."""
    last_hint: float = float("-inf")
    chase: int | None = None
    """Which wait of CHASE_SECONDS comes next; None while no row is expected."""

    def on_hint(self, at: float) -> PollSchedule:
        soonest = max(at, self.last_poll + LEAST_SPACING_SECONDS)
        return replace(self, next_poll=min(self.next_poll, soonest), last_hint=at, chase=0)

    def on_poll(self, *, begun: float, ended: float, found: int, interval: float) -> PollSchedule:
        """After a poll that found `found` new messages; `interval`: seconds until the safety poll."""
        polled = replace(self, last_poll=ended)
        hinted_meanwhile = self.last_hint >= begun
        if hinted_meanwhile:
            return replace(polled, next_poll=ended + LEAST_SPACING_SECONDS, chase=0 if found == 0 else self.chase)
        if found or self.chase is None or self.chase >= len(CHASE_SECONDS):
            return replace(polled, next_poll=ended + interval, chase=None)
        return replace(polled, next_poll=ended + min(CHASE_SECONDS[self.chase], interval), chase=self.chase + 1)

    def was_announced(self, at: float) -> bool:
        """Whether a hint had announced a message that was found at `at`."""
        return at - self.last_hint <= HINT_MEMORY_SECONDS
