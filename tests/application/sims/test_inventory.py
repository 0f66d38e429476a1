"""Which SIM is in which phone, and its number, country and operator."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

import pytest

from phonefarm.application.model.read_models import SimStanding, Topic
from phonefarm.application.model.row_queries import NUMBER_TASKS
from phonefarm.application.model.timeline import TimelineKind
from phonefarm.application.ports.records.numbers import NumberEntry
from phonefarm.application.sims.inventory import Network
from phonefarm.domain.errors import KnownError
from phonefarm.domain.ids import Msisdn, SimId
from phonefarm.domain.phones import PhoneState
from phonefarm.domain.sims import OF_ANOTHER_COUNTRY, SlotState
from tests.application.stored_farm import NAMES, StoredFarm
from tests.builders import ICCID, NUMBER, OTHER_NUMBER, OTHER_PHONE, PHONE, a_seen_sim
from tests.timelines import sentences

THIRD_NUMBER = Msisdn("79161112233")


def in_file(msisdn: Msisdn = OTHER_NUMBER, **changes: Any) -> NumberEntry:
    return replace(NumberEntry(iccid=ICCID, msisdn=msisdn), **changes)


# Networks -------------------------------------------------------------------


@pytest.mark.parametrize(
    ("code", "network"),
    [
        ("25001", Network(country="russia", operator="mts")),
        ("25042", Network(country="russia")),
        ("99901", Network(country="")),
        ("", Network(country="")),
    ],
)
def test_network_code_gives_the_markets_names(code: str, network: Network) -> None:
    assert NAMES.of(code) == network


async def test_sim_of_an_unknown_network_is_not_offered(farm: StoredFarm) -> None:
    await farm.seat(a_seen_sim(mcc_mnc="99901"))

    assert (await farm.one_sim(ICCID)).standing is SimStanding.NO_COUNTRY
    assert await farm.on_offer() == 0


async def test_sim_that_loses_its_network_keeps_its_names(farm: StoredFarm) -> None:
    await farm.seat(a_seen_sim())

    await farm.inventory.take_stock(PHONE, [a_seen_sim(mcc_mnc="", slot_state=SlotState.NO_NETWORK)])

    sim = await farm.one_sim(ICCID)
    assert (sim.country, sim.operator, sim.standing) == ("russia", "mts", SimStanding.NO_NETWORK)


async def test_names_of_the_numbers_file_have_priority_over_the_network_code(farm: StoredFarm) -> None:
    await farm.inventory.use_numbers_file([in_file(country="kazakhstan", operator="kcell")])

    await farm.seat(a_seen_sim())

    sim = await farm.one_sim(ICCID)
    assert (sim.country, sim.operator) == ("kazakhstan", "kcell")


# Numbers --------------------------------------------------------------------


async def test_typed_number_has_priority_over_the_files_and_that_over_the_phones(farm: StoredFarm) -> None:
    states = []
    await farm.seat(a_seen_sim(msisdn=NUMBER))
    states.append(await farm.one_sim(ICCID))

    await farm.inventory.use_numbers_file([in_file(OTHER_NUMBER)])
    states.append(await farm.one_sim(ICCID))
    await farm.inventory.set_number(SimId(ICCID), f"+{THIRD_NUMBER}")
    states.append(await farm.one_sim(ICCID))
    await farm.inventory.take_stock(PHONE, [a_seen_sim(msisdn=NUMBER)])
    await farm.inventory.use_numbers_file([in_file(OTHER_NUMBER, label="again")])
    states.append(await farm.one_sim(ICCID))

    assert [(sim.msisdn, sim.msisdn_source) for sim in states] == [
        (NUMBER, "phone"),
        (OTHER_NUMBER, "file"),
        (THIRD_NUMBER, "hand"),
        (THIRD_NUMBER, "hand"),
    ]


async def test_source_is_the_one_with_priority_even_if_two_state_the_same_number(farm: StoredFarm) -> None:
    await farm.seat(a_seen_sim(msisdn=NUMBER))

    await farm.inventory.set_number(SimId(ICCID), NUMBER)

    assert (await farm.one_sim(ICCID)).msisdn_source == "hand"


async def test_number_of_a_removed_line_is_removed(farm: StoredFarm) -> None:
    await farm.inventory.use_numbers_file([in_file()])
    await farm.seat(a_seen_sim(msisdn=None))
    assert (await farm.one_sim(ICCID)).msisdn == OTHER_NUMBER

    await farm.inventory.use_numbers_file([])

    sim = await farm.one_sim(ICCID)
    assert (sim.msisdn, sim.msisdn_source, sim.standing) == ("", "", SimStanding.NO_NUMBER)


async def test_number_that_the_file_gives_to_a_sim_not_seen_yet_waits_for_it(farm: StoredFarm) -> None:
    await farm.inventory.use_numbers_file([in_file()])

    await farm.seat(a_seen_sim(msisdn=None))

    assert (await farm.one_sim(ICCID)).standing is SimStanding.ON_OFFER


# Numbers of another country ---------------------------------------------------

UKRAINIAN = Msisdn("380501234567")
REASON = f"+{UKRAINIAN} is a number of ukraine, but the SIM is of russia"


async def passed_over(farm: StoredFarm) -> list[str]:
    return sentences(
        line for line in await farm.timeline(Topic.SIMS, ICCID) if line.kind is TimelineKind.NUMBER_REJECTED
    )


async def test_number_of_another_country_that_the_phone_states_is_not_used_and_the_sims_timeline_says_why(
    farm: StoredFarm,
) -> None:
    await farm.seat(a_seen_sim(msisdn=UKRAINIAN))
    await farm.inventory.take_stock(PHONE, [a_seen_sim(msisdn=UKRAINIAN)])

    sim = await farm.one_sim(ICCID)
    assert (sim.msisdn, sim.msisdn_source, sim.standing) == ("", OF_ANOTHER_COUNTRY, SimStanding.NO_NUMBER)
    assert [
        task.is_foreign for task in await farm.storage.read(lambda views: views.rows(NUMBER_TASKS, None, farm.clock()))
    ] == [True]
    assert await passed_over(farm) == [f"{REASON}: stated by the phone, not used"]
    assert await farm.on_offer() == 0


async def test_typed_number_of_another_country_is_refused(farm: StoredFarm) -> None:
    await farm.seat(a_seen_sim())

    with pytest.raises(KnownError, match=re.escape(REASON)):
        await farm.inventory.set_number(SimId(ICCID), UKRAINIAN)

    assert (await farm.one_sim(ICCID)).msisdn == NUMBER


async def test_number_of_another_country_in_the_numbers_file_is_reported_and_the_phones_is_used(
    farm: StoredFarm,
) -> None:
    await farm.seat(a_seen_sim())

    objected = await farm.inventory.use_numbers_file([in_file(UKRAINIAN)])

    assert objected == [f"{ICCID}: {REASON}"]
    assert (await farm.one_sim(ICCID)).msisdn == NUMBER


async def test_file_may_state_the_country_that_its_number_is_of(farm: StoredFarm) -> None:
    await farm.seat(a_seen_sim())

    objected = await farm.inventory.use_numbers_file([in_file(UKRAINIAN, country="ukraine")])

    sim = await farm.one_sim(ICCID)
    assert (objected, sim.msisdn, sim.country) == ([], UKRAINIAN, "ukraine")


async def test_line_of_an_unknown_sim_is_checked_against_its_own_country(farm: StoredFarm) -> None:
    objected = await farm.inventory.use_numbers_file([in_file(UKRAINIAN, country="russia")])

    assert objected == [f"{ICCID}: {REASON}"]


async def test_typed_number_leaves_the_offer_when_its_sim_turns_out_to_be_of_another_country(farm: StoredFarm) -> None:
    await farm.seat(a_seen_sim(mcc_mnc="99901", msisdn=None))
    await farm.inventory.set_number(SimId(ICCID), UKRAINIAN)

    await farm.numbering.name_network("99901", "russia", "mts")

    assert (await farm.one_sim(ICCID)).standing is SimStanding.NO_NUMBER
    assert await passed_over(farm) == [f"{REASON}: entered by you, not used"]


async def test_start_removes_stored_numbers_of_another_country_from_the_offer(farm: StoredFarm) -> None:
    await farm.seat(a_seen_sim())
    await farm.storage.write(lambda uow: uow.sims.set_number(SimId(ICCID), UKRAINIAN, "phone"))

    await farm.inventory.resolve_all_sims()

    assert (await farm.one_sim(ICCID)).msisdn == NUMBER


async def test_country_without_a_known_dial_code_accepts_any_number(farm: StoredFarm) -> None:
    await farm.seat(a_seen_sim(mcc_mnc="99901", msisdn=UKRAINIAN))

    await farm.numbering.name_network("99901", "atlantis", "")

    assert (await farm.one_sim(ICCID)).standing is SimStanding.ON_OFFER


WRONG_NUMBERS = ("", "abc", "12", "8 928 123 45 67")


@pytest.mark.parametrize("text", WRONG_NUMBERS)
async def test_text_that_is_no_number_is_refused_with_an_example(farm: StoredFarm, text: str) -> None:
    await farm.seat(a_seen_sim())

    with pytest.raises(KnownError, match=r"is no phone number.*\+79281234567"):
        await farm.inventory.set_number(SimId(ICCID), text)


async def test_number_is_not_changed_while_its_rent_is_open(farm: StoredFarm) -> None:
    await farm.seat(a_seen_sim())
    rent_id = await farm.rent()

    with pytest.raises(KnownError, match=f"Rent {rent_id} is open"):
        await farm.inventory.set_number(SimId(ICCID), OTHER_NUMBER)

    assert (await farm.one_sim(ICCID)).msisdn == NUMBER


async def test_unknown_sim_is_refused(farm: StoredFarm) -> None:
    with pytest.raises(KnownError, match="not in the database"):
        await farm.inventory.set_number(SimId("none"), NUMBER)


# Places ---------------------------------------------------------------------


async def test_sim_keeps_its_number_ban_and_rent_in_another_phone(farm: StoredFarm) -> None:
    await farm.seat(a_seen_sim())
    rent_id = await farm.rent()
    await farm.inventory.take_stock(PHONE, [])
    assert (await farm.one_sim(ICCID)).slot is None

    await farm.seat(a_seen_sim(slot=1, sub_id=9), phone=OTHER_PHONE)

    sim = await farm.one_sim(ICCID)
    assert (sim.phone_id, sim.slot, sim.rent_id) == (OTHER_PHONE, 1, rent_id)
    await farm.sms(phone=OTHER_PHONE, sub_id=9)
    assert [push.rent_id for push in await farm.pushes()] == [rent_id]


async def test_phone_that_holds_the_rented_sim_is_polled_fast(farm: StoredFarm) -> None:
    await farm.seat(a_seen_sim())
    await farm.rent()

    await farm.seat(a_seen_sim(), phone=OTHER_PHONE)

    assert await farm.storage.read(lambda views: views.phones_with_open_rents()) == {OTHER_PHONE}
    assert [(await farm.phones())[phone].rents_open for phone in (PHONE, OTHER_PHONE)] == [0, 1]


@pytest.mark.parametrize("state", [state for state in PhoneState if state is not PhoneState.READY])
async def test_sim_is_off_the_offer_while_its_phone_is_not_ready(farm: StoredFarm, state: PhoneState) -> None:
    await farm.seat(a_seen_sim())

    await farm.phone(PHONE, state)

    assert await farm.on_offer() == 0
    assert await farm.issue() is None


async def test_sim_that_a_phone_no_longer_shows_leaves_the_offer(farm: StoredFarm) -> None:
    await farm.seat(a_seen_sim())

    await farm.inventory.take_stock(PHONE, [])

    assert (await farm.one_sim(ICCID)).standing is SimStanding.OUT
    assert await farm.on_offer() == 0
    assert (await farm.counts()).sims == 0


async def test_check_up_of_the_former_phone_does_not_take_out_a_moved_sim(farm: StoredFarm) -> None:
    await farm.seat(a_seen_sim())
    await farm.seat(a_seen_sim(), phone=OTHER_PHONE)

    await farm.inventory.take_stock(PHONE, [])

    assert (await farm.one_sim(ICCID)).standing is SimStanding.ON_OFFER


@pytest.mark.parametrize(
    ("slot_state", "standing"), [(SlotState.PIN, SimStanding.PIN), (SlotState.NO_NETWORK, SimStanding.NO_NETWORK)]
)
async def test_slot_says_why_a_sim_cannot_receive(
    farm: StoredFarm, slot_state: SlotState, standing: SimStanding
) -> None:
    await farm.seat(replace(a_seen_sim(), slot_state=slot_state))

    assert (await farm.one_sim(ICCID)).standing is standing


async def test_timeline_of_a_sim_has_all_its_places(farm: StoredFarm) -> None:
    await farm.seat(a_seen_sim())
    farm.clock.forward(60)
    await farm.inventory.take_stock(PHONE, [])
    farm.clock.forward(60)
    await farm.seat(a_seen_sim(), phone=OTHER_PHONE)

    entries = await farm.timeline(Topic.SIMS, ICCID)

    assert [line.kind for line in entries] == [
        TimelineKind.SIM_SEEN,
        TimelineKind.SIM_TAKEN_OUT,
        TimelineKind.SIM_MOVED,
    ]
    assert sentences(entries)[1] == "Taken out of R58M123"
