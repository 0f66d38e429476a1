"""Describes a page that lists rows: its columns, filters, facts and what may be done with a row."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Generic, TypeVar

from phonefarm.application.model.row_queries import RowQuery
from ui.style.tokens import Tone
from ui.table.row_index import RowFilter, RowIndex
from ui.table.row_table import Column
from ui.text.words import Word

Row = TypeVar("Row")


@dataclass(frozen=True)
class Fact:
    """One line of the details: a name and its value, in a tone where it needs a look."""

    name: str
    value: str
    mono: bool = False
    tone: Tone | None = None


@dataclass(frozen=True)
class Heading(Fact):
    """Begins a group of facts."""

    value: str = ""


@dataclass(frozen=True)
class Advice:
    """What to do about a row: plain words, a command to paste, and how urgent it is."""

    text: str = ""
    command: str = ""
    tone: Tone = Tone.IDLE


@dataclass(frozen=True, kw_only=True)
class RowAction(Generic[Row]):
    """Something the user may do with the selected rows, where it makes sense."""

    text: str
    run: Callable[[list[Row]], None]
    applies: Callable[[Row], bool] = lambda row: True
    several: bool = False
    danger: bool = False


@dataclass(frozen=True)
class Emptiness:
    """What stands where no row is, and what to do next."""

    title: str
    next_step: str = ""


@dataclass(frozen=True, kw_only=True)
class ListSpec(Generic[Row]):
    query: RowQuery[Row]
    title: str
    columns: Sequence[Column[Row]]
    haystack: Callable[[Row], str]
    filters: Sequence[RowFilter[Row]]
    """The first one is shown at the start."""
    sort_column: int
    descending: bool = False
    summary: Callable[[RowIndex[Row]], str]
    heading: Callable[[Row], str]
    word: Callable[[Row], Word]
    facts: Callable[[Row, datetime], list[Fact]]
    actions: Sequence[RowAction[Row]]
    empty: Emptiness
    empty_by_filter: dict[str, Emptiness] = field(default_factory=dict)
    advice: Callable[[Row], Advice] = lambda row: Advice()
    """Stands first in the details."""
    body: Callable[[Row], str] = lambda row: ""
    """A text shown whole in the details, for example an SMS."""
    sensible: Callable[[Row], bool] = lambda row: True
    """Which row to select where one is needed as an example."""
