"""What a phone measures of itself, and what is installed and chosen on it."""

from __future__ import annotations

from dataclasses import dataclass, field

EVERYWHERE = ("com.android.mms.service", "com.android.phone", "com.android.providers.telephony", "com.android.shell")
"""Packages of every phone; the first holds in its name that of many vendors' SMS app."""
ROOM_WHEN_FULL = 8_000_000
"""Free bytes of a phone that calls itself full."""
STORES_ABOVE = 50_000_000
"""With less room Android takes no SMS."""


@dataclass
class Telemetry:
    booted_at: float
    """By the clock of the host."""
    total_bytes: int
    free_bytes: int
    sms_app: str | None
    """The chosen SMS app; None and an empty text are two ways of having none."""
    installed: list[str]
    disabled: set[str] = field(default_factory=set)
    battery_level: int = 100
    is_charging: bool = True
    celsius: float = 27.1
    airplane_mode: bool = False

    @property
    def has_room(self) -> bool:
        return self.free_bytes > STORES_ABOVE

    @property
    def has_sms_app(self) -> bool:
        return bool(self.sms_app) and self.sms_app in self.installed and self.sms_app not in self.disabled


def fresh_telemetry(sms_app: str, total_bytes: int, booted_at: float) -> Telemetry:
    return Telemetry(
        booted_at=booted_at,
        total_bytes=total_bytes,
        free_bytes=total_bytes * 5 // 8,
        sms_app=sms_app,
        installed=[sms_app, *EVERYWHERE],
    )
