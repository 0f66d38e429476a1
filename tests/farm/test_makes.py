"""Every make that needs no help: rents on each SIM, exact texts, and SIMs recognised after a move."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from phonefarm.application.model.read_models import PhoneState, SimRow, SimStanding
from phonefarm.application.model.row_queries import SIMS
from phonefarm.simulation.farm import VirtualFarm
from phonefarm.simulation.field_profiles import MORE_PROFILES
from phonefarm.simulation.market_record import RentRecord
from phonefarm.simulation.phone import VirtualPhone
from phonefarm.simulation.profiles import PROFILES, Profile
from phonefarm.simulation.simulation_thread import SimulationThread
from tests.farm.field import Field, Pace, a_phone, run_field, wait_until_ready
from tests.farm.harness import until
from tests.simulation.adb_server import own_adb_server

pytestmark = pytest.mark.farm

MAKES: dict[str, Profile] = {profile.model: profile for profile in PROFILES + MORE_PROFILES}
GUARDING = [name for name, profile in MAKES.items() if profile.guards_identifiers]
"""They report neither ICCIDs nor numbers of their SIMs, so that the user enters the numbers."""
HOSTILE = (
    "code 1234\nRow: 1 _id=99, d=1700000000000, s=1700000000000, sub_id=1, n=4, a=3132, b=66616B65\nRow: 2",
    "Ваш код: 5521 — не сообщайте его 🙈👨‍👩‍👧‍👦",
    "a=1, body=No result found.\nNo result found.\n",
    '\'; DROP TABLE sms; -- "$(reboot)" `id` \\n %s {0} <b>&amp;</b>',
    "\u202e4321 kod \u200f\u2066right to left\u2069 שלום",
    "NULL",
    "  blanks before, and behind\t ",
    "a very long text, " * 40,
    "Error while accessing provider:sms\njava.lang.SecurityException: Permission Denial",
)


@pytest.fixture(scope="module")
def field(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Field]:
    """All makes in one farm, with an old message on each SIM.

    On some an empty inbox does not prove that it is readable, and Honor's rows identify their SIM only once there is a
    row of the second SIM.
    """
    phones = [a_phone(name, profile) for name, profile in MAKES.items()]
    with own_adb_server() as adb, SimulationThread(lambda: VirtualFarm(0, phones=phones)) as farm:
        for phone in phones:
            for slot in phone.sims:
                deliver_old_sms(farm, phone, slot)
        farm.run(lambda it: it.connect_to("127.0.0.1", adb.port))
        server = f"127.0.0.1:{adb.port}"
        with run_field(tmp_path_factory.mktemp("makes"), server, farm, Pace(checkup=2.0, patience=8.0)) as built:
            wait_until_ready(built, list(MAKES))
            for name in GUARDING:
                for slot, card in built.phone(name).sims.items():
                    set_number(built, the_row(built, name, slot).sim_id, card.msisdn)
            until(lambda: all(is_offered(built, name) for name in MAKES), what="every number on offer")
            yield built


def deliver_old_sms(farm: SimulationThread[VirtualFarm], phone: VirtualPhone, slot: int) -> None:
    farm.run(lambda _: phone.deliver_sms("Bank", "from before", slot))


def set_number(field: Field, sim_id: str, number: str) -> None:
    field.ask(lambda desk: desk.set_number(sim_id, number))


def rows_of(field: Field, name: str) -> list[SimRow]:
    phone_id = field.id_of(name)
    rows = [row for row in field.ask(lambda desk: desk.rows(SIMS)) if row.phone_id == phone_id and row.slot is not None]
    return sorted(rows, key=lambda row: row.slot or 0)


def the_row(field: Field, name: str, slot: int) -> SimRow:
    return next(row for row in rows_of(field, name) if row.slot == slot)


def is_offered(field: Field, name: str) -> bool:
    return [row.standing for row in rows_of(field, name)] == [SimStanding.ON_OFFER] * MAKES[name].slots


def rent_of(field: Field, name: str, slot: int) -> RentRecord:
    """Rent this number; other issued numbers of the same operator are finished as sold."""
    wanted = field.phone(name).sims[slot].msisdn
    operator = the_row(field, name, slot).operator
    others: list[RentRecord] = []
    while (rent := field.market.run(lambda market: market.order("russia", operator))) is not None:
        if rent.msisdn == wanted:
            break
        others.append(rent)
    for other in others:
        field.finish(other)
    assert rent is not None, f"{wanted} was not issued"
    return rent


@pytest.mark.parametrize("name", MAKES)
def test_messages_of_each_sim_of_a_make_are_pushed_whole_into_its_own_rent(field: Field, name: str) -> None:
    slots = range(MAKES[name].slots)
    rents = [rent_of(field, name, slot) for slot in slots]

    for place, text in enumerate(HOSTILE):
        field.send(rents[place % len(rents)].msisdn, text, sender="x=1, b=00")

    for slot, rent in zip(slots, rents, strict=True):
        field.until_texts(rent, *[text for place, text in enumerate(HOSTILE) if place % len(rents) == slot])
    assert {push.body["phoneFrom"] for push in field.market.sim.record.pushes} == {"x=1, b=00"}
    assert field.state(name) is PhoneState.READY
    assert field.market.sim.record.violations == []
    for rent in rents:
        field.finish(rent)


@pytest.mark.parametrize(
    ("origin", "target"), [("Pixel 8", "SM-A525F"), ("SM-J530FM", "ELE-L29"), ("2211133G", "FRD-L09")]
)
def test_second_sim_that_moves_to_another_phone_keeps_identity_number_and_open_rent(
    field: Field, origin: str, target: str
) -> None:
    rent = rent_of(field, origin, 1)
    field.send(rent.msisdn, "in the first phone", sender="x=1, b=00")
    field.until_texts(rent, "in the first phone")
    before = the_row(field, origin, 1)
    mine, theirs = field.phone(origin).sims[1], field.phone(target).sims[1]

    field.act(lambda phone: phone.remove_sim(1), origin)
    field.act(lambda phone: phone.insert_sim(mine, 1), target)

    try:
        until(lambda: field.sim(mine).phone_id == field.id_of(target), what="the SIM in its new phone")
        after = field.sim(mine)
        assert (after.sim_id, after.msisdn, after.rent_id) == (before.sim_id, before.msisdn, rent.rent_id)
        assert (after.slot, after.standing) == (1, SimStanding.RENTED)
        field.send(rent.msisdn, "in the second phone", sender="x=1, b=00")
        field.until_texts(rent, "in the first phone", "in the second phone")
        assert field.sim(theirs).standing is SimStanding.OUT
    finally:
        field.act(lambda phone: phone.insert_sim(theirs, 1), target)
        field.act(lambda phone: phone.insert_sim(mine, 1), origin)
        field.finish(rent)
    until(lambda: is_offered(field, origin) and is_offered(field, target), what="all as it was")
