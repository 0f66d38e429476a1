"""Names for the phones of one adb server: the serial, with the USB port if it is not unique or missing."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from phonefarm.domain.hubs import usb_path

NO_SERIAL = "(no serial number)"
"""What adb lists for a phone that has none."""
_PORT_MARK = "#"


@dataclass(frozen=True, kw_only=True)
class Listed:
    serial: str
    detail: str
    """What adb's long list has after the state."""


def transport_id(detail: str) -> int | None:
    """adb's own number for a connection, unique while the server runs; None in its short list."""
    found = re.search(r"(?:^|\s)transport_id:([0-9]{1,18})(?:\s|$)", detail)
    return int(found[1]) if found else None


def names_of(listed: Sequence[Listed], known: Mapping[str, str]) -> list[str]:
    """The names of the devices, in the same order; `known`: the port of each name that was used on this server.

    A serial that several phones have had keeps its port, since only the port distinguishes them.
    """
    count = Counter(device.serial for device in listed)
    shared = {name.rpartition(_PORT_MARK)[0] for name in known if _PORT_MARK in name}
    return [
        _name_with_port(device, known)
        if count[device.serial] > 1 or device.serial in shared or device.serial == NO_SERIAL
        else device.serial
        for device in listed
    ]


def _name_with_port(device: Listed, known: Mapping[str, str]) -> str:
    port = usb_path(device.detail)
    if not port:
        number = transport_id(device.detail)
        return device.serial if number is None else f"{device.serial}{_PORT_MARK}id{number}"
    name = f"{device.serial}{_PORT_MARK}{port}"
    # The phone that was seen first keeps its plain name, and with it its records.
    is_the_first = name not in known and known.get(device.serial) == port
    return device.serial if is_the_first else name


def is_with_port(serial: str) -> bool:
    """Whether the name is valid on its own adb server only."""
    return _PORT_MARK in serial


def name_with_port(device: Listed) -> str:
    """The name that distinguishes the device from others of its serial."""
    return _name_with_port(device, {})
