"""The counters of /health and the figures of the overview."""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import Decimal
from itertools import pairwise
from typing import Any

from sqlalchemy import ColumnElement, Connection, func, select

from phonefarm.adapters.storage.push_records import next_push_due
from phonefarm.adapters.storage.rent_records import SqlRentRecords
from phonefarm.adapters.storage.row_queries import local_days_ago, local_midnight
from phonefarm.adapters.storage.sim_records import SqlSimRecords
from phonefarm.adapters.storage.tables import phones, pushes, rents, sims, sms
from phonefarm.application.read_models import Counts
from phonefarm.application.storage import Traffic
from phonefarm.domain.allocation import on_offer
from phonefarm.domain.phones import PhoneState
from phonefarm.domain.pushes import PushState
from phonefarm.domain.sims import SlotState
from phonefarm.domain.sms import SmsStanding

_HOURS = 48
_DAYS = 30
_ARRIVALS = 5_000
_DELIVERED = PushState.DELIVERED.value


def counts(connection: Connection, now: datetime) -> Counts:
    by_state = {PhoneState(state): n for state, n in _grouped(connection, phones.c.state)}
    by_push = {PushState(state): n for state, n in _grouped(connection, pushes.c.state)}
    rented = SqlRentRecords(connection).open_numbers()
    return Counts(
        phones=sum(n for state, n in by_state.items() if state is not PhoneState.GONE),
        phones_ready=by_state.get(PhoneState.READY, 0),
        sims=_number(connection, sims.c.sim_id, sims.c.slot_state != SlotState.OUT.value),
        numbers_on_offer=len(on_offer(SqlSimRecords(connection).all(), now, rented)),
        rents_open=_number(connection, rents.c.rent_id, rents.c.finished_at.is_(None)),
        sms_received=_number(connection, sms.c.sms_id, sms.c.standing != SmsStanding.BASELINE.value),
        pushes_waiting=by_push.get(PushState.WAITING, 0) + by_push.get(PushState.SENDING, 0),
        pushes_delivered=by_push.get(PushState.DELIVERED, 0),
        pushes_refused=by_push.get(PushState.REFUSED, 0),
        pushes_parked=by_push.get(PushState.PARKED, 0),
        pushes_uncertain=int(connection.execute(select(func.sum(pushes.c.uncertain))).scalar() or 0),
        bans=_number(connection, sims.c.sim_id, sims.c.banned_until > now),
    )


def traffic(connection: Connection, now: datetime) -> Traffic:
    today = local_midnight(now)
    delivered_today = (pushes.c.state == _DELIVERED) & (pushes.c.ended_at >= today)
    waiting = pushes.c.state.in_([PushState.WAITING.value, PushState.SENDING.value])
    return Traffic(
        sms_today=_number(
            connection,
            sms.c.sms_id,
            (sms.c.arrived_at >= today) & (sms.c.standing != SmsStanding.BASELINE.value),
        ),
        sms_delivered_today=_number(connection, pushes.c.sms_id, delivered_today),
        oldest_waiting_push_at=connection.execute(select(func.min(pushes.c.created_at)).where(waiting)).scalar(),
        next_push_at=next_push_due(connection),
        income_today=_income(connection, today, now),
        income_month=_income(connection, today.replace(day=1), now),
        sms_by_hour=_delivered_by_hour(connection, now),
        income_by_day=_income_by_day(connection, now),
        arrivals=_arrivals(connection, now - timedelta(hours=1)),
    )


def _delivered_by_hour(connection: Connection, now: datetime) -> tuple[int, ...]:
    end = now.replace(minute=0, second=0, microsecond=0) + timedelta(hours=1)
    begin = end - timedelta(hours=_HOURS)
    bars = [0] * _HOURS
    ended = connection.execute(
        select(pushes.c.ended_at).where(pushes.c.state == _DELIVERED, pushes.c.ended_at >= begin)
    ).scalars()
    for at in ended:
        place = int((at - begin) / timedelta(hours=1))
        if 0 <= place < _HOURS:
            bars[place] += 1
    return tuple(bars)


def _income_by_day(connection: Connection, now: datetime) -> tuple[Decimal, ...]:
    days = [local_days_ago(now, ago) for ago in range(_DAYS - 1, -1, -1)]
    return tuple(_income(connection, begin, end) for begin, end in pairwise([*days, now + timedelta(days=1)]))


def _income(connection: Connection, begin: datetime, end: datetime) -> Decimal:
    total: Decimal | None = connection.execute(
        select(func.sum(rents.c.credited)).where(rents.c.finished_at >= begin, rents.c.finished_at < end)
    ).scalar()
    return total or Decimal(0)


def _arrivals(connection: Connection, since: datetime) -> tuple[tuple[datetime, float], ...]:
    rows = connection.execute(
        select(pushes.c.ended_at, pushes.c.arrived_at)
        .where(pushes.c.state == _DELIVERED, pushes.c.ended_at >= since)
        .order_by(pushes.c.ended_at.desc())
        .limit(_ARRIVALS)
    )
    return tuple((row.ended_at, (row.ended_at - row.arrived_at).total_seconds()) for row in rows)


def _grouped(connection: Connection, column: Any) -> list[tuple[str, int]]:
    return [(row[0], row[1]) for row in connection.execute(select(column, func.count()).group_by(column))]


def _number(connection: Connection, column: Any, condition: ColumnElement[bool]) -> int:
    return int(connection.execute(select(func.count(column)).where(condition)).scalar() or 0)
