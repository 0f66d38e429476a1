"""A rate limit: so many calls a second, and some at once."""

from __future__ import annotations

import math
from dataclasses import dataclass


@dataclass
class Bucket:
    """Holds up to `size` calls and gains `rate` a second; times are seconds of a clock that nobody sets."""

    rate: float
    size: float
    level: float
    looked_at: float

    @classmethod
    def full(cls, rate: float, size: float, now: float) -> Bucket:
        return cls(rate=rate, size=size, level=size, looked_at=now)

    def take(self, now: float) -> int:
        """0 if the call is within the limit, else after how many seconds the next one will be."""
        self.level = min(self.size, self.level + self.rate * max(now - self.looked_at, 0.0))
        self.looked_at = now
        if self.level >= 1.0:
            self.level -= 1.0
            return 0
        return math.ceil((1.0 - self.level) / self.rate)
