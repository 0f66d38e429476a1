"""Many half-sources, one answer: which SIM is where, and can it receive."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from phonefarm.adapters.adb.getprop import by_slot, facts_from, in_slot, parse_getprop
from phonefarm.adapters.adb.phone_calls import PhoneCalls
from phonefarm.adapters.adb.provider import AnswerRefused
from phonefarm.adapters.adb.registry import parse_registry
from phonefarm.adapters.adb.sim_reading import SimReader
from phonefarm.adapters.adb.sim_sources import CheapSources, slot_state
from phonefarm.adapters.adb.siminfo import SiminfoRow, parse_siminfo
from phonefarm.adapters.adb.subscriber_info import checked_number, codes_for, parse_identity
from phonefarm.application.interfaces import PhoneUnreachable, Probe
from phonefarm.domain.phones import PhoneFacts
from phonefarm.domain.sims import SeenSim, SlotState
from tests.adapters.adb.test_isub import on_14
from tests.adapters.adb.test_parcel import parcel
from tests.fakes.scripted_shell import Answer, ScriptedShell

ICCID = "89860045112345678902"
NULL = "Result: Parcel(00000000 ffffffff   '........')\n"


def cheap(in_service: dict[int, bool] | None = None, **properties: str) -> CheapSources:
    named = {f"gsm.{name.replace('_', '.')}": value for name, value in properties.items()}
    return CheapSources(properties=named, subs=[], in_service=in_service or {})


# Properties and registry --------------------------------------------------------


def test_properties_are_read_by_line() -> None:
    properties = parse_getprop("[a.b]: [x]\r\n[c]: [AT&T, Inc.,]\n[d]: []\nnoise\n[e]: [[1]]\n")

    assert properties == {"a.b": "x", "c": "AT&T, Inc.,", "d": "", "e": "[1]"}


def test_lists_by_slot_keep_their_empty_places() -> None:
    assert by_slot(",25001") == ["", "25001"]
    assert by_slot("25001,") == ["25001", ""]
    assert by_slot("") == []
    assert in_slot("25001", 1) == ""


def test_facts_of_a_phone_that_says_nothing_are_empty() -> None:
    assert facts_from({}) == PhoneFacts()


@pytest.mark.parametrize(
    ("line", "service"),
    [
        ("    mServiceState={mVoiceRegState=0(IN_SERVICE), mDataRegState=0(IN_SERVICE), mOperatorNumeric=25001", True),
        ("    mServiceState={mVoiceRegState=1(OUT_OF_SERVICE), mDataRegState=1(OUT_OF_SERVICE), x", False),
        ("    mServiceState={mVoiceRegState=3(POWER_OFF), mDataRegState=0(IN_SERVICE), IWLAN", True),
        ("  mServiceState=0 0 voice home data home MTS RUS MTS 25001 LTE", True),
        ("  mServiceState=1 1 voice home data home null null null  Unknown", False),
        ("  mServiceState=2 1 voice emergency", False),
    ],
)
def test_service_is_read_in_old_and_new_form(line: str, service: bool) -> None:
    text = f"last known state:\n  Phone Id=0\n    mCallState=0\n  Phone Id=1\n{line}\n{line}\n"

    assert parse_registry(text) == {1: service}


def test_a_registry_that_says_nothing_is_no_claim() -> None:
    assert parse_registry("Can't find service: telephony.registry\n") == {}


@pytest.mark.parametrize(
    ("sources", "state"),
    [
        (cheap(sim_state="LOADED", operator_numeric="25001"), SlotState.READY),
        (cheap(sim_state="READY", operator_numeric="25001"), SlotState.READY),
        (cheap(sim_state="LOADED", operator_numeric=""), SlotState.NO_NETWORK),
        (cheap(sim_state="LOADED", operator_numeric="00000"), SlotState.NO_NETWORK),
        (cheap({0: False}, sim_state="LOADED", operator_numeric="25001"), SlotState.NO_NETWORK),
        (cheap({0: True}, sim_state="LOADED"), SlotState.READY),
        (cheap({0: True}, sim_state="LOADED", operator_numeric=""), SlotState.NO_NETWORK),
        (cheap(sim_state="LOADED", operator_numeric="", network_type="IWLAN"), SlotState.READY),
        (cheap(sim_state="LOADED", network_type="LTE"), SlotState.NO_NETWORK),
        (cheap(sim_state="PIN_REQUIRED", operator_numeric="25001"), SlotState.PIN),
        (cheap(sim_state="PUK_REQUIRED"), SlotState.PIN),
        (cheap(sim_state="NOT_READY", operator_numeric="25001"), SlotState.NO_NETWORK),
        (cheap(sim_state="NETWORK_LOCKED", operator_numeric="25001"), SlotState.NO_NETWORK),
        (cheap(operator_numeric="25001"), SlotState.NO_NETWORK),
    ],
)
def test_the_state_of_a_slot(sources: CheapSources, state: SlotState) -> None:
    assert slot_state(0, sources) is state


# siminfo and iphonesubinfo ------------------------------------------------------


def test_siminfo_is_read_in_hex() -> None:
    text = (
        "Row: 0 _id=1, sim_id=0, i=3839, n=2B37\nRow: 1 _id=2, sim_id=-1, i=, n=\nRow: 2 _id=3, sim_id=NULL, i=, n=\n"
    )

    assert parse_siminfo(text)[1] == SiminfoRow(sub_id=1, slot=0, icc_id="89", number="+7")
    assert [row.slot for row in parse_siminfo(text).values()] == [0, -1, -1]


@pytest.mark.parametrize("text", ["", "Row: 0 _id=1, icc_id=8985, sim_id=1\n", "Row: 1 _id=1, sim_id=0, i=, n=\n"])
def test_siminfo_in_another_form_is_refused(text: str) -> None:
    with pytest.raises(AnswerRefused):
        parse_siminfo(text)


@pytest.mark.parametrize(
    ("text", "region", "number"),
    [
        ("+79281234567", "", "79281234567"),
        ("79281234567", "", "79281234567"),
        ("8 928 123-45-67", "ru", "79281234567"),
        ("490154203237518", "", None),  # IMEI
        ("250011234567890", "", None),  # IMSI
        ("89701011234567890123", "", None),
        ("*100#", "", None),
        ("", "", None),
        ("01", "", None),
    ],
)
def test_only_what_can_be_a_number_is_one(text: str, region: str, number: str | None) -> None:
    assert checked_number(text, region) == number


def test_a_number_counts_only_beside_the_right_iccid() -> None:
    number, wrong = parcel("+8613900000000"), parcel("89860198112345678902")

    assert parse_identity([parcel(ICCID), NULL, number], icc_prefix="898600451", region="cn").msisdn == "8613900000000"
    assert parse_identity([wrong, number, number], icc_prefix="898600451", region="cn").msisdn is None
    assert parse_identity([NULL, number, number], icc_prefix="898600451", region="cn").msisdn is None


def test_codes_are_known_from_android_6() -> None:
    assert [codes is not None for codes in map(codes_for, (21, 22, 23, 28, 30, 36))] == [False, False] + [True] * 4


# All together -------------------------------------------------------------------

PROPERTIES = (
    "[gsm.sim.state]: [LOADED,ABSENT]\n[gsm.sim.operator.numeric]: [46002,]\n[gsm.operator.numeric]: [46000,]\n"
    "[gsm.sim.operator.iso-country]: [cn,]\n"
)


def phone(
    isub: str = "", siminfo: Answer = NULL, parcels: tuple[str, ...] = (), properties: str = PROPERTIES
) -> Callable[[str], Answer]:
    queue = list(parcels)

    def answer(command: str) -> Answer:
        match command.split()[:2]:
            case ["getprop"]:
                return properties
            case ["dumpsys", "isub"]:
                return isub or on_14()
            case ["dumpsys", _]:
                return ""
            case ["service", "call"]:
                return queue.pop(0) if queue else NULL
            case _:
                return siminfo

    return answer


def reader(answers: Callable[[str], Answer]) -> tuple[SimReader, ScriptedShell]:
    shell = ScriptedShell(answers)
    return SimReader(PhoneCalls("R5", shell)), shell


async def sims_of(answers: Callable[[str], Answer], sdk: int) -> list[SeenSim]:
    return list(await reader(answers)[0].read(Probe(facts=PhoneFacts(sdk=sdk), reads_hex=True)))


async def test_a_new_phone_tells_by_iphonesubinfo() -> None:
    (sim,) = await sims_of(phone(parcels=(parcel(ICCID), parcel("+8613900000000"), NULL)), 34)

    assert (sim.sim_id, sim.iccid, sim.msisdn, sim.mcc_mnc) == (ICCID, ICCID, "8613900000000", "46002")
    assert (sim.slot, sim.sub_id, sim.slot_state) == (0, 2, SlotState.READY)


async def test_an_older_phone_tells_by_siminfo() -> None:
    row = f"Row: 0 _id=2, sim_id=0, i={ICCID.encode().hex().upper()}, n={b'+8613900000000'.hex().upper()}\n"
    sim_reader, shell = reader(phone(siminfo=row))
    (sim,) = await sim_reader.read(Probe(facts=PhoneFacts(sdk=29), reads_hex=True))

    assert (sim.iccid, sim.msisdn) == (ICCID, "8613900000000")
    assert not any(command.startswith("service") for command in shell.commands)


async def test_a_guarded_phone_gets_a_stand_in() -> None:
    denied = "", "java.lang.SecurityException: No permission to access SIMINFO table\n"
    (sim,) = await sims_of(phone(siminfo=denied), 31)

    assert (sim.sim_id, sim.iccid, sim.msisdn) == ("sim:R5/2/898600451/46002", "", None)


async def test_costly_sources_are_asked_once_for_each_card() -> None:
    sim_reader, shell = reader(phone())
    probe = Probe(facts=PhoneFacts(sdk=31), reads_hex=True)
    await sim_reader.read(probe)
    calls = shell.calls

    await sim_reader.read(probe)

    assert (calls, shell.calls) == (3, 4)


async def test_a_card_that_isub_still_lists_and_the_slot_lacks_is_out() -> None:
    assert await sims_of(phone(properties="[gsm.sim.state]: [ABSENT,ABSENT]\n"), 34) == []


async def test_a_phone_without_telephony_holds_no_sim() -> None:
    assert await sims_of(phone(isub="Can't find service: isub\n"), 34) == []


async def test_half_an_answer_is_no_reading_as_it_would_rename_a_sim() -> None:
    with pytest.raises(PhoneUnreachable, match="dumpsys isub"):
        await sims_of(phone(isub="DUMP TIMEOUT (10000ms) EXPIRED\n"), 34)


async def test_a_phone_before_subscriptions_gets_a_stand_in_by_slot() -> None:
    (sim,) = await sims_of(phone(isub="Can't find service: isub\n", properties=PROPERTIES), 19)

    assert (sim.sim_id, sim.sub_id, sim.mcc_mnc) == ("sim:R5/slot0//46002", None, "46002")
