"""Parses `dumpsys battery`: charge, temperature, and whether it charges."""

from __future__ import annotations

import re
from dataclasses import dataclass

COMMAND = "dumpsys battery"
_TITLE = "Current Battery Service state:"
_VALUE = re.compile(r"^  (status|present|level|scale|temperature): (-?[0-9]{1,9}|true|false)\r?$", re.MULTILINE)
_CHARGING = {2: True, 5: True, 3: False, 4: False}
"""Android's codes: charging, full, discharging, not charging (a weak hub)."""
_MIN_CELSIUS, _MAX_CELSIUS = -50.0, 150.0


@dataclass(frozen=True, kw_only=True)
class Battery:
    percent: int | None = None
    is_charging: bool | None = None
    temperature: float | None = None


def parse_battery(text: str) -> Battery:
    """Each value that is missing or not understood is None."""
    if _TITLE not in text:
        return Battery()
    values: dict[str, str] = {}
    for found in _VALUE.finditer(text):
        values.setdefault(found[1], found[2])
    if values.get("present") == "false":
        return Battery()
    return Battery(
        percent=_percent(_number(values.get("level")), _number(values.get("scale"))),
        is_charging=_CHARGING.get(_number(values.get("status")) or 0),
        temperature=_celsius(_number(values.get("temperature"))),
    )


def _number(text: str | None) -> int | None:
    return None if text is None or text in ("true", "false") else int(text)


def _percent(level: int | None, scale: int | None) -> int | None:
    if level is None or not scale or not 0 <= level <= scale:
        return None
    return level * 100 // scale


def _celsius(tenths: int | None) -> float | None:
    if tenths is None or not _MIN_CELSIUS <= tenths / 10 <= _MAX_CELSIUS:
        return None
    return tenths / 10
