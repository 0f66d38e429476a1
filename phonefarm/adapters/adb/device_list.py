"""Parses the adb server's device list in its short and long form."""

from __future__ import annotations

import re

from phonefarm.application.ports.world import ListedDevice

_STATES = (
    "device",
    "offline",
    "unauthorized",
    "authorizing",
    "connecting",
    "recovery",
    "rescue",
    "sideload",
    "bootloader",
    "host",
    "detached",
    "unknown",
    r"no permissions(?: \(.*\))?(?:; see \[[^\]]*\])?",
)
# A serial may contain blanks, even a state word: the state is the first known word after which
# the line ends or only `key:value` columns follow.
_LINE = re.compile(
    rf"(?P<serial>\S.*?)(?<![ \t])[ \t]++(?P<state>{'|'.join(_STATES)})(?P<detail>(?:[ \t]++[a-z_]++:\S*+)*+)[ \t]*+",
)
_ANY_LINE = re.compile(r"(?P<serial>\S+)[ \t]+(?P<state>\S+)[ \t]*(?P<detail>.*)")


def parse_device_list(text: str) -> tuple[ListedDevice, ...]:
    """One entry per line, in the server's sequence; lines without a device are skipped."""
    lines = (line.rstrip("\r") for line in text.split("\n"))
    return tuple(device for line in lines if (device := _device(line)) is not None)


def _device(line: str) -> ListedDevice | None:
    found = _short_form(line) or _LINE.fullmatch(line) or _ANY_LINE.fullmatch(line)
    if found is None or line.startswith("List of devices"):
        return None
    return ListedDevice(
        serial=found["serial"],
        adb_state=" ".join(found["state"].split()),
        detail=" ".join(found["detail"].split()),
    )


_SHORT = re.compile(r"(?P<serial>[^\t]+)\t(?P<state>[^\t]+)(?P<detail>)")


def _short_form(line: str) -> re.Match[str] | None:
    found = _SHORT.fullmatch(line)
    return found if found is not None and found["state"].strip() else None
