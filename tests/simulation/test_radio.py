"""The reported state of SIM slots: service, signal, roaming, airplane mode, locked or broken SIMs."""

from __future__ import annotations

import re

import pytest

from phonefarm.simulation.handset import Handset
from phonefarm.simulation.phone_controls import PhoneControls
from phonefarm.simulation.profiles import (
    HUAWEI_P30,
    MOTO_G5,
    PIXEL_6A,
    PIXEL_8,
    SAMSUNG_A52,
    SAMSUNG_J5,
    Profile,
)
from phonefarm.simulation.radio import Service
from phonefarm.simulation.sims import OPERATORS
from tests.simulation.handsets import a_handset
from tests.simulation.recording_io import run_line


async def registry_of(handset: Handset, slot: int = 0) -> str:
    out, _, _ = await run_line(handset, "dumpsys telephony.registry")
    return out.split("  Phone Id=")[1:][slot]


async def prop(handset: Handset, name: str) -> str:
    out, _, _ = await run_line(handset, f"getprop {name}")
    return out.removesuffix("\n")


@pytest.mark.parametrize("level", [0, 1, 2, 3, 4])
@pytest.mark.parametrize("profile", [HUAWEI_P30, SAMSUNG_A52, PIXEL_8])
async def test_from_android_10_on_the_signal_has_a_level(profile: Profile, level: int) -> None:
    handset = a_handset(profile)
    PhoneControls(handset).set_signal(level)

    shown = await registry_of(handset)

    assert re.search(rf"mLte=CellSignalStrengthLte: rssi=-67 rsrp=-\d+ .* level={level}\b", shown)
    assert shown.count("primary=CellSignalStrengthLte") == 1


async def test_5g_and_gsm_have_places_of_their_own() -> None:
    handset = a_handset(PIXEL_8, sims=2)
    hands = PhoneControls(handset)
    hands.set_network_type("NR", slot=0)
    hands.set_network_type("EDGE", slot=1)

    first, second = await registry_of(handset, 0), await registry_of(handset, 1)

    assert "ssRsrp = -103" in first
    assert " level = 3 parametersUseForLevel = 0 },primary=CellSignalStrengthNr" in first
    assert "mGsm=CellSignalStrengthGsm: rssi=-95 ber=2147483647 mTa=2147483647 mLevel=3," in second
    assert await prop(handset, "gsm.network.type") == "NR,EDGE"


async def test_3g_is_measured_as_wcdma() -> None:
    handset = a_handset()
    PhoneControls(handset).set_network_type("UMTS")

    shown = await registry_of(handset)

    assert "mWcdma=CellSignalStrengthWcdma: ss=-88 ber=2147483647 rscp=-88 ecno=2147483647 level=3," in shown
    assert "primary=CellSignalStrengthWcdma}" in shown


@pytest.mark.parametrize("profile", [MOTO_G5, SAMSUNG_J5])
async def test_before_android_10_the_signal_is_a_row_of_numbers(profile: Profile) -> None:
    handset = a_handset(profile)
    hands = PhoneControls(handset)
    hands.set_signal(1)

    over_lte = await registry_of(handset)
    hands.set_network_type("EDGE")
    over_gsm = await registry_of(handset)

    assert re.search(r"mSignalStrength=SignalStrength: 99 0 -120 -160 -120 -1 -1 14 -123 -9 -20 2147483647 ", over_lte)
    assert re.search(r"mSignalStrength=SignalStrength: 3 0 -120 -160 -120 -1 -1 99 2147483647 ", over_gsm)


@pytest.mark.parametrize("profile", [MOTO_G5, HUAWEI_P30])
async def test_an_unknown_signal_is_the_highest_number(profile: Profile) -> None:
    handset = a_handset(profile)
    PhoneControls(handset).set_signal(None)

    shown = await registry_of(handset)

    assert "rsrp=2147483647" in shown or " 99 2147483647 2147483647" in shown


