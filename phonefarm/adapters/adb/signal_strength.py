"""Parses the signal of a slot, 0 to 4 bars: Android 10 and later print them, before they follow from measurements."""

from __future__ import annotations

import re
from itertools import pairwise

_PRIMARY = re.compile(r",primary=CellSignalStrength(Cdma|Gsm|Wcdma|Tdscdma|Lte|Nr)\b")
_LEVEL = re.compile(r"\bm?[lL]evel ?= ?([0-9])(?![0-9])")
_NUMBERS = re.compile(r"SignalStrength: (-?[0-9]{1,10}(?: -?[0-9]{1,10}){11,})\b.* gsm\|lte\b")
_MAX_BARS = 4
_MAX_VENDOR_BARS = 5
_GSM, _LTE_RSSI, _RSRP, _RSSNR = 0, 7, 8, 10
_UNKNOWN_ASU = 99


def parse_signal(text: str) -> int | None:
    """From the text after `mSignalStrength=`; None if it is not understood."""
    if text.startswith("SignalStrength:{"):
        return _by_technology(text)
    found = _NUMBERS.match(text)
    return _by_numbers([int(number) for number in found[1].split()]) if found else None


def _by_technology(text: str) -> int | None:
    primary = _PRIMARY.search(text)
    if primary is None:
        return None
    name = f"m{primary[1]}=CellSignalStrength{primary[1]}:"
    start = text.find(name)
    if start < 0:
        return None
    end = text.find(",m", start + len(name))
    found = _LEVEL.search(text, start + len(name), end if end >= 0 else primary.start())
    if found is None or int(found[1]) > _MAX_VENDOR_BARS:
        return None
    return min(int(found[1]), _MAX_BARS)


def _by_numbers(numbers: list[int]) -> int | None:
    """LTE if measured, else GSM, as Android 9 and earlier did; the values of 3G have no fixed position."""
    lte = _lte(numbers[_RSRP], numbers[_RSSNR], numbers[_LTE_RSSI])
    if lte:
        return lte
    gsm = _gsm(numbers[_GSM])
    return gsm if gsm is not None else lte


def _lte(rsrp: int, rssnr: int, rssi: int) -> int | None:
    by_power = _steps(rsrp, (-140, -128, -118, -108, -98, -43))
    by_noise = _steps(rssnr, (-200, -30, 10, 45, 130, 301))
    measured = [level for level in (by_power, by_noise) if level is not None]
    return min(measured) if measured else _steps(rssi, (0, 5, 8, 12, 64), first=1)


def _gsm(asu: int) -> int | None:
    if not 0 <= asu < _UNKNOWN_ASU:
        return None
    return _steps(asu, (0, 3, 5, 8, 12, _UNKNOWN_ASU))


def _steps(value: int, limits: tuple[int, ...], first: int = 0) -> int | None:
    """The index of the interval that contains the value; None outside all."""
    for level, (low, high) in enumerate(pairwise(limits), start=first):
        if low <= value < high:
            return level
    return None
