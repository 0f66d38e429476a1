"""Keeps rows by key and knows which are shown and in what order: filter, search and sort without Qt."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

Row = TypeVar("Row")


@dataclass(frozen=True)
class RowFilter(Generic[Row]):
    """A named part of the rows; a page shows one at a time, with its count."""

    name: str
    title: str
    passes: Callable[[Row], bool]
    calls: bool = False
    """Whether its rows need the user."""


@dataclass(frozen=True, kw_only=True)
class Order(Generic[Row]):
    """Sort by `value`; rows without one (None) come last either way."""

    value: Callable[[Row], Any]
    descending: bool = False


class RowIndex(Generic[Row]):
    """Rows by key; each change costs the changed rows, plus one near-sorted sort when places may differ."""

    def __init__(
        self,
        key: Callable[[Row], str],
        haystack: Callable[[Row], str],
        filters: Sequence[RowFilter[Row]],
        order: Order[Row],
    ) -> None:
        self._key = key
        self._haystack = haystack
        self.filters = tuple(filters)
        self._order = order
        self._filter: RowFilter[Row] | None = None
        self._terms: tuple[str, ...] = ()
        self._only: frozenset[str] | None = None
        self._rows: dict[str, Row] = {}
        self._passes: dict[str, tuple[bool, ...]] = {}
        self._counts = [0] * len(self.filters)
        self._texts: dict[str, str] = {}
        self._sort_values: dict[str, Any] = {}
        self._shown: set[str] = set()

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
    def is_cut_down(self) -> bool:
        """Whether only some rows are shown that were named one by one."""
        return self._only is not None

    def count(self, row_filter: RowFilter[Row]) -> int:
        return self._counts[self.filters.index(row_filter)]

    def keep(self, rows: Iterable[Row], gone: Collection[str] = ()) -> bool:
        """Take in new and changed rows and forget those gone; says whether places may have changed."""
        moved = False
        for key in gone:
            moved = self._forget(key) or moved
        for row in rows:
            moved = self._keep_one(row) or moved
        return moved

    def replace_all(self, rows: Sequence[Row]) -> bool:
        new = {self._key(row) for row in rows}
        return self.keep(rows, [key for key in self._rows if key not in new])

    def set_filter(self, row_filter: RowFilter[Row] | None) -> None:
        self._filter = row_filter
        self._shown = {key for key in self._rows if self._is_shown(key)}

    def set_search(self, query: str) -> None:
        self._terms = search_terms(query)
        self._shown = {key for key in self._rows if self._is_shown(key)}

    def set_only(self, keys: Collection[str] | None) -> None:
        """Show no others than these, whatever passes; None ends that."""
        self._only = None if keys is None else frozenset(keys)
        self._shown = {key for key in self._rows if self._is_shown(key)}

    def set_order(self, order: Order[Row]) -> None:
        self._order = order
        self._sort_values = {key: order.value(row) for key, row in self._rows.items()}

    def shown_keys(self) -> list[str]:
        """The keys that pass filter and search, in order; equals keep the order in which they came."""
        values, shown = self._sort_values, self._shown
        placed = [key for key in self._rows if key in shown and values[key] is not None]
        placed.sort(key=values.__getitem__, reverse=self._order.descending)
        placed += [key for key in self._rows if key in shown and values[key] is None]
        return placed

    def _keep_one(self, row: Row) -> bool:
        key = self._key(row)
        value = self._order.value(row)
        same_place = key in self._rows and self._sort_values[key] == value
        was_shown = key in self._shown
        self._count(key, -1)
        self._rows[key] = row
        self._sort_values[key] = value
        self._texts.pop(key, None)
        self._passes[key] = tuple(row_filter.passes(row) for row_filter in self.filters)
        self._count(key, 1)
        is_shown = self._is_shown(key)
        (self._shown.add if is_shown else self._shown.discard)(key)
        return is_shown != was_shown or (is_shown and not same_place)

    def _forget(self, key: str) -> bool:
        if key not in self._rows:
            return False
        self._count(key, -1)
        for by_key in (self._rows, self._passes, self._sort_values):
            del by_key[key]
        self._texts.pop(key, None)
        was_shown = key in self._shown
        self._shown.discard(key)
        return was_shown

    def _count(self, key: str, step: int) -> None:
        for place, passes in enumerate(self._passes.get(key, ())):
            self._counts[place] += step * passes

    def _is_shown(self, key: str) -> bool:
        if self._only is not None and key not in self._only:
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
    """The words that must all occur; a number in any spelling (`+7 928 144-60-23`) is one word of digits."""
    folded = query.casefold().strip()
    digits = "".join(char for char in folded if char.isdigit())
    if digits and not folded.strip("+0123456789 ()-./\u00a0\u202f"):
        return (digits,)
    return tuple(folded.split())


def natural(label: str) -> list[tuple[int, str]]:
    """A sort value by which shelf 2 comes before shelf 10."""
    parts: list[tuple[int, str]] = []
    word = ""
    for char in label.casefold() + "\0":
        if word and (char.isdecimal() != word[-1].isdecimal() or char == "\0"):
            parts.append((int(word), "") if word.isdecimal() else (0, word))
            word = ""
        word += char
    return parts
