"""Reads ICCID and number by `service call iphonesubinfo`, whose method codes differ by release and vendor."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from phonefarm.adapters.adb.parcel import parse_parcel_text
from phonefarm.domain.ids import Msisdn, parse_iccid, parse_msisdn


@dataclass(frozen=True, kw_only=True)
class Codes:
    """Codes of the methods that take a subscription id, in one version of the interface."""

    iccid: int
    line1: int
    msisdn: int


_ANDROID_16 = Codes(iccid=15, line1=17, msisdn=21)
"""One more method (getGroupIdLevel2) precedes the ones used here; also in some builds of Android 15."""
_ANDROID_11 = Codes(iccid=14, line1=16, msisdn=20)


def codes_for(sdk: int) -> tuple[Codes, ...]:
    """The code sets that may apply, most likely first; none for unknown releases: codes are never tried at random."""
    if sdk >= 35:
        return (_ANDROID_16, _ANDROID_11)
    if sdk >= 30:
        return (_ANDROID_11,)
    if sdk >= 28:
        return (Codes(iccid=11, line1=13, msisdn=17),)
    if sdk >= 23:
        return (Codes(iccid=12, line1=14, msisdn=18),)
    return ()


def identity_commands(code_sets: Sequence[Codes], sub_id: int) -> list[str]:
    """Three calls per code set, parsed by `parse_identity`."""
    return [
        f"service call iphonesubinfo {code} i32 {sub_id} s16 com.android.shell"
        for codes in code_sets
        for code in (codes.iccid, codes.line1, codes.msisdn)
    ]


@dataclass(frozen=True, kw_only=True)
class Identity:
    iccid: str = ""
    msisdn: Msisdn | None = None


def parse_identity(answers: Sequence[str], *, icc_prefix: str, region: str) -> Identity:
    """The identity that the answers prove, three per code set: the first set that fits this card is the right one.

    A wrong code may return any other number (IMEI, voice mail), so a number counts only if the ICCID's code of the same
    set has returned this SIM's ICCID.
    """
    for start in range(0, len(answers), _ANSWERS_PER_SET):
        texts = [parse_parcel_text(answer) or "" for answer in answers[start : start + _ANSWERS_PER_SET]]
        if iccid := checked_iccid(texts[0], icc_prefix):
            numbers = (checked_number(text, region) for text in texts[1:])
            return Identity(iccid=iccid, msisdn=next((number for number in numbers if number is not None), None))
    return Identity()


_ANSWERS_PER_SET = 3


def without_shared_iccids(identities: Sequence[Identity]) -> list[Identity]:
    """Drops equal ICCIDs of several cards: then a method without a subscription parameter has answered."""
    counts = Counter(identity.iccid for identity in identities)
    return [Identity() if counts[identity.iccid] > 1 else identity for identity in identities]


def checked_iccid(text: str, icc_prefix: str) -> str:
    """The ICCID if it is valid and has the prefix that `dumpsys isub` shows; else empty."""
    iccid = parse_iccid(text)
    return iccid if iccid is not None and iccid.startswith(icc_prefix) else ""


def checked_number(text: str, region: str) -> Msisdn | None:
    """The number if it is valid; 15 digits are an IMEI or IMSI, 18 and more an ICCID."""
    digits = re.sub(r"[\s()\-.]", "", text)
    if not re.fullmatch(r"\+?\d{5,14}", digits):
        return None
    return parse_msisdn(digits, region or None)
