"""Today's orders against those of the same weekday, and orders that stay away."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from phonefarm.domain.order_gaps import hour_of
from phonefarm.domain.usual_orders import OrderStanding, order_standing
from tests.builders import HOUR, NOON


def in_utc(hour: int) -> datetime:
    return datetime.fromtimestamp(hour * 3600, UTC)


def standing(rate: int, last_order_at: datetime | None, days: int = 28, *, today: int | None = None) -> OrderStanding:
    """Of a farm that had `rate` orders in each hour of the last days."""
    present = hour_of(NOON)
    orders = dict.fromkeys(range(present - days * 24, present + 1), rate)
    if today is not None:
        orders.update(dict.fromkeys(range(present - 12, present + 1), 0))
        orders[present] = today
    return order_standing(orders, last_order_at, NOON + HOUR / 2, in_utc)


def test_today_is_compared_with_the_same_weekday_by_this_hour() -> None:
    found = standing(10, NOON, today=64)

    assert found.today == 64
    assert (found.fewest, found.most) == (120, 130)
    assert found.weekday == NOON.weekday()


def test_orders_that_stay_away_for_long_are_unusual() -> None:
    assert standing(10, NOON - 6 * HOUR).is_gap_unusual
    assert not standing(10, NOON).is_gap_unusual


def test_a_young_farm_has_no_usual_orders() -> None:
    found = standing(10, NOON - timedelta(days=2), days=10)

    assert not found.is_learned
    assert not found.is_gap_unusual
    assert found.today == 130


def test_a_farm_without_any_order_misses_none() -> None:
    found = order_standing({}, None, NOON, in_utc)

    assert (found.today, found.is_learned, found.is_gap_unusual) == (0, False, False)
