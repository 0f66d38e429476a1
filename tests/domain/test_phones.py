"""What adb's words mean for a phone."""

from __future__ import annotations

import pytest

from phonefarm.domain.ids import phone_id
from phonefarm.domain.phones import (
    PhoneFacts,
    PhoneState,
    handset_of,
    hardware_of,
    is_address,
    state_from_adb,
)


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
def test_every_word_of_adb_has_a_state_and_only_device_can_be_spoken_with(word: str, state: PhoneState) -> None:
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
def test_one_handset_is_known_through_whatever_server(serial: str, one: str, other: str, same: bool) -> None:
    assert (handset_of(phone_id(serial, one)) == handset_of(phone_id(serial, other))) is same


REDMI = PhoneFacts(make="Xiaomi", model="Redmi 12")


def test_handset_is_known_by_its_own_number_make_and_model() -> None:
    assert hardware_of("a1b2c3d4", REDMI) == "a1b2c3d4/Xiaomi/Redmi 12"


@pytest.mark.parametrize("number", ["", "unknown", "0123456789ABCDEF", "00000000", "111122221111", "12345"])
def test_number_that_makers_give_to_many_tells_no_handset(number: str) -> None:
    assert hardware_of(number, REDMI) == ""


def test_phone_that_does_not_name_its_model_is_no_known_handset() -> None:
    assert hardware_of("a1b2c3d4", PhoneFacts()) == ""


@pytest.mark.parametrize("serial", ["0123456789ABCDEF", "0123456789abcdef", "?????????", "00000000"])
def test_phones_that_bear_a_makers_made_up_serial_on_two_pcs_are_two_handsets(serial: str) -> None:
    here, there = phone_id(serial, "127.0.0.1:5037"), phone_id(serial, "farm-pc:5037")

    assert handset_of(here) != handset_of(there)
