"""Rate limiting by token bucket."""

from __future__ import annotations

import math
from dataclasses import dataclass


@dataclass
class Bucket:
    """A token bucket: holds up to `size` tokens and gains `rate` per second; times are seconds of a monotonic clock."""

    rate: float
    size: float
    level: float
    updated_at: float

    @classmethod
    def full(cls, rate: float, size: float, now: float) -> Bucket:
        return cls(rate=rate, size=size, level=size, updated_at=now)

    def take(self, now: float) -> int:
        """Take a token and return 0, or return the seconds until the next token is available."""
        self.level = min(self.size, self.level + self.rate * max(now - self.updated_at, 0.0))
        self.updated_at = now
        if self.level >= 1.0:
            self.level -= 1.0
            return 0
        return math.ceil((1.0 - self.level) / self.rate)