@pytest.mark.parametrize(
    ("profile", "in_service", "roaming"),
    [
        (MOTO_G5, "mServiceState=0 0 voice home data home ", "voice international data international o2 - de "),
        (SAMSUNG_J5, "mServiceState={mVoiceRegState=0(IN_SERVICE), ", "mVoiceRoamingType=International Roaming"),
        (PIXEL_8, "registrationState=HOME roamingType=NOT_ROAMING", "registrationState=ROAMING roamingType=INTERN"),
    ],
)
async def test_a_roaming_card_is_in_another_network(profile: Profile, in_service: str, roaming: str) -> None:
    handset = a_handset(profile)
    home = handset.active[0].sim.operator
    visited = next(operator for operator in OPERATORS if operator.name == "o2")
    at_home = await registry_of(handset)

    PhoneControls(handset).roam(visited)

    assert in_service in at_home
    assert roaming in await registry_of(handset)
    assert (await prop(handset, "gsm.operator.isroaming")).split(",")[0] == "true"
    assert (await prop(handset, "gsm.operator.numeric")).split(",")[0] == visited.numeric
    assert (await prop(handset, "gsm.sim.operator.numeric")).split(",")[0] == home.numeric


@pytest.mark.parametrize(
    ("profile", "state", "service"),
    [
        (MOTO_G5, "NOT_READY", "mServiceState=3 3 voice"),
        (SAMSUNG_J5, "LOADED", "mVoiceRegState=3(POWER_OFF), mDataRegState=3(POWER_OFF)"),
        (PIXEL_8, "LOADED", "mVoiceRegState=3(POWER_OFF), mDataRegState=3(POWER_OFF)"),
    ],
)
async def test_airplane_mode_switches_the_radio_off(profile: Profile, state: str, service: str) -> None:
    handset = a_handset(profile)

    PhoneControls(handset).set_airplane_mode()

    assert service in await registry_of(handset)
    assert (await prop(handset, "gsm.sim.state")).split(",")[0] == state
    assert (await prop(handset, "gsm.operator.numeric")).strip(",") == ""
    assert (await prop(handset, "gsm.network.type")).split(",")[0] == "Unknown"


async def test_no_service_and_emergency_only_differ() -> None:
    handset = a_handset(PIXEL_8, sims=2)
    hands = PhoneControls(handset)
    hands.set_service(Service.NO_SERVICE, slot=0)
    hands.set_service(Service.EMERGENCY_ONLY, slot=1)

    first, second = await registry_of(handset, 0), await registry_of(handset, 1)

    assert "mVoiceRegState=1(OUT_OF_SERVICE)" in first
    assert "mIsEmergencyOnly=false" in first
    assert "mVoiceRegState=1(OUT_OF_SERVICE)" in second
    assert "mIsEmergencyOnly=true" in second
    assert await prop(handset, "gsm.operator.numeric") == ","


@pytest.mark.parametrize(
    ("state", "knows_its_home"),
    [
        ("PIN_REQUIRED", False),
        ("PUK_REQUIRED", False),
        ("NETWORK_LOCKED", True),
        ("CARD_IO_ERROR", False),
        ("CARD_RESTRICTED", False),
        ("PERM_DISABLED", False),
    ],
)
async def test_a_locked_or_broken_card_has_no_network(state: str, knows_its_home: bool) -> None:
    handset = a_handset()

    PhoneControls(handset).set_slot_state(0, state)

    assert await prop(handset, "gsm.sim.state") == f"{state},ABSENT"
    assert await prop(handset, "gsm.operator.numeric") == ","
    assert bool((await prop(handset, "gsm.sim.operator.numeric")).strip(",")) == knows_its_home
    assert "mIsEmergencyOnly=true" in await registry_of(handset)


@pytest.mark.parametrize(("profile", "is_listed"), [(PIXEL_6A, False), (PIXEL_8, True)])
async def test_up_to_android_13_a_card_with_an_error_leaves_the_list(profile: Profile, is_listed: bool) -> None:
    handset = a_handset(profile)
    PhoneControls(handset).set_slot_state(0, "CARD_IO_ERROR")

    out, _, _ = await run_line(handset, "dumpsys isub")

    assert ("simSlotIndex=0" in out) == is_listed


async def test_measures_out_of_range_are_refused() -> None:
    hands = PhoneControls(a_handset())

    with pytest.raises(ValueError, match="0 to 4"):
        hands.set_signal(5)
    with pytest.raises(ValueError, match="no network type"):
        hands.set_network_type("6G")
    with pytest.raises(ValueError, match="per cent"):
        hands.set_battery(101)
