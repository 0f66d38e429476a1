"""The queries behind the window's tables."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, Select, and_, case, func, select, true

from phonefarm.adapters.storage.number_records import unfinished_sims
from phonefarm.adapters.storage.rent_records import SqlRentRecords, rent_from
from phonefarm.adapters.storage.sim_records import offer_query, sim_from
from phonefarm.adapters.storage.tables import (
    PUSH_HAS_FAILED,
    phone_conditions,
    phones,
    probes,
    pushes,
    rents,
    sim_rules,
    sims,
    sms,
)
from phonefarm.application.farm_desk import HISTORY_ROWS
from phonefarm.application.read_models import (
    Ailment,
    BanRow,
    MessageRow,
    NumberTask,
    PhoneRow,
    PushRow,
    RentRow,
    SimRow,
)
from phonefarm.application.sim_inventory import OF_ANOTHER_COUNTRY
from phonefarm.domain.attribution import tells_something
from phonefarm.domain.bans import one_more_failure_bans
from phonefarm.domain.conditions import BLOCKING, Condition
from phonefarm.domain.ids import Msisdn
from phonefarm.domain.phones import PhoneState
from phonefarm.domain.pushes import PushState
from phonefarm.domain.remedies import Remedy, remedy_for_condition, remedy_for_sim, remedy_for_state
from phonefarm.domain.rents import FIRST_SMS_WITHIN, rent_state
from phonefarm.domain.sims import SimStanding, SlotState, standing
from phonefarm.domain.sms import SmsStanding
from phonefarm.domain.vitals import PhoneVitals

_OPEN_RENT = rents.c.finished_at.is_(None)
PHONE_LABEL = case(
    (phones.c.label != "", phones.c.label),
    (phones.c.model != "", func.trim(phones.c.make + " " + phones.c.model)),
    else_=phones.c.serial,
).label("phone_label")


_SLOT_STATES = frozenset(state.value for state in SlotState)


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
    ailments = _ailments_by_phone(connection)
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
            remedy=_remedy_of_phone(row, ailments.get(row.phone_id, ())),
            ailments=tuple(ailments.get(row.phone_id, ())),
            vitals=PhoneVitals(
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


def _ailments_by_phone(connection: Connection) -> dict[str, list[Ailment]]:
    """Most urgent first; a phone that is not there has none that could be told."""
    by_phone: dict[str, list[Ailment]] = defaultdict(list)
    for row in connection.execute(
        select(phone_conditions)
        .join(phones, phones.c.phone_id == phone_conditions.c.phone_id)
        .where(phones.c.state != PhoneState.GONE.value)
    ):
        condition = Condition(row.condition)
        by_phone[row.phone_id].append(
            Ailment(condition=condition, detail=row.detail, since=row.since, remedy=remedy_for_condition(condition))
        )
    order = list(Condition)
    for found in by_phone.values():
        found.sort(key=lambda ailment: order.index(ailment.condition))
    return by_phone


def _remedy_of_phone(row: Row[Any], ailments: Sequence[Ailment]) -> Remedy:
    of_state = remedy_for_state(PhoneState(row.state), make=row.make, detail=row.detail)
    if of_state is not Remedy.NONE or row.state != PhoneState.READY.value:
        return of_state
    return ailments[0].remedy if ailments else Remedy.NONE


def sim_rows(connection: Connection, keys: Collection[str] | None, now: datetime) -> list[SimRow]:
    query = offer_query().add_columns(
        sims.c.iccid,
        sims.c.msisdn_source,
        sims.c.slot,
        sims.c.held_reason,
        sims.c.held_at,
        sims.c.banned_since,
        rents.c.ordered_at,
        phones.c.state_since,
        phones.c.detail,
        phones.c.make,
        sims.c.mcc_mnc,
        sims.c.signal,
        sims.c.network_type,
        sims.c.is_roaming,
        sims.c.slot_state_since,
        sims.c.seen_at,
        PHONE_LABEL,
    )
    ailments = _ailments_by_phone(connection)
    if keys is not None:
        query = query.where(sims.c.sim_id.in_(list(keys)))
    rented_numbers = SqlRentRecords(connection).open_numbers()
    totals = {
        row.sim_id: (row.rents, row.income)
        for row in connection.execute(
            select(rents.c.sim_id, func.count().label("rents"), func.sum(rents.c.credited).label("income")).group_by(
                rents.c.sim_id
            )
        )
    }
    return [
        _sim_row(row, now, rented_numbers, totals.get(row.sim_id, (0, None)), ailments.get(row.phone_id, ()))
        for row in connection.execute(query.order_by(sims.c.sim_id))
    ]


def _sim_row(
    row: Row[Any],
    now: datetime,
    rented_numbers: frozenset[Msisdn],
    totals: tuple[int, Decimal | None],
    ailments: Sequence[Ailment],
) -> SimRow:
    sim = sim_from(row)
    stands = standing(sim, now, rented_numbers)
    blocking = [ailment for ailment in ailments if ailment.condition in BLOCKING]
    since = {
        SimStanding.RENTED: row.ordered_at,
        SimStanding.BANNED: row.banned_since,
        SimStanding.HELD_BACK: row.held_at,
        SimStanding.AWAY: row.state_since,
        SimStanding.PHONE_BLOCKED: blocking[0].since if blocking else None,
        SimStanding.NO_NUMBER: row.seen_at,
        SimStanding.NO_COUNTRY: row.seen_at,
    }
    if stands.value in _SLOT_STATES:
        since[stands] = row.slot_state_since
    phone_remedy = Remedy.NONE
    if stands is SimStanding.AWAY:
        phone_remedy = remedy_for_state(sim.phone_state, make=row.make or "", detail=row.detail or "")
    elif blocking:
        phone_remedy = blocking[0].remedy
    is_in = sim.slot_state is not SlotState.OUT
    return SimRow(
        sim_id=sim.sim_id,
        iccid=row.iccid,
        msisdn=sim.msisdn or "",
        msisdn_source=row.msisdn_source,
        country=sim.country,
        operator=sim.operator,
        phone_id=sim.phone_id or "",
        phone_label=(row.phone_label or "") if sim.phone_id else "",
        slot=row.slot if is_in else None,
        standing=stands,
        standing_since=since.get(stands),
        remedy=remedy_for_sim(stands, phone_remedy),
        mcc_mnc=row.mcc_mnc,
        signal=row.signal if is_in else None,
        network_type=row.network_type if is_in else "",
        is_roaming=is_in and row.is_roaming,
        held_reason=row.held_reason or "",
        unused_in_a_row=sim.unused_in_a_row,
        banned_until=sim.banned_until,
        rent_id=sim.rent_id,
        rents_total=totals[0],
        income_total=totals[1] or Decimal(0),
        last_rented_at=sim.last_rented_at,
    )


def number_task_rows(connection: Connection, keys: Collection[str] | None) -> list[NumberTask]:
    return [
        NumberTask(
            sim_id=row.sim_id,
            iccid=row.iccid,
            phone_id=row.phone_id or "",
            phone_label=row.phone_label or "",
            slot=row.slot,
            mcc_mnc=row.mcc_mnc,
            country=row.country,
            operator=row.operator,
            msisdn=row.msisdn or "",
            found="",
            found_sender="",
            found_text="",
            found_at=None,
            is_foreign=row.msisdn_source == OF_ANOTHER_COUNTRY,
        )
        for row in unfinished_sims(connection, keys, PHONE_LABEL)
    ]


def places_of_numbers(connection: Connection, numbers: Collection[str]) -> dict[str, str]:
    rows = connection.execute(
        select(sims.c.msisdn, sims.c.slot, PHONE_LABEL)
        .join(phones, phones.c.phone_id == sims.c.phone_id)
        .where(sims.c.slot_state != SlotState.OUT.value, sims.c.msisdn.in_(list(numbers)))
    )
    return {row.msisdn: f"{row.phone_label}, slot {(row.slot or 0) + 1}" for row in rows}


def _rents_query() -> Select[Any]:
    return (
        select(rents, sims.c.unused_in_a_row, PHONE_LABEL)
        .outerjoin(sims, sims.c.sim_id == rents.c.sim_id)
        .outerjoin(phones, phones.c.phone_id == rents.c.phone_id)
    )


def rent_rows(connection: Connection, keys: Collection[str] | None, now: datetime) -> list[RentRow]:
    query = _rents_query()
    if keys is not None:
        query = query.where(rents.c.rent_id.in_([int(key) for key in keys]))
    query = query.order_by(rents.c.finished_at.is_(None).desc(), rents.c.ordered_at.desc()).limit(HISTORY_ROWS)
    return [_rent_row(row, now) for row in connection.execute(query)]


def waiting_rent_rows(connection: Connection, limit: int, now: datetime) -> list[RentRow]:
    query = _rents_query().where(_OPEN_RENT, rents.c.accepted_sms == 0).order_by(rents.c.ordered_at).limit(limit)
    return [_rent_row(row, now) for row in connection.execute(query)]


def _rent_row(row: Row[Any], now: datetime) -> RentRow:
    rent = rent_from(row)
    is_open = rent.finished_at is None
    return RentRow(
        rent_id=rent.rent_id,
        msisdn=rent.msisdn,
        country=rent.country,
        operator=rent.operator,
        sim_id=rent.sim_id,
        phone_id=rent.phone_id,
        phone_label=row.phone_label or "",
        state=rent_state(rent, now),
        ordered_at=rent.ordered_at,
        first_sms_deadline=rent.ordered_at + FIRST_SMS_WITHIN,
        finished_at=rent.finished_at,
        finish_status=rent.finish_status,
        sms_count=row.sms_count,
        sms_delivered=rent.accepted_sms,
        expected=rent.expected,
        credited=rent.credited,
        credited_is_estimate=rent.credited_is_estimate,
        one_more_failure_bans=is_open and rent.accepted_sms == 0 and one_more_failure_bans(row.unused_in_a_row or 0),
    )


def message_rows(connection: Connection, keys: Collection[str] | None) -> list[MessageRow]:
    query = _messages_query()
    if keys is not None:
        query = query.where(sms.c.sms_id.in_([int(key) for key in keys]))
    query = query.order_by(sms.c.arrived_at.desc()).limit(HISTORY_ROWS)
    return [_message_row(row) for row in connection.execute(query)]


def held_message_rows(connection: Connection, limit: int) -> list[MessageRow]:
    query = _messages_query().where(sms.c.standing == SmsStanding.HELD.value).order_by(sms.c.arrived_at).limit(limit)
    return [_message_row(row) for row in connection.execute(query)]


def _messages_query() -> Select[Any]:
    return (
        select(sms, pushes.c.state.label("push_state"), pushes.c.ended_at.label("pushed_at"), PHONE_LABEL)
        .outerjoin(pushes, pushes.c.sms_id == sms.c.sms_id)
        .outerjoin(phones, phones.c.phone_id == sms.c.phone_id)
    )


def _message_row(row: Row[Any]) -> MessageRow:
    was_delivered = row.push_state == PushState.DELIVERED.value
    return MessageRow(
        sms_id=row.sms_id,
        msisdn=row.msisdn,
        sim_id=row.sim_id or "",
        phone_id=row.phone_id,
        phone_label=row.phone_label or "",
        sender=row.sender,
        text=row.body,
        arrived_at=row.arrived_at,
        standing=SmsStanding(row.standing),
        rent_id=row.rent_id,
        push_state=None if row.push_state is None else PushState(row.push_state),
        delivered_after_seconds=(row.pushed_at - row.arrived_at).total_seconds() if was_delivered else None,
        can_be_remembered=row.standing == SmsStanding.HELD.value
        and row.sim_id is None
        and tells_something(row.sim_mark),
        is_erased=row.erased_at is not None,
    )


def push_rows(connection: Connection, keys: Collection[str] | None) -> list[PushRow]:
    query = select(pushes)
    if keys is not None:
        query = query.where(pushes.c.sms_id.in_([int(key) for key in keys]))
    query = query.order_by(pushes.c.ended_at.is_(None).desc(), pushes.c.sms_id.desc()).limit(HISTORY_ROWS)
    return [_push_row(row) for row in connection.execute(query)]


def parked_push_rows(connection: Connection, limit: int) -> list[PushRow]:
    query = (
        select(pushes)
        .where(PUSH_HAS_FAILED, pushes.c.state == PushState.PARKED.value)
        .order_by(pushes.c.sms_id)
        .limit(limit)
    )
    return [_push_row(row) for row in connection.execute(query)]


def _push_row(row: Row[Any]) -> PushRow:
    return PushRow(
        sms_id=row.sms_id,
        rent_id=row.rent_id,
        msisdn=row.msisdn,
        sender=row.sender,
        state=PushState(row.state),
        attempts=row.attempts,
        uncertain=row.uncertain,
        next_at=row.next_at,
        last_answer=row.last_answer,
        created_at=row.created_at,
        ended_at=row.ended_at,
    )


def ban_rows(connection: Connection, keys: Collection[str] | None, now: datetime) -> list[BanRow]:
    query = (
        select(sims, PHONE_LABEL)
        .outerjoin(phones, phones.c.phone_id == sims.c.phone_id)
        .where(sims.c.banned_until > now)
    )
    if keys is not None:
        query = query.where(sims.c.sim_id.in_(list(keys)))
    return [
        BanRow(
            sim_id=row.sim_id,
            msisdn=row.msisdn or "",
            country=row.country,
            operator=row.operator,
            phone_label=row.phone_label or "",
            since=row.banned_since,
            until=row.banned_until,
            by_hand=row.banned_by_hand,
        )
        for row in connection.execute(query.order_by(sims.c.banned_until))
    ]


def local_midnight(now: datetime) -> datetime:
    """The begin of the user's day that `now` lies in."""
    return now.astimezone().replace(hour=0, minute=0, second=0, microsecond=0)


def local_days_ago(now: datetime, days: int) -> datetime:
    """The begin of the user's day `days` days before today."""
    return local_midnight(local_midnight(now) - timedelta(days=days) + timedelta(hours=12))


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
    """Open rents by the phone that their SIM sits in now, which need not be the phone of the order."""
    rows = connection.execute(
        select(sims.c.phone_id, func.count())
        .join(rents, rents.c.sim_id == sims.c.sim_id)
        .where(_OPEN_RENT, sims.c.phone_id.is_not(None))
        .group_by(sims.c.phone_id)
    )
    return {row[0]: row[1] for row in rows}


def _count_by(connection: Connection, column: ColumnElement[str], condition: ColumnElement[bool]) -> dict[str, int]:
    rows = connection.execute(select(column, func.count()).where(condition).group_by(column))
    return {row[0]: row[1] for row in rows}
