"""Phone states from adb's words, and which phone ids are one handset."""

from __future__ import annotations

from dataclasses import replace

import pytest

from phonefarm.domain.ids import phone_id
from phonefarm.domain.phones import (
    HandsetProof,
    PhoneFacts,
    PhoneState,
    handset_of,
    hardware_of,
    is_address,
    is_same_handset,
    state_from_adb,
)
from tests.builders import NOON, SECOND


@pytest.mark.parametrize(
    ("word", "state"),
    [
        ("device", PhoneState.STARTING),
        ("unauthorized", PhoneState.UNAUTHORIZED),
        ("authorizing", PhoneState.AUTHORIZING),
        ("connecting", PhoneState.AUTHORIZING),
        ("offline", PhoneState.OFFLINE),
        ("detached", PhoneState.OFFLINE),
        ("no permissions (missing udev rules? user is in the plugdev group)", PhoneState.NO_PERMISSIONS),
        ("recovery", PhoneState.OTHER_MODE),
        ("sideload", PhoneState.OTHER_MODE),
        ("bootloader", PhoneState.OTHER_MODE),
        ("", PhoneState.OTHER_MODE),
        ("something new", PhoneState.OTHER_MODE),
    ],
)
def test_every_word_of_adb_has_a_state_and_only_device_is_reachable(word: str, state: PhoneState) -> None:
    assert state_from_adb(word) is state


@pytest.mark.parametrize("serial", ["192.168.1.7:5555", "[fe80::1%eth0]:5555", "phone.local:5555", "127.0.0.1:5555"])
def test_serial_of_a_phone_over_tcp_is_its_address(serial: str) -> None:
    assert is_address(serial)


@pytest.mark.parametrize("serial", ["R58M123", "emulator-5554", "adb-R58M-x._adb-tls-connect._tcp", "a b:5555"])
def test_other_serials_are_no_address(serial: str) -> None:
    assert not is_address(serial)


@pytest.mark.parametrize(
    ("serial", "one", "other", "same"),
    [
        ("R58M123", "127.0.0.1:5037", "farm-pc:5037", True),
        ("R58M123", "127.0.0.1:5037", "localhost:5037", True),
        ("192.168.1.7:5555", "127.0.0.1:5037", "farm-pc:5037", True),
        ("127.0.0.1:5555", "127.0.0.1:5037", "localhost:5038", True),
        ("127.0.0.1:5555", "127.0.0.1:5037", "farm-pc:5037", False),
        ("emulator-5554", "127.0.0.1:5037", "farm-pc:5037", False),
    ],
)
def test_handset_is_the_same_on_every_server(serial: str, one: str, other: str, same: bool) -> None:
    assert (handset_of(phone_id(serial, one)) == handset_of(phone_id(serial, other))) is same


REDMI = PhoneFacts(make="Xiaomi", model="Redmi 12")


def test_hardware_id_is_number_make_and_model() -> None:
    assert hardware_of("a1b2c3d4", REDMI) == "a1b2c3d4/Xiaomi/Redmi 12"


@pytest.mark.parametrize("number", ["", "  "])
def test_phone_without_a_number_has_no_hardware_id(number: str) -> None:
    assert hardware_of(number, REDMI) == ""


def test_phone_without_a_model_has_no_hardware_id() -> None:
    assert hardware_of("a1b2c3d4", PhoneFacts()) == ""


@pytest.mark.parametrize("serial", ["0123456789ABCDEF", "0123456789abcdef", "?????????", "00000000"])
def test_phones_with_a_placeholder_serial_on_two_pcs_are_two_handsets(serial: str) -> None:
    here, there = phone_id(serial, "127.0.0.1:5037"), phone_id(serial, "farm-pc:5037")

    assert handset_of(here) != handset_of(there)


SAME = HandsetProof(boot_id="b1", android_id="a1", booted_at=NOON)


@pytest.mark.parametrize(
    ("other", "is_same"),
    [
        (SAME, True),
        (replace(SAME, boot_id="b2"), False),
        (replace(SAME, booted_at=NOON + 3 * SECOND), True),
        (replace(SAME, boot_id="", android_id="a2"), False),
        (replace(SAME, boot_id="", booted_at=NOON + 60 * SECOND), False),
        (replace(SAME, boot_id="", android_id=""), True),
        (HandsetProof(), True),
    ],
    ids=["all", "boot id", "imprecise uptime", "android id", "boot time", "boot time alone", "no evidence"],
)
def test_equal_serials_are_one_handset_without_evidence_against_it(other: HandsetProof, is_same: bool) -> None:
    assert is_same_handset(SAME, other) is is_same
    assert is_same_handset(other, SAME) is is_same


def test_phone_named_by_its_port_is_a_handset_of_its_own_server_only() -> None:
    here, there = phone_id("20080411#1-1.4", "127.0.0.1:5037"), phone_id("20080411#1-1.4", "farm-pc:5037")

    assert handset_of(here) != handset_of(there)
