"""`service call iphonesubinfo`: the transaction codes of each release, and the reply parcels."""

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
FIRST_SDK_WITH_PARCEL_CHECK = 33
"""From this release on, a method with unread arguments throws."""
EX_SECURITY, EX_BAD_PARCELABLE = -1, -2
NOT_CONSUMED = "Parcel data not fully consumed, unread size: 44"
DENIED = "The user 2000 does not meet the requirements to access device identifiers."
NO_PERMISSION = "Requires READ_PRIVILEGED_PHONE_STATE permission."


class Field(Enum):
    ICCID = "iccid"
    LINE_1 = "line 1 number"
    MSISDN = "msisdn"
    IMSI = "imsi"
    GROUP_ID = "group id"
    ALPHA_TAG = "alpha tag"
    IMEI = "imei"


@dataclass(frozen=True)
class Method:
    field: Field
    takes_sub_id: bool


def methods(profile: Profile) -> dict[int, Method]:
    """Methods by transaction code, in the order of IPhoneSubInfo.aidl."""
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
                Method(Field.ICCID, takes_sub_id=False),
                Method(Field.ICCID, takes_sub_id=True),
                Method(Field.LINE_1, takes_sub_id=False),
                Method(Field.LINE_1, takes_sub_id=True),
                Method(Field.MSISDN, takes_sub_id=True),
            ),
            strict=True,
        )
    )
    if sdk < FIRST_SDK_WITH_FEATURES:
        return ordered
    ordered[13] = ordered[12]  # getLine1NumberForSubscriber with a feature id
    if not profile.has_second_group_id:
        return ordered
    moved = {code + 1: method for code, method in ordered.items()}
    return moved | {12: Method(Field.GROUP_ID, takes_sub_id=True)}


async def call(handset: Handset, code: int, arguments: list[str], io: ShellIo) -> int:
    await io.stdout(_reply(handset, code, arguments))
    return 0


def _reply(handset: Handset, code: int, arguments: list[str]) -> str:
    if not 1 <= code <= HIGHEST_CODE:
        return 'Result: Parcel(Error: 0xffffffffffffffb6 "Not a data message")\n'
    method = _method_at(handset, code)
    if method is None:
        return parcel(exception(NO_PERMISSION))
    if not method.takes_sub_id and arguments[:1] == ["i32"] and handset.profile.sdk >= FIRST_SDK_WITH_PARCEL_CHECK:
        return parcel(exception(NOT_CONSUMED, EX_BAD_PARCELABLE))
    if handset.profile.guards_identifiers and method.field is Field.ICCID:
        return parcel(exception(DENIED))
    if method.field is Field.IMEI:
        return parcel(text(imei(handset)))
    subscription = _subscription(handset, arguments) if method.takes_sub_id else next(iter(handset.listed), None)
    if subscription is None:
        return parcel(text(None))
    return parcel(text(_value_of(method.field, subscription)))


def _method_at(handset: Handset, code: int) -> Method | None:
    """The method at a code; vendor methods before it shift the AOSP methods to higher codes."""
    shift, by_code = handset.profile.shifts_codes, methods(handset.profile)
    if not shift or not by_code:
        return by_code.get(code)
    before_shift, first = code - shift, min(by_code)
    if before_shift in by_code:
        return by_code[before_shift]
    neighbours = {
        first - 3: Method(Field.IMSI, takes_sub_id=True),
        first - 2: Method(Field.GROUP_ID, takes_sub_id=False),
        first - 1: Method(Field.GROUP_ID, takes_sub_id=True),
        max(by_code) - 3: Method(Field.ALPHA_TAG, takes_sub_id=False),
        max(by_code) - 2: Method(Field.ALPHA_TAG, takes_sub_id=True),
    }
    return neighbours.get(before_shift, Method(Field.IMEI, takes_sub_id=False))


def imei(handset: Handset) -> str:
    body = f"35{crc32(handset.hardware_id.encode()) % 10**12:012d}"
    return body + luhn_digit(body)


def _subscription(handset: Handset, arguments: list[str]) -> Subscription | None:
    if len(arguments) < 2 or arguments[0] != "i32" or not arguments[1].isdigit():
        return None
    return next((sub for sub in handset.listed if sub.sub_id == int(arguments[1])), None)


def _value_of(field: Field, subscription: Subscription) -> str | None:
    sim = subscription.sim
    match field:
        case Field.ICCID:
            return sim.iccid
        case Field.IMSI:
            return sim.imsi
        case Field.GROUP_ID | Field.ALPHA_TAG | Field.IMEI:
            return None
    if sim.on_card is None:
        return "" if field is Field.LINE_1 else None
    return sim.on_card


def text(value: str | None) -> bytes:
    """A parcel with no exception and one String16."""
    if value is None:
        return struct.pack("<Ii", 0, -1)
    return struct.pack("<I", 0) + _string16(value)


def exception(message: str, code: int = EX_SECURITY) -> bytes:
    """A parcel with an exception."""
    return struct.pack("<i", code) + _string16(message) + struct.pack("<I", 0)


def _string16(value: str) -> bytes:
    encoded = value.encode("utf-16-le")
    terminated = encoded + b"\0\0"
    return struct.pack("<I", len(encoded) // 2) + terminated + b"\0" * (-len(terminated) % 4)


def parcel(data: bytes) -> str:
    """The dump that `service call` prints."""
    if len(data) <= 16:
        words = " ".join(f"{word:08x}" for (word,) in struct.iter_unpack("<I", data))
        return f"Result: Parcel({words}   '{_printable(data)}')\n"
    lines = []
    for start in range(0, len(data), 16):
        chunk = data[start : start + 16]
        words = " ".join(f"{word:08x}" for (word,) in struct.iter_unpack("<I", chunk))
        lines.append(f"  0x{start:08x}: {words:<35} '{_printable(chunk):<16}'")
    return "Result: Parcel(\n" + "\n".join(lines) + ")\n"


def _printable(chunk: bytes) -> str:
    return "".join(chr(byte) if 32 <= byte < 127 else "." for byte in chunk)
