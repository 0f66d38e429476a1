"""A switch for yes and no: 32 by 18 pixels, its state also told by the knob's side."""

from __future__ import annotations

from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QColor, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QAbstractButton, QSizePolicy

from ui.style.theme import Theme
from ui.widgets.basics import KeyboardRing

WIDTH, HEIGHT = 32, 18
RING = 3
"""Room for the focus around it."""


class Switch(QAbstractButton):
    """`toggled` as of any checkable button; Space toggles it."""

    def __init__(self, theme: Theme, name: str) -> None:
        """`name`: what a screen reader says."""
        super().__init__()
        self._theme = theme
        self._ring = KeyboardRing(self)
        self.setCheckable(True)
        self.setAccessibleName(name)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        theme.changed.connect(self.update)

    def sizeHint(self) -> QSize:  # noqa: N802
        return QSize(WIDTH + 2 * RING, HEIGHT + 2 * RING)

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        is_on, is_active = self.isChecked(), self.isEnabled()
        body = QRectF(RING, (self.height() - HEIGHT) / 2, WIDTH, HEIGHT)
        painter.setPen(QPen(self._ink(is_on and is_active), 1))
        painter.setBrush(self._theme.colour("accent") if is_on and is_active else self._theme.colour("track"))
        painter.drawRoundedRect(body.adjusted(0.5, 0.5, -0.5, -0.5), HEIGHT / 2, HEIGHT / 2)
        knob = HEIGHT - 6
        left = body.right() - knob - 3 if is_on else body.left() + 3
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(self._theme.colour("on_accent") if is_on and is_active else self._theme.colour("dim"))
        painter.drawEllipse(QRectF(left, body.top() + 3, knob, knob))
        if self._ring.is_on:
            painter.setPen(QPen(self._theme.colour("accent"), 1.5))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRoundedRect(body.adjusted(-2, -2, 2, 2), HEIGHT / 2 + 2, HEIGHT / 2 + 2)
        painter.end()

    def _ink(self, is_on: bool) -> QColor:
        return self._theme.colour("accent") if is_on else self._theme.colour("dim")
