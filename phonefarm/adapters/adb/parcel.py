"""Parses a string from the hex dump of a parcel that `service call` prints."""

from __future__ import annotations

import re

from phonefarm.adapters.adb.provider import strip_noise

_LINE = re.compile(r"^[ \t]*+0x[0-9a-f]{8}: ((?:[0-9a-f]{8} )++) *+'", re.MULTILINE)
_ONE_LINE = re.compile(r"Result: Parcel\(((?:[0-9a-f]{8} ?)++) *+(?:'|\))")
_NULL = 0xFFFFFFFF
_MAX_TEXT_CHARS = 64
_MAX_ANSWER_CHARS = 4096
"""Far more than a string of `_MAX_TEXT_CHARS` needs."""


def parse_parcel_text(text: str) -> str | None:
    """The string in the reply; None for an exception, a null, or anything else."""
    words = _words(text)
    if len(words) < 2 or words[0] != 0:
        return None
    length = words[1]
    if length == _NULL or length > _MAX_TEXT_CHARS:
        return None
    data = b"".join(word.to_bytes(4, "little") for word in words[2:])
    # writeString16 appends a zero unit and pads to a whole word.
    if len(data) != (length + 2) // 2 * 4 or any(data[2 * length :]):
        return None
    try:
        return data[: 2 * length].decode("utf-16-le")
    except UnicodeDecodeError:
        return None


def _words(printed: str) -> list[int]:
    text = strip_noise(printed)
    if "Result: Parcel(" not in text or len(text) > _MAX_ANSWER_CHARS:
        return []
    one_line = _ONE_LINE.search(text)
    lines = [one_line[1]] if one_line else [found[1] for found in _LINE.finditer(text)]
    return [int(word, 16) for line in lines for word in line.split()]
