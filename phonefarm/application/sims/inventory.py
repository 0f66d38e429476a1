"""Which SIM is in which phone, and its number, country and operator."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

import structlog

from phonefarm.application.model import timeline
from phonefarm.application.model.events import Announcer
from phonefarm.application.model.read_models import Topic
from phonefarm.application.ports.records.numbers import NetworkNameRecords, NumberEntry
from phonefarm.application.ports.records.sims import SimPlaceRecords, SimRecords
from phonefarm.application.ports.storage import Storage, UnitOfWork
from phonefarm.domain.errors import KnownError
from phonefarm.domain.ids import (
    Msisdn,
    PhoneId,
    SimId,
    is_stand_in,
    may_be,
    parse_msisdn,
    serial_of,
    stand_in_prefix,
)
from phonefarm.domain.networks import Network as Network
from phonefarm.domain.networks import NetworkNames as NetworkNames
from phonefarm.domain.sims import OF_ANOTHER_COUNTRY, SeenSim, Sim
from phonefarm.support.clock import Clock

log = structlog.get_logger(__name__)


class SimInventory:
    """Stores what check-ups, tables and the user state about SIMs, and announces the changes."""

    def __init__(self, storage: Storage, announcer: Announcer, names: NetworkNames, clock: Clock) -> None:
        self._storage = storage
        self._announcer = announcer
        self._names = names
        self._clock = clock

    async def take_stock(self, phone_id: PhoneId, seen: Sequence[SeenSim]) -> None:
        """Record which SIMs a phone holds now; those it no longer holds leave the offer."""
        changed = await self._storage.write(lambda uow: self._store_stock(uow, phone_id, seen))
        if changed:
            self._announcer.changed(Topic.PHONES, [phone_id])
            self.announce(changed)

    async def resolve_all_sims(self) -> None:
        """Resolve every SIM in a phone again: the shipped tables may have changed since the last start."""
        now = self._clock()

        def work(uow: UnitOfWork) -> list[SimId]:
            return [sim.sim_id for sim in uow.sims.all() if resolve_sim(uow, sim.sim_id, self._names, now)]

        self.announce(await self._storage.write(work))

    async def use_numbers_file(self, entries: Sequence[NumberEntry]) -> list[str]:
        """Replace the numbers of the file by its present lines; returns an objection for each that cannot be used."""
        now = self._clock()

        def work(uow: UnitOfWork) -> tuple[list[SimId], list[str]]:
            concerned = uow.numbers.replace_file(entries, now)
            changed = [sim_id for sim_id in concerned if resolve_sim(uow, sim_id, self._names, now)]
            objected = objections(uow.sims, entries, self._names)
            return changed, [f"{iccid}: {objection}" for iccid, objection in objected.items()]

        changed, objected = await self._storage.write(work)
        self.announce(changed)
        return objected

    async def set_number(self, sim_id: SimId, text: str) -> None:
        """Set the number that the user typed; it has priority over all other sources. Raises KnownError."""
        msisdn = parse_msisdn(text)
        if msisdn is None:
            raise KnownError(
                f"'{text.strip()[:40]}' is no phone number. Write it with its country code, as +79281234567."
            )
        now = self._clock()

        def work(uow: UnitOfWork) -> None:
            sim = unrented_sim(uow.sims, sim_id)
            refuse_foreign(msisdn, sim, self._names)
            uow.sims.set_hand_number(sim_id, msisdn)
            resolve_number(uow, sim_id, sim.country, self._names, now)
            uow.journal.note(now, Topic.SIMS, sim_id, timeline.number_typed(msisdn))

        await self._storage.write(work)
        self.announce([sim_id])

    def announce(self, sim_ids: Sequence[SimId]) -> None:
        """Numbers or networks of these SIMs may have changed."""
        self._announcer.changed(Topic.SIMS, sim_ids)
        self._announcer.changed(Topic.NUMBERS, sim_ids)
        self._announcer.changed(Topic.OVERVIEW)

    def _store_stock(self, uow: UnitOfWork, phone_id: PhoneId, seen: Sequence[SeenSim]) -> list[SimId]:
        now = self._clock()
        changed: list[SimId] = []
        staying: list[SimId] = []
        for sim in _recognise(uow.sims, phone_id, seen):
            staying.append(sim.sim_id)
            network = network_of(uow.numbers, sim.mcc_mnc, self._names)
            before = uow.sims.get(sim.sim_id)
            moved = uow.sims.place(sim, phone_id, network.country, network.operator, now)
            if before is None or before.phone_id != phone_id:
                happening = timeline.sim_seen if before is None else timeline.sim_moved
                uow.journal.note(now, Topic.SIMS, sim.sim_id, happening(serial_of(phone_id), sim.slot))
            if moved | resolve_sim(uow, sim.sim_id, self._names, now):
                changed.append(sim.sim_id)
        for sim_id in uow.sims.take_out(phone_id, staying, now):
            uow.journal.note(now, Topic.SIMS, sim_id, timeline.sim_taken_out(serial_of(phone_id)))
            changed.append(sim_id)
        return changed


def _recognise(sims: SimPlaceRecords, phone_id: PhoneId, seen: Sequence[SeenSim]) -> list[SeenSim]:
    """The SIMs with the ids under which they are stored.

    A phone may not state an ICCID that it stated before, or may state it only later. A card in the same slot with the
    same subscription id is the same card, if the known digits of both ICCIDs agree.
    """
    stored = [known for known in sims.on_phone(phone_id) if known.is_in and known.place.sub_id is not None]
    recognised: list[SeenSim] = []
    for sim in seen:
        here = [known.sim_id for known in stored if (known.place.sub_id, known.slot) == (sim.sub_id, sim.slot)]
        if is_stand_in(sim.sim_id):
            known_as = next((sim_id for sim_id in here if _agree(sim.sim_id, sim_id)), None)
            recognised.append(sim if known_as is None else _replace_id(sim, known_as))
            continue
        for stand_in in here:
            if is_stand_in(stand_in) and may_be(stand_in, sim.sim_id):
                sims.become(stand_in, sim.sim_id)
        recognised.append(sim)
    return recognised


def _agree(stand_in: SimId, known: SimId) -> bool:
    if is_stand_in(known):
        one, other = stand_in_prefix(stand_in), stand_in_prefix(known)
        # One may end before a letter: former versions did not accept letters as digits.
        return one == other or (bool(one and other) and (one.startswith(other) or other.startswith(one)))
    return may_be(stand_in, known)


def _replace_id(sim: SeenSim, known_as: SimId) -> SeenSim:
    return replace(sim, sim_id=known_as, iccid="" if is_stand_in(known_as) else known_as)


def unrented_sim(sims: SimRecords, sim_id: SimId) -> Sim:
    """The SIM, if its number may be changed now. Raises KnownError otherwise."""
    sim = sims.get(sim_id)
    if sim is None:
        raise KnownError("This SIM is not in the database any more.")
    if sim.rent_id is not None:
        raise KnownError(f"Rent {sim.rent_id} is open on this SIM: change the number when it is finished.")
    return sim


def network_of(numbers: NetworkNameRecords, mcc_mnc: str, names: NetworkNames) -> Network:
    """The network by the user's own name, else by the shipped table."""
    return numbers.network_name(mcc_mnc) or names.of(mcc_mnc)


