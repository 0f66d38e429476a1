"""Parses `/proc/uptime`: seconds since the kernel started."""

from __future__ import annotations

import re

from phonefarm.adapters.adb.provider import strip_noise

COMMAND = "cat /proc/uptime"
_UPTIME = re.compile(r"([0-9]{1,12}\.[0-9]{1,3}) [0-9]{1,15}\.[0-9]{1,3}\r?\n")


def parse_uptime(text: str) -> float | None:
    found = _UPTIME.fullmatch(strip_noise(text))
    return float(found[1]) if found else None
