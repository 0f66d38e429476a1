"""The header of a table: titles, and an arrow beside the one that it is sorted by."""

from __future__ import annotations

from PySide6.QtCore import QPointF, QRect, Qt
from PySide6.QtGui import QFontMetrics, QPainter, QPolygonF
from PySide6.QtWidgets import QHeaderView, QWidget

from ui.style.theme import Theme
from ui.table.row_table import Column

HEIGHT = 36
PADDING = 8
ARROW = 8
"""Width (px) reserved for the arrow and the gap before it."""


class TableHeader(QHeaderView):
    def __init__(self, columns: tuple[Column[object], ...], theme: Theme, parent: QWidget) -> None:
        super().__init__(Qt.Orientation.Horizontal, parent)
        self._columns = columns
        self._theme = theme
        self.setFixedHeight(HEIGHT)
        self.setSectionsClickable(True)
        self.setHighlightSections(False)
        self.setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
        self.setMinimumSectionSize(24)
        theme.changed.connect(self.viewport().update)

    def paintSection(self, painter: QPainter, rect: QRect, logicalIndex: int) -> None:  # noqa: N802, N803
        column = self._columns[logicalIndex]
        painter.save()
        painter.fillRect(rect, self._theme.colour("panel"))
        painter.fillRect(rect.x(), rect.bottom(), rect.width(), 1, self._theme.colour("line"))
        sorts = self.isSortIndicatorShown() and self.sortIndicatorSection() == logicalIndex
        font = self._theme.font(12)
        metrics = QFontMetrics(font)
        inside = rect.adjusted(PADDING, 0, -PADDING, 0)
        room = inside.width() - (ARROW + 4 if sorts else 0)
        title = metrics.elidedText(column.title, Qt.TextElideMode.ElideRight, room)
        width = metrics.horizontalAdvance(title)
        painter.setFont(font)
        painter.setPen(self._theme.colour("text" if sorts else "dim"))
        side = Qt.AlignmentFlag.AlignRight if column.align_right else Qt.AlignmentFlag.AlignLeft
        painter.drawText(inside, int(side | Qt.AlignmentFlag.AlignVCenter), title)
        if sorts:
            left = inside.right() - width - ARROW - 3 if column.align_right else inside.x() + width + 5
            self._paint_arrow(painter, left, rect.center().y())
        painter.restore()

    def _paint_arrow(self, painter: QPainter, left: int, middle: int) -> None:
        points = [QPointF(left, middle - 1.5), QPointF(left + 7, middle - 1.5), QPointF(left + 3.5, middle + 2.5)]
        if self.sortIndicatorOrder() == Qt.SortOrder.AscendingOrder:
            points = [QPointF(left, middle + 2), QPointF(left + 7, middle + 2), QPointF(left + 3.5, middle - 2)]
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(self._theme.colour("dim"))
        painter.drawPolygon(QPolygonF(points))
