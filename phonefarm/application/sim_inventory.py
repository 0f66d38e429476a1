"""Keeps the books of SIMs: where each sits, what number, country and operator it has."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import structlog

from phonefarm.application.events import Announcer
from phonefarm.application.interfaces import Clock
from phonefarm.application.networks import Network as Network
from phonefarm.application.networks import NetworkNames as NetworkNames
from phonefarm.application.read_models import StoryKind, Topic
from phonefarm.application.storage import NumberEntry, Storage, UnitOfWork
from phonefarm.domain.errors import KnownError
from phonefarm.domain.ids import PhoneId, SimId, is_stand_in, may_be, parse_msisdn, serial_of, stand_in_prefix
from phonefarm.domain.sims import SeenSim, Sim

log = structlog.get_logger(__name__)


class SimInventory:
    def __init__(self, storage: Storage, announcer: Announcer, names: NetworkNames, clock: Clock) -> None:
        self._storage = storage
        self._announcer = announcer
        self._names = names
        self._clock = clock

    async def take_stock(self, phone_id: PhoneId, seen: Sequence[SeenSim]) -> None:
        """Record which SIMs a phone holds now; those it no longer holds leave the offer."""
        changed = await self._storage.write(lambda uow: self._place(uow, phone_id, seen))
        if changed:
            self._announcer.changed(Topic.PHONES, [phone_id])
            self.announce(changed)

    async def use_numbers_file(self, entries: Sequence[NumberEntry]) -> None:
        now = self._clock()

        def work(uow: UnitOfWork) -> list[SimId]:
            concerned = uow.numbers.replace_file(entries, now)
            return [sim_id for sim_id in concerned if settle_sim(uow, sim_id, self._names)]

        self.announce(await self._storage.write(work))

    async def set_number(self, sim_id: SimId, text: str) -> None:
        """Give a SIM the number that the user typed; it wins over the file's and the phone's."""
        msisdn = parse_msisdn(text)
        if msisdn is None:
            raise KnownError(
                f"'{text.strip()[:40]}' is no phone number. Write it with its country code, as +79281234567."
            )
        now = self._clock()

        def work(uow: UnitOfWork) -> None:
            unrented_sim(uow, sim_id)
            uow.sims.set_hand_number(sim_id, msisdn)
            settle_number(uow, sim_id)
            uow.journal.note(now, Topic.SIMS, sim_id, StoryKind.NUMBER_SET, f"Number set by hand: +{msisdn}")

        await self._storage.write(work)
        self.announce([sim_id])

    def announce(self, sim_ids: Sequence[SimId]) -> None:
        """Numbers or networks of these SIMs may have changed."""
        self._announcer.changed(Topic.SIMS, sim_ids)
        self._announcer.changed(Topic.NUMBERS, sim_ids)
        self._announcer.changed(Topic.OVERVIEW)

    def _place(self, uow: UnitOfWork, phone_id: PhoneId, seen: Sequence[SeenSim]) -> list[SimId]:
        now = self._clock()
        changed: list[SimId] = []
        staying: list[SimId] = []
        for sim in _recognised(uow, phone_id, seen):
            staying.append(sim.sim_id)
            network = network_of(uow, sim.mcc_mnc, self._names)
            before = uow.sims.get(sim.sim_id)
            moved = uow.sims.place(sim, phone_id, network.country, network.operator, now)
            if before is None or before.phone_id != phone_id:
                kind = StoryKind.SIM_SEEN if before is None else StoryKind.SIM_MOVED
                where = f"In {serial_of(phone_id)}, slot {sim.slot + 1}"
                uow.journal.note(now, Topic.SIMS, sim.sim_id, kind, where)
            if moved | settle_sim(uow, sim.sim_id, self._names):
                changed.append(sim.sim_id)
        for sim_id in uow.sims.take_out(phone_id, staying, now):
            uow.journal.note(now, Topic.SIMS, sim_id, StoryKind.SIM_MOVED, f"Taken out of {serial_of(phone_id)}")
            changed.append(sim_id)
        return changed


def _recognised(uow: UnitOfWork, phone_id: PhoneId, seen: Sequence[SeenSim]) -> list[SeenSim]:
    """The SIMs with the identities under which they are on the books.

    A phone may fail to tell an ICCID that it told before, or tell it only later. The card that sits in the
    same slot under the same subscription id is the same card, if what is known of both ICCIDs agrees.
    """
    on_books = [known for known in uow.sims.on_phone(phone_id) if known.is_in and known.place.sub_id is not None]
    recognised: list[SeenSim] = []
    for sim in seen:
        here = [known.sim_id for known in on_books if (known.place.sub_id, known.slot) == (sim.sub_id, sim.slot)]
        if is_stand_in(sim.sim_id):
            known_as = next((sim_id for sim_id in here if _agree(sim.sim_id, sim_id)), None)
            recognised.append(sim if known_as is None else _under(known_as, sim))
            continue
        for stand_in in here:
            if is_stand_in(stand_in) and may_be(stand_in, sim.sim_id):
                uow.sims.become(stand_in, sim.sim_id)
        recognised.append(sim)
    return recognised


def _agree(stand_in: SimId, known: SimId) -> bool:
    if is_stand_in(known):
        return stand_in_prefix(stand_in) == stand_in_prefix(known)
    return may_be(stand_in, known)


def _under(known_as: SimId, sim: SeenSim) -> SeenSim:
    return replace(sim, sim_id=known_as, iccid="" if is_stand_in(known_as) else known_as)


def unrented_sim(uow: UnitOfWork, sim_id: SimId) -> Sim:
    """The SIM, if its number may be changed now; else KnownError."""
    sim = uow.sims.get(sim_id)
    if sim is None:
        raise KnownError("This SIM is not on the books any more.")
    if sim.rent_id is not None:
        raise KnownError(f"Rent {sim.rent_id} is open on this SIM: change the number when it is finished.")
    return sim


def network_of(uow: UnitOfWork, mcc_mnc: str, names: NetworkNames) -> Network:
    """The network by the user's own name, else by the shipped table."""
    return uow.numbers.network_name(mcc_mnc) or names.of(mcc_mnc)


def settle_sim(uow: UnitOfWork, sim_id: SimId, names: NetworkNames) -> bool:
    """Country, operator and number anew from all that is said; True if anything changed.

    The user's table wins over the network code. A SIM whose code is not known keeps the names that it had.
    """
    told = uow.numbers.entry_of(sim_id)
    sim = uow.sims.get(sim_id)
    assert sim is not None
    code = uow.sims.network_code(sim_id)
    network = network_of(uow, code, names) if code else Network(country=sim.country, operator=sim.operator)
    country = (told[0].country if told else "") or network.country
    operator = (told[0].operator if told else "") or network.operator
    return uow.sims.set_network(sim_id, country, operator) | settle_number(uow, sim_id)


def settle_number(uow: UnitOfWork, sim_id: SimId) -> bool:
    """The number: by hand, else by the user's table, else by a message that the user accepted, else by the phone.

    A phone states what was once written on the card, which is often old: what the user has looked at wins.
    """
    said = uow.sims.number_sources(sim_id)
    told = uow.numbers.entry_of(sim_id)
    for number, source in (
        (said.by_hand, "hand"),
        (told[0].msisdn if told else None, told[1].value if told else ""),
        (said.by_message, "message"),
        (said.by_phone, "phone"),
    ):
        if number:
            return uow.sims.set_number(sim_id, number, source)
    return uow.sims.set_number(sim_id, None, "")
