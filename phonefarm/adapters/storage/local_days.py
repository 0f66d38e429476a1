"""Begins of days in this PC's time zone."""

from __future__ import annotations

from datetime import datetime, timedelta


def local_midnight(now: datetime) -> datetime:
    """The begin of the local day of `now`."""
    return now.astimezone().replace(hour=0, minute=0, second=0, microsecond=0)


def local_days_ago(now: datetime, days: int) -> datetime:
    """The begin of the local day `days` days before that of `now`."""
    return local_midnight(local_midnight(now) - timedelta(days=days) + timedelta(hours=12))
