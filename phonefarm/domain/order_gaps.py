"""How long a gap between two orders usually is, learned from the orders of the last weeks; time is an argument."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta

WEEKS = 4
LEARNED_FROM = timedelta(weeks=WEEKS)
LEAST_LEARNED = timedelta(weeks=2)
"""With less, nothing is called usual."""
UNUSUAL_AFTER_ORDERS = 8.0
"""A gap is unusual when so many orders would usually have come in it: they come in bursts, not evenly."""
LONGEST_GAP = timedelta(days=7)
_HOUR_SECONDS = 3600

LocalTime = Callable[[int], datetime]
"""The local time of an hour, counted from 1970 in UTC."""


def hour_of(moment: datetime) -> int:
    """Whole hours since 1970 in UTC."""
    return int(moment.timestamp()) // _HOUR_SECONDS


class UsualOrders:
    """How many orders an hour of the week usually brings."""

    def __init__(self, orders_by_hour: Mapping[int, int], now: datetime, local: LocalTime) -> None:
        """`orders_by_hour`: the orders of the last four weeks, by `hour_of`."""
        self._local = local
        self._rates: dict[tuple[int, int], float] = {}
        present = hour_of(now)
        begin = max(present - WEEKS * 7 * 24, min(orders_by_hour, default=present))
        self.is_learned = (present - begin) * _HOUR_SECONDS >= LEAST_LEARNED.total_seconds()
        if self.is_learned:
            self._learn(orders_by_hour, range(begin, present))

    def _learn(self, orders_by_hour: Mapping[int, int], hours: range) -> None:
        """Half of a rate is that of the weekday and hour, half that of the hour on all days: four Tuesdays are few."""
        of_week = dict[tuple[int, int], list[int]]()
        of_day = dict[int, list[int]]()
        for hour in hours:
            local, orders = self._local(hour), orders_by_hour.get(hour, 0)
            of_week.setdefault((local.weekday(), local.hour), []).append(orders)
            of_day.setdefault(local.hour, []).append(orders)
        self._rates = {
            (weekday, hour): (sum(found) / len(found) + sum(of_day[hour]) / len(of_day[hour])) / 2
            for (weekday, hour), found in of_week.items()
        }

    def unusual_at(self, begin: datetime) -> datetime | None:
        """When a gap that begins at `begin` becomes unusual; None where that takes more than a week, or is unknown."""
        expected, moment = 0.0, begin
        while self.is_learned and moment - begin < LONGEST_GAP:
            local = self._local(hour_of(moment))
            rate = self._rates.get((local.weekday(), local.hour), 0.0)
            to_next_hour = _HOUR_SECONDS - moment.timestamp() % _HOUR_SECONDS
            missing = UNUSUAL_AFTER_ORDERS - expected
            if rate * to_next_hour >= missing * _HOUR_SECONDS:
                return moment + timedelta(seconds=missing / rate * _HOUR_SECONDS)
            expected += rate * to_next_hour / _HOUR_SECONDS
            moment += timedelta(seconds=to_next_hour)
        return None
