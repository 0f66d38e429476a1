"""Assigns messages to SIMs and rents by what is stored of the phone: at once, or later when more is known."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from phonefarm.application.model import timeline
from phonefarm.application.model.read_models import Topic
from phonefarm.application.ports.records.messages import StoredSms, UnassignedSms
from phonefarm.application.ports.records.phone_health import SimRule
from phonefarm.application.ports.records.pushes import NewPush
from phonefarm.application.ports.records.sims import SimOnPhone, SimPlaceRecords
from phonefarm.application.ports.storage import UnitOfWork
from phonefarm.domain.attribution import identifies_sim, may_have_been_there, sim_of
from phonefarm.domain.errors import KnownError
from phonefarm.domain.ids import PhoneId, RentId, SimId, SmsId
from phonefarm.domain.sms import Arrival, Doubt, Newness, RentSpan, SmsRow, SmsStanding, rent_at

ASSIGN_WITHIN = timedelta(hours=1)
"""A message whose SIM is not known by then is left to the user."""


@dataclass(frozen=True, kw_only=True)
class Owner:
    """Whose a message is, as far as that is known."""

    standing: SmsStanding
    sim: SimOnPhone | None = None
    rent: RentSpan | None = None
    """The rent it is pushed for."""
    is_withheld: bool = False
    """Its sender is on the block list, so its text is not stored."""
    doubt: Doubt | None = None


@dataclass(frozen=True, kw_only=True)
class AssignedSms:
    """A message whose SIM was unknown and is known now."""

    sms_id: SmsId
    rent_id: RentId | None
    """The rent it is pushed for."""


def new_push(sms_id: SmsId, rent: RentSpan, sender: str, arrived_at: datetime, text: str | None = None) -> NewPush:
    return NewPush(
        sms_id=sms_id,
        rent_id=rent.rent_id,
        msisdn=rent.msisdn,
        sender=sender,
        arrived_at=arrived_at,
        text=text if rent.closed_at is None else None,
    )


class SimResolver:
    """Finds SIM and rent of a phone's messages. Reads the phone's SIMs once for all messages of a reading."""

    def __init__(self, uow: UnitOfWork, phone_id: PhoneId, since: datetime, now: datetime) -> None:
        """`since`: no message arrived earlier."""
        self._uow = uow
        self._phone_id = phone_id
        self._since = since
        self._now = now
        self._sims = uow.sims.on_phone(phone_id)
        self._places = [sim.place for sim in self._sims]
        self._spans: dict[SimId, list[RentSpan]] = {}

    def owner_of(self, row: SmsRow, arrived: Arrival, *, is_withheld: bool) -> Owner:
        sim = self._sim_of(row.sub_id, row.sim_mark, arrived.at)
        candidates = self._sims if sim is None else [sim]
        open_rents = [rent for each in candidates if (rent := self.rent_on(each, arrived.at)) is not None]
        is_new = arrived.newness is Newness.NEW
        if not is_new and not open_rents:
            return Owner(standing=SmsStanding.BASELINE, sim=sim, is_withheld=is_withheld)
        if is_withheld:
            return Owner(standing=SmsStanding.WITHHELD, sim=sim, is_withheld=True)
        if not is_new:  # late, or from a backup: during a rent the user decides
            return Owner(standing=SmsStanding.HELD, sim=sim, doubt=Doubt.TIME)
        doubt = Doubt.SIM if sim is None else None
        if not open_rents:
            return Owner(standing=SmsStanding.NO_RENT, sim=sim, doubt=doubt)
        if sim is None:
            return Owner(standing=SmsStanding.HELD, doubt=doubt)
        return Owner(standing=SmsStanding.FOR_RENT, sim=sim, rent=open_rents[0])

    def sim_known_by_now(self, unassigned: UnassignedSms) -> SimOnPhone | None:
        """The SIM of an unassigned message, if it is known by now and may have been in the phone at that time."""
        sim = self._sim_of(unassigned.sub_id, unassigned.sim_mark, unassigned.arrived_at)
        return sim if sim is not None and may_have_been_there(sim.place, unassigned.arrived_at) else None

    def knows_subscription(self, sub_id: int) -> bool:
        return any(place.sub_id == sub_id for place in self._places)

    def rent_on(self, sim: SimOnPhone, at: datetime) -> RentSpan | None:
        spans = self._spans.get(sim.sim_id)
        if spans is None:
            spans = self._spans[sim.sim_id] = self._uow.rents.spans(sim.sim_id, self._since)
        return rent_at(spans, at, self._now)

    def _sim_of(self, sub_id: int | None, sim_mark: str, at: datetime) -> SimOnPhone | None:
        sim_id = sim_of(sub_id, self._places, at)
        if sim_id is None:
            sim_id = self._sim_by_rule(sim_mark, at)
        return next((sim for sim in self._sims if sim.sim_id == sim_id), None)

    def _sim_by_rule(self, sim_mark: str, arrived_at: datetime) -> SimId | None:
        """The SIM to which the user assigned all messages with this mark, if it was in the phone at that time."""
        rule = self._uow.health.sim_rule(self._phone_id, sim_mark)
        if rule is None:
            return None
        for sim in self._sims:
            has_not_moved = (sim.slot, sim.place.sub_id) == (rule.slot, rule.sub_id)
            if sim.sim_id == rule.sim_id and has_not_moved and may_have_been_there(sim.place, arrived_at):
                return sim.sim_id
        return None


def assign_known_sims(
    uow: UnitOfWork, phone_id: PhoneId, now: datetime, withholds: Callable[[str], bool]
) -> tuple[list[AssignedSms], bool]:
    """Assign the unassigned messages whose SIM is known by now; returns them and whether any is left."""
    unassigned = uow.messages.unassigned(phone_id, now - ASSIGN_WITHIN)
    if not unassigned:
        return [], False
    resolver = SimResolver(uow, phone_id, unassigned[0].arrived_at, now)
    assigned = []
    for one in unassigned:
        sim = resolver.sim_known_by_now(one)
        if sim is None or withholds(one.sender):
            continue
        rent = resolver.rent_on(sim, one.arrived_at)
        assigned.append(_assign(uow, one, sim, rent, now, timeline.sim_found(sim.sim_id, sim.msisdn)))
    return assigned, len(assigned) < len(unassigned)


def assign_as_user_says(
    uow: UnitOfWork, sms_id: SmsId, sim_id: SimId, now: datetime, remember: bool
) -> list[AssignedSms]:
    stored = uow.messages.get(sms_id)
    if stored is None or stored.standing is not SmsStanding.HELD:
        raise KnownError("This message is not held: its SIM is decided already.")
    sim = _sim_on(uow.sims, stored.phone_id, sim_id)
    assigned = [_assign_one(uow, stored, sim, now)]
    if remember:
        if not identifies_sim(stored.sim_mark) or stored.sim_id is not None:
            raise KnownError(
                "The phone marks such messages in no way that tells its SIMs apart: choose the SIM of each by itself."
            )
        rule = SimRule(sim_id=sim_id, slot=sim.slot, sub_id=sim.place.sub_id)
        uow.health.set_sim_rule(stored.phone_id, stored.sim_mark, rule, now)
        rule_set = timeline.sim_rule_set(stored.sim_mark, sim_id, sim.msisdn)
        uow.journal.note(now, Topic.PHONES, stored.phone_id, rule_set)
        for other_id in uow.messages.held_with_mark(stored.phone_id, stored.sim_mark):
            other = uow.messages.get(other_id)
            if other is not None and may_have_been_there(sim.place, other.arrived_at):
                assigned.append(_assign_one(uow, other, sim, now))
    return assigned


def _assign_one(uow: UnitOfWork, stored: StoredSms, sim: SimOnPhone, now: datetime) -> AssignedSms:
    rent = rent_at(uow.rents.spans(sim.sim_id, stored.arrived_at), stored.arrived_at, now)
    return _assign(uow, stored, sim, rent, now, timeline.sim_chosen(sim.sim_id, sim.msisdn))


def _assign(
    uow: UnitOfWork,
    stored: StoredSms | UnassignedSms,
    sim: SimOnPhone,
    rent: RentSpan | None,
    now: datetime,
    happening: timeline.Happening,
) -> AssignedSms:
    rent_id = None if rent is None else rent.rent_id
    standing = SmsStanding.NO_RENT if rent is None else SmsStanding.FOR_RENT
    uow.messages.assign_sim(stored.sms_id, sim.sim_id, sim.msisdn or "", standing, rent_id)
    uow.journal.note(now, Topic.MESSAGES, stored.sms_id, happening)
    if rent is not None:
        uow.pushes.add([new_push(stored.sms_id, rent, stored.sender, stored.arrived_at)], now, begin=0)
    return AssignedSms(sms_id=stored.sms_id, rent_id=rent_id)


def _sim_on(sims: SimPlaceRecords, phone_id: PhoneId, sim_id: SimId) -> SimOnPhone:
    for sim in sims.on_phone(phone_id):
        if sim.sim_id == sim_id:
            return sim
    raise KnownError("That SIM is not one of the phone's: choose one of the SIMs that sat in it.")
