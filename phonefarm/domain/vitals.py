"""What a phone measures of itself, once a minute; None where it did not say."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class PhoneVitals:
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
