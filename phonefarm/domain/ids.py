"""Identifiers of phones, SIMs, numbers, rents and messages, and how they are parsed."""

from __future__ import annotations

import re
from typing import NewType

import phonenumbers

PhoneId = NewType("PhoneId", str)
"""`serial@host:port`: an adb serial on one adb server."""

SimId = NewType("SimId", str)
"""The full ICCID if any source states it, else a stand-in that starts with `sim:` (phone, sub id, prefix)."""

Msisdn = NewType("Msisdn", str)
"""A phone number as E.164 digits without the plus sign."""

RentId = NewType("RentId", int)
SmsId = NewType("SmsId", int)
"""Invariant: rent ids and SMS ids come from one sequence, so that a `smsId` on the wire is unambiguous."""

_STAND_IN = "sim:"
_ICCID = re.compile(r"89[0-9A-F]{16,18}")
_MOBILE = frozenset({phonenumbers.PhoneNumberType.MOBILE, phonenumbers.PhoneNumberType.FIXED_LINE_OR_MOBILE})


def phone_id(serial: str, server: str) -> PhoneId:
    return PhoneId(f"{serial}@{server}")


def serial_of(phone: PhoneId) -> str:
    return phone.rpartition("@")[0]


def server_of(phone: PhoneId) -> str:
    return phone.rpartition("@")[2]


def is_stand_in(sim_id: SimId) -> bool:
    """Whether the SIM's ICCID was not known when it got its id."""
    return sim_id.startswith(_STAND_IN)


def stand_in_prefix(stand_in: SimId) -> str:
    """The first digits of the ICCID, if the phone shows only these; else empty."""
    parts = stand_in.split("/")
    return parts[-2] if len(parts) > 2 else ""


def may_be(stand_in: SimId, iccid: str) -> bool:
    """Whether the card of a stand-in may have this ICCID: the digits that its phone shows must agree."""
    return iccid.startswith(stand_in_prefix(stand_in))


def parse_iccid(text: str) -> str | None:
    """The ICCID (18 to 20 digits, ITU prefix 89) or None.

    The last digit is not checked, since not all cards have a check digit. Some Chinese cards have hexadecimal letters
    among the digits; an F at the end is padding.
    """
    digits = text.strip().upper().rstrip("F")
    return digits if _ICCID.fullmatch(digits) else None


def parse_msisdn(text: str, region: str | None = None) -> Msisdn | None:
    """E.164 digits of a possible phone number, or None.

    `region` (ISO country, any case) allows national forms such as `8 928 123-45-67`, and has priority: without it,
    China's 130 1234 5678 could be a number of Maryland without its plus sign.
    """
    cleaned = text.strip()
    if not cleaned or "*" in cleaned or "#" in cleaned:
        return None
    if cleaned.startswith("+"):
        return _e164(_parsed(cleaned, None))
    abroad = _parsed(f"+{cleaned}", None)
    if region is None:
        return _e164(abroad)
    if abroad is not None and abroad.country_code == phonenumbers.country_code_for_region(region.upper()):
        return _e164(abroad)
    return _e164(_parsed(cleaned, region.upper()) or abroad)


def parse_mobile(text: str, region: str | None) -> Msisdn | None:
    """E.164 digits of a mobile number of this ISO country (None: of any), or None.

    Service numbers (free, shared cost, premium) and landlines are refused.
    """
    msisdn = parse_msisdn(text, region)
    if msisdn is None:
        return None
    number = phonenumbers.parse(f"+{msisdn}")
    if region is not None and not phonenumbers.is_valid_number_for_region(number, region.upper()):
        return None
    return msisdn if phonenumbers.number_type(number) in _MOBILE else None


def _parsed(text: str, region: str | None) -> phonenumbers.PhoneNumber | None:
    try:
        number = phonenumbers.parse(text, region)
    except phonenumbers.NumberParseException:
        return None
    return number if phonenumbers.is_valid_number(number) else None


def _e164(number: phonenumbers.PhoneNumber | None) -> Msisdn | None:
    if number is None:
        return None
    return Msisdn(phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)[1:])
