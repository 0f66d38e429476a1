"""Which gap between orders is unusual for the weekday and the hour."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from phonefarm.domain.order_gaps import UsualOrders, hour_of
from tests.builders import HOUR, NOON


def in_utc(hour: int) -> datetime:
    return datetime.fromtimestamp(hour * 3600, UTC)


def learned(rate: Callable[[datetime], int], days: int = 28) -> UsualOrders:
    """From a life in which each hour had so many orders."""
    present = hour_of(NOON)
    return UsualOrders(
        {hour: rate(in_utc(hour)) for hour in range(present - days * 24, present) if rate(in_utc(hour))}, NOON, in_utc
    )


def test_a_busy_farm_misses_its_orders_soon() -> None:
    usual = learned(lambda moment: 16)

    assert usual.unusual_at(NOON) == NOON + HOUR / 2


def test_a_slow_farm_misses_them_late() -> None:
    usual = learned(lambda moment: 1)

    assert usual.unusual_at(NOON) == NOON + 8 * HOUR


def test_nights_without_orders_do_not_count() -> None:
    usual = learned(lambda moment: 4 if 8 <= moment.hour < 22 else 0)
    evening = NOON.replace(hour=21)

    unusual_at = usual.unusual_at(evening)

    assert unusual_at == evening.replace(hour=9) + timedelta(days=1)


def test_a_weekday_of_its_own_is_learned() -> None:
    sunday = NOON + timedelta(days=1)
    usual = learned(lambda moment: 0 if moment.weekday() == 6 else 8)
    assert sunday.weekday() == 6

    on_sunday, on_monday = usual.unusual_at(sunday), usual.unusual_at(sunday + timedelta(days=1))

    assert on_sunday is not None
    assert on_monday is not None
    assert on_sunday - sunday > 2 * (on_monday - sunday - timedelta(days=1))


def test_nothing_is_usual_within_the_first_two_weeks() -> None:
    usual = learned(lambda moment: 16, days=13)

    assert not usual.is_learned
    assert usual.unusual_at(NOON) is None


def test_a_farm_that_nobody_orders_from_misses_nothing() -> None:
    assert UsualOrders({}, NOON, in_utc).unusual_at(NOON) is None
    assert learned(lambda moment: 1 if moment.day == 20 and moment.hour == 3 else 0).unusual_at(NOON) is None
