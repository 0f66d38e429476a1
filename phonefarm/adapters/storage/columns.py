"""Column types that mean the same in SQLite and PostgreSQL.

Instants are stored as microseconds, money as ten-thousandths, plain values by name as JSON.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from decimal import ROUND_HALF_EVEN, Decimal
from enum import StrEnum
from typing import Any

from sqlalchemy import BigInteger, Dialect, String, TypeDecorator

from phonefarm.domain.fields import Fields

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_MONEY_SCALE = 10_000


def microseconds_of(instant: datetime) -> int:
    return (instant - _EPOCH) // _MICROSECOND


def literals(values: Iterable[StrEnum]) -> str:
    """`'waiting', 'sending'`: the list of an IN, spelled out."""
    return ", ".join(f"'{value.value}'" for value in values)


class Instant(TypeDecorator[datetime]):
    """An aware UTC datetime stored as microseconds since 1970."""

    impl = BigInteger
    cache_ok = True

    @staticmethod
    def to_driver(value: datetime | None) -> int | None:
        return None if value is None else microseconds_of(value)

    @staticmethod
    def from_driver(value: Any | None) -> datetime | None:
        return None if value is None else _EPOCH + timedelta(microseconds=int(value))

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> int | None:
        return self.to_driver(value)

    def process_result_value(self, value: Any | None, dialect: Dialect) -> datetime | None:
        return self.from_driver(value)


class Money(TypeDecorator[Decimal]):
    """Roubles as Decimal, stored as ten-thousandths so that sums are exact."""

    impl = BigInteger
    cache_ok = True

    def process_bind_param(self, value: Decimal | None, dialect: Dialect) -> int | None:
        if value is None:
            return None
        return int((value * _MONEY_SCALE).to_integral_value(ROUND_HALF_EVEN))

    def process_result_value(self, value: Any | None, dialect: Dialect) -> Decimal | None:
        return None if value is None else Decimal(int(value)) / _MONEY_SCALE


class PlainFields(TypeDecorator[Fields]):
    """Plain values by name, stored as JSON."""

    impl = String
    cache_ok = True

    def process_bind_param(self, value: Fields | None, dialect: Dialect) -> str | None:
        return None if value is None else json.dumps(value, ensure_ascii=False)

    def process_result_value(self, value: str | None, dialect: Dialect) -> Fields | None:
        return None if value is None else json.loads(value)
