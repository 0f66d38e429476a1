"""Profiles cover every Android release, and each problem profile has its own fault."""

from __future__ import annotations

import asyncio
import dataclasses
import re
import struct

import pytest

from phonefarm.simulation.farm import VirtualFarm
from phonefarm.simulation.field_profiles import (
    ALL_PROFILES,
    DOOGEE_X5,
    HONOR_9X_SILENT,
    LENOVO_WITHOUT_GREP,
    MORE_PROFILES,
    NOKIA_G21,
    OPPO_A54,
    POCO_X3,
    PROBLEM_PROFILES,
    REDMI_5_STRIPPED,
    XIAOMI_15_STRIPPED,
    ZENFONE_SHIFTED,
)
from phonefarm.simulation.handset import Handset
from phonefarm.simulation.phone_controls import PhoneControls
from phonefarm.simulation.profiles import ANDROID_SDK, PROFILES, REALME_C35, SAMSUNG_J5, SONY_XA, Profile
from phonefarm.simulation.sims import SimFactory, luhn_digit
from tests.simulation.handsets import a_handset, store
from tests.simulation.recording_io import run_line

COUNT = "content query --uri content://sms/inbox --projection 'count(*) AS c'"


def text_of(parcel: str) -> str:
    words = [word for line in parcel.splitlines()[1:] for word in re.findall(r"\b[0-9a-f]{8}\b", line.split("'")[0])]
    data = b"".join(struct.pack("<I", int(word, 16)) for word in words)
    return data[8 : 8 + 2 * struct.unpack_from("<I", data, 4)[0]].decode("utf-16-le")


def test_every_release_of_android_is_there() -> None:
    assert {profile.release for profile in ALL_PROFILES} == set(ANDROID_SDK)


def test_every_make_has_a_name_of_its_own_and_answers() -> None:
    names = [profile.name for profile in MORE_PROFILES + PROBLEM_PROFILES]

    assert len(set(names)) == len(names)
    assert not set(names) & {profile.name for profile in PROFILES}


@pytest.mark.parametrize("profile", ALL_PROFILES, ids=lambda profile: profile.name)
async def test_every_make_answers_what_a_farm_asks(profile: Profile) -> None:
    handset = a_handset(profile)

    out, _, code = await run_line(
        handset,
        "echo S:$EPOCHREALTIME; getprop; echo E:n0:$?; dumpsys isub; echo E:n1:$?; dumpsys telephony.registry; "
        "echo E:n2:$?; dumpsys battery; echo E:n3:$?; df /data; echo E:n4:$?; cat /proc/uptime; echo E:n5:$?; "
        "settings get global airplane_mode_on 2>/dev/null; echo E:n6:$?; pm list packages -e com.android 2>&1; "
        f"echo E:n7:$?; {COUNT}; echo E:n8:$?",
    )

    assert re.findall(r"E:n(\d):(\d+)", out) == [(str(place), "0") for place in range(9)]
    assert re.match(r"S:\d+\.\d{6}\n", out)
    assert code == 0


@pytest.mark.parametrize("profile", [REDMI_5_STRIPPED, XIAOMI_15_STRIPPED])
async def test_a_stripped_phone_denies_its_sms_until_the_user_allows_them(profile: Profile) -> None:
    handset = a_handset(profile)
    store(handset, "text")

    denied = await run_line(handset, COUNT)
    PhoneControls(handset).allow_sms()
    allowed = await run_line(handset, COUNT)

    assert denied[0] == ""
    assert "java.lang.SecurityException: Permission Denial: reading " in denied[1]
    assert "requires android.permission.READ_SMS" in denied[1]
    assert allowed[:2] == ("Row: 0 c=1\n", "")


async def test_a_watched_phone_withholds_its_sms_in_silence_until_the_user_allows_them() -> None:
    handset = a_handset(OPPO_A54)
    store(handset, "text")

    withheld = await run_line(handset, COUNT)
    operations, _, _ = await run_line(handset, "cmd appops get com.android.shell READ_SMS")
    PhoneControls(handset).allow_sms()

    assert withheld == ("No result found.\n", "", 0)
    assert operations.startswith("READ_SMS: ignore")
    assert (await run_line(handset, COUNT))[0] == "Row: 0 c=1\n"


async def test_a_silent_make_writes_no_lines() -> None:
    assert not a_handset(HONOR_9X_SILENT).sends_hints


