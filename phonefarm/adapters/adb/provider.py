"""Output of `content query` besides its rows: no result, linker warnings, errors with a Java stack."""

from __future__ import annotations

import re

EMPTY_RESULTS = ("No result found.", "No reuslt found.")
_NOISE = ("WARNING: linker:", "WARNING: generic atexit()", "CANNOT LINK EXECUTABLE DEPENDENCIES:")
_DENIED = re.compile(r"Permission Denial|SecurityException|requires android\.permission")
_EXCEPTION = re.compile(r"^[ \t]*(?:Caused by: )?([A-Za-z_][\w.$]*(?:Exception|Error)\b.*)$", re.MULTILINE)
_MAX_REASON_CHARS = 160


class AnswerRefused(Exception):
    """The answer contains something that such a query never prints; none of it is used."""


def build_query(uri: str, projection: str, *, where: str = "", sort: str = "") -> str:
    """The shell command; no argument may contain a single quote."""
    parts = [f"content query --uri {uri} --projection '{projection}'"]
    if where:
        parts.append(f"--where '{where}'")
    if sort:
        parts.append(f"--sort '{sort}'")
    return " ".join(parts)


def split_rows(text: str) -> list[str]:
    """The rows of an answer with one line per row, without warnings before the first row; raises AnswerRefused."""
    lines = text.split("\n")
    if lines.pop():
        raise AnswerRefused("the last line has no end")
    if not lines:
        raise AnswerRefused("nothing came")
    start = 0
    while start < len(lines) and (not lines[start] or lines[start].startswith(_NOISE)):
        start += 1
    rows = lines[start:]
    if not rows:
        raise AnswerRefused("nothing but noise came")
    return [] if len(rows) == 1 and rows[0] in EMPTY_RESULTS else rows


def is_empty_result(text: str) -> bool:
    """Whether the provider printed "no result"; it also does so when it withholds rows."""
    try:
        return not split_rows(text)
    except AnswerRefused:
        return False


def strip_noise(text: str) -> str:
    """The text without warnings at its beginning."""
    while text.startswith(_NOISE):
        text = text.partition("\n")[2]
    return text


def find_denial(*texts: str) -> str | None:
    """The text of a permission error in the output of a query, or None."""
    for text in texts:
        if _DENIED.search(text):
            return find_exception(text) or "permission denied"
    return None


def find_exception(text: str) -> str | None:
    """The first Java exception in a stack trace, shortened. Never call it on text that may contain an SMS."""
    found = _EXCEPTION.search(text)
    return found[1].strip()[:_MAX_REASON_CHARS] if found else None
