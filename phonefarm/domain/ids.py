"""The names things have: phones, SIMs, numbers, rents, messages; and what makes such a name valid."""

from __future__ import annotations

import re
from typing import NewType

import phonenumbers

PhoneId = NewType("PhoneId", str)
"""`serial@host:port`: an adb serial on one adb server."""

SimId = NewType("SimId", str)
"""The full ICCID where any source gives it, else a stand-in that starts with `sim:` (phone, sub id, prefix)."""

Msisdn = NewType("Msisdn", str)
"""A phone number as E.164 digits without the plus sign."""

RentId = NewType("RentId", int)
SmsId = NewType("SmsId", int)
"""Rent ids and SMS ids are drawn from one sequence: a `smsId` on the wire can never mean two things."""

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
    """The first digits of the ICCID, where the phone shows no more than these; else empty."""
    parts = stand_in.split("/")
    return parts[-2] if len(parts) > 2 else ""


def may_be(stand_in: SimId, iccid: str) -> bool:
    """Whether the card behind a stand-in may carry this ICCID: the digits that its phone did show must agree."""
    return iccid.startswith(stand_in_prefix(stand_in))


def parse_iccid(text: str) -> str | None:
    """The ICCID (18 to 20 digits, ITU prefix 89) or None.

    Cards are sold whose last digit is no check digit, and Chinese ones with hexadecimal letters between the
    digits; an F at the end only fills up.
    """
    digits = text.strip().upper().rstrip("F")
    return digits if _ICCID.fullmatch(digits) else None


def parse_msisdn(text: str, region: str | None = None) -> Msisdn | None:
    """E.164 digits of a possible phone number, or None.

    `region` (ISO country, any case) lets a national form such as `8 928 123-45-67` be understood, and comes
    before other countries: 130 1234 5678 of China could be a number of Maryland, were its plus sign left out.
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
    """E.164 digits of a number that a SIM of this ISO country may have, or None; of any country where it is None.

    Numbers of shops and services (free, shared cost, premium) and of landlines are none.
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
