"""The timeline of a row: one line per entry, with a dot coloured by its tone."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import QGridLayout, QVBoxLayout, QWidget

from phonefarm.application.model.timeline import TimelineEntry
from ui.style.theme import Theme
from ui.style.tokens import Tone
from ui.text import formats
from ui.text.safe_text import one_line, visible
from ui.text.words import TIMELINE_KINDS, timeline_sentence, tr
from ui.widgets.basics import Label, empty_layout

MAX_LINES = 200
BODY_LIMIT = 240
"""A long SMS is cut here; the Messages page shows all of it."""


class Dot(QWidget):
    """A dot coloured by a tone."""

    def __init__(self, theme: Theme, tone: Tone) -> None:
        super().__init__()
        self._theme = theme
        self._tone = tone
        self.setFixedSize(9, 18)

    def show_tone(self, tone: Tone) -> None:
        if tone is not self._tone:
            self._tone = tone
            self.update()

    def sizeHint(self) -> QSize:  # noqa: N802
        return QSize(9, 18)

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(self._theme.ink(self._tone))
        painter.drawEllipse(0, 5, 8, 8)
        painter.end()


class Timeline(QWidget):
    """Entries oldest first, with a line for each new day."""

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._theme = theme
        self._lines: list[TimelineEntry] = []
        self._grid = QGridLayout(self)
        self._grid.setContentsMargins(0, 0, 0, 0)
        self._grid.setHorizontalSpacing(10)
        self._grid.setVerticalSpacing(8)
        self._grid.setColumnStretch(2, 1)

    def show_lines(self, lines: Sequence[TimelineEntry], now: datetime) -> None:
        newest = list(lines)[-MAX_LINES:]
        if newest == self._lines and self._grid.count():
            return
        self._lines = newest
        empty_layout(self._grid)
        if not newest:
            self._grid.addWidget(Label(tr("Nothing has happened yet."), "dim", wrap=True), 0, 0, 1, 3)
        row, today, day = 0, now.astimezone().date(), None
        for line in newest:
            local = line.at.astimezone()
            if local.date() != day:
                day = local.date()
                if day != today:
                    self._grid.addWidget(Label(formats.day(local), "caption"), row, 0, 1, 3)
                    row += 1
            self._add(line, row)
            row += 1

    def _add(self, line: TimelineEntry, row: int) -> None:
        word = TIMELINE_KINDS[line.kind]
        top = Qt.AlignmentFlag.AlignTop
        time = Label(formats.time_of_day(line.at), "caption")
        text = QVBoxLayout()
        text.setSpacing(2)
        sentence = one_line(timeline_sentence(line))
        title = Label(sentence or word.label(), wrap=True, selectable=True)
        title.setAccessibleName(f"{word.label()}: {sentence}")
        text.addWidget(title)
        if line.body:
            text.addWidget(Label(visible(line.body, BODY_LIMIT), "dim", wrap=True, selectable=True))
        holder = QWidget()
        holder.setLayout(text)
        text.setContentsMargins(0, 0, 0, 0)
        self._grid.addWidget(time, row, 0, top)
        self._grid.addWidget(Dot(self._theme, word.tone), row, 1, top)
        self._grid.addWidget(holder, row, 2, top)
