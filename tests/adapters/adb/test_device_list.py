"""The device list in every form that adb prints."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from phonefarm.adapters.adb.device_list import parse_device_list

UDEV = "no permissions (user in plugdev group; are your udev rules wrong?); see [http://developer.android.com/tools/device.html]"


@pytest.mark.parametrize(
    ("line", "serial", "state", "detail"),
    [
        ("R58M123\tdevice", "R58M123", "device", ""),
        ("R58M123\tunauthorized", "R58M123", "unauthorized", ""),
        (f"R58M123\t{UDEV}", "R58M123", UDEV, ""),
        ("????????????\tno permissions", "????????????", "no permissions", ""),
        ("two words\toffline", "two words", "offline", ""),
        ("R58M123                device usb:1-3 product:p model:M device:d transport_id:33", "R58M123", "device",
         "usb:1-3 product:p model:M device:d transport_id:33"),
        ("127.1.0.1:5555         offline transport_id:2", "127.1.0.1:5555", "offline", "transport_id:2"),
        (f"R58M123                {UDEV} usb:1-1.4 transport_id:1", "R58M123", UDEV, "usb:1-1.4 transport_id:1"),
        ("R58M123                no permissions (verify udev rules); see [http://x] usb:1-1", "R58M123",
         "no permissions (verify udev rules); see [http://x]", "usb:1-1"),
        ("R58M123                no permissions (missing rule; see [http://x]) usb:1-1", "R58M123",
         "no permissions (missing rule; see [http://x])", "usb:1-1"),
        ("(no serial number)     device usb:1-4 product:p", "(no serial number)", "device", "usb:1-4 product:p"),
        ("my device 1            device usb:1-4", "my device 1", "device", "usb:1-4"),
        ("Телефон №1             unauthorized usb:17825792X", "Телефон №1", "unauthorized", "usb:17825792X"),
        ("R58M123                someday usb:1-4", "R58M123", "someday", "usb:1-4"),
        ("R58M123 detached", "R58M123", "detached", ""),
        ("R58M123\tdevice\r", "R58M123", "device", ""),
    ],
)  # fmt: skip
def test_a_line_becomes_serial_state_and_detail(line: str, serial: str, state: str, detail: str) -> None:
    (device,) = parse_device_list(line + "\n")

    assert (device.serial, device.adb_state, device.detail) == (serial, state, detail)


def test_heading_and_empty_lines_are_skipped() -> None:
    assert parse_device_list("List of devices attached\n\n") == ()


@pytest.mark.parametrize("line", ["R5\t ", "R5\t\x85  ", "R5\t", "R5"])
def test_line_without_a_state_is_skipped(line: str) -> None:
    assert parse_device_list(line + "\n") == ()


def test_a_serial_may_be_very_long() -> None:
    (device,) = parse_device_list("x" * 5000 + " device usb:1-1\n")

    assert len(device.serial) == 5000


def test_very_long_line_is_parsed_fast() -> None:
    begun = time.process_time()

    parse_device_list("R5\t" + "9" * 60_000 + "\tdevice\n")
    parse_device_list("R5" + " 9" * 30_000 + " device usb:\n")

    assert time.process_time() - begun < 1


def test_two_phones_of_one_serial_are_two_lines() -> None:
    """Cheap makes give a whole series the same serial."""
    devices = parse_device_list("0123456789ABCDEF device usb:1-1\n0123456789ABCDEF unauthorized usb:1-2\n")

    assert [(device.serial, device.adb_state, device.detail) for device in devices] == [
        ("0123456789ABCDEF", "device", "usb:1-1"),
        ("0123456789ABCDEF", "unauthorized", "usb:1-2"),
    ]


def test_a_thousand_phones_are_a_thousand_lines() -> None:
    text = "".join(f"SERIAL{number:06} device usb:1-{number} transport_id:{number}\n" for number in range(1000))

    assert len({device.serial for device in parse_device_list(text)}) == 1000


@given(st.text(max_size=200))
def test_no_text_breaks_the_parser(text: str) -> None:
    for device in parse_device_list(text):
        assert device.serial
        assert device.adb_state
