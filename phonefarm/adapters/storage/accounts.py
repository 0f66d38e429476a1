"""The account of rents by day, month, SIM, phone, operator or country, summed up by the database in whole units."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import BigInteger, Connection, Select, and_, case, func, literal, select, type_coerce

from phonefarm.adapters.storage.columns import Money
from phonefarm.adapters.storage.phone_rows import PHONE_LABEL
from phonefarm.adapters.storage.tables import phones, rents
from phonefarm.application.model.read_models import MoneyRow
from phonefarm.domain.money import ZERO, Grouping, Sums
from phonefarm.domain.rents import FinishStatus

_QUARTER_SECONDS = 900
_QUARTER = _QUARTER_SECONDS * 1_000_000
"""Microseconds. Every time zone differs from UTC by whole quarters of an hour."""
_SALE = rents.c.finish_status.in_([int(FinishStatus.SOLD), int(FinishStatus.REFUNDED)])
_NOTHING = literal(ZERO, Money)
_GROSS = type_coerce(func.coalesce(rents.c.credited, _NOTHING) + func.coalesce(rents.c.reversed_sum, _NOTHING), Money)


def money_rows(connection: Connection, grouping: Grouping, begin: datetime, end: datetime) -> list[MoneyRow]:
    """Lines of the account for [begin, end): credits by the time of the rent's finish, reversals by their own time."""
    by_key: dict[tuple[str, str], Sums] = defaultdict(Sums)
    column, label_of = _key(grouping)
    for query in (_credits(column, begin, end), _reversals(column, begin, end)):
        for row in connection.execute(query):
            by_key[label_of(row.key)] += Sums(
                rents=row.rents,
                sold=row.sold,
                expected=row.expected or ZERO,
                credited=row.credited or ZERO,
                estimated=row.estimated or ZERO,
                reversed=row.taken_back or ZERO,
            )
    labels = _phone_labels(connection) if grouping is Grouping.PHONE else {}
    rows = [
        MoneyRow(key=key, label=labels.get(key, label), sums=sums)
        for (key, label), sums in by_key.items()
        if sums != Sums()
    ]
    newest_first = grouping in (Grouping.DAY, Grouping.MONTH)
    return sorted(rows, key=lambda row: row.key, reverse=newest_first)


def income_by_moment(connection: Connection, begin: datetime, end: datetime) -> list[tuple[datetime, Decimal]]:
    """Income in [begin, end) by quarter of an hour, without those of zero."""
    found = [
        (datetime.fromtimestamp(row.key * _QUARTER_SECONDS, UTC), (row.credited or ZERO) - (row.taken_back or ZERO))
        for query in (_credits(_quarter_of, begin, end), _reversals(_quarter_of, begin, end))
        for row in connection.execute(query)
    ]
    return [(at, income) for at, income in found if income]


def net_by_rent(connection: Connection, begin: datetime, end: datetime) -> dict[int, Decimal]:
    """Net income of every rent finished in [begin, end)."""
    found = connection.execute(
        select(rents.c.rent_id, rents.c.credited).where(rents.c.finished_at >= begin, rents.c.finished_at < end)
    )
    return {row.rent_id: row.credited or ZERO for row in found}


def _credits(column: Any, begin: datetime, end: datetime) -> Select[Any]:
    sold = and_(_SALE, _GROSS > _NOTHING)
    key = column(rents.c.finished_at)
    return (
        select(
            key.label("key"),
            func.count().label("rents"),
            func.count(case((sold, 1))).label("sold"),
            func.sum(case((sold, rents.c.expected))).label("expected"),
            func.sum(_GROSS).label("credited"),
            func.sum(case((rents.c.credited_is_estimate, rents.c.credited))).label("estimated"),
            literal(None).label("taken_back"),
        )
        .where(rents.c.finished_at >= begin, rents.c.finished_at < end)
        .group_by(key)
    )


def _reversals(column: Any, begin: datetime, end: datetime) -> Select[Any]:
    key = column(rents.c.reversed_at)
    nothing = literal(None)
    return (
        select(
            key.label("key"),
            literal(0).label("rents"),
            literal(0).label("sold"),
            nothing.label("expected"),
            nothing.label("credited"),
            nothing.label("estimated"),
            func.sum(rents.c.reversed_sum).label("taken_back"),
        )
        .where(rents.c.reversed_at >= begin, rents.c.reversed_at < end)
        .group_by(key)
    )


def _key(grouping: Grouping) -> tuple[Callable[[Any], Any], Callable[[Any], tuple[str, str]]]:
    """What the database groups by (a function of the time column), and what makes key and label of a group."""
    match grouping:
        case Grouping.DAY:
            return _quarter_of, lambda quarter: (_local(quarter).strftime("%Y-%m-%d"),) * 2
        case Grouping.MONTH:
            return _quarter_of, lambda quarter: (_local(quarter).strftime("%Y-%m"),) * 2
        case Grouping.SIM:
            return lambda _: rents.c.sim_id + "|" + rents.c.msisdn, lambda key: tuple(key.split("|", 1))
        case Grouping.PHONE:
            return lambda _: rents.c.phone_id, lambda key: (key, key)
        case Grouping.OPERATOR:
            return lambda _: rents.c.country + ", " + rents.c.operator, lambda key: (key, key)
        case Grouping.COUNTRY:
            return lambda _: rents.c.country, lambda key: (key, key)


def _quarter_of(moment: Any) -> Any:
    return type_coerce(moment, BigInteger) // literal(_QUARTER, BigInteger)


def _local(quarter: int) -> datetime:
    return datetime.fromtimestamp(quarter * _QUARTER_SECONDS, UTC).astimezone()


def _phone_labels(connection: Connection) -> dict[str, str]:
    return {row.phone_id: row.phone_label for row in connection.execute(select(phones.c.phone_id, PHONE_LABEL))}
