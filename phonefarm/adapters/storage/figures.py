"""The counters of /health and the figures of the overview."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from sqlalchemy import BigInteger, ColumnElement, Connection, Table, func, literal, select, type_coerce

from phonefarm.adapters.storage.accounts import income_by_moment
from phonefarm.adapters.storage.local_days import local_days_ago, local_midnight
from phonefarm.adapters.storage.rent_records import SqlRentRecords
from phonefarm.adapters.storage.sim_records import SqlSimRecords
from phonefarm.adapters.storage.tables import (
    PUSH_HAS_FAILED,
    PUSH_IS_OPEN,
    PUSH_WAS_UNCERTAIN,
    SMS_IS_ASIDE,
    phones,
    pushes,
    rents,
    sims,
    sms,
)
from phonefarm.application.model.read_models import Counts
from phonefarm.application.ports.views import Stock, Traffic
from phonefarm.domain.allocation import on_offer
from phonefarm.domain.phones import PhoneState
from phonefarm.domain.pushes import OPEN_PUSH_STATES, PushState
from phonefarm.domain.sims import SlotState
from phonefarm.domain.sms import SmsStanding

Income = Sequence[tuple[datetime, Decimal]]
_HOURS = 48
_DAYS = 30
_ARRIVALS = 5_000
_MICROSECONDS_AN_HOUR = 3_600_000_000
_DELIVERED = PushState.DELIVERED.value


def counts(connection: Connection, now: datetime) -> Counts:
    by_state = {PhoneState(state): n for state, n in _grouped(connection, phones.c.state)}
    by_push = _pushes_by_state(connection)
    in_stock = stock(connection, now)
    return Counts(
        phones=sum(n for state, n in by_state.items() if state not in (PhoneState.GONE, PhoneState.DUPLICATE)),
        phones_ready=by_state.get(PhoneState.READY, 0),
        sims=_number(connection, sims.c.sim_id, sims.c.slot_state != SlotState.OUT.value),
        numbers_on_offer=sum(in_stock.alike[sim.sim_id] for sim in on_offer(in_stock.sims, now, in_stock.rented)),
        rents_open=_number(connection, rents.c.rent_id, rents.c.finished_at.is_(None)),
        sms_received=_all(connection, sms)
        - _number(connection, sms.c.sms_id, SMS_IS_ASIDE & (sms.c.standing == SmsStanding.BASELINE.value)),
        pushes_waiting=sum(by_push.get(state, 0) for state in OPEN_PUSH_STATES),
        pushes_delivered=by_push.get(PushState.DELIVERED, 0),
        pushes_refused=by_push.get(PushState.REFUSED, 0),
        pushes_parked=by_push.get(PushState.PARKED, 0),
        pushes_uncertain=_uncertain(connection),
        bans=_number(connection, sims.c.sim_id, sims.c.banned_until > now),
    )


def stock(connection: Connection, at: datetime) -> Stock:
    kinds = SqlSimRecords(connection).kinds(at)
    rent_records = SqlRentRecords(connection)
    return Stock(
        sims=[sim for sim, _ in kinds],
        alike={sim.sim_id: number for sim, number in kinds},
        rented=rent_records.open_numbers(),
        countries=rent_records.countries(),
    )


def traffic(connection: Connection, now: datetime) -> Traffic:
    today = local_midnight(now)
    days = [local_days_ago(now, ago) for ago in range(_DAYS - 1, -1, -1)]
    month = local_days_ago(now, today.day - 1)
    income = income_by_moment(connection, min(days[0], month), now + timedelta(days=1))
    delivered_today = (pushes.c.state == _DELIVERED) & (pushes.c.ended_at >= today)
    return Traffic(
        sms_today=_number(
            connection,
            sms.c.sms_id,
            (sms.c.arrived_at >= today) & (sms.c.standing != SmsStanding.BASELINE.value),
        ),
        sms_delivered_today=_number(connection, pushes.c.sms_id, delivered_today),
        sms_held=_number(connection, sms.c.sms_id, SMS_IS_ASIDE & (sms.c.standing == SmsStanding.HELD.value)),
        income_today=_income_since(income, today),
        income_month=_income_since(income, month),
        sms_by_hour=_delivered_by_hour(connection, now),
        income_by_day=_income_by_day(income, days),
        arrivals=_arrivals(connection, now - timedelta(hours=1)),
    )


def oldest_open_push_at(connection: Connection) -> datetime | None:
    return connection.execute(select(func.min(pushes.c.created_at)).where(PUSH_IS_OPEN)).scalar()


def _delivered_by_hour(connection: Connection, now: datetime) -> tuple[int, ...]:
    begin = now.replace(minute=0, second=0, microsecond=0) - timedelta(hours=_HOURS - 1)
    hour = _hour_of(pushes.c.ended_at)
    found = connection.execute(
        select(hour, func.count()).where(pushes.c.state == _DELIVERED, pushes.c.ended_at >= begin).group_by(hour)
    )
    delivered = {row[0]: row[1] for row in found}
    first = int(begin.timestamp()) // 3600
    return tuple(delivered.get(number, 0) for number in range(first, first + _HOURS))


def _income_by_day(income: Income, days: Sequence[datetime]) -> tuple[Decimal, ...]:
    bars = [Decimal(0)] * len(days)
    for at, brought in income:
        if (place := bisect_right(days, at)) > 0:
            bars[place - 1] += brought
    return tuple(bars)


def _hour_of(column: Any) -> ColumnElement[int]:
    """Whole hours since 1970: few groups, from which hours and days are summed up."""
    return type_coerce(column, BigInteger) // literal(_MICROSECONDS_AN_HOUR, BigInteger)


def _income_since(income: Income, begin: datetime) -> Decimal:
    return sum((brought for at, brought in income if at >= begin), Decimal(0))


def _arrivals(connection: Connection, since: datetime) -> tuple[tuple[datetime, float], ...]:
    rows = connection.execute(
        select(pushes.c.ended_at, pushes.c.arrived_at)
        .where(pushes.c.state == _DELIVERED, pushes.c.ended_at >= since)
        .order_by(pushes.c.ended_at.desc())
        .limit(_ARRIVALS)
    )
    return tuple((row.ended_at, (row.ended_at - row.arrived_at).total_seconds()) for row in rows)


def _pushes_by_state(connection: Connection) -> dict[PushState, int]:
    """Counts the delivered ones as ended minus failed: nearly all are delivered, so counting them would be slow."""
    found = {
        PushState(state): number
        for some in (PUSH_IS_OPEN, PUSH_HAS_FAILED)
        for state, number in _grouped(connection, pushes.c.state, some)
    }
    ended = _number(connection, pushes.c.ended_at, pushes.c.ended_at.is_not(None))
    failed = sum(number for state, number in found.items() if state not in OPEN_PUSH_STATES)
    return found | {PushState.DELIVERED: ended - failed}


def _uncertain(connection: Connection) -> int:
    attempts = select(func.sum(pushes.c.uncertain)).where(PUSH_WAS_UNCERTAIN)
    return int(connection.execute(attempts).scalar() or 0)


def _grouped(
    connection: Connection, column: ColumnElement[str], condition: ColumnElement[bool] | None = None
) -> list[tuple[str, int]]:
    query = select(column, func.count()).group_by(column)
    rows = connection.execute(query if condition is None else query.where(condition))
    return [(row[0], row[1]) for row in rows]


def _all(connection: Connection, table: Table) -> int:
    return int(connection.execute(select(func.count()).select_from(table)).scalar() or 0)


def _number(connection: Connection, column: Any, condition: ColumnElement[bool]) -> int:
    return int(connection.execute(select(func.count(column)).where(condition)).scalar() or 0)
