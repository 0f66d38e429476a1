"""Inbound SMS: the identity of a message, its arrival, and the rent it belongs to."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from enum import StrEnum

from phonefarm.domain.ids import Msisdn, PhoneId, RentId, SimId

CLOCK_TOLERANCE = timedelta(seconds=2)
"""How far after the reading a corrected time may lie and still be accepted."""

SLOWEST_ROW = timedelta(minutes=1)
"""The longest delay on a busy phone between a message's date and its row, which the last reading may have missed."""


class SmsStanding(StrEnum):
    BASELINE = "baseline"
    """Was on the phone before its first reading, or was restored later: never pushed."""
    NO_RENT = "no rent"
    FOR_RENT = "for rent"
    HELD = "held"
    """Its SIM or its time is unknown: the user decides."""
    WITHHELD = "withheld"
    """Its sender is on the block list: its text is neither stored nor pushed."""


class Doubt(StrEnum):
    """What is unknown about a message; it is never guessed."""

    SIM = "sim"
    """Which of the phone's SIMs it reached; later check-ups may resolve it."""
    TIME = "time"
    """When it arrived: its own dates do not fit, so only the user can resolve it."""


@dataclass(frozen=True, kw_only=True)
class SmsRow:
    """A row of a phone's inbox as read: times by the phone's clock."""

    row_id: int
    date_ms: int
    date_sent_ms: int
    sub_id: int | None
    """Android's subscription id; None if the row has none (column absent, NULL or -1)."""
    sender: str
    body: str = field(repr=False)
    sim_mark: str = ""
    """The row's columns about its SIM, uninterpreted: rows with equal marks belong to one SIM."""


@dataclass(frozen=True, kw_only=True)
class Reading:
    """The complete newest part of a phone's inbox, newest row id first.

    `clock_skew`: the phone's clock minus ours, measured in the same call; None if that was not possible.
    """

    phone_id: PhoneId
    rows: tuple[SmsRow, ...]
    begun_at: datetime
    ended_at: datetime
    clock_skew: timedelta | None


@dataclass(frozen=True, kw_only=True)
class InboundSms:
    """A new message, with its times in UTC."""

    phone_id: PhoneId
    sim_id: SimId | None
    fingerprint: bytes
    row_id: int
    sender: str
    body: str = field(repr=False)
    sent_at: datetime | None
    arrived_at: datetime
    sim_mark: str = ""
    sub_id: int | None = None


def fingerprinted(rows: Iterable[SmsRow]) -> list[tuple[SmsRow, bytes]]:
    """Rows by ascending row id, each with its identity: a hash of sender, both dates, body and ordinal among equals.

    The row id is not part of it: Android reuses the id of a deleted newest row.
    """
    seen: dict[bytes, int] = {}
    identities: list[tuple[SmsRow, bytes]] = []
    for row in sorted(rows, key=lambda row: row.row_id):
        digest = hashlib.sha256(
            b"\x00".join(
                (
                    row.sender.encode("utf-8", "surrogatepass"),
                    str(row.date_ms).encode(),
                    str(row.date_sent_ms).encode(),
                    row.body.encode("utf-8", "surrogatepass"),
                )
            )
        ).digest()
        before = seen.get(digest, 0)
        identities.append((row, hashlib.sha256(digest + before.to_bytes(4, "big")).digest()))
        seen[digest] = before + 1
    return identities


class Newness(StrEnum):
    NEW = "new"
    OLD = "old"
    """It was restored from a backup, or was there before."""
    DOUBTFUL = "doubtful"
    """Its time is unknown: if a rent was open then, the user decides."""


@dataclass(frozen=True, kw_only=True)
class Arrival:
    """When a message reached the phone, in UTC, and whether it is new since the last reading."""

    at: datetime
    newness: Newness


def first_arrival(row: SmsRow, *, skew: timedelta | None, not_after: datetime) -> Arrival:
    """For a message on a phone that was never read before: it is baseline, unless a rent was open then."""
    date = stated_date(row.date_ms)
    if date is None:
        return Arrival(at=not_after, newness=Newness.DOUBTFUL)
    at = min(date if skew is None else _minus(date, skew), not_after)
    return Arrival(at=at, newness=Newness.DOUBTFUL)


