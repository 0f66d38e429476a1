"""SIMs, and the three interfaces that report them."""

from __future__ import annotations

import re

import phonenumbers
import pytest

from phonefarm.simulation import iphonesubinfo
from phonefarm.simulation.field_profiles import PIXEL_9, PIXEL_9A, SAMSUNG_S24
from phonefarm.simulation.phone_controls import PhoneControls
from phonefarm.simulation.profiles import (
    HUAWEI_P30,
    MOTO_G5,
    ONEPLUS_NORD,
    PIXEL_6A,
    PIXEL_8,
    SAMSUNG_A15,
    SAMSUNG_A52,
    SAMSUNG_J5,
    Profile,
)
from phonefarm.simulation.sims import OPERATORS, SimFactory, luhn_digit
from tests.simulation.handsets import a_handset
from tests.simulation.recording_io import run_line


def test_every_operator_gives_valid_numbers_and_iccids() -> None:
    cards = SimFactory(seed=3)

    sims = [cards.make(operator) for operator in OPERATORS for _ in range(40)]

    for sim in sims:
        number = phonenumbers.parse(f"+{sim.msisdn}")
        assert phonenumbers.is_valid_number(number), sim.msisdn
        assert phonenumbers.region_code_for_number(number) == sim.operator.iso.upper(), sim.msisdn
        assert re.fullmatch(r"89\d{17,18}", sim.iccid)
        assert luhn_digit(sim.iccid[:-1]) == sim.iccid[-1]
        assert len(sim.imsi) == 15
    assert len({sim.msisdn for sim in sims}) == len(sims)


def test_the_same_seed_makes_the_same_cards() -> None:
    assert [SimFactory(5).make() for _ in range(3)] == [SimFactory(5).make() for _ in range(3)]


def text_in(parcel: str) -> str:
    """The String16 of a parcel dump, parsed independently."""
    words = [word for line in parcel.splitlines()[1:] for word in re.findall(r"\b[0-9a-f]{8}\b", line.split("'")[0])]
    data = b"".join(int(word, 16).to_bytes(4, "little") for word in words if not word.startswith("0x"))
    length = int.from_bytes(data[4:8], "little")
    return data[8 : 8 + 2 * length].decode("utf-16-le")


def test_a_parcel_of_20_digits_has_the_shape_of_a_real_one() -> None:
    assert iphonesubinfo.parcel(iphonesubinfo.text("89701234500000067894")) == (
        "Result: Parcel(\n"
        "  0x00000000: 00000000 00000014 00390038 00300037 '........8.9.7.0.'\n"
        "  0x00000010: 00320031 00340033 00300035 00300030 '1.2.3.4.5.0.0.0.'\n"
        "  0x00000020: 00300030 00360030 00380037 00340039 '0.0.0.6.7.8.9.4.'\n"
        "  0x00000030: 00000000                            '....            ')\n"
    )


@pytest.mark.parametrize(
    ("profile", "iccid_code", "line_1_code"),
    [(MOTO_G5, 12, 14), (HUAWEI_P30, 11, 13), (PIXEL_8, 14, 16), (PIXEL_9A, 15, 17), (PIXEL_9, 15, 17)],
)
async def test_the_codes_of_a_release_give_iccid_and_number(
    profile: Profile, iccid_code: int, line_1_code: int
) -> None:
    handset = a_handset(profile, sims=2)
    second = handset.active[1]
    arguments = f"i32 {second.sub_id} s16 com.android.shell"

    iccid, _, _ = await run_line(handset, f"service call iphonesubinfo {iccid_code} {arguments}")
    line_1, _, _ = await run_line(handset, f"service call iphonesubinfo {line_1_code} {arguments}")

    assert text_in(iccid) == second.sim.iccid
    assert text_in(line_1) == f"+{second.sim.msisdn}"


async def test_other_codes_are_exceptions() -> None:
    other, _, _ = await run_line(a_handset(), "service call iphonesubinfo 1 s16 com.android.shell")
    beyond, _, _ = await run_line(a_handset(), "service call iphonesubinfo 99")
    guarded, _, _ = await run_line(a_handset(SAMSUNG_A15), "service call iphonesubinfo 12 s16 com.android.shell")

    assert other.startswith("Result: Parcel(\n  0x00000000: ffffffff ")
    assert "Not a data message" in beyond
    assert "ffffffff" in guarded


@pytest.mark.parametrize(("profile", "code"), [(PIXEL_8, 15), (PIXEL_9, 14), (PIXEL_9A, 16)])
async def test_a_method_that_is_given_more_than_it_reads_throws(profile: Profile, code: int) -> None:
    out, _, _ = await run_line(a_handset(profile), f"service call iphonesubinfo {code} i32 1 s16 com.android.shell")

    assert out.startswith("Result: Parcel(\n  0x00000000: fffffffe ")


