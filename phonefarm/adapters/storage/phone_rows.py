"""The rows of the Phones page, and what other pages show of a phone."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Connection, Row, and_, case, func, select, true

from phonefarm.adapters.storage.local_days import local_midnight
from phonefarm.adapters.storage.sqlite.prepared import Prepared, driver_of
from phonefarm.adapters.storage.tables import phone_conditions, phones, probes, rents, sim_rules, sims, sms
from phonefarm.application.model.read_models import ActiveCondition, PhoneRow
from phonefarm.domain.conditions import Condition
from phonefarm.domain.phones import PhoneState, StateCause
from phonefarm.domain.remedies import Remedy, remedy_for_condition, remedy_for_phone, remedy_for_state
from phonefarm.domain.sims import SlotState
from phonefarm.domain.sms import SmsStanding
from phonefarm.domain.telemetry import PhoneTelemetry

PHONE_LABEL = case(
    (phones.c.label != "", phones.c.label),
    (phones.c.model != "", func.trim(phones.c.make + " " + phones.c.model)),
    else_=phones.c.serial,
).label("phone_label")


def phone_rows(connection: Connection, keys: Collection[str] | None, now: datetime) -> list[PhoneRow]:
    query = (
        select(phones, PHONE_LABEL, probes.c.reads_hex, probes.c.slot_column)
        .outerjoin(probes, probes.c.handset == phones.c.handset)
        .order_by(phones.c.phone_id)
    )
    if keys is not None:
        query = query.where(phones.c.phone_id.in_(list(keys)))
    numbers = _numbers_by_phone(connection)
    open_rents = open_rents_by_phone(connection)
    conditions = conditions_by_phone(connection)
    rules = _count_by(connection, sim_rules.c.handset, true())
    today = _count_by(
        connection,
        sms.c.phone_id,
        and_(sms.c.arrived_at >= local_midnight(now), sms.c.standing != SmsStanding.BASELINE.value),
    )
    return [
        PhoneRow(
            phone_id=row.phone_id,
            serial=row.serial,
            server=row.server,
            label=row.phone_label,
            make=row.make,
            model=row.model,
            android=row.android,
            state=PhoneState(row.state),
            detail=row.detail,
            since=row.state_since,
            remedy=_remedy_of_phone(row, conditions.get(row.phone_id, ()), now),
            conditions=tuple(conditions.get(row.phone_id, ())),
            telemetry=PhoneTelemetry(
                battery_percent=row.battery_percent,
                is_charging=row.is_charging,
                temperature=row.temperature,
                free_bytes=row.free_bytes,
                uptime_seconds=None if row.booted_at is None else (now - row.booted_at).total_seconds(),
                airplane_mode=row.airplane_mode,
                sms_app=row.sms_app,
            ),
            booted_at=row.booted_at,
            usb_path=row.usb_path,
            firmware=row.firmware,
            reads_hex=row.reads_hex,
            sim_column=row.slot_column or "",
            sims=tuple(numbers.get(row.phone_id, ())),
            rents_open=open_rents.get(row.phone_id, 0),
            query_seconds=_seconds(row.query_ms),
            clock_skew_seconds=_seconds(row.clock_skew_ms),
            last_read_at=row.last_read_at,
            hints_working=row.hints_working,
            hint_to_row_seconds=_seconds(row.hint_to_row_ms),
            sms_hinted=row.sms_hinted,
            sms_unhinted=row.sms_unhinted,
            hints_without_row=row.hints_without_row,
            sim_rules=rules.get(row.handset, 0),
            sms_today=today.get(row.phone_id, 0),
        )
        for row in connection.execute(query)
    ]


def _seconds(milliseconds: int | None) -> float | None:
    return None if milliseconds is None else milliseconds / 1000


def conditions_by_phone(connection: Connection) -> dict[str, list[ActiveCondition]]:
    """Most urgent first; none for phones that are gone."""
    by_phone: dict[str, list[ActiveCondition]] = defaultdict(list)
    for row in connection.execute(
        select(phone_conditions)
        .join(phones, phones.c.phone_id == phone_conditions.c.phone_id)
        .where(phones.c.state != PhoneState.GONE.value)
    ):
        condition = Condition(row.condition)
        by_phone[row.phone_id].append(
            ActiveCondition(
                condition=condition,
                values=row.fields,
                since=row.since,
                remedy=remedy_for_condition(condition),
            )
        )
    order = list(Condition)
    for found in by_phone.values():
        found.sort(key=lambda active: order.index(active.condition))
    return by_phone


def _remedy_of_phone(row: Row[Any], conditions: Sequence[ActiveCondition], now: datetime) -> Remedy:
    state = PhoneState(row.state)
    of_state = remedy_for_state(state, cause=StateCause(row.cause), make=row.make, lasting=now - row.state_since)
    return remedy_for_phone(of_state, state, [active.condition for active in conditions])


def _numbers_by_phone(connection: Connection) -> dict[str, list[str]]:
    rows = connection.execute(
        select(sims.c.phone_id, sims.c.msisdn, sims.c.iccid)
        .where(sims.c.slot_state != SlotState.OUT.value)
        .order_by(sims.c.phone_id, sims.c.slot)
    )
    numbers: dict[str, list[str]] = defaultdict(list)
    for row in rows:
        numbers[row.phone_id].append(row.msisdn or row.iccid)
    return numbers


def open_rents_by_phone(connection: Connection) -> dict[str, int]:
    """Open rents by the phone that their SIM is in now; it may not be the phone of the order."""
    return {row.phone_id: row.rents for row in _OPEN_RENTS.all(driver_of(connection))}


def _count_by(connection: Connection, column: ColumnElement[str], condition: ColumnElement[bool]) -> dict[str, int]:
    rows = connection.execute(select(column, func.count()).where(condition).group_by(column))
    return {row[0]: row[1] for row in rows}


class _OpenRents(NamedTuple):
    phone_id: str
    rents: int


_OPEN_RENTS = Prepared(  # asked each second
    _OpenRents,
    select(sims.c.phone_id, func.count().label("rents"))
    .join(rents, rents.c.sim_id == sims.c.sim_id)
    .where(rents.c.finished_at.is_(None), sims.c.phone_id.is_not(None))
    .group_by(sims.c.phone_id),
)
