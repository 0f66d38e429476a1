"""Paints what table cells show beside text: chips, time bars, signal bars, the charging bolt."""

from __future__ import annotations

from PySide6.QtCore import QPointF, QRect, QRectF, Qt
from PySide6.QtGui import QColor, QPainter, QPen, QPolygonF

BAR_WIDTH = 72
BAR_HEIGHT = 5
SIGNAL_STEPS = 4
SIGNAL_WIDTH = SIGNAL_STEPS * 3 + (SIGNAL_STEPS - 1) * 2
SIGNAL_GAP = 8
BOLT_WIDTH = 7
BOLT_HEIGHT = 11


def fill_round(painter: QPainter, rect: QRectF, radius: float, colour: QColor) -> None:
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(colour)
    painter.drawRoundedRect(rect, radius, radius)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)


def paint_time_bar(painter: QPainter, rect: QRect, passed: float, ground: QColor, ink: QColor) -> None:
    """A track at the left of `rect`, filled by the fraction `passed`."""
    track = QRectF(rect.x(), rect.center().y() - BAR_HEIGHT / 2 + 1, BAR_WIDTH, BAR_HEIGHT)
    fill_round(painter, track, BAR_HEIGHT / 2, ground)
    done = QRectF(track)
    done.setWidth(max(BAR_HEIGHT, BAR_WIDTH * min(1.0, max(0.0, passed))))
    fill_round(painter, done, BAR_HEIGHT / 2, ink)


def paint_signal(painter: QPainter, left: int, middle: int, level: int, ground: QColor, ink: QColor) -> None:
    """Four rising steps, the first `level` of them filled; with a cross for level 0."""
    bottom = middle + 7
    for step in range(SIGNAL_STEPS):
        height = 4 + step * 3
        painter.fillRect(left + step * 5, bottom - height, 3, height, ink if step < level else ground)
    if level == 0:
        _paint_cross(painter, left, middle - 6, ink)


def _paint_cross(painter: QPainter, left: int, top: int, ink: QColor) -> None:
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(QPen(ink, 1.6))
    painter.drawLine(QPointF(left, top), QPointF(left + 6, top + 6))
    painter.drawLine(QPointF(left + 6, top), QPointF(left, top + 6))
    painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)


def paint_bolt(painter: QPainter, left: int, middle: int, ink: QColor) -> None:
    points = ((4.5, 0.0), (0.0, 6.2), (3.0, 6.2), (2.2, 11.0), (7.0, 4.4), (3.8, 4.4))
    top = middle - BOLT_HEIGHT / 2 + 0.5
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(ink)
    painter.drawPolygon(QPolygonF([QPointF(left + x, top + y) for x, y in points]))
    painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)
