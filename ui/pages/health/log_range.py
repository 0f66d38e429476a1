"""The dates that the log shows: presets, own dates, or the interval of a fault."""

from __future__ import annotations

from datetime import datetime, timedelta
from enum import StrEnum


class LogRange(StrEnum):
    HOUR = "hour"
    DAY = "day"
    WEEK = "week"
    MONTH = "month"
    ALL = "all"
    OWN = "own"


RANGES = {
    LogRange.HOUR: "Last hour",
    LogRange.DAY: "Last 24 h",
    LogRange.WEEK: "Last 7 days",
    LogRange.MONTH: "Last 30 days",
    LogRange.ALL: "All dates",
    LogRange.OWN: "Custom dates",
}
IN_RANGE = {
    LogRange.HOUR: "in the last hour",
    LogRange.DAY: "in 24 h",
    LogRange.WEEK: "in 7 days",
    LogRange.MONTH: "in 30 days",
    LogRange.ALL: "in all",
    LogRange.OWN: "on these dates",
}
_LENGTHS = {
    LogRange.HOUR: timedelta(hours=1),
    LogRange.DAY: timedelta(hours=24),
    LogRange.WEEK: timedelta(days=7),
    LogRange.MONTH: timedelta(days=30),
}
AROUND_FAULT = timedelta(minutes=5)
"""What led to a fault is shown, too."""


def range_begin(name: LogRange, now: datetime) -> datetime | None:
    """None: from the begin of the log."""
    return now - _LENGTHS[name] if name in _LENGTHS else None
