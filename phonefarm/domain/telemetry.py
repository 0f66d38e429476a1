"""What a phone measures of itself, once a minute; None where it did not say."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

BOOT_TOLERANCE = timedelta(seconds=30)
"""So far a start's time, reckoned from the uptime, may differ from look to look."""


FREE_STEP_BYTES = 50_000_000
"""Free storage moves all the time: smaller steps are not worth a write."""


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
    """Package of the default SMS app; an empty text where none is chosen or the chosen one is switched off."""


def is_same_start(booted_at: datetime | None, uptime_seconds: float | None, at: datetime) -> bool:
    """Whether a phone that has been up for so long at `at` is still in the run that began at `booted_at`."""
    if booted_at is None or uptime_seconds is None:
        return False
    return abs(at - timedelta(seconds=uptime_seconds) - booted_at) <= BOOT_TOLERANCE
