"""SIMs, their numbers and their bans in the database."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import (
    Connection,
    Integer,
    Row,
    Select,
    String,
    and_,
    bindparam,
    case,
    delete,
    exists,
    false,
    func,
    insert,
    or_,
    select,
    update,
)

from phonefarm.adapters.storage.columns import Instant
from phonefarm.adapters.storage.sqlite.prepared import Prepared, PreparedChange, defaults_of, driver_of, values_in
from phonefarm.adapters.storage.tables import phone_conditions, phones, rents, sim_places, sim_rules, sims, sms
from phonefarm.application.ports.records.sims import NumberSources, SimOnPhone
from phonefarm.domain.attribution import SimPlace
from phonefarm.domain.bans import Streak
from phonefarm.domain.conditions import BLOCKING
from phonefarm.domain.ids import Msisdn, PhoneId, RentId, SimId
from phonefarm.domain.phones import PhoneState, handset_of
from phonefarm.domain.sims import SeenSim, Sim, SlotState

_RENTED = rents.alias("rented")
_PHONE_BLOCKED = (
    exists()
    .where(phone_conditions.c.phone_id == sims.c.phone_id)
    .where(or_(*(phone_conditions.c.condition == condition.value for condition in BLOCKING)))
    .correlate(sims)
    .label("is_phone_blocked")
)


def offer_query() -> Select[Any]:
    """What decides whether each SIM is offered; counting and issuing both use it."""
    return (
        select(
            sims.c.sim_id,
            sims.c.msisdn,
            sims.c.country,
            sims.c.operator,
            sims.c.phone_id,
            phones.c.state.label("phone_state"),
            sims.c.slot_state,
            _PHONE_BLOCKED,
            sims.c.held_reason,
            sims.c.unused_in_a_row,
            sims.c.banned_until,
            rents.c.rent_id,
            sims.c.last_rented_at,
        )
        .outerjoin(phones, phones.c.phone_id == sims.c.phone_id)
        .outerjoin(rents, and_(rents.c.sim_id == sims.c.sim_id, rents.c.finished_at.is_(None)))
    )


class OfferRow(NamedTuple):
    """A row of `offer_query`."""

    sim_id: str
    msisdn: str | None
    country: str
    operator: str
    phone_id: str | None
    phone_state: str | None
    slot_state: str
    is_phone_blocked: bool
    held_reason: str | None
    unused_in_a_row: int
    banned_until: datetime | None
    rent_id: int | None
    last_rented_at: datetime | None


class _Kind(NamedTuple):
    """A row of `offer_query` that stands for `number` SIMs."""

    country: str
    operator: str
    phone_state: str | None
    slot_state: str
    is_phone_blocked: bool
    sim_id: str
    msisdn: str | None
    phone_id: str | None
    held_reason: str | None
    rent_id: int | None
    banned_until: datetime | None
    unused_in_a_row: int
    last_rented_at: datetime | None
    number: int


class _SimOnPhone(NamedTuple):
    sim_id: str
    sub_id: int | None
    slot: int
    since: datetime
    until: datetime | None
    msisdn: str | None


class _Placed(NamedTuple):
    """What a phone says of a SIM in it."""

    iccid: str
    phone_id: str | None
    slot: int | None
    mcc_mnc: str
    slot_state: str
    signal: int | None
    network_type: str
    is_roaming: bool
    phone_msisdn: str | None
    slot_state_since: datetime | None


class _LastRead(NamedTuple):
    last_read_at: datetime


class _SimId(NamedTuple):
    sim_id: str


class _NetworkCode(NamedTuple):
    mcc_mnc: str


class _NumberSources(NamedTuple):
    hand_msisdn: Msisdn | None
    message_msisdn: Msisdn | None
    phone_msisdn: Msisdn | None


def sim_from(row: OfferRow | _Kind | Row[Any]) -> Sim:
    return Sim(
        sim_id=SimId(row.sim_id),
        msisdn=None if row.msisdn is None else Msisdn(row.msisdn),
        country=row.country,
        operator=row.operator,
        phone_id=None if row.phone_id is None else PhoneId(row.phone_id),
        phone_state=PhoneState.GONE if row.phone_state is None else PhoneState(row.phone_state),
        slot_state=SlotState(row.slot_state),
        is_phone_blocked=bool(row.is_phone_blocked),
        held_back=row.held_reason is not None,
        unused_in_a_row=row.unused_in_a_row,
        banned_until=row.banned_until,
        rent_id=None if row.rent_id is None else RentId(row.rent_id),
        last_rented_at=row.last_rented_at,
    )


class SqlSimRecords:
    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._driver = driver_of(connection)

    def all(self) -> list[Sim]:
        return [sim_from(row) for row in _ALL.all(self._driver)]

    def kinds(self, at: datetime) -> list[tuple[Sim, int]]:
        """Groups of SIMs that the offer at `at` treats alike: one SIM and a count. Who shares a number stays single.

        A poll of the market then costs the interpreter next to nothing, however many SIMs there are.
        """
        return [(sim_from(row), row.number) for row in _KINDS.all(self._driver, at=at)]

    def get(self, sim_id: SimId) -> Sim | None:
        row = _GET.first(self._driver, sim=sim_id)
        return None if row is None else sim_from(row)

    def in_issue_order(
        self, at: datetime, countries: Collection[str], operators: Collection[str] | None
    ) -> Iterator[Sim]:
        wanted = None if operators is None else json.dumps(list(operators))
        for row in _IN_ISSUE_ORDER.each(self._driver, at=at, countries=json.dumps(list(countries)), operators=wanted):
            yield sim_from(row)

    def with_number(self, msisdn: Msisdn) -> list[Sim]:
        return [sim_from(row) for row in _WITH_NUMBER.all(self._driver, number=msisdn)]

    def on_phone(self, phone_id: PhoneId) -> list[SimOnPhone]:
        return [
            SimOnPhone(
                place=SimPlace(sim_id=SimId(row.sim_id), sub_id=row.sub_id, since=row.since, until=row.until),
                slot=row.slot,
                msisdn=None if row.msisdn is None else Msisdn(row.msisdn),
            )
            for row in _ON_PHONE.all(self._driver, handset=handset_of(phone_id))
        ]

    def place(self, seen: SeenSim, phone_id: PhoneId, country: str, operator: str, at: datetime) -> bool:
        before = _AS_PLACED.first(self._driver, sim=seen.sim_id)
        now: dict[str, object] = {
            "iccid": seen.iccid,
            "phone_id": phone_id,
            "slot": seen.slot,
            "mcc_mnc": seen.mcc_mnc,
            "slot_state": seen.slot_state.value,
            "signal": seen.signal,
            "network_type": seen.network_type,
            "is_roaming": seen.is_roaming,
            # A phone that once fails to report its number has not lost it.
            "phone_msisdn": before.phone_msisdn if before is not None and seen.msisdn is None else seen.msisdn,
        }
        self._note_place(seen, handset_of(phone_id), at)
        if before is None:
            new = {"sim_id": seen.sim_id, "country": country, "operator": operator, "seen_at": at}
            _ADD.run(self._driver, **_DEFAULTS | now | new | {"slot_state_since": at})
            return True
        if all(getattr(before, name) == value for name, value in now.items()):
            return False
        since = before.slot_state_since if before.slot_state == now["slot_state"] else at
        values = {f"new_{name}": value for name, value in now.items()}
        _PLACE.run(self._driver, sim=seen.sim_id, new_slot_state_since=since, **values)
        return True

    def _note_place(self, seen: SeenSim, handset: str, at: datetime) -> None:
        """The card is in this handset, so it is in no other."""
        _LEAVE_OTHERS.run(self._driver, sim=seen.sim_id, handset_key=handset, at=at)
        stays = _STAY.run(
            self._driver, sim=seen.sim_id, handset_key=handset, new_sub_id=seen.sub_id, new_slot=seen.slot
        )
        if stays == 0:
            _FORGET_PLACE.run(self._driver, sim=seen.sim_id, handset_key=handset)
            _ADD_PLACE.run(
                self._driver,
                handset=handset,
                sim_id=seen.sim_id,
                sub_id=seen.sub_id,
                slot=seen.slot,
                since=self._last_reading_at(handset, at),
            )

    def _last_reading_at(self, handset: str, at: datetime) -> datetime:
        """Since when a new card may have been in the handset: since its last reading."""
        last = _LAST_READING.first(self._driver, handset_key=handset)
        return at if last is None else min(at, last.last_read_at)

    def become(self, stand_in: SimId, sim_id: SimId) -> None:
        open_on_both = self._connection.execute(
            select(func.count()).where(rents.c.sim_id.in_([stand_in, sim_id]), rents.c.finished_at.is_(None))
        ).scalar()
        if open_on_both == 2:
            return
        places_of_both = select(sim_places.c.handset).where(sim_places.c.sim_id == sim_id)
        self._connection.execute(
            delete(sim_places).where(sim_places.c.sim_id == stand_in, sim_places.c.handset.in_(places_of_both))
        )
        for table in (rents, sms, sim_places, sim_rules):
            self._connection.execute(update(table).where(table.c.sim_id == stand_in).values(sim_id=sim_id))
        if self.get(sim_id) is None:
            self._connection.execute(update(sims).where(sims.c.sim_id == stand_in).values(sim_id=sim_id))
            return
        self._take_over(stand_in, sim_id)
        self._connection.execute(delete(sims).where(sims.c.sim_id == stand_in))

    def _take_over(self, stand_in: SimId, sim_id: SimId) -> None:
        """Merge what was set or counted for both ids; the stricter value wins."""
        columns = ("held_reason", "held_at", "hand_msisdn", "message_msisdn")
        of_ban = ("banned_since", "banned_until", "banned_by_hand")
        one, other = (
            self._connection.execute(select(sims).where(sims.c.sim_id == key)).one()._mapping
            for key in (sim_id, stand_in)
        )
        change = {name: other[name] for name in columns if one[name] is None and other[name] is not None}
        if other["banned_until"] is not None and (
            one["banned_until"] is None or other["banned_until"] > one["banned_until"]
        ):
            change |= {name: other[name] for name in of_ban}
        change["unused_in_a_row"] = max(one["unused_in_a_row"], other["unused_in_a_row"])
        self._set(sim_id, **change)

    def take_out(self, phone_id: PhoneId, staying: Collection[SimId], at: datetime) -> list[SimId]:
        keys = json.dumps(list(staying))
        left = _TAKE_OUT.all(self._driver, phone=phone_id, staying=keys, at=at)
        _END_PLACES.run(self._driver, handset_key=handset_of(phone_id), staying=keys, at=at)
        return [SimId(row.sim_id) for row in left]

    def network_code(self, sim_id: SimId) -> str:
        row = _NETWORK_CODE.first(self._driver, sim=sim_id)
        return "" if row is None else row.mcc_mnc or ""

    def number_sources(self, sim_id: SimId) -> NumberSources:
        row = _NUMBER_SOURCES.first(self._driver, sim=sim_id)
        assert row is not None
        return NumberSources(
            by_hand=row.hand_msisdn or None, by_message=row.message_msisdn or None, by_phone=row.phone_msisdn or None
        )

    def set_number(self, sim_id: SimId, msisdn: Msisdn | None, source: str) -> bool:
        return _SET_NUMBER.run(self._driver, sim=sim_id, number=msisdn, source=source) > 0

    def set_hand_number(self, sim_id: SimId, msisdn: Msisdn) -> None:
        self._set(sim_id, hand_msisdn=msisdn)

    def set_message_number(self, sim_id: SimId, msisdn: Msisdn) -> None:
        self._set(sim_id, message_msisdn=msisdn)

    def in_phones_with_number(self, msisdn: Msisdn) -> list[SimId]:
        found = self._connection.execute(
            select(sims.c.sim_id)
            .where(sims.c.msisdn == msisdn, sims.c.slot_state != SlotState.OUT.value)
            .order_by(sims.c.sim_id)
        )
        return [SimId(sim_id) for sim_id in found.scalars()]

    def set_network(self, sim_id: SimId, country: str, operator: str) -> bool:
        return _SET_NETWORK.run(self._driver, sim=sim_id, new_country=country, new_operator=operator) > 0

    def set_streak(self, sim_id: SimId, streak: Streak, at: datetime) -> None:
        self._connection.execute(
            update(sims)
            .where(sims.c.sim_id == sim_id, sims.c.banned_until.is_distinct_from(streak.banned_until))
            .values(banned_until=streak.banned_until, banned_since=at, banned_by_hand=False)
        )
        self._set(sim_id, unused_in_a_row=streak.unused_in_a_row)

    def set_ban(self, sim_id: SimId, since: datetime, until: datetime) -> None:
        self._set(sim_id, banned_since=since, banned_until=until, banned_by_hand=True)

    def lift_ban(self, sim_id: SimId) -> bool:
        lifted = self._connection.execute(
            update(sims)
            .where(sims.c.sim_id == sim_id, sims.c.banned_until.is_not(None))
            .values(banned_since=None, banned_until=None, banned_by_hand=False, unused_in_a_row=0)
        )
        return lifted.rowcount > 0

    def bans_ended(self, now: datetime) -> list[SimId]:
        ended = self._connection.execute(select(sims.c.sim_id).where(sims.c.banned_until <= now))
        return [SimId(sim_id) for sim_id in ended.scalars()]

    def hold(self, sim_id: SimId, reason: str | None, at: datetime) -> None:
        self._set(sim_id, held_reason=reason, held_at=None if reason is None else at)

    def note_rented(self, sim_id: SimId, at: datetime) -> None:
        _NOTE_RENTED.run(self._driver, sim=sim_id, at=at)

    def _set(self, sim_id: SimId, **values: object) -> None:
        self._connection.execute(update(sims).where(sims.c.sim_id == sim_id).values(values))


_IS_IN = sims.c.slot_state != SlotState.OUT.value
_ALL = Prepared(OfferRow, offer_query().where(_IS_IN).order_by(sims.c.sim_id))
_OTHER = sims.alias("other")
_SHARED = select(_OTHER.c.msisdn).where(_OTHER.c.slot_state != SlotState.OUT.value)
_EACH = (
    offer_query()
    .add_columns(
        func.coalesce(sims.c.banned_until > bindparam("at", type_=Instant), false()).label("is_banned"),
        sims.c.msisdn.in_(select(_RENTED.c.msisdn).where(_RENTED.c.finished_at.is_(None))).label("is_number_rented"),
        case(
            (sims.c.msisdn.in_(_SHARED.group_by(_OTHER.c.msisdn).having(func.count() > 1)), sims.c.sim_id),
        ).label("shares_as"),
    )
    .where(_IS_IN)
    .cte("each")
    .prefix_with("MATERIALIZED")
)
_SAME = ("country", "operator", "phone_state", "slot_state", "is_phone_blocked")
_SAME_PRESENCE = ("msisdn", "phone_id", "held_reason", "rent_id")
_ANY_OF = ("sim_id", *_SAME_PRESENCE, "banned_until", "unused_in_a_row", "last_rented_at")
_KINDS = Prepared(
    _Kind,
    select(
        *(_EACH.c[name] for name in _SAME),
        *(func.min(_EACH.c[name]).label(name) for name in _ANY_OF),
        func.count().label("number"),
    )
    .group_by(
        *(_EACH.c[name] for name in (*_SAME, "is_banned", "is_number_rented", "shares_as")),
        *(_EACH.c[name].is_(None) for name in _SAME_PRESENCE),
    )
    .order_by(func.min(_EACH.c.sim_id)),
)
_WITH_NUMBER = Prepared(
    OfferRow, offer_query().where(_IS_IN, sims.c.msisdn == bindparam("number", type_=String)).order_by(sims.c.sim_id)
)
_GET = Prepared(OfferRow, offer_query().where(sims.c.sim_id == bindparam("sim", type_=String)))
_WANTED = bindparam("operators", type_=String)
_IN_ISSUE_ORDER = Prepared(
    OfferRow,
    offer_query()
    .where(sims.c.country.in_(values_in("countries")), sims.c.msisdn.is_not(None), sims.c.held_reason.is_(None))
    .where(or_(_WANTED.is_(None), sims.c.operator.in_(values_in("operators"))))
    .where(sims.c.slot_state == SlotState.READY.value, rents.c.rent_id.is_(None))
    .where(or_(sims.c.banned_until.is_(None), sims.c.banned_until <= bindparam("at", type_=Instant)))
    .order_by(sims.c.unused_in_a_row, sims.c.last_rented_at, sims.c.sim_id),
)
_ON_PHONE = Prepared(
    _SimOnPhone,
    select(
        sim_places.c.sim_id,
        sim_places.c.sub_id,
        sim_places.c.slot,
        sim_places.c.since,
        sim_places.c.until,
        sims.c.msisdn,
    )
    .join(sims, sims.c.sim_id == sim_places.c.sim_id)
    .where(sim_places.c.handset == bindparam("handset", type_=String))
    .order_by(sim_places.c.slot, sim_places.c.since),
)
_NOTE_RENTED = PreparedChange(
    update(sims)
    .where(sims.c.sim_id == bindparam("sim", type_=String))
    .values(last_rented_at=bindparam("at", type_=Instant))
)
_SIM = bindparam("sim", type_=String)
_AT = bindparam("at", type_=Instant)
_HANDSET = bindparam("handset_key", type_=String)
_PLACED = _Placed._fields
_AS_PLACED = Prepared(_Placed, select(*(sims.c[name] for name in _PLACED)).where(sims.c.sim_id == _SIM))
_DEFAULTS = defaults_of(sims)
_ADD = PreparedChange(insert(sims), {*_DEFAULTS, "sim_id", "country", "operator", "seen_at", *_PLACED})
_PLACE = PreparedChange(
    update(sims)
    .where(sims.c.sim_id == _SIM)
    .values({name: bindparam(f"new_{name}", type_=sims.c[name].type) for name in _PLACED})
)
_HERE = (sim_places.c.sim_id == _SIM) & (sim_places.c.handset == _HANDSET)
_IS_STILL = sim_places.c.until.is_(None)
_LEAVE_OTHERS = PreparedChange(
    update(sim_places).where(sim_places.c.sim_id == _SIM, sim_places.c.handset != _HANDSET, _IS_STILL).values(until=_AT)
)
_STAY = PreparedChange(
    update(sim_places)
    .where(_HERE, _IS_STILL)
    .values(sub_id=bindparam("new_sub_id", type_=Integer), slot=bindparam("new_slot", type_=Integer))
)
_FORGET_PLACE = PreparedChange(delete(sim_places).where(_HERE))
_ADD_PLACE = PreparedChange(insert(sim_places), ["handset", "sim_id", "sub_id", "slot", "since"])
_LAST_READING = Prepared(
    _LastRead,
    select(phones.c.last_read_at)
    .where(phones.c.handset == _HANDSET, phones.c.last_read_at.is_not(None))
    .order_by(phones.c.last_read_at.desc())
    .limit(1),
)
_STAYING = values_in("staying")
_TAKE_OUT = Prepared(
    _SimId,
    update(sims)
    .where(sims.c.phone_id == bindparam("phone", type_=String), _IS_IN, sims.c.sim_id.not_in(_STAYING))
    .values(slot_state=SlotState.OUT.value, slot_state_since=_AT)
    .returning(sims.c.sim_id),
)
_END_PLACES = PreparedChange(
    update(sim_places)
    .where(sim_places.c.handset == _HANDSET, _IS_STILL, sim_places.c.sim_id.not_in(_STAYING))
    .values(until=_AT)
)
_NETWORK_CODE = Prepared(_NetworkCode, select(sims.c.mcc_mnc).where(sims.c.sim_id == _SIM))
_NUMBER_SOURCES = Prepared(
    _NumberSources, select(sims.c.hand_msisdn, sims.c.message_msisdn, sims.c.phone_msisdn).where(sims.c.sim_id == _SIM)
)
_NUMBER = bindparam("number", type_=String)
_SOURCE = bindparam("source", type_=String)
_SET_NUMBER = PreparedChange(
    update(sims)
    .where(sims.c.sim_id == _SIM)
    .where(sims.c.msisdn.is_distinct_from(_NUMBER) | (sims.c.msisdn_source != _SOURCE))
    .values(msisdn=_NUMBER, msisdn_source=_SOURCE)
)
_COUNTRY = bindparam("new_country", type_=String)
_OPERATOR = bindparam("new_operator", type_=String)
_SET_NETWORK = PreparedChange(
    update(sims)
    .where(sims.c.sim_id == _SIM)
    .where((sims.c.country != _COUNTRY) | (sims.c.operator != _OPERATOR))
    .values(country=_COUNTRY, operator=_OPERATOR)
)
