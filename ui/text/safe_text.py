"""Makes text from outside (SMS, senders, labels) harmless to look at: nothing hidden, nothing turned around."""

from __future__ import annotations

import unicodedata

LINE_LIMIT = 240
CELL_LIMIT = 160
BLOCK_LIMIT = 4000
MARKS_IN_A_ROW = 4
"""More accents than this on one letter are no script but a prank that paints over its neighbours."""

_ELLIPSIS = "…"
_REPLACED = "\ufffd"
_KEPT_FORMATS = frozenset("\u200c\u200d")
"""Joiners: without them emoji and Persian fall apart; alone they show nothing false."""
_BLANK_LETTERS = frozenset("\u115f\u1160\u2800\u3164\uffa0")


def visible(text: str, limit: int = BLOCK_LIMIT) -> str:
    """The text with line breaks kept, everything hidden replaced by a visible sign, cut at `limit`."""
    shown: list[str] = []
    marks = 0
    for char in text[:limit].replace("\r\n", "\n").replace("\r", "\n"):
        marks = marks + 1 if unicodedata.combining(char) else 0
        if marks <= MARKS_IN_A_ROW:
            shown.append(_shown(char))
    if len(text) > limit:
        shown.append(_ELLIPSIS)
    return "".join(shown)


def one_line(text: str, limit: int = LINE_LIMIT) -> str:
    """`visible` as one line: each run of blanks and line breaks becomes one space."""
    # Cutting first keeps the work bounded whatever the length of the message.
    line = " ".join(visible(text, limit * 2).split())
    return line[: limit - 1].rstrip() + _ELLIPSIS if len(line) > limit else line


def _shown(char: str) -> str:
    if char == "\n" or char in _KEPT_FORMATS:
        return char
    if char == "\t":
        return " "
    if char in _BLANK_LETTERS:
        return _REPLACED
    match unicodedata.category(char):
        case "Cc" if ord(char) < 0x20:
            return chr(0x2400 + ord(char))  # Unicode has a picture for each of these
        case "Cc" | "Cf" | "Cs" | "Zl" | "Zp":
            return _REPLACED
        case _:
            return char
