"""A phone's battery, temperature, storage and uptime, its apps and its default SMS app."""

from __future__ import annotations

from dataclasses import dataclass, field

PREINSTALLED_PACKAGES = (
    "com.android.mms.service",
    "com.android.phone",
    "com.android.providers.telephony",
    "com.android.shell",
)
"""Packages of every phone; the name of the first contains that of many vendors' SMS app."""
FREE_BYTES_WHEN_FULL = 8_000_000
"""Free storage of a phone that reports full storage."""
LEAST_FREE_BYTES_FOR_SMS = 50_000_000
"""With less free storage Android accepts no SMS."""


@dataclass
class Telemetry:
    booted_at: float
    """In seconds on the host's clock."""
    total_bytes: int
    free_bytes: int
    sms_app: str | None
    """The default SMS app; None and "" both mean no app."""
    installed: list[str]
    disabled: set[str] = field(default_factory=set)
    battery_level: int = 100
    is_charging: bool = True
    celsius: float = 27.1
    airplane_mode: bool = False

    @property
    def has_room_for_sms(self) -> bool:
        return self.free_bytes > LEAST_FREE_BYTES_FOR_SMS

    @property
    def has_sms_app(self) -> bool:
        return bool(self.sms_app) and self.sms_app in self.installed and self.sms_app not in self.disabled


def initial_telemetry(sms_app: str, total_bytes: int, booted_at: float) -> Telemetry:
    return Telemetry(
        booted_at=booted_at,
        total_bytes=total_bytes,
        free_bytes=total_bytes * 5 // 8,
        sms_app=sms_app,
        installed=[sms_app, *PREINSTALLED_PACKAGES],
    )