def arrival(
    row: SmsRow,
    *,
    skew_now: timedelta | None,
    skew_before: timedelta | None,
    not_before: datetime,
    not_after: datetime,
) -> Arrival:
    """For a message that the last reading did not show.

    Its row was stored between the last reading (`not_before`) and this one (`not_after`). The phone's date is corrected
    by the skew measured now, or by the skew before if the clock was set in between. If neither lies between the
    readings, the message centre's time stamp may. A date far older than the last reading belongs to a message restored
    from a backup. Without a date, with a date in the future, or without a measured skew the time is doubtful.
    """
    if row.date_ms < 0 or (row.date_ms > 0 and stated_date(row.date_ms) is None):
        return Arrival(at=not_after, newness=Newness.DOUBTFUL)
    date = from_ms(row.date_ms)
    measured = [_minus(date, skew) for skew in (skew_now, skew_before) if skew is not None]
    candidates = measured or [date]
    earliest, latest = not_before - SLOWEST_ROW, not_after + CLOCK_TOLERANCE
    for candidate in candidates:
        if earliest <= candidate <= latest:
            at = min(candidate if measured else max(candidate, not_before), not_after)
            return Arrival(at=at, newness=Newness.NEW)
    sent = from_ms(row.date_sent_ms)
    if earliest <= sent <= latest:
        return Arrival(at=min(max(sent, not_before), not_after), newness=Newness.NEW)
    if not measured or candidates[0] > not_after or row.date_ms == 0:
        return Arrival(at=not_after, newness=Newness.DOUBTFUL)
    return Arrival(at=candidates[0], newness=Newness.OLD)


ANNOUNCED_BEFORE = timedelta(minutes=1)
ANNOUNCED_AFTER = timedelta(seconds=10)
"""A row that Android delayed has the date of its arrival, which lies this close to its announcement."""


def announced_at(
    row: SmsRow, announcements: Sequence[datetime], *, skew_now: timedelta | None, skew_before: timedelta | None
) -> tuple[datetime, datetime] | None:
    """(arrival, announcement) of a row that belongs to one of these earlier announcements without a row, else None."""
    for skew in (skew_now, skew_before):
        if skew is None:
            continue
        arrived = _minus(from_ms(row.date_ms), skew)
        for announcement in announcements:
            if -ANNOUNCED_AFTER <= arrived - announcement <= ANNOUNCED_BEFORE:
                return arrived, announcement
    return None


def _minus(date: datetime, skew: timedelta) -> datetime:
    try:
        return date - skew
    except OverflowError:
        return date


def corrected(row: SmsRow, skew: timedelta | None) -> datetime | None:
    """The phone's date in UTC; None if it states none."""
    date = stated_date(row.date_ms)
    return date if date is None or skew is None else _minus(date, skew)


_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def stated_date(milliseconds: int) -> datetime | None:
    """None if the number states no date: zero, negative, or beyond the calendar."""
    return from_ms(milliseconds) if 0 < milliseconds < _CALENDAR_ENDS_MS else None


_CALENDAR_ENDS_MS = 253_402_300_800_000


def from_ms(milliseconds: int) -> datetime:
    """An aware UTC time; a value beyond the calendar becomes the epoch."""
    try:
        return _EPOCH + timedelta(milliseconds=milliseconds)
    except OverflowError:
        return _EPOCH


@dataclass(frozen=True, kw_only=True)
class RentSpan:
    """When a rent was open on a SIM."""

    rent_id: RentId
    msisdn: Msisdn
    opened_at: datetime
    closed_at: datetime | None


def rent_at(spans: Sequence[RentSpan], arrived_at: datetime, now: datetime) -> RentSpan | None:
    """The first of the rents that was open when the message arrived; earlier messages never belong to a rent.

    An open rent that began after `now` counts as begun: the clock was set back.
    """
    for span in spans:
        if span.closed_at is None:
            was_open = span.opened_at <= arrived_at or span.opened_at > now
        else:
            was_open = span.opened_at <= arrived_at <= span.closed_at
        if was_open:
            return span
    return None
