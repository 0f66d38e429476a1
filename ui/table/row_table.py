"""The table model of the window, for rows of any type."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Generic, TypeVar

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QObject, QPersistentModelIndex, Qt, Signal

from ui.style.tokens import Tone
from ui.table.row_index import RowFilter, RowIndex, Sorting
from ui.text.words import Word

Row = TypeVar("Row")
Index = QModelIndex | QPersistentModelIndex

MAX_RUNS = 48
"""A change with more separate insertions and removals is cheaper as a model reset."""
NO_PARENT = QModelIndex()


@dataclass(frozen=True, kw_only=True)
class Bar:
    """A countdown: the fraction that has passed (0 to 1), and the time left as text."""

    passed: float
    figure: str
    tone: Tone


@dataclass(frozen=True, kw_only=True)
class Chips:
    """A few words as chips, followed by a dimmed text if there is room."""

    words: Sequence[Word]
    note: str = ""


@dataclass(frozen=True, kw_only=True)
class Signals:
    """Signal bars (0 to 4, None if unknown) of one or more SIMs, followed by a dimmed text."""

    levels: Sequence[int | None]
    note: str = ""


@dataclass(frozen=True, kw_only=True)
class Column(Generic[Row]):
    """What a column shows of a row, and how; `text` and `bar` get the current time as an argument."""

    title: str
    text: Callable[[Row, datetime], str]
    sort_key: Callable[[Row], Any]
    sample: str
    """The widest usual text: it determines the column's width."""
    align_right: bool = False
    mono: bool = False
    dim: bool = False
    stretch: bool = False
    rank: int = 0
    """A narrow table hides columns of high rank first; rank 0 is always visible."""
    word: Callable[[Row], Word] | None = None
    """Makes the cell a chip."""
    bar: Callable[[Row, datetime], Bar | None] | None = None
    """Makes the cell a bar with a figure, repainted every second."""
    chips: Callable[[Row], Chips] | None = None
    """Makes the cell a row of chips with a note."""
    signals: Callable[[Row], Signals] | None = None
    """Makes the cell a row of signal bars."""
    tone: Callable[[Row], Tone | None] | None = None
    """Colours the text to draw attention to it."""
    bolt: Callable[[Row], bool] | None = None
    """Adds the charging mark after the text."""
    tooltip: Callable[[Row], str] | None = None


def utc_now() -> datetime:
    return datetime.now(UTC)


class RowTable(QAbstractTableModel, Generic[Row]):
    """A Qt model over a `RowIndex`; structural changes happen between `rows_changing` and `rows_changed`."""

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
            key, haystack, filters, Sorting(value=columns[sort_column].sort_key, descending=descending)
        )
        self._keys: list[str] = []
        self._place: dict[str, int] = {}
        self._visible_places = range(0)

    # Access ----------------------------------------------------------------

    @property
    def index_of_rows(self) -> RowIndex[Row]:
        return self._index

    def key_at(self, place: int) -> str | None:
        return self._keys[place] if 0 <= place < len(self._keys) else None

    def row_at(self, place: int) -> Row | None:
        key = self.key_at(place)
        return None if key is None else self.row_of(key)

    def row_of(self, key: str) -> Row | None:
        return self._index.get(key)

    def place_of(self, key: str) -> int | None:
        return self._place.get(key)

    # Changes ---------------------------------------------------------------

    def upsert(self, rows: Iterable[Row], gone: Collection[str] = ()) -> None:
        """Add or replace a batch of rows, and remove those gone."""
        batch = list(rows)
        if self._index.upsert(batch, gone):
            self._rearrange()
        self._repaint([self._key(row) for row in batch])

    def replace_all(self, rows: Sequence[Row]) -> None:
        moved = self._index.replace_all(rows)
        if moved:
            self._rearrange()
        self._repaint_places(range(len(self._keys)))

    def show_filter(self, row_filter: RowFilter[Row] | None) -> None:
        self._index.set_filter(row_filter)
        self._rearrange()

    def show_only(self, keys: Collection[str] | None) -> None:
        self._index.set_limit(keys)
        self._rearrange()

    def search(self, query: str) -> None:
        self._index.set_search(query)
        self._rearrange()

    def sort(self, column: int, order: Qt.SortOrder = Qt.SortOrder.AscendingOrder) -> None:
        if 0 <= column < len(self.columns):
            descending = order == Qt.SortOrder.DescendingOrder
            self._index.set_sorting(Sorting(value=self.columns[column].sort_key, descending=descending))
            self._rearrange()

    def rows_in_sight(self, places: range) -> None:
        """The view reports what is visible, so that a burst of changes emits signals for these rows only."""
        self._visible_places = places

    def _rearrange(self) -> None:
        new = self._index.shown_keys()
        if new == self._keys:
            return
        self.rows_changing.emit()
        old_keys, new_keys = set(self._keys), set(new)
        removed = _runs([place for place, key in enumerate(self._keys) if key not in new_keys])
        inserted = _runs([place for place, key in enumerate(new) if key not in old_keys])
        if len(removed) + len(inserted) > MAX_RUNS:
            self.beginResetModel()
            self._set_keys(new)
            self.endResetModel()
        else:
            self._remove(removed)
            self._move([key for key in new if key in old_keys])
            self._insert(new, inserted)
        self.rows_changed.emit()

    def _remove(self, runs: list[range]) -> None:
        for run in reversed(runs):
            self.beginRemoveRows(NO_PARENT, run.start, run.stop - 1)
            self._set_keys(self._keys[: run.start] + self._keys[run.stop :])
            self.endRemoveRows()

    def _move(self, kept: list[str]) -> None:
        if kept == self._keys:
            return
        self.layoutAboutToBeChanged.emit()
        before = self.persistentIndexList()
        keys = [self._keys[index.row()] for index in before]
        self._set_keys(kept)
        after = [self.index(self._place[key], index.column()) for key, index in zip(keys, before, strict=True)]
        self.changePersistentIndexList(before, after)
        self.layoutChanged.emit()

    def _insert(self, new: list[str], runs: list[range]) -> None:
        for run in runs:
            self.beginInsertRows(NO_PARENT, run.start, run.stop - 1)
            self._set_keys(self._keys[: run.start] + new[run.start : run.stop] + self._keys[run.start :])
            self.endInsertRows()

    def _set_keys(self, keys: list[str]) -> None:
        self._keys = keys
        self._place = {key: place for place, key in enumerate(keys)}

    def _repaint(self, keys: list[str]) -> None:
        self._repaint_places([place for key in keys if (place := self._place.get(key)) is not None])

    def _repaint_places(self, places: Sequence[int]) -> None:
        runs = _runs(sorted(places))
        if len(runs) > MAX_RUNS and self._visible_places:
            runs = _runs([place for place in sorted(places) if place in self._visible_places])
        for run in runs:
            self.dataChanged.emit(self.index(run.start, 0), self.index(run.stop - 1, len(self.columns) - 1))

    # Overrides of Qt -------------------------------------------------------

    def rowCount(self, parent: Index = NO_PARENT) -> int:  # noqa: N802
        return 0 if parent.isValid() else len(self._keys)

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
    """Ascending places, grouped into ranges without gaps."""
    runs: list[range] = []
    for place in places:
        if runs and runs[-1].stop == place:
            runs[-1] = range(runs[-1].start, place + 1)
        else:
            runs.append(range(place, place + 1))
    return runs
