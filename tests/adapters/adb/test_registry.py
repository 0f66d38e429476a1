"""Service and signal of each slot, in the forms of all releases."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from phonefarm.adapters.adb.registry import SlotRadio, parse_registry
from phonefarm.adapters.adb.signal_strength import parse_signal

MAX = 2147483647
SERVICES = [
    ("{mVoiceRegState=0(IN_SERVICE), mDataRegState=0(IN_SERVICE), mOperatorNumeric=25001", True),
    ("{mVoiceRegState=1(OUT_OF_SERVICE), mDataRegState=1(OUT_OF_SERVICE), x", False),
    ("{mVoiceRegState=3(POWER_OFF), mDataRegState=0(IN_SERVICE), IWLAN", True),
    ("0 0 voice home data home MTS RUS MTS 25001 LTE", True),
    ("1 1 voice home data home null null null  Unknown", False),
    ("2 1 voice emergency", False),
]


@pytest.mark.parametrize(("state", "service"), SERVICES)
def test_service_is_read_in_old_and_new_form(state: str, service: bool) -> None:
    line = f"    mServiceState={state}"
    text = f"last known state:\n  Phone Id=0\n    mCallState=0\n  Phone Id=1\n{line}\n{line}\n"

    assert parse_registry(text) == {1: SlotRadio(in_service=service)}


def test_release_without_slots_has_one_slot() -> None:
    assert parse_registry("  mServiceState=0 0 voice home data home MTS\r\n") == {0: SlotRadio(in_service=True)}


def test_first_lines_of_a_slot_count() -> None:
    text = (
        "  Phone Id=1\n    mServiceState={mVoiceRegState=0(x), mDataRegState=0(x), y\n"
        f"  Phone Id=0\n    mSignalStrength={modern(Lte=3)}\n    mSignalStrength={modern(Lte=0)}\n"
    )

    assert parse_registry(text) == {0: SlotRadio(signal=3), 1: SlotRadio(in_service=True)}


def test_registry_without_values_is_empty() -> None:
    assert parse_registry("Can't find service: telephony.registry\n") == {}


def modern(primary: str = "Lte", **levels: int) -> str:
    """As Android 12 prints it."""
    level = {"Cdma": 0, "Gsm": 0, "Wcdma": 0, "Tdscdma": 0, "Lte": 0, "Nr": 0} | levels
    return (
        f"SignalStrength:{{mCdma=CellSignalStrengthCdma: cdmaDbm={MAX} evdoSnr={MAX} level={level['Cdma']},"
        f"mGsm=CellSignalStrengthGsm: rssi={MAX} ber={MAX} mTa={MAX} mLevel={level['Gsm']},"
        f"mWcdma=CellSignalStrengthWcdma: ss={MAX} ber={MAX} rscp={MAX} ecno={MAX} level={level['Wcdma']},"
        f"mTdscdma=CellSignalStrengthTdscdma: rssi={MAX} ber={MAX} rscp={MAX} level={level['Tdscdma']},"
        f"mLte=CellSignalStrengthLte: rssi=-67 rsrp=-97 cqi={MAX} level={level['Lte']} parametersUseForLevel=0,"
        f"mNr=CellSignalStrengthNr:{{ csiRsrp = {MAX} csiCqiReport = [1, 2] level = {level['Nr']} timingAdvance = 7 }},"
        f"primary=CellSignalStrength{primary}}}"
    )


@pytest.mark.parametrize("primary", ["Cdma", "Gsm", "Wcdma", "Tdscdma", "Lte", "Nr"])
@pytest.mark.parametrize("level", range(5))
def test_bars_are_those_of_the_technology_in_use(primary: str, level: int) -> None:
    others = {name: 4 - level for name in ("Cdma", "Gsm", "Wcdma", "Tdscdma", "Lte", "Nr") if name != primary}

    assert parse_signal(modern(primary, **others, **{primary: level})) == level


def test_fifth_bar_of_a_vendor_counts_as_the_fourth() -> None:
    assert parse_signal(modern(Lte=5)) == 4


def test_unmeasured_technologies_may_be_missing() -> None:
    text = (
        "SignalStrength:{mCdma=Invalid,mLte=CellSignalStrengthLte: rssi=-67 level=3,"
        "mNr=Invalid,SignalBarInfo{ lteLevel=2 },rat=14"
    )

    assert parse_signal(f"{text},primary=CellSignalStrengthLte}}") == 3
    assert parse_signal(f"{text},primary=CellSignalStrengthNr}}") is None


@pytest.mark.parametrize(
    "text",
    [
        "",
        "null",
        modern("Lte").replace("primary=", "secondary="),
        modern("Lte").replace(" level=0 parameters", f" level={MAX} parameters"),
        modern(Lte=9),
        "SignalStrength: 20 0 gsm|lte",
        f"SignalStrength: 99 0 -75 -90 -120 -1 -1 99 {MAX} {MAX} {MAX} {MAX} cdma",
        f"SignalStrength: 99 0 -120 -160 -120 -1 -1 99 {MAX} {MAX} {MAX} {MAX} gsm|lte",
    ],
)
def test_other_text_has_no_signal(text: str) -> None:
    assert parse_signal(text) is None


def numbers(*, asu: int = 99, rssi: int = 99, rsrp: int = MAX, rssnr: int = MAX) -> str:
    return f"SignalStrength: {asu} 0 -120 -160 -120 -1 -1 {rssi} {rsrp} -10 {rssnr} {MAX} {MAX} 0 gsm|lte"


@pytest.mark.parametrize(
    ("text", "level"),
    [
        (numbers(rsrp=-97), 4),
        (numbers(rsrp=-98), 4),
        (numbers(rsrp=-99), 3),
        (numbers(rsrp=-118), 2),
        (numbers(rsrp=-128), 1),
        (numbers(rsrp=-140), 0),
        (numbers(rsrp=-97, rssnr=10), 2),
        (numbers(rssnr=130), 4),
        (numbers(rssi=12), 4),
        (numbers(rssi=0), 1),
        (numbers(asu=12), 4),
        (numbers(asu=8), 3),
        (numbers(asu=5), 2),
        (numbers(asu=3), 1),
        (numbers(asu=2), 0),
        (numbers(rsrp=-140, asu=20), 4),
        (numbers(rsrp=-100, asu=2), 3),
    ],
)
def test_bars_before_android_10_are_computed(text: str, level: int) -> None:
    assert parse_signal(text) == level


@given(st.text(max_size=300))
def test_no_text_breaks_the_parser(text: str) -> None:
    parse_registry(f"  Phone Id=0\n    mSignalStrength=SignalStrength:{{{text}\n    mServiceState={text}\n")
    parse_signal(text)
