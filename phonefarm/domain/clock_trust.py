"""Whether this PC's clock is right: rents, bans and arrivals depend on it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from statistics import median

from phonefarm.domain.health import Health, HealthKind, health

EARLIEST = datetime(2026, 1, 1, tzinfo=UTC)
"""This version did not exist before; a PC whose battery is empty starts years earlier."""
WRONG_BY = timedelta(minutes=5)
WITNESSES = 3
"""This many phones that agree outweigh the PC: they have their time from the network."""
AGREE_WITHIN = timedelta(minutes=1)


def clock_problem(now: datetime, phone_skews: Sequence[timedelta]) -> Health | None:
    """What is wrong with the clock, or None. `phone_skews`: each phone's clock minus this PC's."""
    if now < EARLIEST:
        return health(HealthKind.CLOCK_TOO_EARLY, date=f"{now:%Y-%m-%d}")
    middle = agreed_skew(phone_skews)
    if middle is None or abs(middle) < WRONG_BY:
        return None
    minutes = round(abs(middle).total_seconds() / 60)
    kind = HealthKind.CLOCK_BEHIND if middle > timedelta(0) else HealthKind.CLOCK_AHEAD
    return health(kind, minutes=minutes, phones=sum(abs(skew - middle) <= AGREE_WITHIN for skew in phone_skews))


def agreed_skew(phone_skews: Sequence[timedelta]) -> timedelta | None:
    """By how much most phones say that they are ahead of this PC; None where too few agree."""
    if len(phone_skews) < WITNESSES:
        return None
    middle = timedelta(seconds=median(skew.total_seconds() for skew in phone_skews))
    agreeing = sum(abs(skew - middle) <= AGREE_WITHIN for skew in phone_skews)
    return middle if agreeing >= WITNESSES and 2 * agreeing > len(phone_skews) else None
