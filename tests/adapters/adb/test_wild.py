"""Real dumps that users posted; they are outside the repository, so these tests run only if the folder exists."""

from __future__ import annotations

import pytest

from phonefarm.adapters.adb import sms_query
from phonefarm.adapters.adb.device_list import parse_device_list
from phonefarm.adapters.adb.getprop import parse_getprop
from phonefarm.adapters.adb.hints import parse_hint
from phonefarm.adapters.adb.isub import parse_isub
from phonefarm.adapters.adb.parcel import parse_parcel_text
from phonefarm.adapters.adb.provider import AnswerRefused, find_denial, find_exception, split_rows
from phonefarm.adapters.adb.sim_sources import CheapSources, slot_state
from phonefarm.adapters.adb.siminfo import parse_siminfo
from phonefarm.adapters.adb.smart_socket import refusal
from phonefarm.application.ports.world import Hint, PhoneUnreachable, Probe
from phonefarm.domain.ids import parse_iccid
from phonefarm.domain.phones import PhoneFacts
from phonefarm.domain.sims import SlotState
from tests.checkout import CHECKOUT

WILD = CHECKOUT.parent / "shared" / "wild"

pytestmark = pytest.mark.skipif(not WILD.is_dir(), reason="the real dumps are not beside the repository")


def wild(name: str) -> str:
    """A dump without its first line, which names its source."""
    path = WILD / name
    if not path.is_file():
        pytest.skip(f"no {name}")
    return path.read_text("utf-8").partition("\n")[2]


def test_the_device_list_of_three_bicycle_computers() -> None:
    devices = parse_device_list(wild("adb_devices_l_wahoo_linux.txt"))

    assert [(device.serial, device.adb_state) for device in devices] == [
        ("W4IZAMAIBASWV4MR", "device"),
        ("43212600473", "device"),
        ("S47T4P7HI7NNTWY9", "device"),
    ]
    assert devices[0].detail.startswith("usb:1-3 product:")


def test_adbs_own_messages_are_all_worded() -> None:
    text = wild("adb36_state_messages_real.txt")
    words = [line.removeprefix("error: ").removeprefix("adb: ") for line in text.splitlines() if line[:1] not in "[ "]

    for line in words:
        assert isinstance(refusal("R5", line), PhoneUnreachable)


def test_isub_of_android_14() -> None:
    subs = parse_isub(wild("isub_android14_dualsim_cn.txt")) or []

    assert [(sub.sub_id, sub.slot, sub.icc_prefix, sub.mcc_mnc) for sub in subs] == [
        (2, 0, "898600451", "46002"),
        (3, 1, "898603152", "46011"),
    ]


def test_isub_reduced_to_an_esim() -> None:
    (sub,) = parse_isub(wild("isub_reduced_esim_cn_android13.txt")) or []

    assert (sub.sub_id, sub.slot, sub.icc, sub.mcc_mnc) == (7, 1, "", "")


@pytest.mark.parametrize(
    ("name", "states"),
    [
        ("getprop_beeline_absent_second.txt", [SlotState.READY, SlotState.NO_NETWORK]),
        ("getprop_emulator_android12.txt", [SlotState.READY]),
        ("getprop_tablet_no_sim_android4.txt", [SlotState.NO_NETWORK]),
        ("getprop_xiaomi_android9_dualsim_mvno.txt", [SlotState.READY, SlotState.READY]),
    ],
)
def test_slots_of_real_phones(name: str, states: list[SlotState]) -> None:
    cheap = CheapSources(properties=parse_getprop(wild(name)), subs=None, radio={})

    assert [slot_state(slot, cheap) for slot in range(len(states))] == states


def test_an_mvnos_home_network_is_not_the_one_it_is_on() -> None:
    properties = parse_getprop(wild("getprop_xiaomi_android9_dualsim_mvno.txt"))

    assert properties["gsm.sim.operator.numeric"] == "46009,46002"
    assert properties["gsm.operator.numeric"] == "46001,46000"


def test_an_iccid_of_20_digits_in_a_parcel() -> None:
    text = parse_parcel_text(wild("parcel_iccid_20_digits.txt"))

    assert text == "89148000000000538231"
    assert parse_iccid(text) == text


def test_hint_line_that_an_existing_tool_uses() -> None:
    assert parse_hint(wild("radio_log_trigger_line.txt").strip()) is Hint.ARRIVING


def test_linker_warnings_are_noise() -> None:
    warnings = [line for line in wild("noise_linker_warning_before_output.txt").splitlines() if "linker" in line]

    assert split_rows("".join(f"{line}\n" for line in warnings) + "No result found.\n") == []


@pytest.mark.parametrize(
    "name",
    [
        "sms_google_messages_otp_column.txt",
        "sms_huawei_emui_commas_in_columns.txt",
        "sms_samsung_android4_columns.txt",
        "sms_xiaomi_miui_sim_id.txt",
    ],
)
def test_rows_of_plain_text_are_not_accepted(name: str) -> None:
    with pytest.raises(AnswerRefused):
        sms_query.parse_window(wild(name), Probe(facts=PhoneFacts(), reads_hex=True))


@pytest.mark.parametrize("name", ["siminfo_hk_ims_number.txt", "siminfo_pixel_esim_tw.txt"])
def test_siminfo_of_plain_text_is_refused(name: str) -> None:
    with pytest.raises(AnswerRefused):
        parse_siminfo(wild(name))


@pytest.mark.parametrize("name", ["err_permission_denial_android6.txt", "err_shell_stripped_permissions_miui.txt"])
def test_a_missing_permission_is_recognised(name: str) -> None:
    words = find_denial(wild(name))

    assert words is not None
    assert "SecurityException" in words


def test_missing_provider_is_no_denial() -> None:
    text = wild("err_could_not_find_provider_android6.txt")

    assert find_denial(text) is None
    assert find_exception(text) == "java.lang.IllegalStateException: Could not find provider:"
