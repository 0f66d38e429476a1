"""Exact sums of rents: expected, credited, reversed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

ZERO = Decimal(0)


class Grouping(StrEnum):
    """By what the account is grouped."""

    DAY = "day"
    MONTH = "month"
    SIM = "sim"
    PHONE = "phone"
    OPERATOR = "operator"
    COUNTRY = "country"


@dataclass(frozen=True, kw_only=True)
class Sums:
    """Roubles; `credited` from sales, `reversed` by later refunds of sales."""

    rents: int = 0
    """Finished rents."""
    sold: int = 0
    expected: Decimal = ZERO
    """First-period prices of the sold rents, as ordered."""
    credited: Decimal = ZERO
    estimated: Decimal = ZERO
    """The part of `credited` that the market did not state: the ordered price is taken."""
    reversed: Decimal = ZERO

    @property
    def income(self) -> Decimal:
        return self.credited - self.reversed

    def __add__(self, other: Sums) -> Sums:
        return Sums(
            rents=self.rents + other.rents,
            sold=self.sold + other.sold,
            expected=self.expected + other.expected,
            credited=self.credited + other.credited,
            estimated=self.estimated + other.estimated,
            reversed=self.reversed + other.reversed,
        )


def total(sums: Iterable[Sums]) -> Sums:
    whole = Sums()
    for each in sums:
        whole += each
    return whole


@dataclass(frozen=True, kw_only=True)
class MarketSale:
    """A rent in the market's own account."""

    rent_id: int
    credited: Decimal


@dataclass(frozen=True, kw_only=True)
class Difference:
    """A rent whose income differs between our database and the market's account."""

    rent_id: int
    ours: Decimal | None
    """Net income in our database; None if it does not have the rent."""
    theirs: Decimal | None

    @property
    def amount(self) -> Decimal:
        return (self.ours or ZERO) - (self.theirs or ZERO)


def reconcile(ours: Mapping[int, Decimal], theirs: Iterable[MarketSale]) -> list[Difference]:
    """The differences between the two accounts, by rent id; a rent without income may be missing in either."""
    market: dict[int, Decimal] = {}
    for sale in theirs:
        market[sale.rent_id] = market.get(sale.rent_id, ZERO) + sale.credited
    return [
        Difference(rent_id=rent_id, ours=ours.get(rent_id), theirs=market.get(rent_id))
        for rent_id in sorted(ours.keys() | market.keys())
        if (ours.get(rent_id) or ZERO) != (market.get(rent_id) or ZERO)
    ]
