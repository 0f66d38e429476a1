"""The table widget: it keeps selection and scroll position while data changes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from PySide6.QtCore import QEvent, QItemSelection, QItemSelectionModel, QModelIndex, QRect, Qt, Signal
from PySide6.QtGui import QFocusEvent, QGuiApplication, QHelpEvent, QKeyEvent, QKeySequence, QResizeEvent
from PySide6.QtWidgets import QAbstractItemView, QFrame, QHeaderView, QTableView, QToolTip, QWidget

from ui.style.theme import Theme
from ui.table.copied_rows import clipboard_data
from ui.table.delegates import ROW_HEIGHT, CellDelegate
from ui.table.row_table import RowTable
from ui.table.table_header import TableHeader
from ui.widgets.basics import plain_tooltip

MIN_STRETCH_WIDTH = 110
"""The least width (px) of a stretching column."""


class FarmTable(QTableView):
    """A view of a `RowTable`; selects rows by key."""

    selection_moved = Signal()

    def __init__(self, table: RowTable[Any], theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._table = table
        self._theme = theme
        self._cells = CellDelegate(table, theme, self)
        self._saved: tuple[list[str], str | None, tuple[str, int] | None] = ([], None, None)
        """Selected keys, current key, top row."""
        self.setModel(table)
        self.setItemDelegate(self._cells)
        self._configure_view()
        self._configure_headers()
        table.rows_changing.connect(self._save_position)
        table.rows_changed.connect(self._restore_position)
        self.selectionModel().selectionChanged.connect(self._emit_selection_moved)
        self.verticalScrollBar().valueChanged.connect(self._report_rows_in_sight)
        theme.changed.connect(self._lay_out_columns)

    def _configure_view(self) -> None:
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setShowGrid(False)
        self.setWordWrap(False)
        self.setTabKeyNavigation(False)
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setHorizontalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)

    def _configure_headers(self) -> None:
        rows = self.verticalHeader()
        self.setHorizontalHeader(TableHeader(self._table.columns, self._theme, self))
        rows.setVisible(False)
        rows.setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
        rows.setMinimumSectionSize(ROW_HEIGHT)
        rows.setDefaultSectionSize(ROW_HEIGHT)

    def sort_by(self, column: int, direction: Qt.SortOrder) -> None:
        """Make the columns sortable, and sort by this one."""
        self.horizontalHeader().setSortIndicator(column, direction)
        self.setSortingEnabled(True)

    # Selection by key ------------------------------------------------------

    def selected_keys(self) -> list[str]:
        places = sorted(index.row() for index in self.selectionModel().selectedRows())
        return [key for place in places if (key := self._table.key_at(place)) is not None]

    def select_key(self, key: str) -> bool:
        """Select only this row and scroll to it; False if it is not shown."""
        place = self._table.place_of(key)
        if place is None:
            return False
        self.selectRow(place)
        self.scrollTo(self._table.index(place, 0), QAbstractItemView.ScrollHint.PositionAtCenter)
        return True

    def select_keys(self, keys: Sequence[str]) -> None:
        """Select those of these rows that are shown, and scroll to the first."""
        self._select_keys(list(keys), keys[0])
        self.scrollTo(self.currentIndex(), QAbstractItemView.ScrollHint.PositionAtCenter)

    def _save_position(self) -> None:
        current = self._table.key_at(self.currentIndex().row())
        self._saved = (self.selected_keys(), current, self._top_row())

    def _restore_position(self) -> None:
        keys, current, top = self._saved
        if sorted(keys) != sorted(self.selected_keys()):
            self._select_keys(keys, current)
        self._scroll_back(top)
        self._report_rows_in_sight()

    def _select_keys(self, keys: list[str], current: str | None) -> None:
        chosen = QItemSelection()
        last = self._table.columnCount() - 1
        for key in keys:
            if (place := self._table.place_of(key)) is not None:
                chosen.select(self._table.index(place, 0), self._table.index(place, last))
        model = self.selectionModel()
        if current is not None and (place := self._table.place_of(current)) is not None:
            model.setCurrentIndex(self._table.index(place, 0), QItemSelectionModel.SelectionFlag.NoUpdate)
        model.select(chosen, QItemSelectionModel.SelectionFlag.ClearAndSelect)

    def _top_row(self) -> tuple[str, int] | None:
        """The first visible row and how far it is scrolled off; None at the very top, where new rows may appear."""
        if self.verticalScrollBar().value() == 0:
            return None
        place = self.rowAt(0)
        key = self._table.key_at(place)
        return None if key is None else (key, -self.rowViewportPosition(place))

    def _scroll_back(self, top: tuple[str, int] | None) -> None:
        if top is None:
            return
        place = self._table.place_of(top[0])
        if place is not None:
            self.updateGeometries()
            self.verticalScrollBar().setValue(place * ROW_HEIGHT + top[1])

    def _emit_selection_moved(self, chosen: QItemSelection, dropped: QItemSelection) -> None:
        self.selection_moved.emit()

    # Painting and layout ---------------------------------------------------

    def tick(self) -> None:
        """Repaint the visible countdowns."""
        height = self.viewport().height()
        for place, column in enumerate(self._table.columns):
            if column.bar is not None and not self.isColumnHidden(place):
                self.viewport().update(QRect(self.columnViewportPosition(place), 0, self.columnWidth(place), height))

    def _report_rows_in_sight(self) -> None:
        first = self.verticalScrollBar().value() // ROW_HEIGHT
        self._table.rows_in_sight(range(first, first + self.viewport().height() // ROW_HEIGHT + 2))

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: N802
        super().resizeEvent(event)
        self._lay_out_columns()
        self._report_rows_in_sight()

    def _lay_out_columns(self) -> None:
        """Give each column the width of its sample; if not all fit, those of lowest rank are shown."""
        columns = self._table.columns
        widths = [self._cells.column_width(column) for column in columns]
        room = self.viewport().width()
        shown: set[int] = set()
        spare = room
        for place in sorted(range(len(columns)), key=lambda place: (columns[place].rank, place)):
            if columns[place].rank == 0 or widths[place] <= spare:
                shown.add(place)
                spare -= widths[place]
        if spare < 0:
            for place in [place for place in shown if columns[place].stretch]:
                widths[place] = max(MIN_STRETCH_WIDTH, widths[place] + spare)
        spare = max(0, spare)
        stretching = [place for place in shown if columns[place].stretch] or [max(shown)]
        for place, width in enumerate(widths):
            self.setColumnHidden(place, place not in shown)
            extra = spare // len(stretching) if place in stretching else 0
            self.setColumnWidth(place, width + extra)

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: N802
        if event.matches(QKeySequence.StandardKey.Copy):
            self.copy_selected()
            return
        super().keyPressEvent(event)

    def copy_selected(self) -> None:
        """Copy the visible columns of all selected rows."""
        rows = [row for key in self.selected_keys() if (row := self._table.row_of(key)) is not None]
        if rows:
            columns = [column for place, column in enumerate(self._table.columns) if not self.isColumnHidden(place)]
            QGuiApplication.clipboard().setMimeData(clipboard_data(rows, columns, self._table.clock()))

    def focusInEvent(self, event: QFocusEvent) -> None:  # noqa: N802
        super().focusInEvent(event)
        by_keyboard = event.reason() in (Qt.FocusReason.TabFocusReason, Qt.FocusReason.BacktabFocusReason)
        if by_keyboard and not self.selected_keys() and self._table.rowCount():
            self.selectRow(0)

    def viewportEvent(self, event: QEvent) -> bool:  # noqa: N802
        if event.type() == QEvent.Type.ToolTip and isinstance(event, QHelpEvent):
            self._show_tooltip(event)
            return True
        return super().viewportEvent(event)

    def _show_tooltip(self, event: QHelpEvent) -> None:
        text = self.tooltip_at(self.indexAt(event.pos()))
        QToolTip.showText(event.globalPos(), plain_tooltip(text), self.viewport())

    def tooltip_at(self, index: QModelIndex) -> str:
        """The column's own tooltip, or the whole text if the cell cuts it."""
        row = self._table.row_at(index.row())
        if row is None:
            return ""
        column = self._table.columns[index.column()]
        if column.tooltip is not None:
            return column.tooltip(row)
        if column.word is not None:
            return column.word(row).explanation()
        return "" if self._cells.fits(index, self.columnWidth(index.column())) else str(index.data())
