"""Three charts: bars, a line, and one bar divided by state. Hover or focus shows a value."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from PySide6.QtCore import QEvent, QPointF, QRect, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QFontMetrics, QMouseEvent, QPainter, QPaintEvent, QPen, QPolygonF
from PySide6.QtWidgets import QSizePolicy, QWidget

from ui.style.theme import Theme
from ui.style.tokens import Tone
from ui.widgets.basics import KeyboardRing

CAPTION = 20
MOST_BAR_WIDTH = 16


@dataclass(frozen=True, kw_only=True)
class Series:
    """Values oldest first; None is a gap. `describe` gives the text of one value."""

    values: Sequence[float | None]
    first: str
    last: str
    figure: Callable[[float], str]
    describe: Callable[[int], str]


class Chart(QWidget):
    """Common to bars and line: captions, pointer, keyboard."""

    def __init__(self, theme: Theme, tone: Tone, name: str) -> None:
        super().__init__()
        self._theme = theme
        self._tone = tone
        self._series: Series | None = None
        self._pointed: int | None = None
        self._ring = KeyboardRing(self)
        self.setMouseTracking(True)
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.setAccessibleName(name)
        self.setMinimumHeight(84)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        theme.changed.connect(self.update)

    def sizeHint(self) -> QSize:  # noqa: N802
        return QSize(320, 150)

    def show_series(self, series: Series) -> None:
        self._series = series
        if series.values:
            self.setAccessibleDescription(series.describe(len(series.values) - 1))
        self.update()

    def point_at(self, place: int | None) -> None:
        if place != self._pointed:
            self._pointed = place
            if place is not None and self._series is not None:
                self.setAccessibleDescription(self._series.describe(place))
            self.update()

    def pointed_text(self) -> str:
        """The text of the value pointed at; empty if none is."""
        series = self._series
        if series is None or self._pointed is None or self._pointed >= len(series.values):
            return ""
        return series.describe(self._pointed)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:  # noqa: N802
        count = len(self._series.values) if self._series else 0
        if count:
            place = int(event.position().x() / max(1, self.width()) * count)
            self.point_at(min(count - 1, max(0, place)))

    def leaveEvent(self, event: QEvent) -> None:  # noqa: N802
        self.point_at(None)

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802
        painter = QPainter(self)
        painter.setFont(self._theme.font(11))
        if self._series is not None:
            most = max((value for value in self._series.values if value is not None), default=0.0)
            self._paint_captions(painter, self._series, most)
            area = QRectF(0, CAPTION + 4, self.width(), self.height() - 2 * CAPTION - 6)
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            self._paint_values(painter, area, self._series, most or 1.0)
        if self._ring.is_on:
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.setPen(self._theme.colour("accent"))
            painter.drawRoundedRect(self.rect().adjusted(0, 0, -1, -1), 4, 4)
        painter.end()

    def _paint_captions(self, painter: QPainter, series: Series, most: float) -> None:
        painter.setPen(self._theme.colour("dim"))
        top = QRect(0, 0, self.width(), CAPTION)
        bottom = QRect(0, self.height() - CAPTION, self.width(), CAPTION)
        left, right = int(Qt.AlignmentFlag.AlignLeft), int(Qt.AlignmentFlag.AlignRight)
        bottom_side = int(Qt.AlignmentFlag.AlignBottom)
        painter.drawText(bottom, left | bottom_side, series.first)
        painter.drawText(bottom, right | bottom_side, series.last)
        painter.drawText(top, left, series.figure(most))
        if text := self.pointed_text():
            painter.setPen(self._theme.colour("text"))
            painter.drawText(top, right, text)

    def _paint_values(self, painter: QPainter, area: QRectF, series: Series, most: float) -> None:
        raise NotImplementedError


class BarChart(Chart):
    """The current bar in full colour, past ones lighter; negative values hang below the line."""

    def _paint_values(self, painter: QPainter, area: QRectF, series: Series, most: float) -> None:
        full = self._theme.ink(self._tone)
        past = QColor(full)
        past.setAlphaF(0.55)
        step = area.width() / max(1, len(series.values))
        width = min(MOST_BAR_WIDTH, max(2.0, step - 3))
        least = min(0.0, min((value for value in series.values if value is not None), default=0.0))
        scale = area.height() / (max(most, 0.0) - least or 1.0)
        ground = area.bottom() + least * scale
        painter.fillRect(QRectF(area.x(), ground, area.width(), 1), self._theme.colour("line"))
        painter.setPen(Qt.PenStyle.NoPen)
        for place, value in enumerate(series.values):
            if not value:
                continue
            height = max(1.0, abs(value) * scale)
            is_current = place == len(series.values) - 1
            painter.setBrush(full if is_current or place == self._pointed else past)
            left = area.x() + place * step + (step - width) / 2
            top = ground - height if value > 0 else ground + 1
            painter.drawRoundedRect(QRectF(left, top, width, height), 1.5, 1.5)


class LineChart(Chart):
    """Gaps stay gaps; a single value between gaps is a dot."""

    def _paint_values(self, painter: QPainter, area: QRectF, series: Series, most: float) -> None:
        ink = self._theme.ink(self._tone)
        step = area.width() / max(1, len(series.values) - 1)
        run: list[QPointF] = []
        for place, value in enumerate([*series.values, None]):
            if value is not None:
                run.append(QPointF(area.x() + place * step, area.bottom() - area.height() * value / most))
            elif run:
                self._paint_run(painter, run, ink, area.bottom())
                run = []
        if self._pointed is not None:
            painter.setPen(self._theme.colour("line"))
            left = area.x() + self._pointed * step
            painter.drawLine(QPointF(left, area.top()), QPointF(left, area.bottom()))

    def _paint_run(self, painter: QPainter, run: list[QPointF], ink: QColor, floor: float) -> None:
        if len(run) == 1:
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(ink)
            painter.drawEllipse(run[0], 2, 2)
            return
        shade = QColor(ink)
        shade.setAlphaF(0.10)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(shade)
        painter.drawPolygon(QPolygonF([QPointF(run[0].x(), floor), *run, QPointF(run[-1].x(), floor)]))
        painter.setPen(QPen(ink, 1.6))
        painter.drawPolyline(QPolygonF(run))


@dataclass(frozen=True)
class Share:
    count: int
    text: str
    tone: Tone


class ShareBar(QWidget):
    """One bar divided by state, with a legend."""

    BAR = 14
    GAP = 2
    LINE = 22

    def __init__(self, theme: Theme, name: str) -> None:
        super().__init__()
        self._theme = theme
        self._shares: list[Share] = []
        self._places: list[tuple[int, int]] = []
        self._lines = 1
        self.setAccessibleName(name)
        self.setFixedHeight(self.BAR + 10 + self.LINE)
        theme.changed.connect(self._arrange)

    def show_shares(self, shares: Sequence[Share]) -> None:
        self._shares = [share for share in shares if share.count]
        self.setAccessibleDescription(", ".join(share.text for share in self._shares))
        self._arrange()

    def resizeEvent(self, event: QEvent) -> None:  # noqa: N802
        self._arrange()

    def _arrange(self) -> None:
        """Place the legend's texts, in as many lines as they need."""
        metrics = QFontMetrics(self._theme.font(12))
        left, line = 0, 0
        self._places = []
        for share in self._shares:
            width = 16 + metrics.horizontalAdvance(share.text)
            if left and left + width > self.width():
                left, line = 0, line + 1
            self._places.append((left, line))
            left += width + 16
        self._lines = line + 1
        self.setFixedHeight(self.BAR + 10 + self.LINE * self._lines)
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        self._paint_bar(painter)
        painter.setFont(self._theme.font(12))
        for share, (left, line) in zip(self._shares, self._places, strict=True):
            top = self.BAR + 10 + line * self.LINE
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(self._theme.ink(share.tone))
            painter.drawRoundedRect(QRectF(left, top + 6, 9, 9), 2, 2)
            painter.setPen(self._theme.colour("dim"))
            painter.drawText(left + 16, top, 2000, self.LINE, int(Qt.AlignmentFlag.AlignVCenter), share.text)
        painter.end()

    def _paint_bar(self, painter: QPainter) -> None:
        total = sum(share.count for share in self._shares)
        if not total:
            painter.setBrush(self._theme.colour("track"))
            painter.drawRoundedRect(QRectF(0, 0, self.width(), self.BAR), 3, 3)
            return
        # Even the smallest share is visible: one offline phone among two hundred matters.
        room = self.width() - self.GAP * (len(self._shares) - 1)
        widths = [max(6.0, room * share.count / total) for share in self._shares]
        widest = widths.index(max(widths))
        widths[widest] -= sum(widths) - room
        left = 0.0
        for share, width in zip(self._shares, widths, strict=True):
            painter.setBrush(self._theme.ink(share.tone))
            painter.drawRoundedRect(QRectF(left, 0, width, self.BAR), 2.5, 2.5)
            left += width + self.GAP
