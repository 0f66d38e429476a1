"""Parses the active SIMs from both formats of `dumpsys isub`. Display names are free text and may imitate keys."""

from __future__ import annotations

import re
from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class ActiveSub:
    sub_id: int
    slot: int
    icc: str
    """As printed: complete, masked, or empty."""
    mcc_mnc: str
    number: str
    """As printed: empty, masked, or (on debuggable builds) complete."""

    @property
    def icc_prefix(self) -> str:
        found = re.match(r"[0-9A-Fa-f]*+", self.icc)
        return found[0].upper() if found else ""


_TIMEOUT = re.compile(r"^\*\*\* SERVICE '[^']{1,40}' DUMP TIMEOUT", re.MULTILINE)
_ACTIVE = re.compile(
    r"^[ \t]*(?:ActiveSubInfoList:|Active subscriptions:)[ \t]*(?P<null>is null)?[ \t]*$", re.MULTILINE
)
_ALL = re.compile(r"^[ \t]*mAllSubscriptionInfo:[ \t]*$", re.MULTILINE)
"""One UI 8 prints no list of active subscriptions."""
_SECTION_END = re.compile(
    r"^[ \t]*$|^[ \t]*(?:\+{4,}|All ?Sub(?:InfoList|scriptions):|All subscriptions:)[ \t]*$", re.MULTILINE
)
_ENTRY = re.compile(
    r"^[ \t]*(?:\[SubscriptionInfoInternal: |SubscriptionInfoInternal\{|\{)id=(?P<id>[0-9]{1,9}),?"
    r"(?: iccId=(?P<icc>\S*))? simSlotIndex=(?P<slot>-?[0-9]{1,3})\b(?P<rest>.*)$",
    re.MULTILINE,
)
# The last match wins: a display name that imitates these keys is to the left of the real ones.
_NETWORK = re.compile(r".* mcc[ =](?P<mcc>[0-9]{1,4}) mnc[ =](?P<mnc>[0-9]{1,4})\b")
_NUMBER = re.compile(r".* number=(?P<number>\S*) dataRoaming=")


def parse_isub(text: str) -> list[ActiveSub] | None:
    """The SIMs in the phone, sorted by slot; None if the text is not a complete dump."""
    found = _ACTIVE.search(text) or _ALL.search(text)
    if found is None or _TIMEOUT.search(text):
        return None
    if found.groupdict().get("null"):  # Android 5.1 to 9 without an active card
        return []
    rest = text[found.end() + 1 :]
    end = _SECTION_END.search(rest)
    entries = _ENTRY.finditer(rest[: end.start()] if end else rest)
    active = [_sub(entry) for entry in entries if int(entry["slot"]) >= 0]
    return sorted(active, key=lambda sub: sub.slot)


def _sub(entry: re.Match[str]) -> ActiveSub:
    rest = entry["rest"]
    network = _NETWORK.match(rest)
    number = _NUMBER.match(rest)
    return ActiveSub(
        sub_id=int(entry["id"]),
        slot=int(entry["slot"]),
        icc=entry["icc"] or "",
        mcc_mnc=_mcc_mnc(network) if network else "",
        number=number["number"] if number else "",
    )


def _mcc_mnc(network: re.Match[str]) -> str:
    if not int(network["mcc"]):
        return ""
    return network["mcc"].zfill(3) + network["mnc"].zfill(2)
