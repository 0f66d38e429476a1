"""Named plain values, stored as JSON and formatted into sentences."""

from __future__ import annotations

from collections.abc import Mapping

PlainValue = str | int | float | bool
"""Maps to JSON without conversion."""
Fields = Mapping[str, PlainValue]

NO_FIELDS: Fields = {}