async def test_a_sim_without_number_gives_an_empty_answer() -> None:
    handset = a_handset(PIXEL_8, states_number=False)

    line_1, _, _ = await run_line(handset, "service call iphonesubinfo 15 s16 com.android.shell")
    msisdn, _, _ = await run_line(handset, "service call iphonesubinfo 20 i32 1 s16 com.android.shell")
    isub, _, _ = await run_line(handset, "dumpsys isub")

    assert line_1 == "Result: Parcel(00000000 00000000 00000000   '............')\n"
    assert msisdn == "Result: Parcel(00000000 ffffffff   '........')\n"
    assert " number= dataRoaming=" in isub


async def test_isub_of_android_14_masks_iccid_and_number() -> None:
    handset = a_handset(PIXEL_8, sims=2)
    iccid = handset.active[1].sim.iccid

    out, _, _ = await run_line(handset, "dumpsys isub")

    assert "  Logical SIM slot 1: subId=2\n" in out
    assert f"  slot 1: {iccid[:9]}[****]\n" in out
    assert iccid not in out
    assert " number=[****] " in out


@pytest.mark.parametrize(
    ("profile", "slot_line", "codes", "mask"),
    [
        (MOTO_G5, " sSlotIdxToSubId[0]: subId=1\n", r"mcc \d{3} mnc \d+\}", "XXXXXXXXXXX"),
        (SAMSUNG_J5, " sSlotIndexToSubId[0]: subId=1\n", r"mcc \d{3} mnc \d+ ", "[****]"),
        (PIXEL_6A, " sSlotIndexToSubId[0]: subIds=0=[1]\n", r"mcc=\d{3} mnc=\d\d ", "[****]"),
    ],
)
async def test_isub_up_to_android_13_has_the_wording_of_its_release(
    profile: Profile, slot_line: str, codes: str, mask: str
) -> None:
    handset = a_handset(profile)

    out, _, _ = await run_line(handset, "dumpsys isub")

    assert slot_line in out
    assert re.search(codes, out)
    assert f"iccId={handset.active[0].sim.iccid[:9]}{mask} " in out


async def test_a_removed_card_is_in_the_full_list_only() -> None:
    handset = a_handset(SAMSUNG_J5, sims=2)
    handset.remove_sim(1)

    out, _, _ = await run_line(handset, "dumpsys isub")

    active, _, everything = out.partition("AllSubInfoList:")
    assert "{id=2," not in active
    assert "simSlotIndex=-1" in everything


async def test_a_reduced_isub_has_no_iccid() -> None:
    out, _, _ = await run_line(a_handset(ONEPLUS_NORD), "dumpsys isub")

    assert "simSlotIndex=0" in out
    assert "iccId" not in out


@pytest.mark.parametrize("profile", [PIXEL_8, SAMSUNG_J5])
async def test_the_registry_tells_service_by_slot(profile: Profile) -> None:
    out, _, _ = await run_line(a_handset(profile), "dumpsys telephony.registry")

    first, second = out.split("  Phone Id=")[1:]
    assert "mVoiceRegState=0(IN_SERVICE)" in first
    assert "mVoiceRegState=1(OUT_OF_SERVICE)" in second


async def test_up_to_android_9_a_phone_without_a_card_has_no_list_of_active_ones() -> None:
    old, newer = a_handset(SAMSUNG_J5), a_handset(SAMSUNG_A52)
    for handset in (old, newer):
        handset.remove_sim(0)

    assert " ActiveSubInfoList: is null\n" in (await run_line(old, "dumpsys isub"))[0]
    assert " ActiveSubInfoList:\n" in (await run_line(newer, "dumpsys isub"))[0]


async def test_one_ui_8_lists_all_subscriptions_and_no_active_ones() -> None:
    handset = a_handset(SAMSUNG_S24)
    handset.remove_sim(0)

    out, _, _ = await run_line(handset, "dumpsys isub")

    assert " mAllSubscriptionInfo:\n  [SubscriptionInfoInternal: id=1 " in out
    assert "simSlotIndex=-1" in out
    assert "Active subscriptions:" not in out


async def test_the_dump_of_a_slow_service_times_out() -> None:
    handset = a_handset()
    PhoneControls(handset).slow_down_service("isub", 0.0)
    slow, _, _ = await run_line(handset, "dumpsys isub")

    PhoneControls(handset).slow_down_service("isub", None)

    assert slow == "\n*** SERVICE 'isub' DUMP TIMEOUT (10000ms) EXPIRED ***\n\n"
    assert "ICCID:" in (await run_line(handset, "dumpsys isub"))[0]
