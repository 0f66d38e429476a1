"""Names for the phones of one adb server: their serials, and the port too where several bear the same one, or none."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from phonefarm.domain.hubs import usb_path

NO_SERIAL = "(no serial number)"
"""What adb lists for a phone that has none."""
_AT = "#"


@dataclass(frozen=True, kw_only=True)
class Listed:
    serial: str
    detail: str
    """What adb's long list says behind the state."""


def transport_id(detail: str) -> int | None:
    """adb's own number for a connection, never given twice while the server runs; None in its short list."""
    found = re.search(r"(?:^|\s)transport_id:([0-9]{1,18})(?:\s|$)", detail)
    return int(found[1]) if found else None


def names_of(listed: Sequence[Listed], known: Mapping[str, str]) -> list[str]:
    """A name for each, in their order; `known`: names that this server's phones had, with the port of each.

    A serial that was borne by several goes on with its port: which of them is there now only the port tells.
    """
    count = Counter(device.serial for device in listed)
    shared = {name.rpartition(_AT)[0] for name in known if _AT in name}
    return [
        _with_port(device, known)
        if count[device.serial] > 1 or device.serial in shared or device.serial == NO_SERIAL
        else device.serial
        for device in listed
    ]


def _with_port(device: Listed, known: Mapping[str, str]) -> str:
    port = usb_path(device.detail)
    if not port:
        number = transport_id(device.detail)
        return device.serial if number is None else f"{device.serial}{_AT}id{number}"
    name = f"{device.serial}{_AT}{port}"
    # The one that was alone when it was first seen keeps its name, and with it all that is on its books.
    is_the_first = name not in known and known.get(device.serial) == port
    return device.serial if is_the_first else name


def is_with_port(serial: str) -> bool:
    """Whether the name means something on its own adb server only."""
    return _AT in serial


def name_with_port(device: Listed) -> str:
    """The name that tells it from the others of its serial."""
    return _with_port(device, {})
