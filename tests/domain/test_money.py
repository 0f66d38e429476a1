"""Exact sums, and the comparison of two accounts by rent."""

from __future__ import annotations

from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from phonefarm.domain.money import Difference, MarketSale, Sums, reconcile, total

MONEY = st.decimals(min_value=0, max_value=99_999, places=2)


def sale(rent_id: int, amount: str) -> MarketSale:
    return MarketSale(rent_id=rent_id, credited=Decimal(amount))


def test_income_is_the_credits_minus_the_reversals() -> None:
    assert Sums(credited=Decimal("320.50"), reversed=Decimal("320.50")).income == 0


@given(st.lists(st.builds(Sums, credited=MONEY, reversed=MONEY, expected=MONEY, rents=st.integers(0, 9)), max_size=40))
def test_total_is_the_sum_to_the_last_copeck_in_whatever_order(sums: list[Sums]) -> None:
    assert total(sums) == total(reversed(sums))
    assert total(sums).income == sum((each.income for each in sums), Decimal(0))


@given(st.dictionaries(st.integers(1, 50), MONEY, max_size=30))
def test_account_equals_itself(farm: dict[int, Decimal]) -> None:
    assert reconcile(farm, [MarketSale(rent_id=rent, credited=amount) for rent, amount in farm.items()]) == []


def test_differences_are_listed_by_rent() -> None:
    farm = {1: Decimal(320), 2: Decimal(500), 3: Decimal(0)}

    found = reconcile(farm, [sale(1, "320.00"), sale(2, "480"), sale(4, "100"), sale(5, "0")])

    assert found == [
        Difference(rent_id=2, ours=Decimal(500), theirs=Decimal(480)),
        Difference(rent_id=4, ours=None, theirs=Decimal(100)),
    ]
    assert [difference.amount for difference in found] == [20, -100]


def test_sale_and_refund_of_one_rent_in_the_markets_account_cancel_out() -> None:
    assert reconcile({1: Decimal(0)}, [sale(1, "320"), sale(1, "-320")]) == []
