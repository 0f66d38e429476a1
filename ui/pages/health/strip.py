"""The day of one health check as a strip of up, warning, down and not running."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from PySide6.QtCore import QEvent, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QFocusEvent, QKeyEvent, QMouseEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from phonefarm.application.model.log_entries import Interval, Level
from ui.style.theme import Theme
from ui.style.tokens import Tone
from ui.text import formats
from ui.text.words import tr
from ui.text.words.log import LEVELS, interval_text
from ui.widgets.basics import KeyboardRing, plain_tooltip

HEIGHT = 8
MARGIN = 4
"""Room for the ring, and for the pointer."""
MIN_FAULT_WIDTH = 3.0
"""Pixels: a fault of a minute is seen, too."""
UP_OPACITY = 0.42
FAULT_LEVELS = (Level.WARN, Level.DOWN)


class Strip(QWidget):
    """Hover or Left and Right say from when to when and why; a click or Enter chooses the interval."""

    chosen = Signal(object)
    """An Interval that was not well."""
    pointed = Signal(object)
    """The Interval under the pointer or reached by keys, or None."""

    def __init__(self, theme: Theme, name: str) -> None:
        super().__init__()
        self._theme = theme
        self._intervals: list[Interval] = []
        self._pointed: int | None = None
        self._ring = KeyboardRing(self)
        self.setFixedHeight(HEIGHT + 2 * MARGIN)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.setMouseTracking(True)
        self.setAccessibleName(name)
        theme.changed.connect(self.update)

    def sizeHint(self) -> QSize:  # noqa: N802
        return QSize(394, HEIGHT + 2 * MARGIN)

    def show_intervals(self, found: Sequence[Interval]) -> None:
        if list(found) == self._intervals:
            return
        self._intervals = list(found)
        self._pointed = None
        faults = [interval for interval in found if interval.level in FAULT_LEVELS]
        self.setAccessibleDescription("; ".join(text_of(interval) for interval in faults[-5:]))
        self.update()

    def place_of(self, interval: Interval) -> QRectF:
        """Where the interval is painted."""
        first, last = self._intervals[0].begin, self._intervals[-1].end
        whole = max((last - first).total_seconds(), 1.0)
        left = (interval.begin - first).total_seconds() / whole * self.width()
        right = (interval.end - first).total_seconds() / whole * self.width()
        if interval.level in FAULT_LEVELS and right - left < MIN_FAULT_WIDTH:
            left = min(left, self.width() - MIN_FAULT_WIDTH)
            right = left + MIN_FAULT_WIDTH
        return QRectF(left, MARGIN, right - left, HEIGHT)

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802
        painter = QPainter(self)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.fillRect(QRectF(0, MARGIN, self.width(), HEIGHT), self._theme.colour("track"))
        # Faults are painted last: their least width may cover a part of their neighbours.
        for interval in sorted(self._intervals, key=lambda each: each.level in FAULT_LEVELS):
            if (colour := self._colour(interval.level)) is not None:
                painter.fillRect(self.place_of(interval), colour)
        if self._ring.is_on:
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.setPen(self._theme.colour("accent"))
            painter.drawRoundedRect(QRectF(self.rect()).adjusted(0.5, 0.5, -0.5, -0.5), 3, 3)
            if self._pointed is not None:
                painter.drawRect(self.place_of(self._intervals[self._pointed]).adjusted(-1, -2, 1, 2))
        painter.end()

    def _colour(self, level: Level) -> QColor | None:
        if level is Level.UP:
            colour = self._theme.ink(Tone.OK)
            colour.setAlphaF(UP_OPACITY)
            return colour
        return self._theme.ink(LEVELS[level].tone) if level in FAULT_LEVELS else None

    # Pointing ----------------------------------------------------------------------

    def interval_at(self, x: float) -> Interval | None:
        """The fault at this place, else what was there."""
        at = [each for each in self._intervals if self.place_of(each).adjusted(-1, 0, 1, 0).contains(x, MARGIN + 1)]
        return next((each for each in at if each.level in FAULT_LEVELS), next(iter(at), None))

    def mouseMoveEvent(self, event: QMouseEvent) -> None:  # noqa: N802
        found = self.interval_at(event.position().x())
        is_fault = found is not None and found.level in FAULT_LEVELS
        self.setCursor(Qt.CursorShape.PointingHandCursor if is_fault else Qt.CursorShape.ArrowCursor)
        self.setToolTip("" if found is None else plain_tooltip(text_of(found)))
        self.pointed.emit(found)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:  # noqa: N802
        found = self.interval_at(event.position().x())
        if found is not None and found.level in FAULT_LEVELS:
            self.chosen.emit(found)

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: N802
        match event.key():
            case Qt.Key.Key_Left:
                self._walk(-1)
            case Qt.Key.Key_Right:
                self._walk(1)
            case Qt.Key.Key_Return | Qt.Key.Key_Enter if self._pointed is not None:
                self.chosen.emit(self._intervals[self._pointed])
            case _:
                super().keyPressEvent(event)

    def _walk(self, step: int) -> None:
        """From fault to fault; the first step to the left begins at the newest."""
        places = [place for place, each in enumerate(self._intervals) if each.level in FAULT_LEVELS]
        if not places:
            return
        if self._pointed not in places:
            self._pointed = places[-1] if step < 0 else places[0]
        else:
            self._pointed = places[max(0, min(len(places) - 1, places.index(self._pointed) + step))]
        found = self._intervals[self._pointed]
        self.setAccessibleDescription(text_of(found))
        self.pointed.emit(found)
        self.update()

    def leaveEvent(self, event: QEvent) -> None:  # noqa: N802
        self.pointed.emit(None)

    def focusOutEvent(self, event: QFocusEvent) -> None:  # noqa: N802
        super().focusOutEvent(event)
        self._pointed = None
        self.pointed.emit(None)


def text_of(interval: Interval) -> str:
    """`Down at 03:12 for 2 min: …`"""
    return interval_text(interval, _time_of(interval.begin, interval.end), length_of(interval))


def length_of(interval: Interval) -> str:
    return formats.span(interval.end - interval.begin)


def _time_of(begin: datetime, end: datetime) -> str:
    if end - begin < timedelta(minutes=1):
        return formats.time_of_day(begin)
    return tr("{begin} to {end}").format(begin=formats.hour_minute(begin), end=formats.hour_minute(end))