async def test_a_shifted_interface_answers_something_else() -> None:
    handset = a_handset(ZENFONE_SHIFTED)
    sim = handset.active[0].sim
    by_sub = "i32 1 s16 com.android.shell"

    asked_iccid, _, _ = await run_line(handset, f"service call iphonesubinfo 14 {by_sub}")
    asked_line_1, _, _ = await run_line(handset, "service call iphonesubinfo 15 s16 com.android.shell")
    true_iccid, _, _ = await run_line(handset, f"service call iphonesubinfo 17 {by_sub}")
    somewhere, _, _ = await run_line(handset, "service call iphonesubinfo 5 s16 com.android.shell")

    assert "ffffffff" in asked_iccid
    assert text_of(asked_line_1) == sim.iccid
    assert text_of(true_iccid) == sim.iccid
    imei = text_of(somewhere)
    assert re.fullmatch(r"35\d{13}", imei)
    assert luhn_digit(imei[:-1]) == imei[-1]


async def test_an_imsi_may_be_at_the_code_of_an_iccid() -> None:
    handset = a_handset(ZENFONE_SHIFTED)

    out, _, _ = await run_line(handset, "service call iphonesubinfo 12 i32 1 s16 com.android.shell")

    assert text_of(out) == handset.active[0].sim.imsi


async def test_a_phone_without_grep_says_so() -> None:
    out = await run_line(a_handset(LENOVO_WITHOUT_GREP), "dumpsys battery | grep level")

    assert out == ("", "/system/bin/sh: grep: not found\n", 127)


async def test_old_mediatek_names_the_card_by_its_row_in_siminfo() -> None:
    handset = a_handset(DOOGEE_X5, sims=2)
    store(handset, "text", slot=1)

    out, _, _ = await run_line(handset, "content query --uri content://sms/inbox --projection sub_id:sim_id")

    assert out.endswith("Row: 0 sub_id=-1, sim_id=2\n")


async def test_a_modern_phone_may_take_plain_columns_only() -> None:
    handset = a_handset(NOKIA_G21)
    store(handset, "text")

    _, err, _ = await run_line(handset, COUNT)
    plain, _, _ = await run_line(handset, "content query --uri content://sms/inbox --projection body")

    assert "Invalid column" in err
    assert plain == "Row: 0 body=text\n"


async def test_a_number_may_be_known_to_ims_only() -> None:
    handset = Handset(REALME_C35, query_seconds=0.0)
    sim = SimFactory(seed=3).make(number_by_ims=True)
    handset.insert_sim(sim, 0)

    numbers, _, _ = await run_line(
        handset, "content query --uri content://telephony/siminfo --projection number:phone_number_source_ims"
    )

    assert numbers == f"Row: 0 number=, phone_number_source_ims=+{sim.msisdn}\n"


@pytest.mark.parametrize("profile", [SAMSUNG_J5, POCO_X3])
async def test_columns_that_a_release_lacks_fail_the_query(profile: Profile) -> None:
    _, err, _ = await run_line(
        a_handset(profile), "content query --uri content://telephony/siminfo --projection phone_number_source_ims"
    )

    assert "no such column: phone_number_source_ims" in err


async def test_before_android_8_small_commands_start_a_jvm_too() -> None:
    slow, quick = a_handset(SONY_XA), a_handset(dataclasses.replace(SONY_XA, release="8.0.0"))
    clock = asyncio.get_running_loop().time
    slow.query_seconds = quick.query_seconds = 0.3

    begun = clock()
    await run_line(slow, "settings get global airplane_mode_on")
    between = clock()
    await run_line(quick, "settings get global airplane_mode_on; pm list packages")

    assert between - begun >= 0.3
    assert clock() - between < 0.3


async def test_queries_of_one_phone_run_side_by_side() -> None:
    handset = a_handset()
    handset.query_seconds = 0.4
    clock = asyncio.get_running_loop().time
    begun = clock()

    await asyncio.gather(*(run_line(handset, COUNT) for _ in range(3)))

    assert clock() - begun < 0.8


def test_a_farm_takes_its_makes_from_any_list() -> None:
    farm = VirtualFarm(len(PROBLEM_PROFILES), profiles=PROBLEM_PROFILES)

    assert [phone.profile for phone in farm.phones] == list(PROBLEM_PROFILES)
