"""Makes text from outside (SMS, senders, labels) safe to show: nothing is hidden, and no text direction changes."""

from __future__ import annotations

import unicodedata

LINE_LIMIT = 240
CELL_LIMIT = 160
BLOCK_LIMIT = 4000
MARKS_IN_A_ROW = 4
"""More combining marks on one letter occur in no script, and would paint over the lines around it."""

_ELLIPSIS = "…"
_REPLACED = "\ufffd"
_KEPT_FORMATS = frozenset("\u200c\u200d")
"""Joiners: emoji and Persian need them, and they cannot make text look different."""
_BLANK_LETTERS = frozenset("\u115f\u1160\u2800\u3164\uffa0")


def visible(text: str, limit: int = BLOCK_LIMIT) -> str:
    """The text with its line breaks, hidden characters replaced by visible ones, cut at `limit`."""
    shown: list[str] = []
    marks = 0
    for char in text[:limit].replace("\r\n", "\n").replace("\r", "\n"):
        marks = marks + 1 if unicodedata.combining(char) else 0
        if marks <= MARKS_IN_A_ROW:
            shown.append(_visible_char(char))
    if len(text) > limit:
        shown.append(_ELLIPSIS)
    return "".join(shown)


def one_line(text: str, limit: int = LINE_LIMIT) -> str:
    """`visible` as one line: each run of white space becomes one space."""
    # Cutting first bounds the work for long messages.
    line = " ".join(visible(text, limit * 2).split())
    return line[: limit - 1].rstrip() + _ELLIPSIS if len(line) > limit else line


def _visible_char(char: str) -> str:
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
