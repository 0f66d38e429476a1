"""Today's orders against those of the last weeks on the same weekday, and whether orders stay away unusually long."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from phonefarm.domain.order_gaps import WEEKS, LocalTime, UsualOrders, hour_of


@dataclass(frozen=True, kw_only=True)
class OrderStanding:
    """How the orders of today stand."""

    today: int
    fewest: int | None
    """At this hour of this weekday in the last weeks; None while nothing is learned."""
    most: int | None
    weekday: int
    """0 is Monday, as in the local time."""
    last_order_at: datetime | None
    is_gap_unusual: bool
    """Whether no order has come for longer than is usual."""

    @property
    def is_learned(self) -> bool:
        return self.fewest is not None


def order_standing(
    orders_by_hour: Mapping[int, int], last_order_at: datetime | None, now: datetime, local: LocalTime
) -> OrderStanding:
    """`orders_by_hour`: the orders of the last four weeks and of today, by `order_gaps.hour_of`."""
    present = hour_of(now)
    weekday = local(present).weekday()
    past = UsualOrders(orders_by_hour, now, local)
    days = [_hours_of_day(present - week * 7 * 24, local) for week in range(1, WEEKS + 1)]
    first = min(orders_by_hour, default=present)
    sums = [
        (_sum(orders_by_hour, hours[:-1]), _sum(orders_by_hour, hours)) for hours in days if hours and hours[0] >= first
    ]
    unusual_at = None if last_order_at is None else past.unusual_at(last_order_at)
    is_learned = past.is_learned and bool(sums)
    return OrderStanding(
        today=_sum(orders_by_hour, _hours_of_day(present, local)),
        fewest=min(least for least, _ in sums) if is_learned else None,
        most=max(most for _, most in sums) if is_learned else None,
        weekday=weekday,
        last_order_at=last_order_at,
        is_gap_unusual=unusual_at is not None and unusual_at < now,
    )


def _hours_of_day(hour: int, local: LocalTime) -> list[int]:
    """The hours from local midnight to this one, with it."""
    day = local(hour).date()
    hours = [hour]
    while len(hours) <= timedelta(hours=26) // timedelta(hours=1) and local(hours[-1] - 1).date() == day:
        hours.append(hours[-1] - 1)
    return hours[::-1]


def _sum(orders_by_hour: Mapping[int, int], hours: list[int]) -> int:
    return sum(orders_by_hour.get(hour, 0) for hour in hours)
