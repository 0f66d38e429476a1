"""ICCID and number through `service call iphonesubinfo`, whose method codes differ by release and shift by vendor."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from phonefarm.adapters.adb.parcel import parse_parcel_text
from phonefarm.domain.ids import Msisdn, parse_iccid, parse_msisdn


@dataclass(frozen=True, kw_only=True)
class Codes:
    """Methods that take a subscription id, in the order of the release's interface."""

    iccid: int
    line1: int
    msisdn: int


_ANDROID_16 = Codes(iccid=15, line1=17, msisdn=21)
"""One method more, the second level's group id, stands before those that are asked; so it does in some builds of 15."""
_ANDROID_11 = Codes(iccid=14, line1=16, msisdn=20)


def codes_for(sdk: int) -> tuple[Codes, ...]:
    """The orders that may be true, most likely first; none where it is not known: codes are never tried at random."""
    if sdk >= 35:
        return (_ANDROID_16, _ANDROID_11)
    if sdk >= 30:
        return (_ANDROID_11,)
    if sdk >= 28:
        return (Codes(iccid=11, line1=13, msisdn=17),)
    if sdk >= 23:
        return (Codes(iccid=12, line1=14, msisdn=18),)
    return ()


def commands(orders: Sequence[Codes], sub_id: int) -> list[str]:
    """Three calls for each order, read by `parse_identity`."""
    return [
        f"service call iphonesubinfo {code} i32 {sub_id} s16 com.android.shell"
        for codes in orders
        for code in (codes.iccid, codes.line1, codes.msisdn)
    ]


@dataclass(frozen=True, kw_only=True)
class Identity:
    iccid: str = ""
    msisdn: Msisdn | None = None


def parse_identity(answers: Sequence[str], *, icc_prefix: str, region: str) -> Identity:
    """What the answers prove, three for each order of methods: the first that fits this card is the true one.

    An answer under a shifted code may be any other number (IMEI, voice mail), so a number counts only
    where the ICCID's code has answered with this very SIM's ICCID.
    """
    for start in range(0, len(answers), _ANSWERS):
        texts = [parse_parcel_text(answer) or "" for answer in answers[start : start + _ANSWERS]]
        if iccid := checked_iccid(texts[0], icc_prefix):
            numbers = (checked_number(text, region) for text in texts[1:])
            return Identity(iccid=iccid, msisdn=next((number for number in numbers if number is not None), None))
    return Identity()


_ANSWERS = 3


def told_apart(identities: Sequence[Identity]) -> list[Identity]:
    """Two cards never share an ICCID: a method that asks for no certain card has answered then, and proves nothing."""
    often = Counter(identity.iccid for identity in identities)
    return [Identity() if often[identity.iccid] > 1 else identity for identity in identities]


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
