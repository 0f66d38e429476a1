"""Plain values by name, as they are stored as JSON and put into the words of a sentence."""

from __future__ import annotations

from collections.abc import Mapping

PlainValue = str | int | float | bool
"""What JSON holds as it is."""
Fields = Mapping[str, PlainValue]

NO_FIELDS: Fields = {}
