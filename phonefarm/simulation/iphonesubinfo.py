"""`service call iphonesubinfo`: which code asks what in which release, and the parcels that answer."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from enum import Enum
from zlib import crc32

from phonefarm.simulation.handset import Handset, Subscription
from phonefarm.simulation.profiles import Profile
from phonefarm.simulation.shell_io import ShellIo
from phonefarm.simulation.sims import luhn_digit

HIGHEST_CODE = 40
FIRST_SDK_WITH_FEATURES = 30
FIRST_SDK_THAT_COUNTS = 33
"""A method that is given more than it reads throws from then on."""
SECURITY, BAD_PARCELABLE = -1, -2
NOT_CONSUMED = "Parcel data not fully consumed, unread size: 44"
DENIED = "The user 2000 does not meet the requirements to access device identifiers."
NO_PERMISSION = "Requires READ_PRIVILEGED_PHONE_STATE permission."


class Asked(Enum):
    ICCID = "iccid"
    LINE_1 = "line 1 number"
    MSISDN = "msisdn"
    IMSI = "imsi"
    GROUP_ID = "group id"
    ALPHA_TAG = "alpha tag"
    IMEI = "imei"


@dataclass(frozen=True)
class Method:
    asks: Asked
    by_subscription: bool


def methods(profile: Profile) -> dict[int, Method]:
    """The transaction codes, as the order of IPhoneSubInfo.aidl gives them."""
    sdk = profile.sdk
    if sdk < 23:
        return {}
    if sdk <= 27:
        codes = (11, 12, 13, 14, 18)
    elif sdk <= 29:
        codes = (10, 11, 12, 13, 17)
    else:
        codes = (12, 14, 15, 16, 20)
    ordered = dict(
        zip(
            codes,
            (
                Method(Asked.ICCID, by_subscription=False),
                Method(Asked.ICCID, by_subscription=True),
                Method(Asked.LINE_1, by_subscription=False),
                Method(Asked.LINE_1, by_subscription=True),
                Method(Asked.MSISDN, by_subscription=True),
            ),
            strict=True,
        )
    )
    if sdk < FIRST_SDK_WITH_FEATURES:
        return ordered
    ordered[13] = ordered[12]  # the same with the name of a feature
    if not profile.has_second_group_id:
        return ordered
    moved = {code + 1: method for code, method in ordered.items()}
    return moved | {12: Method(Asked.GROUP_ID, by_subscription=True)}


async def call(handset: Handset, code: int, arguments: list[str], io: ShellIo) -> int:
    await io.stdout(_answer(handset, code, arguments))
    return 0


def _answer(handset: Handset, code: int, arguments: list[str]) -> str:
    if not 1 <= code <= HIGHEST_CODE:
        return 'Result: Parcel(Error: 0xffffffffffffffb6 "Not a data message")\n'
    method = _method_at(handset, code)
    if method is None:
        return parcel(exception(NO_PERMISSION))
    if not method.by_subscription and arguments[:1] == ["i32"] and handset.profile.sdk >= FIRST_SDK_THAT_COUNTS:
        return parcel(exception(NOT_CONSUMED, BAD_PARCELABLE))
    if handset.profile.guards_identifiers and method.asks is Asked.ICCID:
        return parcel(exception(DENIED))
    if method.asks is Asked.IMEI:
        return parcel(text(imei(handset)))
    subscription = _subscription(handset, arguments) if method.by_subscription else next(iter(handset.listed), None)
    if subscription is None:
        return parcel(text(None))
    return parcel(text(_value(method.asks, subscription)))


def _method_at(handset: Handset, code: int) -> Method | None:
    """What stands at a code; where a vendor's own methods come first, one that AOSP has further up the list."""
    shift, known = handset.profile.shifts_codes, methods(handset.profile)
    if not shift or not known:
        return known.get(code)
    before_shift, first = code - shift, min(known)
    if before_shift in known:
        return known[before_shift]
    neighbours = {
        first - 3: Method(Asked.IMSI, by_subscription=True),
        first - 2: Method(Asked.GROUP_ID, by_subscription=False),
        first - 1: Method(Asked.GROUP_ID, by_subscription=True),
        max(known) - 3: Method(Asked.ALPHA_TAG, by_subscription=False),
        max(known) - 2: Method(Asked.ALPHA_TAG, by_subscription=True),
    }
    return neighbours.get(before_shift, Method(Asked.IMEI, by_subscription=False))


def imei(handset: Handset) -> str:
    body = f"35{crc32(handset.hardware_id.encode()) % 10**12:012d}"
    return body + luhn_digit(body)


def _subscription(handset: Handset, arguments: list[str]) -> Subscription | None:
    if len(arguments) < 2 or arguments[0] != "i32" or not arguments[1].isdigit():
        return None
    return next((known for known in handset.listed if known.sub_id == int(arguments[1])), None)


def _value(asks: Asked, subscription: Subscription) -> str | None:
    sim = subscription.sim
    match asks:
        case Asked.ICCID:
            return sim.iccid
        case Asked.IMSI:
            return sim.imsi
        case Asked.GROUP_ID | Asked.ALPHA_TAG | Asked.IMEI:
            return None
    if sim.on_card is None:
        return "" if asks is Asked.LINE_1 else None
    return sim.on_card


def text(value: str | None) -> bytes:
    """A parcel without exception that holds one String16."""
    if value is None:
        return struct.pack("<Ii", 0, -1)
    return struct.pack("<I", 0) + _string16(value)


def exception(message: str, code: int = SECURITY) -> bytes:
    """A parcel of an exception."""
    return struct.pack("<i", code) + _string16(message) + struct.pack("<I", 0)


def _string16(value: str) -> bytes:
    encoded = value.encode("utf-16-le")
    terminated = encoded + b"\0\0"
    return struct.pack("<I", len(encoded) // 2) + terminated + b"\0" * (-len(terminated) % 4)


def parcel(data: bytes) -> str:
    """The dump that `service call` prints."""
    if len(data) <= 16:
        words = " ".join(f"{word:08x}" for (word,) in struct.iter_unpack("<I", data))
        return f"Result: Parcel({words}   '{_shown(data)}')\n"
    lines = []
    for start in range(0, len(data), 16):
        chunk = data[start : start + 16]
        words = " ".join(f"{word:08x}" for (word,) in struct.iter_unpack("<I", chunk))
        lines.append(f"  0x{start:08x}: {words:<35} '{_shown(chunk):<16}'")
    return "Result: Parcel(\n" + "\n".join(lines) + ")\n"


def _shown(chunk: bytes) -> str:
    return "".join(chr(byte) if 32 <= byte < 127 else "." for byte in chunk)
