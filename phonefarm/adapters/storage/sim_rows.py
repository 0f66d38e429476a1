"""The rows of the SIMs page and of the Numbers page."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import Connection, Row, func, select

from phonefarm.adapters.storage.number_records import unfinished_sims
from phonefarm.adapters.storage.phone_rows import PHONE_LABEL, conditions_by_phone
from phonefarm.adapters.storage.rent_records import SqlRentRecords
from phonefarm.adapters.storage.sim_records import offer_query, sim_from
from phonefarm.adapters.storage.tables import phones, rents, sims
from phonefarm.application.model.read_models import ActiveCondition, NumberTask, SimRow
from phonefarm.domain.conditions import BLOCKING
from phonefarm.domain.ids import Msisdn
from phonefarm.domain.phones import PhoneState, StateCause
from phonefarm.domain.remedies import Remedy, remedy_for_sim, remedy_for_state
from phonefarm.domain.sims import OF_ANOTHER_COUNTRY, SimStanding, SlotState, standing

_SLOT_STATES = frozenset(state.value for state in SlotState)


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
        phones.c.cause,
        phones.c.make,
        sims.c.mcc_mnc,
        sims.c.signal,
        sims.c.network_type,
        sims.c.is_roaming,
        sims.c.slot_state_since,
        sims.c.seen_at,
        PHONE_LABEL,
    )
    conditions = conditions_by_phone(connection)
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
        _sim_row(row, now, rented_numbers, totals.get(row.sim_id, (0, None)), conditions.get(row.phone_id, ()))
        for row in connection.execute(query.order_by(sims.c.sim_id))
    ]


def _sim_row(
    row: Row[Any],
    now: datetime,
    rented_numbers: frozenset[Msisdn],
    totals: tuple[int, Decimal | None],
    conditions: Sequence[ActiveCondition],
) -> SimRow:
    sim = sim_from(row)
    stands = standing(sim, now, rented_numbers)
    blocking = [active for active in conditions if active.condition in BLOCKING]
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
        phone_remedy = remedy_for_state(
            sim.phone_state, cause=StateCause(row.cause), make=row.make, lasting=now - row.state_since
        )
    elif blocking:
        phone_remedy = blocking[0].remedy
    is_in = sim.slot_state is not SlotState.OUT
    is_read = is_in and sim.phone_state is PhoneState.READY  # if not, its signal is outdated
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
        signal=row.signal if is_read else None,
        network_type=row.network_type if is_read else "",
        is_roaming=is_read and row.is_roaming,
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
