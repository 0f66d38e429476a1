"""Draws the tray icons: the program's icon with a badge whose shape tells the state."""

from __future__ import annotations

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QFont, QIcon, QImage, QPainter, QPen, QPixmap

from ui.shell.tray_state import Figure
from ui.style.theme import app_icon
from ui.style.tokens import LIGHT

SIZES = (16, 20, 22, 24, 32, 48, 64)
MOST_COUNTED = 9
_PALE_OPACITY = 0.5
_WHITE = "#ffffff"


def tray_icon(figure: Figure, count: int) -> QIcon:
    icon = QIcon()
    for size in SIZES:
        icon.addPixmap(tray_pixmap(figure, count, size))
    return icon


def tray_pixmap(figure: Figure, count: int, size: int) -> QPixmap:
    pixmap = QPixmap(size, size)
    pixmap.fill(Qt.GlobalColor.transparent)
    painter = QPainter(pixmap)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    base = _base(figure, size)
    painter.setOpacity(1.0 if figure in (Figure.SELLING, Figure.NEEDS_ACTION, Figure.NOT_SELLING) else _PALE_OPACITY)
    painter.drawPixmap(0, 0, base)
    painter.setOpacity(1.0)
    _draw_badge(painter, figure, count, size)
    painter.end()
    return pixmap


def _base(figure: Figure, size: int) -> QPixmap:
    pixmap = app_icon().pixmap(size, size)
    if figure is not Figure.NOT_SELLING:
        return pixmap
    image = pixmap.toImage().convertToFormat(QImage.Format.Format_ARGB32)
    alpha = image.convertToFormat(QImage.Format.Format_Alpha8)
    grey = image.convertToFormat(QImage.Format.Format_Grayscale8).convertToFormat(QImage.Format.Format_ARGB32)
    grey.setAlphaChannel(alpha)
    return QPixmap.fromImage(grey)


def _draw_badge(painter: QPainter, figure: Figure, count: int, size: int) -> None:
    match figure:
        case Figure.STARTING:
            return
        case Figure.SELLING:
            _disc(painter, _corner(size, 0.44), QColor(LIGHT.ok.text), QColor(_WHITE))
        case Figure.NEEDS_ACTION:
            disc = _corner(size, 0.66)
            _disc(painter, disc, QColor(LIGHT.warn.fill), QColor(LIGHT.warn.text))
            text = str(count) if count <= MOST_COUNTED else f"{MOST_COUNTED}+"
            _write(painter, disc, text, QColor(LIGHT.warn.text))
        case Figure.PAUSED:
            disc = _corner(size, 0.6)
            _disc(painter, disc, QColor(_WHITE), QColor(LIGHT.idle.text))
            _bars(painter, disc, QColor(LIGHT.idle.text))
        case Figure.NOT_SELLING:
            disc = _corner(size, 0.6)
            _disc(painter, disc, QColor(LIGHT.bad.fill), QColor(LIGHT.bad.text))
            _mark(painter, disc, QColor(LIGHT.bad.text))


def _corner(size: int, share: float) -> QRectF:
    """The square of the badge, at the bottom right."""
    side = max(7.0, size * share)
    return QRectF(size - side, size - side, side, side)


def _disc(painter: QPainter, square: QRectF, fill: QColor, ring: QColor) -> None:
    width = max(1.0, square.width() / 12)
    painter.setPen(QPen(ring, width))
    painter.setBrush(fill)
    painter.drawEllipse(square.adjusted(width / 2, width / 2, -width / 2, -width / 2))


def _write(painter: QPainter, square: QRectF, text: str, colour: QColor) -> None:
    font = QFont(painter.font())
    font.setPixelSize(max(7, round(square.height() * (0.72 if len(text) == 1 else 0.56))))
    font.setBold(True)
    painter.setFont(font)
    painter.setPen(colour)
    painter.drawText(square, int(Qt.AlignmentFlag.AlignCenter), text)


def _bars(painter: QPainter, square: QRectF, colour: QColor) -> None:
    width, height = square.width() * 0.13, square.height() * 0.42
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(colour)
    for side in (-1, 1):
        middle = square.center() + QPointF(side * square.width() * 0.13, 0)
        painter.drawRect(QRectF(middle.x() - width / 2, middle.y() - height / 2, width, height))


def _mark(painter: QPainter, square: QRectF, colour: QColor) -> None:
    """A bar across the disc, as on a sign that forbids."""
    painter.setPen(QPen(colour, max(1.5, square.width() * 0.16)))
    reach = square.width() * 0.24
    middle = square.center()
    painter.drawLine(middle - QPointF(reach, 0), middle + QPointF(reach, 0))
