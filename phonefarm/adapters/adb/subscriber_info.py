"""ICCID and number through `service call iphonesubinfo`, whose method codes differ by release and shift by vendor."""

from __future__ import annotations

import re
from dataclasses import dataclass

from phonefarm.adapters.adb.parcel import parse_parcel_text
from phonefarm.domain.ids import Msisdn, parse_iccid, parse_msisdn


@dataclass(frozen=True, kw_only=True)
class Codes:
    """Methods that take a subscription id, in the order of the release's interface."""

    iccid: int
    line1: int
    msisdn: int


def codes_for(sdk: int) -> Codes | None:
    """None where the order is not known; the codes are never tried at random."""
    if sdk >= 30:
        return Codes(iccid=14, line1=16, msisdn=20)
    if sdk >= 28:
        return Codes(iccid=11, line1=13, msisdn=17)
    if sdk >= 23:
        return Codes(iccid=12, line1=14, msisdn=18)
    return None


def commands(codes: Codes, sub_id: int) -> list[str]:
    """Three calls, read by `parse_identity`."""
    return [
        f"service call iphonesubinfo {code} i32 {sub_id} s16 com.android.shell"
        for code in (codes.iccid, codes.line1, codes.msisdn)
    ]


@dataclass(frozen=True, kw_only=True)
class Identity:
    iccid: str = ""
    msisdn: Msisdn | None = None


def parse_identity(answers: list[str], *, icc_prefix: str, region: str) -> Identity:
    """What the three answers prove.

    An answer under a shifted code may be any other number (IMEI, voice mail), so a number counts only
    where the ICCID's code has answered with this very SIM's ICCID.
    """
    iccid = checked_iccid(parse_parcel_text(answers[0]) or "", icc_prefix)
    if not iccid:
        return Identity()
    numbers = (checked_number(parse_parcel_text(answer) or "", region) for answer in answers[1:])
    return Identity(iccid=iccid, msisdn=next((number for number in numbers if number is not None), None))


def checked_iccid(text: str, icc_prefix: str) -> str:
    """The ICCID if it is one and begins as `dumpsys isub` shows it; else empty."""
    iccid = parse_iccid(text)
    return iccid if iccid is not None and iccid.startswith(icc_prefix) else ""


def checked_number(text: str, region: str) -> Msisdn | None:
    """The number if it can be one; 15 digits are an IMEI or IMSI, 18 and more an ICCID."""
    digits = re.sub(r"[\s()\-.]", "", text)
    if not re.fullmatch(r"\+?\d{5,14}", digits):
        return None
    return parse_msisdn(digits, region or None)
