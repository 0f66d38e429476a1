"""Partial sources combined: which SIM is in which slot, and whether it can receive."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from phonefarm.adapters.adb.checkup import CheckupReader
from phonefarm.adapters.adb.getprop import by_slot, facts_from, in_slot, parse_getprop
from phonefarm.adapters.adb.isub import ActiveSub
from phonefarm.adapters.adb.phone_calls import PhoneCalls
from phonefarm.adapters.adb.provider import AnswerRefused
from phonefarm.adapters.adb.registry import SlotRadio
from phonefarm.adapters.adb.sim_sources import CheapSources, seen_sim, slot_state
from phonefarm.adapters.adb.siminfo import SiminfoRow, parse_siminfo
from phonefarm.adapters.adb.subscriber_info import (
    Identity,
    checked_number,
    codes_for,
    parse_identity,
    without_shared_iccids,
)
from phonefarm.application.ports.world import PhoneUnreachable, Probe
from phonefarm.domain.phones import PhoneFacts
from phonefarm.domain.sims import SeenSim, SlotState
from tests.adapters.adb.test_isub import on_14
from tests.adapters.adb.test_parcel import parcel
from tests.fakes.scripted_shell import Answer, ScriptedShell

ICCID = "89860045112345678902"
NULL = "Result: Parcel(00000000 ffffffff   '........')\n"


def cheap(
    in_service: dict[int, bool] | None = None, airplane_mode: bool | None = None, **properties: str
) -> CheapSources:
    named = {f"gsm.{name.replace('_', '.')}": value for name, value in properties.items()}
    radio = {slot: SlotRadio(in_service=service) for slot, service in (in_service or {}).items()}
    return CheapSources(properties=named, subs=[], radio=radio, airplane_mode=airplane_mode)


# Properties --------------------------------------------------------


def test_properties_are_read_by_line() -> None:
    properties = parse_getprop("[a.b]: [x]\r\n[c]: [AT&T, Inc.,]\n[d]: []\nnoise\n[e]: [[1]]\n")

    assert properties == {"a.b": "x", "c": "AT&T, Inc.,", "d": "", "e": "[1]"}


def test_lists_by_slot_keep_empty_items() -> None:
    assert by_slot(",25001") == ["", "25001"]
    assert by_slot("25001,") == ["25001", ""]
    assert by_slot("") == []
    assert in_slot("25001", 1) == ""


def test_facts_without_properties_are_empty() -> None:
    assert facts_from({}) == PhoneFacts()


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
        (cheap(sim_state="PUK_REQUIRED"), SlotState.PUK),
        (cheap(sim_state="NOT_READY", operator_numeric="25001"), SlotState.NO_NETWORK),
        (cheap(sim_state="NETWORK_LOCKED", operator_numeric="25001"), SlotState.CARD_LOCKED),
        (cheap(sim_state="CARD_IO_ERROR"), SlotState.CARD_FAULT),
        (cheap(sim_state="CARD_RESTRICTED"), SlotState.CARD_FAULT),
        (cheap(sim_state="PERM_DISABLED"), SlotState.CARD_FAULT),
        (cheap(sim_state="LOADED", operator_numeric="", airplane_mode=True), SlotState.AIRPLANE),
        (cheap({0: False}, sim_state="LOADED", operator_numeric="25001", airplane_mode=True), SlotState.AIRPLANE),
        (cheap(sim_state="NOT_READY", airplane_mode=True), SlotState.AIRPLANE),
        (cheap(sim_state="PIN_REQUIRED", airplane_mode=True), SlotState.PIN),
        (cheap({0: True}, sim_state="LOADED", network_type="IWLAN", airplane_mode=True), SlotState.READY),
        (cheap({0: False}, sim_state="LOADED", network_type="IWLAN", airplane_mode=True), SlotState.AIRPLANE),
        (cheap(sim_state="LOADED", operator_numeric="25001", airplane_mode=False), SlotState.READY),
        (cheap(operator_numeric="25001"), SlotState.NO_NETWORK),
    ],
)
def test_the_state_of_a_slot(sources: CheapSources, state: SlotState) -> None:
    assert slot_state(0, sources) is state


@pytest.mark.parametrize(
    ("value", "name"),
    [
        ("LTE", "LTE"),
        ("NR", "NR"),
        ("HSPAP", "HSPA+"),
        ("LTE_CA", "LTE"),
        ("Unknown", ""),
        ("", ""),
        ("EvDo-rev.A", "EvDo-rev.A"),
        ("<b>LTE</b>", ""),
    ],
)
def test_network_has_androids_name(value: str, name: str) -> None:
    sub = ActiveSub(sub_id=1, slot=0, icc="", mcc_mnc="25001", number="")

    assert seen_sim("R5", sub, Identity(), cheap(network_type=value)).network_type == name


def test_signal_and_roaming_are_read_by_slot() -> None:
    sources = CheapSources(
        properties={"gsm.operator.isroaming": "false,true"}, subs=[], radio={1: SlotRadio(in_service=True, signal=3)}
    )
    first, second = (
        seen_sim("R5", ActiveSub(sub_id=slot, slot=slot, icc="", mcc_mnc="", number=""), Identity(), sources)
        for slot in (0, 1)
    )

    assert (first.signal, first.is_roaming) == (None, False)
    assert (second.signal, second.is_roaming) == (3, True)


# siminfo and iphonesubinfo ------------------------------------------------------


def test_siminfo_is_read_in_hex() -> None:
    text = "Row: 0 _id=1, s=30, i=3839, n=2B37\nRow: 1 _id=2, s=2D31, i=, n=\nRow: 2 _id=3, s=, i=, n=\n"

    assert parse_siminfo(text)[1] == SiminfoRow(sub_id=1, slot=0, icc_id="89", numbers=("+7",))
    assert [row.slot for row in parse_siminfo(text).values()] == [0, -1, -1]


def test_siminfo_keeps_the_sequence_of_number_sources() -> None:
    text = "Row: 0 _id=1, s=30, i=3839, n=, c=31, m=32\nRow: 1 _id=2, s=31, i=3839, n=33, c=, m=\n"

    assert [row.numbers for row in parse_siminfo(text).values()] == [("1", "2"), ("3",)]


@pytest.mark.parametrize("text", ["", "Row: 0 _id=1, icc_id=8985, sim_id=1\n", "Row: 1 _id=1, s=30, i=, n=\n"])
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
def test_only_valid_numbers_are_accepted(text: str, region: str, number: str | None) -> None:
    assert checked_number(text, region) == number


def test_number_counts_only_with_the_right_iccid() -> None:
    number, wrong = parcel("+8613900000000"), parcel("89860198112345678902")

    assert parse_identity([parcel(ICCID), NULL, number], icc_prefix="898600451", region="cn").msisdn == "8613900000000"
    assert parse_identity([wrong, number, number], icc_prefix="898600451", region="cn").msisdn is None
    assert parse_identity([NULL, number, number], icc_prefix="898600451", region="cn").msisdn is None


def test_codes_are_known_from_android_6_and_some_releases_have_two_sets() -> None:
    orders = {sdk: [codes.iccid for codes in codes_for(sdk)] for sdk in (21, 22, 23, 28, 30, 34, 35, 36, 37)}

    assert orders == {
        21: [], 22: [], 23: [12], 28: [11], 30: [14], 34: [14], 35: [15, 14], 36: [15, 14], 37: [15, 14],
    }  # fmt: skip


BAD_PARCELABLE = "Result: Parcel(\n  0x00000000: fffffffe 00000003 00720050 00000061 '....)\n"
DENIED = "Result: Parcel(ffffffff 00000001 00000061   '........a...')\n"
THIS, OTHER, NUMBER = parcel(ICCID), parcel("89860198112345678902"), parcel("+8613900000000")
IMEI = parcel("490154203237518")


@pytest.mark.parametrize("nothing", [BAD_PARCELABLE, DENIED, NULL, IMEI, OTHER])
@pytest.mark.parametrize("order", [0, 1])
def test_code_set_whose_answer_fits_the_card_is_used(order: int, nothing: str) -> None:
    answers = [[THIS, NUMBER, NULL], [nothing, parcel("+8613911111111"), nothing]]

    found = parse_identity([*answers[order], *answers[1 - order]], icc_prefix="898600451", region="cn")

    assert (found.iccid, found.msisdn) == (ICCID, "8613900000000")


def test_equal_answers_for_two_cards_are_dropped() -> None:
    one, other = Identity(iccid=ICCID, msisdn=None), Identity(iccid="89860198112345678902")

    assert without_shared_iccids([one, one, other]) == [Identity(), Identity(), other]


async def test_both_code_sets_are_queried_in_one_call() -> None:
    checkups, shell = reader(phone(parcels=(BAD_PARCELABLE, NULL, BAD_PARCELABLE, THIS, NUMBER, NULL)), 35)

    (sim,) = (await checkups.read(thorough=False)).sims or ()

    assert (sim.iccid, sim.msisdn) == (ICCID, "8613900000000")
    assert shell.calls == 2


# Combined -----------------------------------------------------------------------

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


def reader(answers: Callable[[str], Answer], sdk: int) -> tuple[CheckupReader, ScriptedShell]:
    shell = ScriptedShell(answers)
    return CheckupReader(PhoneCalls("R5", shell), Probe(facts=PhoneFacts(sdk=sdk), reads_hex=True)), shell


async def sims_of(answers: Callable[[str], Answer], sdk: int) -> list[SeenSim]:
    sims = (await reader(answers, sdk)[0].read(thorough=False)).sims
    assert sims is not None
    return list(sims)


async def test_new_phone_is_read_by_iphonesubinfo() -> None:
    (sim,) = await sims_of(phone(parcels=(parcel(ICCID), parcel("+8613900000000"), NULL)), 34)

    assert (sim.sim_id, sim.iccid, sim.msisdn, sim.mcc_mnc) == (ICCID, ICCID, "8613900000000", "46002")
    assert (sim.slot, sim.sub_id, sim.slot_state) == (0, 2, SlotState.READY)


async def test_older_phone_is_read_by_siminfo() -> None:
    row = f"Row: 0 _id=2, s=30, i={ICCID.encode().hex().upper()}, n={b'+8613900000000'.hex().upper()}\n"
    checkups, shell = reader(phone(siminfo=row), 29)
    (sim,) = (await checkups.read(thorough=False)).sims or ()

    assert (sim.iccid, sim.msisdn) == (ICCID, "8613900000000")
    assert not any(command.startswith("service") for command in shell.commands)


def hexed(text: str) -> str:
    return text.encode().hex().upper()


async def test_number_from_a_source_column_counts_if_the_usual_column_is_empty() -> None:
    row = f"Row: 0 _id=2, s=30, i={hexed(ICCID)}, n=, c={hexed('*100#')}, m={hexed('+8613900000001')}\n"

    (sim,) = await sims_of(phone(siminfo=row), 31)

    assert sim.msisdn == "8613900000001"


async def test_build_without_source_columns_is_queried_without_them() -> None:
    row = f"Row: 0 _id=2, s=30, i={hexed(ICCID)}, n={hexed('+8613900000000')}\n"
    usual = phone(siminfo=row)

    def answer(command: str) -> Answer:
        if "phone_number_source" in command:
            return "", "android.database.sqlite.SQLiteException: no such column: phone_number_source_carrier\n"
        return usual(command)

    (sim,) = await sims_of(answer, 31)

    assert (sim.iccid, sim.msisdn) == (ICCID, "8613900000000")


async def test_denied_siminfo_is_not_queried_in_another_form() -> None:
    denied = "", "java.lang.SecurityException: No permission to access SIMINFO table\n"
    checkups, shell = reader(phone(siminfo=denied), 31)

    await checkups.read(thorough=False)

    assert sum("siminfo" in command for command in shell.commands) == 1


async def test_phone_without_readable_iccid_gets_a_stand_in() -> None:
    denied = "", "java.lang.SecurityException: No permission to access SIMINFO table\n"
    (sim,) = await sims_of(phone(siminfo=denied), 31)

    assert (sim.sim_id, sim.iccid, sim.msisdn) == ("sim:R5/2/898600451/46002", "", None)


async def test_slow_sources_are_queried_once_per_card() -> None:
    checkups, shell = reader(phone(), 31)
    await checkups.read(thorough=False)
    calls = shell.calls

    await checkups.read(thorough=False)

    assert (calls, shell.calls) == (4, 5), "a check-up, siminfo twice, iphonesubinfo; then a check-up alone"


async def test_card_listed_by_isub_but_absent_from_its_slot_is_out() -> None:
    assert await sims_of(phone(properties="[gsm.sim.state]: [ABSENT,ABSENT]\n"), 34) == []


async def test_a_phone_without_telephony_holds_no_sim() -> None:
    assert await sims_of(phone(isub="Can't find service: isub\n"), 34) == []


@pytest.mark.parametrize("iccid", ["898600451A2345678C02", "8986004511234567890", "898600451E12345678"])
@pytest.mark.parametrize("source", ["iphonesubinfo", "siminfo"])
async def test_card_with_letters_or_no_check_digit_has_one_identity_in_every_phone(iccid: str, source: str) -> None:
    masked = on_14().replace("898600451[", iccid[:12].lower() + "[")
    row = f"Row: 0 _id=2, s=30, i={hexed(iccid.lower())}, n=\n"
    by_siminfo = source == "siminfo"
    probe = Probe(facts=PhoneFacts(sdk=29 if by_siminfo else 34), reads_hex=True)

    found = []
    for serial in ("R5", "R6"):
        answers = phone(masked, siminfo=row if by_siminfo else NULL, parcels=() if by_siminfo else (parcel(iccid),))
        checkups = CheckupReader(PhoneCalls(serial, ScriptedShell(answers)), probe)
        found.append([(sim.sim_id, sim.iccid) for sim in (await checkups.read(thorough=False)).sims or ()])

    assert found == [[(iccid, iccid)]] * 2


# Unreadable isub -----------------------------------------------------------------

TIMEOUT = "\n*** SERVICE 'isub' DUMP TIMEOUT (10000ms) EXPIRED ***\n"
TOLD = (parcel(ICCID), parcel("+8613900000000"), NULL)


class Cards:
    """A phone whose sources the test changes between check-ups."""

    def __init__(self, sdk: int = 34, *, parcels: tuple[str, ...] = TOLD, siminfo: Answer = NULL) -> None:
        self.isub, self.properties, self.siminfo, self.parcels = on_14(), PROPERTIES, siminfo, parcels
        self.iccid_answer = parcels[0] if parcels else NULL
        self._checkups, self.shell = reader(self._answer, sdk)
        self._first = list(parcels)

    def _answer(self, command: str) -> Answer:
        if command.startswith("service"):
            if self._first:
                return self._first.pop(0)
            return self.iccid_answer if " 14 " in command else NULL
        return phone(isub=self.isub, siminfo=self.siminfo, properties=self.properties)(command)

    async def seen(self) -> list[str] | None:
        sims = (await self._checkups.read(thorough=False)).sims
        return None if sims is None else [sim.sim_id for sim in sims]


@pytest.mark.parametrize("isub", [TIMEOUT, "", "something new\n", on_14().partition("  [")[0] + TIMEOUT])
async def test_known_cards_stay_while_isub_is_unreadable_and_nothing_indicates_a_change(isub: str) -> None:
    cards = Cards()
    assert await cards.seen() == [ICCID]

    cards.isub = isub

    assert await cards.seen() == [ICCID]


async def test_card_pulled_while_isub_is_unreadable_is_out_and_stays_out() -> None:
    cards = Cards()
    await cards.seen()
    cards.isub, cards.properties = TIMEOUT, "[gsm.sim.state]: [ABSENT,ABSENT]\n"
    assert await cards.seen() == []

    cards.properties = PROPERTIES

    assert await cards.seen() == [], "it may be another one"


async def test_slot_with_another_home_network_has_another_card() -> None:
    cards = Cards()
    await cards.seen()

    cards.isub, cards.properties = TIMEOUT, PROPERTIES.replace("46002", "25001")

    assert await cards.seen() == []


@pytest.mark.parametrize("now", [NULL, parcel("89860045112345678910")])
async def test_card_that_iphonesubinfo_no_longer_identifies_is_dropped(now: str) -> None:
    cards = Cards()
    await cards.seen()

    cards.isub, cards.iccid_answer = TIMEOUT, now

    assert await cards.seen() == []


async def test_siminfo_replaces_an_unreadable_isub() -> None:
    row = f"Row: 0 _id=2, s=30, i={hexed(ICCID)}, n=\nRow: 1 _id=1, s={hexed('-1')}, i=, n=\n"
    cards = Cards(29, parcels=(), siminfo=row)
    cards.isub = TIMEOUT

    assert await cards.seen() == [ICCID]


async def test_siminfo_overrides_the_known_cards() -> None:
    cards = Cards(29, parcels=(), siminfo=f"Row: 0 _id=2, s=30, i={hexed(ICCID)}, n=\n")
    await cards.seen()

    cards.isub, cards.siminfo = TIMEOUT, f"Row: 0 _id=2, s={hexed('-1')}, i={hexed(ICCID)}, n=\n"

    assert await cards.seen() == []


async def test_slot_with_two_siminfo_rows_is_left_out() -> None:
    rows = f"Row: 0 _id=2, s=30, i={hexed(ICCID)}, n=\nRow: 1 _id=3, s=30, i={hexed('89860198112345678902')}, n=\n"
    cards = Cards(29, parcels=(), siminfo=rows)
    cards.isub = TIMEOUT

    assert await cards.seen() == []


async def test_unidentified_cards_are_unknown_rather_than_renamed() -> None:
    cards = Cards()
    cards.isub = TIMEOUT

    assert await cards.seen() is None


async def test_isub_is_used_again_once_it_is_readable() -> None:
    cards = Cards()
    cards.isub = TIMEOUT
    await cards.seen()

    cards.isub = on_14()

    assert await cards.seen() == [ICCID]


@pytest.mark.parametrize("fails", ["service call", "content query"])
async def test_failed_slow_command_affects_only_its_part_and_is_repeated(fails: str) -> None:
    works = phone(siminfo=f"Row: 0 _id=2, s=30, i={hexed(ICCID)}, n=\n", parcels=(NULL, NULL, NULL))
    is_failing = True

    def answer(command: str) -> Answer:
        if is_failing and command.startswith(fails):
            raise PhoneUnreachable("the answer was cut")
        return works(command)

    checkups, _ = reader(answer, 29)
    first = (await checkups.read(thorough=False)).sims or ()
    is_failing = False
    second = (await checkups.read(thorough=False)).sims or ()

    assert [sim.iccid for sim in first] == ["" if fails == "content query" else ICCID]
    assert [sim.iccid for sim in second] == [ICCID]


async def test_phone_without_subscriptions_gets_a_stand_in_by_slot() -> None:
    (sim,) = await sims_of(phone(isub="Can't find service: isub\n", properties=PROPERTIES), 19)

    assert (sim.sim_id, sim.sub_id, sim.mcc_mnc) == ("sim:R5/slot0//46002", None, "46002")
