"""The one table model of the window: it places rows by key and knows nothing of what they mean."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Generic, TypeVar

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QObject, QPersistentModelIndex, Qt, Signal

from ui.style.tokens import Tone
from ui.table.row_index import Order, RowFilter, RowIndex
from ui.text.words import Word

Row = TypeVar("Row")
Index = QModelIndex | QPersistentModelIndex

MOST_RUNS = 48
"""More separate insertions and removals than this in one change are cheaper as a reset."""
NO_PARENT = QModelIndex()


@dataclass(frozen=True, kw_only=True)
class Bar:
    """A stretch of time as it runs out: how much has passed (0 to 1) and what is left, as text."""

    passed: float
    figure: str
    tone: Tone


@dataclass(frozen=True, kw_only=True)
class Chips:
    """Up to a few words as chips, and behind them a dimmed text where there is room."""

    words: Sequence[Word]
    note: str = ""


@dataclass(frozen=True, kw_only=True)
class Signals:
    """Bars (0 to 4, None where unknown) of one or more SIMs, and behind them a dimmed text."""

    levels: Sequence[int | None]
    note: str = ""


@dataclass(frozen=True, kw_only=True)
class Column(Generic[Row]):
    """What a column shows of a row and how; text and bar are told the time, so that nothing here asks a clock."""

    title: str
    text: Callable[[Row, datetime], str]
    sort_key: Callable[[Row], Any]
    sample: str
    """The widest usual text: the column is as wide, whatever values come."""
    align_right: bool = False
    mono: bool = False
    dim: bool = False
    stretch: bool = False
    rank: int = 0
    """Where the table is narrow, columns of low rank get their place first; rank 0 always has it."""
    word: Callable[[Row], Word] | None = None
    """Makes the cell a chip."""
    bar: Callable[[Row, datetime], Bar | None] | None = None
    """Makes the cell a bar with a figure, repainted each second."""
    chips: Callable[[Row], Chips] | None = None
    """Makes the cell a row of chips with a note."""
    signals: Callable[[Row], Signals] | None = None
    """Makes the cell the bars of signals."""
    tone: Callable[[Row], Tone | None] | None = None
    """Colours the text where it needs a look."""
    bolt: Callable[[Row], bool] | None = None
    """Puts the mark of charging behind the text."""
    tooltip: Callable[[Row], str] | None = None


def utc_now() -> datetime:
    return datetime.now(UTC)


class RowTable(QAbstractTableModel, Generic[Row]):
    """Shows the rows of a `RowIndex`; structural changes come between `rows_changing` and `rows_changed`."""

    rows_changing = Signal()
    rows_changed = Signal()

    def __init__(
        self,
        columns: Sequence[Column[Row]],
        *,
        key: Callable[[Row], str],
        haystack: Callable[[Row], str] = lambda row: "",
        filters: Sequence[RowFilter[Row]] = (),
        sort_column: int = 0,
        descending: bool = False,
        clock: Callable[[], datetime] = utc_now,
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self.columns = tuple(columns)
        self.clock = clock
        self._key = key
        self._index = RowIndex(
            key, haystack, filters, Order(value=columns[sort_column].sort_key, descending=descending)
        )
        self._order: list[str] = []
        self._place: dict[str, int] = {}
        self._seen_rows = range(0)

    # What it holds ---------------------------------------------------------

    @property
    def index_of_rows(self) -> RowIndex[Row]:
        return self._index

    def key_at(self, place: int) -> str | None:
        return self._order[place] if 0 <= place < len(self._order) else None

    def row_at(self, place: int) -> Row | None:
        key = self.key_at(place)
        return None if key is None else self.row_of(key)

    def row_of(self, key: str) -> Row | None:
        return self._index.get(key)

    def place_of(self, key: str) -> int | None:
        return self._place.get(key)

    # Changes ---------------------------------------------------------------

    def upsert(self, rows: Iterable[Row], gone: Collection[str] = ()) -> None:
        """Take in a batch of new and changed rows and forget those gone."""
        batch = list(rows)
        if self._index.keep(batch, gone):
            self._rearrange()
        self._repaint([self._key(row) for row in batch])

    def replace_all(self, rows: Sequence[Row]) -> None:
        moved = self._index.replace_all(rows)
        if moved:
            self._rearrange()
        self._repaint_places(range(len(self._order)))

    def show_filter(self, row_filter: RowFilter[Row] | None) -> None:
        self._index.set_filter(row_filter)
        self._rearrange()

    def show_only(self, keys: Collection[str] | None) -> None:
        self._index.set_only(keys)
        self._rearrange()

    def search(self, query: str) -> None:
        self._index.set_search(query)
        self._rearrange()

    def sort(self, column: int, order: Qt.SortOrder = Qt.SortOrder.AscendingOrder) -> None:
        if 0 <= column < len(self.columns):
            descending = order == Qt.SortOrder.DescendingOrder
            self._index.set_order(Order(value=self.columns[column].sort_key, descending=descending))
            self._rearrange()

    def rows_in_sight(self, places: range) -> None:
        """The view says what it shows, so that a storm of changes announces nothing that nobody sees."""
        self._seen_rows = places

    def _rearrange(self) -> None:
        new = self._index.shown_keys()
        if new == self._order:
            return
        self.rows_changing.emit()
        old_keys, new_keys = set(self._order), set(new)
        gone = _runs([place for place, key in enumerate(self._order) if key not in new_keys])
        come = _runs([place for place, key in enumerate(new) if key not in old_keys])
        if len(gone) + len(come) > MOST_RUNS:
            self.beginResetModel()
            self._set_order(new)
            self.endResetModel()
        else:
            self._remove(gone)
            self._move([key for key in new if key in old_keys])
            self._insert(new, come)
        self.rows_changed.emit()

    def _remove(self, runs: list[range]) -> None:
        for run in reversed(runs):
            self.beginRemoveRows(NO_PARENT, run.start, run.stop - 1)
            self._set_order(self._order[: run.start] + self._order[run.stop :])
            self.endRemoveRows()

    def _move(self, kept: list[str]) -> None:
        if kept == self._order:
            return
        self.layoutAboutToBeChanged.emit()
        before = self.persistentIndexList()
        keys = [self._order[index.row()] for index in before]
        self._set_order(kept)
        after = [self.index(self._place[key], index.column()) for key, index in zip(keys, before, strict=True)]
        self.changePersistentIndexList(before, after)
        self.layoutChanged.emit()

    def _insert(self, new: list[str], runs: list[range]) -> None:
        for run in runs:
            self.beginInsertRows(NO_PARENT, run.start, run.stop - 1)
            self._set_order(self._order[: run.start] + new[run.start : run.stop] + self._order[run.start :])
            self.endInsertRows()

    def _set_order(self, keys: list[str]) -> None:
        self._order = keys
        self._place = {key: place for place, key in enumerate(keys)}

    def _repaint(self, keys: list[str]) -> None:
        self._repaint_places([place for key in keys if (place := self._place.get(key)) is not None])

    def _repaint_places(self, places: Sequence[int]) -> None:
        runs = _runs(sorted(places))
        if len(runs) > MOST_RUNS and self._seen_rows:
            runs = _runs([place for place in sorted(places) if place in self._seen_rows])
        for run in runs:
            self.dataChanged.emit(self.index(run.start, 0), self.index(run.stop - 1, len(self.columns) - 1))

    # Qt asks ---------------------------------------------------------------

    def rowCount(self, parent: Index = NO_PARENT) -> int:  # noqa: N802
        return 0 if parent.isValid() else len(self._order)

    def columnCount(self, parent: Index = NO_PARENT) -> int:  # noqa: N802
        return 0 if parent.isValid() else len(self.columns)

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        row = self.row_at(index.row()) if index.isValid() else None
        if row is None:
            return None
        column = self.columns[index.column()]
        match role:
            case Qt.ItemDataRole.DisplayRole | Qt.ItemDataRole.AccessibleTextRole:
                return column.text(row, self.clock())
            case Qt.ItemDataRole.TextAlignmentRole:
                return _alignment(column)
            case _:
                return None

    def headerData(  # noqa: N802
        self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole
    ) -> Any:
        if orientation != Qt.Orientation.Horizontal or not 0 <= section < len(self.columns):
            return None
        if role == Qt.ItemDataRole.DisplayRole:
            return self.columns[section].title
        return _alignment(self.columns[section]) if role == Qt.ItemDataRole.TextAlignmentRole else None


def _alignment(column: Column[Any]) -> int:
    side = Qt.AlignmentFlag.AlignRight if column.align_right else Qt.AlignmentFlag.AlignLeft
    return int(side | Qt.AlignmentFlag.AlignVCenter)


def _runs(places: Sequence[int]) -> list[range]:
    """Ascending places as ranges without gaps."""
    runs: list[range] = []
    for place in places:
        if runs and runs[-1].stop == place:
            runs[-1] = range(runs[-1].start, place + 1)
        else:
            runs.append(range(place, place + 1))
    return runs
