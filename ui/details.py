"""The details panel: facts about the selected row on top, below them its story."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import (
    QFrame,
    QGridLayout,
    QHBoxLayout,
    QPushButton,
    QScrollArea,
    QSizePolicy,
    QVBoxLayout,
    QWidget,
)

from phonefarm.application.read_models import StoryLine
from ui import formats
from ui.flow_layout import FlowLayout
from ui.list_spec import Fact
from ui.safe_text import one_line, visible
from ui.theme import Theme
from ui.tokens import Tone
from ui.widgets import Card, Chip, ElidedLabel, Label, button, empty_layout, hairline
from ui.words import STORY_KINDS, Word, tr

WIDTH = 380
NARROW = 320
MOST_LINES = 200

STORY_BODY_LIMIT = 240
"""A long SMS is whole on the Messages page; in a story it must not bury the rest."""


class Dot(QWidget):
    """A dot in the tone of a story line; the word stands beside it."""

    def __init__(self, theme: Theme, tone: Tone) -> None:
        super().__init__()
        self._theme = theme
        self._tone = tone
        self.setFixedSize(9, 18)

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
    """What happened, oldest first, a day line wherever the day changes."""

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._theme = theme
        self._lines: list[StoryLine] = []
        self._grid = QGridLayout(self)
        self._grid.setContentsMargins(0, 0, 0, 0)
        self._grid.setHorizontalSpacing(10)
        self._grid.setVerticalSpacing(8)
        self._grid.setColumnStretch(2, 1)

    def show_lines(self, lines: Sequence[StoryLine], now: datetime) -> None:
        newest = list(lines)[-MOST_LINES:]
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

    def _add(self, line: StoryLine, row: int) -> None:
        word = STORY_KINDS[line.kind]
        top = Qt.AlignmentFlag.AlignTop
        time = Label(formats.time_of_day(line.at), "caption")
        text = QVBoxLayout()
        text.setSpacing(2)
        title = Label(one_line(line.title) or word.said(), wrap=True, selectable=True)
        title.setAccessibleName(f"{word.said()}: {one_line(line.title)}")
        text.addWidget(title)
        if line.body:
            text.addWidget(Label(visible(line.body, STORY_BODY_LIMIT), "dim", wrap=True, selectable=True))
        holder = QWidget()
        holder.setLayout(text)
        text.setContentsMargins(0, 0, 0, 0)
        self._grid.addWidget(time, row, 0, top)
        self._grid.addWidget(Dot(self._theme, word.tone), row, 1, top)
        self._grid.addWidget(holder, row, 2, top)


class DetailsPanel(Card):
    """Says everything about one row; without a row it says how to get one."""

    hide_wanted = Signal()

    def __init__(self, theme: Theme) -> None:
        super().__init__(margins=0, spacing=0)
        self.setFixedWidth(WIDTH)
        self._facts_shown: list[Fact] | None = None
        self._fact_values: list[ElidedLabel] = []
        self._buttons: list[QPushButton] = []
        self._wanted: list[tuple[str, bool]] = []
        self.content.addLayout(self._make_head())
        self.content.addWidget(self._make_scroll(theme), 1)
        self._foot = QFrame()
        self._foot_flow = FlowLayout(spacing=8)
        self._foot_flow.setContentsMargins(16, 12, 16, 14)
        self._foot.setLayout(self._foot_flow)
        self._foot_line = hairline()
        self.content.addWidget(self._foot_line)
        self.content.addWidget(self._foot)
        self.show_nothing()

    def _make_head(self) -> QHBoxLayout:
        self._heading = ElidedLabel("", "heading")
        self._chip = Chip()
        self._hide = button(tr("Hide"), "quiet", name=tr("Hide details"), tooltip=tr("Hide details (Ctrl+D)"))
        self._hide.clicked.connect(self.hide_wanted)
        head = QHBoxLayout()
        head.setContentsMargins(16, 12, 8, 8)
        head.setSpacing(8)
        head.addWidget(self._heading, 1)
        head.addWidget(self._chip)
        head.addWidget(self._hide)
        return head

    def _make_scroll(self, theme: Theme) -> QScrollArea:
        self._hint = Label(tr("Select a row to see its facts and its story."), "dim", wrap=True)
        self._facts = QVBoxLayout()
        self._facts.setSpacing(0)
        self._meaning = Label("", "dim", wrap=True)
        self._body = Label("", wrap=True, selectable=True)
        self._story_title = Label(tr("Story"), "heading")
        self._timeline = Timeline(theme)
        inside = QWidget()
        layout = QVBoxLayout(inside)
        layout.setContentsMargins(16, 0, 16, 16)
        layout.setSpacing(12)
        layout.addWidget(self._hint)
        layout.addWidget(self._meaning)
        layout.addWidget(self._body)
        layout.addLayout(self._facts)
        layout.addWidget(self._story_title)
        layout.addWidget(self._timeline)
        layout.addStretch(1)
        scroll = QScrollArea()
        scroll.setWidgetResizable(True)
        scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        scroll.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        scroll.setWidget(inside)
        self._inside = inside
        return scroll

    def show_nothing(self) -> None:
        self._heading.show_text(tr("Details"))
        for widget in (
            self._chip,
            self._meaning,
            self._body,
            self._story_title,
            self._timeline,
            self._foot,
            self._foot_line,
        ):
            widget.hide()
        self._hint.show()
        empty_layout(self._facts)
        self._fact_values, self._facts_shown = [], None

    def show_row(self, heading: str, word: Word, facts: list[Fact], body: str) -> None:
        self._hint.hide()
        self._heading.show_text(heading)
        self._chip.show_word(word)
        self._chip.show()
        self._meaning.setText(word.explained())
        self._meaning.show()
        self._body.setText(visible(body))
        self._body.setVisible(bool(body))
        self._story_title.show()
        self._timeline.show()
        self._show_facts(facts)

    def _show_facts(self, facts: list[Fact]) -> None:
        """Only the values change while the names stay, so that nothing jumps or flickers."""
        if self._facts_shown is not None and [f.name for f in facts] == [f.name for f in self._facts_shown]:
            for label, fact in zip(self._fact_values, facts, strict=True):
                label.show_text(fact.value)
        else:
            empty_layout(self._facts)
            self._fact_values = [self._add_fact(fact) for fact in facts]
        self._facts_shown = facts

    def _add_fact(self, fact: Fact) -> ElidedLabel:
        holder = QWidget()
        row = QHBoxLayout(holder)
        row.setContentsMargins(0, 7, 0, 7)
        row.setSpacing(16)
        value = ElidedLabel(fact.value, mode=Qt.TextElideMode.ElideMiddle if fact.mono else Qt.TextElideMode.ElideRight)
        value.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        value.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        row.addWidget(Label(fact.name, "dim"))
        row.addWidget(value, 1)
        self._facts.addWidget(holder)
        self._facts.addWidget(hairline())
        return value

    def show_story(self, lines: Sequence[StoryLine], now: datetime) -> None:
        self._timeline.show_lines(lines, now)

    def show_actions(self, actions: Sequence[tuple[str, bool, Callable[[], None]]]) -> None:
        """(text, danger, what it does); unchanged buttons stay, so that a click never misses one."""
        wanted = [(text, danger) for text, danger, _ in actions]
        if wanted != self._wanted:
            for old in self._buttons:
                self._foot_flow.removeWidget(old)
                old.hide()
                old.deleteLater()
            self._buttons = [button(text, "danger" if danger else "") for text, danger in wanted]
            for made in self._buttons:
                self._foot_flow.addWidget(made)
            self._wanted = wanted
        else:
            for old in self._buttons:
                old.clicked.disconnect()
        for made, (_, _, run) in zip(self._buttons, actions, strict=True):
            made.clicked.connect(lambda _=False, run=run: run())
        self._foot.setVisible(bool(actions))
        self._foot_line.setVisible(bool(actions))
