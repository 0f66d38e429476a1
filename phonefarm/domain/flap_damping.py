"""Flap damping: a phone that is lost repeatedly is damped until it stays for a while."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

COUNTED_WITHIN = timedelta(minutes=10)
LOSSES_THAT_DAMP = 4
STEADY_AFTER = timedelta(seconds=60)
"""The first damping ends after this time without a loss; each further damping takes twice as long."""
LONGEST_STEADY_AFTER = timedelta(minutes=10)
FORGOTTEN_AFTER = timedelta(hours=1)
_MOST_LOSSES_KEPT = 32
_MOST_DOUBLINGS = 8


@dataclass(frozen=True, kw_only=True)
class FlapDamping:
    """The losses of one phone's connection, oldest first."""

    losses: tuple[datetime, ...] = ()
    damped_since: datetime | None = None
    dampings: int = 0

    def on_loss(self, at: datetime) -> FlapDamping:
        recent = (*[loss for loss in self.losses if timedelta(0) <= at - loss < COUNTED_WITHIN], at)
        recent = recent[-_MOST_LOSSES_KEPT:]
        if self.damped_since is not None:
            return FlapDamping(losses=recent, damped_since=self.damped_since, dampings=self.dampings)
        if len(recent) < LOSSES_THAT_DAMP:
            return FlapDamping(losses=recent, dampings=self.dampings)
        return FlapDamping(losses=recent, damped_since=at, dampings=self.dampings + 1)

    @property
    def is_damped(self) -> bool:
        return self.damped_since is not None

    @property
    def steady_after(self) -> timedelta:
        """The time without a loss that ends the damping."""
        doubled: timedelta = STEADY_AFTER * 2 ** min(max(self.dampings - 1, 0), _MOST_DOUBLINGS)
        return min(doubled, LONGEST_STEADY_AFTER)

    def at(self, now: datetime) -> FlapDamping:
        """The damping at `now`: ended after enough time without a loss, and forgotten after an hour."""
        last = self.losses[-1] if self.losses else None
        if last is None or now < last:
            return self
        if self.damped_since is not None and now - last >= self.steady_after:
            return FlapDamping(dampings=self.dampings, losses=(last,))
        if self.damped_since is None and self.dampings and now - last >= FORGOTTEN_AFTER:
            return FlapDamping()
        return self
