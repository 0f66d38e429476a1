"""Rents: opened by an order, closed by the market."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Protocol

from phonefarm.domain.ids import Msisdn, RentId, SimId
from phonefarm.domain.rents import FinishStatus, Rent
from phonefarm.domain.sms import RentSpan


class RentLifeRecords(Protocol):
    """For `trade.rentals`."""

    def is_open_on(self, msisdn: Msisdn) -> bool:
        """Whether the number is rented now."""
        ...

    def countries(self) -> list[str]:
        """Countries of all SIMs ever seen: they stay in the offer with zeros."""
        ...

    def operators(self) -> list[str]:
        """Operators of all SIMs ever seen, as they are spelled."""
        ...

    def add(self, rent: Rent) -> None:
        """An open rent; its id is new."""
        ...

    def get(self, rent_id: RentId) -> Rent | None: ...

    def mark_answered(self, rent_id: RentId) -> None:
        """The answer to the order was sent completely."""
        ...

    def close(
        self, rent_id: RentId, status: FinishStatus | None, credited: Decimal, is_estimate: bool, at: datetime
    ) -> None:
        """`status`: the market's; None if the user released an orphan. `credited`: roubles."""
        ...

    def reverse(self, rent_id: RentId, at: datetime) -> None:
        """The market has reversed a sale: the credited sum becomes the reversed sum of `at`."""
        ...


class RentSpanRecords(Protocol):
    """For `messages.owners`."""

    def spans(self, sim_id: SimId, since: datetime) -> list[RentSpan]:
        """Rents of the SIM that are open or were open at `since` or later, newest first."""
        ...


class RentRecords(RentLifeRecords, RentSpanRecords, Protocol):
    """All of rents, and what the storage's own views need of them."""

    def open_numbers(self) -> frozenset[Msisdn]:
        """The numbers that are rented now."""
        ...
