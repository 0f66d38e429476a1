"""`/proc/uptime`: seconds since the kernel started."""

from __future__ import annotations

import re

ASK = "cat /proc/uptime"
_UPTIME = re.compile(r"(\d{1,12}\.\d{1,3}) \d{1,15}\.\d{1,3}\r?\n")


def parse_uptime(text: str) -> float | None:
    found = _UPTIME.fullmatch(text)
    return float(found[1]) if found else None
