"""Values as cells of a CSV file that no spreadsheet executes."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal

ENCODING = "utf-8-sig"
"""With a byte order mark, which Excel needs to recognise UTF-8."""
FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")


def cell(value: object) -> str:
    """A value as CSV text; a text that looks like a formula gets a leading apostrophe."""
    text = text_of(value)
    # Negative numbers stay numbers, so that a column can be summed.
    is_number = isinstance(value, int | float | Decimal)
    return f"'{text}" if text.startswith(FORMULA_STARTS) and not is_number else text


def text_of(value: object) -> str:
    match value:
        case None:
            return ""
        case bool():
            return "true" if value else "false"
        case datetime():
            return value.isoformat()
        case Decimal():
            return f"{value.normalize():f}"
        case _:
            return str(value)
