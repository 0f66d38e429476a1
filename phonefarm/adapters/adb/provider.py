"""What every `content query` prints besides rows: nothing found, noise of the linker, refusals with a Java stack."""

from __future__ import annotations

import re

NOTHING_FOUND = ("No result found.", "No reuslt found.")
_NOISE = ("WARNING: linker:", "WARNING: generic atexit()", "CANNOT LINK EXECUTABLE DEPENDENCIES:")
_DENIED = re.compile(r"Permission Denial|SecurityException|requires android\.permission")
_EXCEPTION = re.compile(r"^[ \t]*(?:Caused by: )?([A-Za-z_][\w.$]*(?:Exception|Error)\b.*)$", re.MULTILINE)
_LONGEST_REASON = 160


class AnswerRefused(Exception):
    """The answer holds something that no such query prints; none of it is used."""


def query(uri: str, projection: str, *, where: str = "", sort: str = "") -> str:
    """The shell command; none of its parts may hold a single quote."""
    parts = [f"content query --uri {uri} --projection '{projection}'"]
    if where:
        parts.append(f"--where '{where}'")
    if sort:
        parts.append(f"--sort '{sort}'")
    return " ".join(parts)


def row_lines(text: str) -> list[str]:
    """The lines of an answer whose rows are one line each; noise before the first row is left out."""
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
    return [] if len(rows) == 1 and rows[0] in NOTHING_FOUND else rows


def is_nothing_found(text: str) -> bool:
    """Whether the provider said in so many words that no row matched (or that it will not say)."""
    try:
        return not row_lines(text)
    except AnswerRefused:
        return False


def without_noise(text: str) -> str:
    """The text behind noise lines at its beginning."""
    while text.startswith(_NOISE):
        text = text.partition("\n")[2]
    return text


def denial(*texts: str) -> str | None:
    """The words of a permission refusal in what a query printed, or None."""
    for text in texts:
        if _DENIED.search(text):
            return exception(text) or "permission denied"
    return None


def exception(text: str) -> str | None:
    """The first Java exception in a stack, shortened; never used on text that may hold an SMS."""
    found = _EXCEPTION.search(text)
    return found[1].strip()[:_LONGEST_REASON] if found else None
