"""The rows of the pages about the trade: rents, messages, pushes and bans."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, Select, select

from phonefarm.adapters.storage.phone_rows import PHONE_LABEL
from phonefarm.adapters.storage.rent_records import SMS_OF_RENT, SMS_ON_WAY, rent_from
from phonefarm.adapters.storage.tables import PUSH_HAS_FAILED, SMS_IS_ASIDE, phones, pushes, rents, sims, sms
from phonefarm.application.model.read_models import BanRow, MessageRow, PushRow, RentRow
from phonefarm.application.ports.views import HISTORY_ROWS
from phonefarm.domain.attribution import identifies_sim
from phonefarm.domain.bans import one_more_failure_bans
from phonefarm.domain.pushes import PushState
from phonefarm.domain.rents import FIRST_SMS_WITHIN, rent_state
from phonefarm.domain.sms import Doubt, SmsStanding, stated_date


def _rents_query() -> Select[Any]:
    return (
        select(rents, SMS_OF_RENT, SMS_ON_WAY, sims.c.unused_in_a_row, PHONE_LABEL)
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
    query = (
        _rents_query()
        .where(rents.c.finished_at.is_(None), rents.c.accepted_sms == 0)
        .order_by(rents.c.ordered_at)
        .limit(limit)
    )
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
        sms_on_way=row.sms_on_way,
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
    is_held = SMS_IS_ASIDE & (sms.c.standing == SmsStanding.HELD.value)
    query = _messages_query().where(is_held).order_by(sms.c.arrived_at).limit(limit)
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
        and identifies_sim(row.sim_mark),
        is_erased=row.erased_at is not None,
        doubt=Doubt(row.doubt) if row.doubt else None,
        phone_date=None if row.phone_date_ms is None else stated_date(row.phone_date_ms),
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
