"""The SQL that Android's content providers refuse in projections, selections and sort orders."""

from __future__ import annotations

import re

from phonefarm.simulation.profiles import Expressions

_PLAIN_COLUMN = re.compile(r"\s*[A-Za-z_][A-Za-z0-9_]*\s*")
_CLOSING = {"'": "'", '"': '"', "`": "`", "[": "]"}


class ColumnRefused(Exception):
    """The provider's projection map does not contain this column."""


def check_projection(columns: list[str], allowed: Expressions) -> None:
    """Raise ColumnRefused for the first expression that is not allowed."""
    for column in columns:
        refused = {
            Expressions.ALL: False,
            Expressions.NO_HEX: re.search(r"\bhex\s*\(", column, re.IGNORECASE) is not None,
            Expressions.PLAIN_COLUMNS: _PLAIN_COLUMN.fullmatch(column) is None,
        }[allowed]
        if refused:
            raise ColumnRefused(column)


def is_refused_silently(sql: str) -> bool:
    """Whether this SQL gives a restricted caller a null cursor (from Android 10 on)."""
    place, words = 0, []
    while place < len(sql):
        char = sql[place]
        if char in _CLOSING:
            end = _end_of_quote(sql, place)
            if end is None:
                return True
            place = end
        elif sql.startswith("--", place):
            newline = sql.find("\n", place)
            if newline < 0:
                return True
            place = newline
        elif sql.startswith("/*", place):
            close = sql.find("*/", place + 2)
            if close < 0:
                return True
            place = close + 2
        elif char == ";":
            return True
        elif (word := re.compile(r"[A-Za-z_][A-Za-z0-9_]*").match(sql, place)) is not None:
            words.append(word.group().upper())
            place = word.end()
        else:
            place += 1
    return "SELECT" in words


def _end_of_quote(sql: str, start: int) -> int | None:
    closing = _CLOSING[sql[start]]
    place = start + 1
    while (found := sql.find(closing, place)) >= 0:
        if closing == "]" or sql[found + 1 : found + 2] != closing:
            return found + 1
        place = found + 2
    return None
