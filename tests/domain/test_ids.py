"""Valid ICCIDs and numbers, and the ids of phones."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from phonefarm.domain.ids import parse_iccid, parse_msisdn, phone_id, serial_of, server_of


def test_phone_id_splits_into_serial_and_server() -> None:
    over_tcp = phone_id("192.168.1.7:5555", "127.0.0.1:5037")

    assert serial_of(over_tcp) == "192.168.1.7:5555"
    assert server_of(over_tcp) == "127.0.0.1:5037"


def test_phone_id_survives_an_at_sign_in_the_serial() -> None:
    strange = phone_id("a@b", "[::1]:5037")

    assert (serial_of(strange), server_of(strange)) == ("a@b", "[::1]:5037")


@given(st.text("0123456789ABCDEFabcdef", min_size=16, max_size=18))
def test_iccid_needs_no_valid_check_digit(rest: str) -> None:
    kept = f"89{rest}".upper().rstrip("F")

    assert parse_iccid(f"89{rest}") == (kept if len(kept) >= 18 else None)


@pytest.mark.parametrize(
    ("text", "iccid"),
    [
        ("89701010012345678909", "89701010012345678909"),
        (" 89701010012345678909\n", "89701010012345678909"),
        ("898600810906F1234567", "898600810906F1234567"),
        ("8970101001234567890F", "8970101001234567890"),
        ("897010100123456789FF", "897010100123456789"),
        ("8970101001234567891", "8970101001234567891"),
        ("898600a10906b1234567", "898600A10906B1234567"),
        ("898600g10906b1234567", None),
        ("89701010012345678", None),
        ("897010100123456789012", None),
        ("12701010012345678909", None),
        ("8970101001234567890*", None),
        ("٨٩٧٠١٠١٠٠١٢٣٤٥٦٧٨٩٠٩", None),
        ("", None),
    ],
    ids=lambda value: repr(value),
)
def test_iccid_is_18_to_20_digits_that_begin_with_89(text: str, iccid: str | None) -> None:
    assert parse_iccid(text) == iccid


@pytest.mark.parametrize(
    ("text", "region", "number"),
    [
        ("+7 (928) 123-45-67", None, "79281234567"),
        ("79281234567", None, "79281234567"),
        ("٧٩٢٨١٢٣٤٥٦٧", None, "79281234567"),
        ("8 928 123-45-67", "ru", "79281234567"),
        ("89281234567", "RU", "79281234567"),
        ("9281234567", "ru", "79281234567"),
        ("4915112345678", "de", "4915112345678"),
        ("447400123456", "ru", "447400123456"),
        ("+79281234567", "cn", "79281234567"),
        ("0501234567", "ua", "380501234567"),
    ],
)
def test_usual_spellings_of_a_number_are_parsed(text: str, region: str | None, number: str) -> None:
    assert parse_msisdn(text, region) == number


def test_national_number_is_not_taken_for_another_countrys() -> None:
    assert parse_msisdn("13012345678", "cn") == "8613012345678"


@pytest.mark.parametrize(
    "text", ["", "  ", "0", "15555215554", "*100#", "79281234567#", "89281234567", "phone", "7928123456789012345", "+"]
)
def test_text_that_is_no_number_is_refused(text: str) -> None:
    assert parse_msisdn(text) is None


@given(st.text(max_size=40), st.sampled_from([None, "ru", "us", "zz"]))
def test_any_text_gives_digits_or_nothing(text: str, region: str | None) -> None:
    number = parse_msisdn(text, region)

    assert number is None or (number.isascii() and number.isdigit() and 7 <= len(number) <= 15)
