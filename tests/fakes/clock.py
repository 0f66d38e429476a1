"""A clock that only tests advance."""

from __future__ import annotations

from datetime import datetime, timedelta

from tests.builders import NOON


class FakeClock:
    def __init__(self, now: datetime = NOON) -> None:
        self.now = now

    def __call__(self) -> datetime:
        return self.now

    def forward(self, seconds: float) -> datetime:
        self.now += timedelta(seconds=seconds)
        return self.now
