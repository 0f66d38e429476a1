"""When orders came: what the usual gap between two of them is learned from."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from sqlalchemy import BigInteger, Connection, func, literal, select, type_coerce

from phonefarm.adapters.storage.tables import rents

_MICROSECONDS_AN_HOUR = 3_600_000_000


def newest_order_at(connection: Connection) -> datetime | None:
    return connection.execute(select(func.max(rents.c.ordered_at))).scalar()


def orders_by_hour(connection: Connection, since: datetime) -> Mapping[int, int]:
    hour = type_coerce(rents.c.ordered_at, BigInteger) // literal(_MICROSECONDS_AN_HOUR, BigInteger)
    query = select(hour, func.count()).where(rents.c.ordered_at >= since).group_by(hour)
    return {row[0]: row[1] for row in connection.execute(query)}
