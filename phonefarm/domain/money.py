"""Sums of rents: expected, credited, taken back; exact, and always adding up."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

ZERO = Decimal(0)


class Grouping(StrEnum):
    """What one line of the account is about."""

    DAY = "day"
    MONTH = "month"
    SIM = "sim"
    PHONE = "phone"
    OPERATOR = "operator"
    COUNTRY = "country"


@dataclass(frozen=True, kw_only=True)
class Sums:
    """Roubles; `credited` is what sales brought, `reversed` what refunds of sales took back later."""

    rents: int = 0
    """Finished ones."""
    sold: int = 0
    expected: Decimal = ZERO
    """First-period prices of the sold ones, as ordered."""
    credited: Decimal = ZERO
    estimated: Decimal = ZERO
    """Share of `credited` whose sum the market did not name: the ordered price stands for it."""
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
    """A rent as the market's own account has it."""

    rent_id: int
    credited: Decimal


@dataclass(frozen=True, kw_only=True)
class Difference:
    """A rent on which our books and the market's account do not agree."""

    rent_id: int
    ours: Decimal | None
    """Net income on our books; None where they do not know the rent."""
    theirs: Decimal | None

    @property
    def amount(self) -> Decimal:
        return (self.ours or ZERO) - (self.theirs or ZERO)


def reconciled(ours: Mapping[int, Decimal], theirs: Iterable[MarketSale]) -> list[Difference]:
    """The rents on which the two accounts differ, by id; a rent that earned nothing may be missing in either."""
    market: dict[int, Decimal] = {}
    for sale in theirs:
        market[sale.rent_id] = market.get(sale.rent_id, ZERO) + sale.credited
    return [
        Difference(rent_id=rent_id, ours=ours.get(rent_id), theirs=market.get(rent_id))
        for rent_id in sorted(ours.keys() | market.keys())
        if (ours.get(rent_id) or ZERO) != (market.get(rent_id) or ZERO)
    ]
