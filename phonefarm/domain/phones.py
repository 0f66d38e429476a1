"""The states of a phone, their causes, and how a handset is recognised."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from functools import lru_cache
from typing import NamedTuple

from phonefarm.domain.hosts import is_loopback
from phonefarm.domain.ids import PhoneId, serial_of, server_of
from phonefarm.domain.naming import is_with_port

_ADDRESS = re.compile(r"(?:\[[0-9a-fA-F:.%\w]+\]|[\w.\-]+):\d{1,5}")


class PhoneState(StrEnum):
    """One state a phone; only READY phones carry SIMs that can be offered."""

    READY = "ready"
    STARTING = "starting"
    """adb reaches it; it is being introduced."""
    BOOTING = "booting"
    """adb reaches it, Android is still starting."""
    LOCKED = "locked"
    """Not unlocked since it started: until then Android keeps arriving SMS unreadable."""
    UNSTEADY = "unsteady"
    """It flaps: read while it is connected, offered again when it has stayed connected for a while."""
    UNAUTHORIZED = "unauthorized"
    """The user has to confirm 'Allow USB debugging' on its screen."""
    AUTHORIZING = "authorizing"
    OFFLINE = "offline"
    """adb lists it but cannot reach it."""
    NO_PERMISSIONS = "no permissions"
    """This PC may not open the USB device (udev rule or driver)."""
    OTHER_MODE = "other mode"
    """Recovery, bootloader, sideload: it is not running Android."""
    WITHHELD = "withheld"
    """It answers, but its SMS are kept from the adb shell."""
    FAILING = "failing"
    """It is connected, and its last readings failed."""
    NOT_UNDERSTOOD = "not understood"
    """It answers in an unknown form, or does not say which SIMs it holds: read if possible, not offered."""
    DUPLICATE = "duplicate"
    """The same handset is read under another phone id; this one takes over if the other is lost."""
    GONE = "gone"
    """Not listed by adb any more: unplugged, or its server is down."""


class StateCause(StrEnum):
    """Distinguishes causes of one state that need different remedies."""

    NONE = ""
    """No further cause."""
    NO_DRIVER = "no driver"
    """NO_PERMISSIONS: Windows has no driver for this phone."""
    UNSUPPORTED = "unsupported"
    """WITHHELD, NOT_UNDERSTOOD: its Android answers in a way that cannot be read; no setting changes that."""


class PhoneStatus(NamedTuple):
    state: PhoneState
    detail: str = ""
    """In the words of adb or the phone; may be empty."""
    cause: StateCause = StateCause.NONE


@dataclass(frozen=True, kw_only=True)
class PhoneFacts:
    """What a phone says of itself (getprop); empty text where it did not say."""

    make: str = ""
    model: str = ""
    android: str = ""
    sdk: int = 0
    firmware: str = ""
    """The build's fingerprint; a probe of the phone is valid as long as it stays the same."""


@dataclass(frozen=True, kw_only=True)
class Introduction:
    """A phone's first answer."""

    facts: PhoneFacts
    is_up: bool = True
    """Whether Android has started."""
    is_unlocked: bool = True
    """Whether it was unlocked since then; phones without a lock count as unlocked."""
    hardware: str = ""
    """The handset's own id, independent of how adb reaches it; not always unique among phones of one model."""


def state_from_adb(word: str) -> PhoneState:
    """The phone state for adb's word, matched by prefix: `no permissions (…)` has a suffix."""
    for prefix, state in _ADB_WORDS:
        if word.startswith(prefix):
            return state
    return PhoneState.OTHER_MODE


def status_from_adb(word: str) -> PhoneStatus:
    """The same with adb's own word; its suffix says whether a driver or only the permission is missing."""
    state = state_from_adb(word)
    lacks_driver = state is PhoneState.NO_PERMISSIONS and "driver" in word.casefold()
    return PhoneStatus(state, word, StateCause.NO_DRIVER if lacks_driver else StateCause.NONE)


_ADB_WORDS = (
    ("device", PhoneState.STARTING),
    ("unauthorized", PhoneState.UNAUTHORIZED),
    ("authorizing", PhoneState.AUTHORIZING),
    ("connecting", PhoneState.AUTHORIZING),
    ("offline", PhoneState.OFFLINE),
    ("detached", PhoneState.OFFLINE),
    ("no permissions", PhoneState.NO_PERMISSIONS),
)


@dataclass(frozen=True, kw_only=True)
class HandsetProof:
    """Distinguishes handsets of the same serial, make and model; empty or None where the handset did not say."""

    boot_id: str = ""
    """A random number of the kernel for each start."""
    android_id: str = ""
    """A random number of Android, drawn when the phone is set up."""
    booted_at: datetime | None = None


SAME_START_WITHIN = timedelta(seconds=10)


def is_same_handset(one: HandsetProof, other: HandsetProof) -> bool:
    """Whether two phone ids with equal serial, make and model are one handset.

    Without evidence against it they are: a message that is read twice would be pushed twice.
    """
    if one.boot_id and other.boot_id:
        return one.boot_id == other.boot_id
    if one.android_id and other.android_id and one.android_id != other.android_id:
        return False
    if one.booted_at is not None and other.booted_at is not None:
        return abs(one.booted_at - other.booted_at) <= SAME_START_WITHIN
    return True


def hardware_of(serial_number: str, facts: PhoneFacts) -> str:
    """Equal for one handset over USB and over TCP; also for all handsets to which a maker gave the same number."""
    number = serial_number.strip()
    return f"{number}/{facts.make}/{facts.model}" if number and facts.model else ""


def _is_placeholder(serial: str) -> bool:
    """Whether makers of cheap phones give this number to all of them."""
    return serial.strip().upper() in _PLACEHOLDERS or not serial.strip("?0 ")


_PLACEHOLDERS = frozenset({"0123456789ABCDEF", "0123456789", "1234567890ABCDEF", "1234567890", "UNKNOWN", "123456"})


def is_address(serial: str) -> bool:
    """Whether a serial is `host:port`, so that the phone is connected over TCP."""
    return _ADDRESS.fullmatch(serial) is not None


@lru_cache(maxsize=1024)
def handset_of(phone: PhoneId) -> str:
    """Equal for all phone ids of one handset: its serial, with the PC where the serial is valid on that PC only."""
    if _is_placeholder(serial_of(phone)) or is_with_port(serial_of(phone)):
        return phone
    serial, pc = serial_of(phone), server_of(phone).rpartition(":")[0]
    if serial.startswith("emulator-") or (is_address(serial) and is_loopback(serial.rpartition(":")[0])):
        return serial if is_loopback(pc) else f"{serial}@{pc}"
    return serial
