"""Values as cells of a CSV file that no spreadsheet executes."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal

ENCODING = "utf-8-sig"
"""With a mark at the file's begin, without which Excel reads UTF-8 as something else."""
FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")


def cell(value: object) -> str:
    """A value as CSV text; a text that a spreadsheet would take for a formula gets a leading apostrophe."""
    text = text_of(value)
    # A number of ours may be negative and stays one: a column of sums must add up.
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
