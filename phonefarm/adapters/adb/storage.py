"""Parses `df /data`, the free space where messages are stored, as toolbox (Android 4 and 5) and toybox print it."""

from __future__ import annotations

import re

from phonefarm.adapters.adb.provider import strip_noise

COMMAND = "df /data"
_DATA = "/data"
_BLOCKS = {"1K-blocks": 1024, "1024-blocks": 1024, "512-blocks": 512}
_UNITS = {"B": 1, "K": 1 << 10, "M": 1 << 20, "G": 1 << 30, "T": 1 << 40}
_SIZE = re.compile(r"([0-9]{1,6}(?:\.[0-9]{1,3})?)([BKMGT])")
_COUNT = re.compile(r"[0-9]{1,15}")


def parse_free_bytes(text: str) -> int | None:
    """Free bytes of the data partition; None if the table has another form."""
    head, _, rest = strip_noise(text).partition("\n")
    names, cells = head.split(), strip_noise(rest).split()
    if names[:1] != ["Filesystem"]:
        return None
    if names[1:] == ["Size", "Used", "Free", "Blksize"]:
        return _size(cells[3]) if len(cells) == 5 and cells[0] == _DATA else None
    if names[2:4] != ["Used", "Available"] or len(cells) != 6 or not _is_data(cells[5]):
        return None
    if names[1] in _BLOCKS and _COUNT.fullmatch(cells[3]):
        return int(cells[3]) * _BLOCKS[names[1]]
    return _size(cells[3]) if names[1] == "Size" else None


def _is_data(mounted_on: str) -> bool:
    return mounted_on == _DATA or mounted_on.startswith(f"{_DATA}/")


def _size(text: str) -> int | None:
    found = _SIZE.fullmatch(text)
    return int(float(found[1]) * _UNITS[found[2]]) if found else None
