"""Phones that come and go: told from ones that were unplugged once, and damped until they stay."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

COUNTED_WITHIN = timedelta(minutes=10)
LOSSES_THAT_DAMP = 4
STEADY_AFTER = timedelta(seconds=60)
"""A damped phone is taken as steady again when it has stayed for so long, doubled with each damping."""
LONGEST_PROOF = timedelta(minutes=10)
_KEPT = 32


@dataclass(frozen=True, kw_only=True)
class FlapDamping:
    """The losses of one phone's connection, oldest first."""

    losses: tuple[datetime, ...] = ()
    damped_since: datetime | None = None
    dampings: int = 0

    def on_loss(self, at: datetime) -> FlapDamping:
        recent = (*[loss for loss in self.losses if timedelta(0) <= at - loss < COUNTED_WITHIN], at)[-_KEPT:]
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
        """How long the phone must stay to be believed again."""
        doubled: timedelta = STEADY_AFTER * 2 ** min(max(self.dampings - 1, 0), 8)
        return min(doubled, LONGEST_PROOF)

    def at(self, now: datetime) -> FlapDamping:
        """As it stands now: a damping ends when nothing was lost for long enough, and is forgotten after an hour."""
        last = self.losses[-1] if self.losses else None
        if last is None or now < last:
            return self
        if self.damped_since is not None and now - last >= self.steady_after:
            return FlapDamping(dampings=self.dampings, losses=(last,))
        if self.damped_since is None and self.dampings and now - last >= timedelta(hours=1):
            return FlapDamping()
        return self
