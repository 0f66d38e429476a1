"""What a phone reports about itself at each check-up; None where it did not say."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

BOOT_TOLERANCE = timedelta(seconds=30)
"""How far the start time, computed from the uptime, may differ between check-ups."""

FREE_STEP_BYTES = 50_000_000
"""Free storage changes constantly; smaller changes are not stored."""


@dataclass(frozen=True, kw_only=True)
class PhoneTelemetry:
    battery_percent: int | None = None
    is_charging: bool | None = None
    temperature: float | None = None
    """Of the battery, degrees Celsius."""
    free_bytes: int | None = None
    """Of the data partition, where the messages are stored."""
    uptime_seconds: float | None = None
    airplane_mode: bool | None = None
    sms_app: str | None = None
    """Package of the default SMS app; empty if none is chosen or the chosen one is disabled."""


def is_same_start(booted_at: datetime | None, uptime_seconds: float | None, at: datetime) -> bool:
    """Whether a phone with this uptime at `at` is still in the run that started at `booted_at`."""
    if booted_at is None or uptime_seconds is None:
        return False
    return abs(at - timedelta(seconds=uptime_seconds) - booted_at) <= BOOT_TOLERANCE