def refuse_foreign(msisdn: Msisdn, sim: Sim, names: NetworkNames) -> None:
    """Raise KnownError for a number of another country: an order for the SIM's country would get it."""
    if objection := names.objection(msisdn, sim.country):
        raise KnownError(
            f"{objection}. Check the number; if it is right, state the SIM's country in a table of numbers."
        )


def objections(sims: SimRecords, entries: Sequence[NumberEntry], names: NetworkNames) -> dict[str, str]:
    """Why stored numbers of a table cannot be used, in a sentence, by ICCID."""

    def country_of(entry: NumberEntry) -> str:
        sim = sims.get(SimId(entry.iccid))
        return entry.country or (sim.country if sim else "")

    found = [(entry, names.objection(entry.msisdn, country_of(entry))) for entry in entries]
    return {entry.iccid: str(objection) for entry, objection in found if objection}


def resolve_sim(uow: UnitOfWork, sim_id: SimId, names: NetworkNames, at: datetime) -> bool:
    """Derive country, operator and number from all sources again; returns whether anything changed.

    The user's table has priority over the network code. A SIM without a known code keeps its names.
    """
    entry = uow.numbers.entry_of(sim_id)
    sim = uow.sims.get(sim_id)
    assert sim is not None
    code = uow.sims.network_code(sim_id)
    network = network_of(uow.numbers, code, names) if code else Network(country=sim.country, operator=sim.operator)
    country = (entry[0].country if entry else "") or network.country
    operator = (entry[0].operator if entry else "") or network.operator
    return uow.sims.set_network(sim_id, country, operator) | resolve_number(uow, sim_id, country, names, at)


def resolve_number(uow: UnitOfWork, sim_id: SimId, country: str, names: NetworkNames, at: datetime) -> bool:
    """Derive the number; sources by priority: the user, the user's table, an accepted message, the phone.

    The phone comes last because it states what was once written on the card, which is often outdated. Invariant: an
    order for a country never gets a number of another one. So a number of another country is rejected, with an entry in
    the SIM's timeline.
    """
    rejected: list[timeline.Happening] = []
    number, source = None, ""
    for stated, stated_by in _stated_numbers(uow, sim_id):
        objection = names.objection(stated, country)
        if objection is None:
            number, source = stated, stated_by
            break
        source = OF_ANOTHER_COUNTRY
        rejected.append(timeline.number_rejected(stated, objection.of_country, country, stated_by))
    changed = uow.sims.set_number(sim_id, number, source)
    if changed:
        for happening in rejected:
            uow.journal.note(at, Topic.SIMS, sim_id, happening)
    return changed


def _stated_numbers(uow: UnitOfWork, sim_id: SimId) -> list[tuple[Msisdn, str]]:
    """Every number that is stated for a SIM, with its source, by priority."""
    sources = uow.sims.number_sources(sim_id)
    entry = uow.numbers.entry_of(sim_id)
    stated = (
        (sources.by_hand, "hand"),
        (entry[0].msisdn if entry else None, entry[1].value if entry else ""),
        (sources.by_message, "message"),
        (sources.by_phone, "phone"),
    )
    return [(number, source) for number, source in stated if number]
