"""Describes a page that lists rows: its columns, filters, facts and actions."""

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
    """One line of the details: a name and its value; a tone draws attention to it."""

    name: str
    value: str
    mono: bool = False
    tone: Tone | None = None


@dataclass(frozen=True)
class Heading(Fact):
    """Starts a group of facts."""

    value: str = ""


@dataclass(frozen=True)
class Advice:
    """What to do about a row: a text, a command to paste, and the urgency as a tone."""

    text: str = ""
    command: str = ""
    tone: Tone = Tone.IDLE


@dataclass(frozen=True, kw_only=True)
class RowAction(Generic[Row]):
    """An action on the selected rows; enabled if it applies to each of them."""

    text: str
    run: Callable[[list[Row]], None]
    applies: Callable[[Row], bool] = lambda row: True
    several: bool = False
    """Whether it takes more than one row."""
    danger: bool = False


@dataclass(frozen=True)
class EmptyText:
    """Shown instead of a table without rows."""

    title: str
    next_step: str = ""


@dataclass(frozen=True, kw_only=True)
class ListSpec(Generic[Row]):
    query: RowQuery[Row]
    title: str
    columns: Sequence[Column[Row]]
    haystack: Callable[[Row], str]
    filters: Sequence[RowFilter[Row]]
    """The first one is active initially."""
    sort_column: int
    descending: bool = False
    summary: Callable[[RowIndex[Row]], str]
    heading: Callable[[Row], str]
    word: Callable[[Row], Word]
    facts: Callable[[Row, datetime], list[Fact]]
    actions: Sequence[RowAction[Row]]
    empty: EmptyText
    empty_by_filter: dict[str, EmptyText] = field(default_factory=dict)
    advice: Callable[[Row], Advice] = lambda row: Advice()
    """Shown first in the details."""
    body: Callable[[Row], str] = lambda row: ""
    """A text shown in full in the details, for example an SMS."""
    is_example: Callable[[Row], bool] = lambda row: True
    """Preferred by `select_example`."""
