"""Rows by key, with filter, search and sort; without Qt."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

Row = TypeVar("Row")


@dataclass(frozen=True)
class RowFilter(Generic[Row]):
    """A named subset of the rows; a page has one active filter, and shows the count of each."""

    name: str
    title: str
    passes: Callable[[Row], bool]
    needs_action: bool = False
    """Whether its rows need action by the user."""


@dataclass(frozen=True, kw_only=True)
class Sorting(Generic[Row]):
    """Sort by `value`; rows whose value is None come last in both directions."""

    value: Callable[[Row], Any]
    descending: bool = False


class RowIndex(Generic[Row]):
    """A change costs the changed rows, plus one sort of nearly sorted keys if positions may differ."""

    def __init__(
        self,
        key: Callable[[Row], str],
        haystack: Callable[[Row], str],
        filters: Sequence[RowFilter[Row]],
        sorting: Sorting[Row],
    ) -> None:
        self._key = key
        self._haystack = haystack
        self.filters = tuple(filters)
        self._sorting = sorting
        self._filter: RowFilter[Row] | None = None
        self._terms: tuple[str, ...] = ()
        self._limit: frozenset[str] | None = None
        self._rows: dict[str, Row] = {}
        self._passes: dict[str, tuple[bool, ...]] = {}
        self._counts = [0] * len(self.filters)
        self._texts: dict[str, str] = {}
        self._sort_values: dict[str, Any] = {}
        self._shown_keys: set[str] = set()

    def __len__(self) -> int:
        return len(self._rows)

    def __contains__(self, key: str) -> bool:
        return key in self._rows

    def get(self, key: str) -> Row | None:
        return self._rows.get(key)

    def __iter__(self) -> Iterator[Row]:
        return iter(self._rows.values())

    @property
    def active_filter(self) -> RowFilter[Row] | None:
        return self._filter

    @property
    def search_terms(self) -> tuple[str, ...]:
        return self._terms

    @property
    def is_limited_to_keys(self) -> bool:
        return self._limit is not None

    def count(self, row_filter: RowFilter[Row]) -> int:
        return self._counts[self.filters.index(row_filter)]

    def count_named(self, filter_name: str) -> int:
        return next(self.count(row_filter) for row_filter in self.filters if row_filter.name == filter_name)

    def upsert(self, rows: Iterable[Row], gone: Collection[str] = ()) -> bool:
        """Add or replace rows, and remove those gone; returns whether positions may have changed."""
        moved = False
        for key in gone:
            moved = self._remove(key) or moved
        for row in rows:
            moved = self._upsert_one(row) or moved
        return moved

    def replace_all(self, rows: Sequence[Row]) -> bool:
        new = {self._key(row) for row in rows}
        return self.upsert(rows, [key for key in self._rows if key not in new])

    def set_filter(self, row_filter: RowFilter[Row] | None) -> None:
        self._filter = row_filter
        self._shown_keys = {key for key in self._rows if self._is_shown(key)}

    def set_search(self, query: str) -> None:
        self._terms = search_terms(query)
        self._shown_keys = {key for key in self._rows if self._is_shown(key)}

    def set_limit(self, keys: Collection[str] | None) -> None:
        """Show at most these rows; None removes the limit."""
        self._limit = None if keys is None else frozenset(keys)
        self._shown_keys = {key for key in self._rows if self._is_shown(key)}

    def set_sorting(self, sorting: Sorting[Row]) -> None:
        self._sorting = sorting
        self._sort_values = {key: sorting.value(row) for key, row in self._rows.items()}

    def shown_keys(self) -> list[str]:
        """The keys that pass limit, filter and search, sorted; the sort is stable."""
        values, shown = self._sort_values, self._shown_keys
        keys = [key for key in self._rows if key in shown and values[key] is not None]
        keys.sort(key=values.__getitem__, reverse=self._sorting.descending)
        keys += [key for key in self._rows if key in shown and values[key] is None]
        return keys

    def _upsert_one(self, row: Row) -> bool:
        key = self._key(row)
        value = self._sorting.value(row)
        has_same_value = key in self._rows and self._sort_values[key] == value
        was_shown = key in self._shown_keys
        self._add_to_counts(key, -1)
        self._rows[key] = row
        self._sort_values[key] = value
        self._texts.pop(key, None)
        self._passes[key] = tuple(row_filter.passes(row) for row_filter in self.filters)
        self._add_to_counts(key, 1)
        is_shown = self._is_shown(key)
        (self._shown_keys.add if is_shown else self._shown_keys.discard)(key)
        return is_shown != was_shown or (is_shown and not has_same_value)

    def _remove(self, key: str) -> bool:
        if key not in self._rows:
            return False
        self._add_to_counts(key, -1)
        for by_key in (self._rows, self._passes, self._sort_values):
            del by_key[key]
        self._texts.pop(key, None)
        was_shown = key in self._shown_keys
        self._shown_keys.discard(key)
        return was_shown

    def _add_to_counts(self, key: str, step: int) -> None:
        for place, passes in enumerate(self._passes.get(key, ())):
            self._counts[place] += step * passes

    def _is_shown(self, key: str) -> bool:
        if self._limit is not None and key not in self._limit:
            return False
        if self._filter is not None and not self._passes[key][self.filters.index(self._filter)]:
            return False
        return not self._terms or self._matches(key)

    def _matches(self, key: str) -> bool:
        text = self._texts.get(key)
        if text is None:
            text = self._texts[key] = self._haystack(self._rows[key]).casefold()
        return all(term in text for term in self._terms)


def search_terms(query: str) -> tuple[str, ...]:
    """Words that must all occur; a number in any spelling (`+7 928 144-60-23`) is one term of digits."""
    folded = query.casefold().strip()
    digits = "".join(char for char in folded if char.isdigit())
    if digits and not folded.strip("+0123456789 ()-./\u00a0\u202f"):
        return (digits,)
    return tuple(folded.split())


def natural(label: str) -> list[tuple[int, str]]:
    """A sort key by which shelf 2 comes before shelf 10."""
    parts: list[tuple[int, str]] = []
    word = ""
    for char in label.casefold() + "\0":
        if word and (char.isdecimal() != word[-1].isdecimal() or char == "\0"):
            parts.append((int(word), "") if word.isdecimal() else (0, word))
            word = ""
        word += char
    return parts
