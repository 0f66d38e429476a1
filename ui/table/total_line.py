"""The total below a table: always visible, in the table's columns."""

from __future__ import annotations

from typing import Any, Generic, TypeVar

from PySide6.QtCore import QRect, QSize, Qt
from PySide6.QtGui import QFontMetrics, QPainter, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from ui.style.theme import Theme
from ui.table.delegates import PADDING, ROW_HEIGHT
from ui.table.row_table import RowTable
from ui.table.table_view import FarmTable

Row = TypeVar("Row")

HEIGHT = ROW_HEIGHT + 4


class TotalLine(QWidget, Generic[Row]):
    """Shows one row in bold, with the columns and widths of `view`."""

    def __init__(self, table: RowTable[Row], view: FarmTable, theme: Theme) -> None:
        super().__init__()
        self._table: RowTable[Any] = table
        self._view = view
        self._theme = theme
        self._row: Row | None = None
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        view.horizontalHeader().sectionResized.connect(self.update)
        view.horizontalScrollBar().valueChanged.connect(self.update)
        theme.changed.connect(self.update)

    def sizeHint(self) -> QSize:  # noqa: N802
        return QSize(200, HEIGHT)

    def show_row(self, row: Row) -> None:
        self._row = row
        self.setAccessibleName(", ".join(f"{title}: {text}" for title, text in self.cells()))
        self.update()

    def cells(self) -> list[tuple[str, str]]:
        """Title and text of each column."""
        if self._row is None:
            return []
        now = self._table.clock()
        return [(column.title, column.text(self._row, now)) for column in self._table.columns]

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802
        painter = QPainter(self)
        painter.fillRect(QRect(0, 0, self.width(), 1), self._theme.colour("line"))
        font = self._theme.font(bold=True)
        metrics = QFontMetrics(font)
        painter.setFont(font)
        painter.setPen(self._theme.colour("text"))
        for place, (_, text) in enumerate(self.cells()):
            if not self._view.isColumnHidden(place):
                left, width = self._view.columnViewportPosition(place), self._view.columnWidth(place)
                rect = QRect(left + PADDING, 0, width - 2 * PADDING, self.height())
                side = Qt.AlignmentFlag.AlignLeft
                if self._table.columns[place].align_right:
                    side = Qt.AlignmentFlag.AlignRight
                shown = metrics.elidedText(text, Qt.TextElideMode.ElideRight, rect.width())
                painter.drawText(rect, int(side | Qt.AlignmentFlag.AlignVCenter), shown)
        painter.end()
