"""Conditions of a reachable phone, derived from its telemetry, its SIMs and the record of its hints."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from phonefarm.domain.fields import NO_FIELDS, Fields
from phonefarm.domain.telemetry import PhoneTelemetry


class Condition(StrEnum):
    NO_SIM = "no sim"
    AIRPLANE = "airplane mode"
    STORAGE_FULL = "storage full"
    NO_SMS_APP = "no sms app"
    NOT_STORING = "not storing"
    """Messages were announced and no row came, though there is storage and an SMS app: a warning only.

    Class 0 messages are announced like all others and never stored; operators use them for advertising, and anybody
    can send them. So this condition alone does not block the phone.
    """
    CODES_DELAYED = "codes delayed"
    """Rows appear long after their announcement: newer Android delays one-time codes."""
    HOT = "hot"
    LOW_BATTERY = "low battery"
    NO_HINTS = "no hints"
    """Its log does not announce arrivals, so its inbox is polled more often."""
    CLOCK_WRONG = "clock wrong"


BLOCKING = frozenset({Condition.STORAGE_FULL, Condition.NO_SMS_APP, Condition.CODES_DELAYED})
"""A message to this phone would not be seen in time: its numbers are not offered."""

EMPTY_HINTS_TO_BLAME = 2
"""Announcements in a row without a row before the phone is blamed: a single one may be a class 0 message."""
_MEGABYTE = 1_000_000
BLAMED_FOR = timedelta(hours=1)
"""Then the phone gets another chance: without offered numbers it gets no message that could clear it."""
LOW_STORAGE_BYTES = 500 * _MEGABYTE
"""If rows are missing and less is free, the storage is the cause: apps stop before it is completely full."""
CODES_STAY_DELAYED = timedelta(hours=24)
CLOCK_WRONG_BY = timedelta(minutes=10)


@dataclass(frozen=True, kw_only=True)
class _Band:
    """Hysteresis: a condition begins beyond one limit and ends beyond another."""

    begins: float
    ends: float

    def holds(self, value: float | None, held: bool) -> bool:
        if value is None:
            return held
        limit = self.ends if held else self.begins
        return value > limit if self.begins > self.ends else value < limit


_HOT = _Band(begins=45.0, ends=42.0)
_LOW = _Band(begins=20, ends=30)
_FULL = _Band(begins=100 * _MEGABYTE, ends=200 * _MEGABYTE)


@dataclass(frozen=True, kw_only=True)
class HintRecord:
    """Whether the phone's recent announcements and its new rows fit together."""

    working: bool | None = None
    """Whether the last new rows were announced; None until known."""
    empty_in_a_row: int = 0
    """Announcements without a row since the last new row, each within an hour of the one before."""
    emptied_at: datetime | None = None
    """When an announcement last brought no row."""
    blamed_at: datetime | None = None
    """When the phone was last found not to store messages."""
    delayed_at: datetime | None = None
    """When a row was last found long after its announcement."""

    def on_rows(self, *, announced: bool, delayed: bool, at: datetime) -> HintRecord:
        """New rows were found; `delayed`: one of them long after its announcement."""
        return HintRecord(working=announced or delayed, delayed_at=at if delayed else self.delayed_at)

    def on_empty(self, at: datetime) -> HintRecord:
        """A message was announced and no row came."""
        is_recent = self.emptied_at is None or abs(at - self.emptied_at) < BLAMED_FOR
        count = self.empty_in_a_row + 1 if is_recent else 1
        blamed_at = at if count >= EMPTY_HINTS_TO_BLAME else self.blamed_at
        return replace(self, empty_in_a_row=count, emptied_at=at, blamed_at=blamed_at)

    def lacks_rows(self, now: datetime) -> bool:
        return _within(self.blamed_at, now, BLAMED_FOR)

    def delays_codes(self, now: datetime) -> bool:
        return _within(self.delayed_at, now, CODES_STAY_DELAYED)


def _within(at: datetime | None, now: datetime, length: timedelta) -> bool:
    """A moment in the future does not count: the clock was set back."""
    return at is not None and timedelta(0) <= now - at < length


def hint_record_from(since: Mapping[Condition, datetime]) -> HintRecord:
    """The hint record that the conditions of the last run imply; `since`: when each began."""
    return HintRecord(
        working=False if Condition.NO_HINTS in since else None,
        blamed_at=since.get(Condition.NOT_STORING),
        delayed_at=since.get(Condition.CODES_DELAYED),
    )


def conditions(
    telemetry: PhoneTelemetry,
    hints: HintRecord,
    *,
    sim_count: int | None,
    has_otp_mark: bool,
    clock_skew: timedelta | None,
    held: Collection[Condition],
    now: datetime,
) -> dict[Condition, Fields]:
    """The phone's conditions now, each with its measured value (empty where the condition has none).

    `held`: the conditions before; `has_otp_mark`: whether its Android marks one-time codes.
    """
    found: dict[Condition, Fields] = {}
    if sim_count == 0:
        found[Condition.NO_SIM] = NO_FIELDS
    if telemetry.airplane_mode:
        found[Condition.AIRPLANE] = NO_FIELDS
    rows_are_missing = hints.lacks_rows(now)
    lacks_room = rows_are_missing and telemetry.free_bytes is not None and telemetry.free_bytes < LOW_STORAGE_BYTES
    if lacks_room or _FULL.holds(telemetry.free_bytes, Condition.STORAGE_FULL in held):
        found[Condition.STORAGE_FULL] = _measure("free_megabytes", telemetry.free_bytes, unit=_MEGABYTE)
    if telemetry.sms_app == "":
        found[Condition.NO_SMS_APP] = NO_FIELDS
    if hints.delays_codes(now):
        found[Condition.CODES_DELAYED] = NO_FIELDS
    if rows_are_missing and not found.keys() & BLOCKING:
        found[Condition.NOT_STORING] = {"marks_codes": True} if has_otp_mark else NO_FIELDS
    if _HOT.holds(telemetry.temperature, Condition.HOT in held):
        found[Condition.HOT] = _measure("celsius", telemetry.temperature)
    if _LOW.holds(telemetry.battery_percent, Condition.LOW_BATTERY in held):
        found[Condition.LOW_BATTERY] = _measure("percent", telemetry.battery_percent)
    if hints.working is False:
        found[Condition.NO_HINTS] = NO_FIELDS
    if clock_skew is not None and abs(clock_skew) >= CLOCK_WRONG_BY:
        found[Condition.CLOCK_WRONG] = {"minutes_fast": round(clock_skew / timedelta(minutes=1))}
    return found


def changes(before: Collection[Condition], after: Collection[Condition]) -> tuple[list[Condition], list[Condition]]:
    """(began, ended), most urgent first."""
    return (
        [condition for condition in Condition if condition in after and condition not in before],
        [condition for condition in Condition if condition in before and condition not in after],
    )


def _measure(name: str, value: float | None, unit: int = 1) -> Fields:
    """Rounded, so that small changes need no write; empty where the phone did not say."""
    return NO_FIELDS if value is None else {name: value // unit if isinstance(value, int) else round(value)}
