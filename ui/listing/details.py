"""The details panel: advice, facts and timeline of the selected row, and its actions."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QFrame, QGridLayout, QPushButton, QScrollArea, QSizePolicy, QVBoxLayout, QWidget

from phonefarm.application.model.timeline import TimelineEntry
from ui.listing.detail_lines import AdviceBox, FactLine
from ui.listing.list_spec import Advice, Fact
from ui.style.theme import Theme
from ui.text.safe_text import visible
from ui.text.words import Word, tr
from ui.widgets.basics import Card, Chip, ElidedLabel, Label, button, connect_call, empty_layout, hairline
from ui.widgets.flow_layout import FlowLayout
from ui.widgets.timeline import Timeline

NO_ADVICE = Advice()
WIDTH = 380
NARROW = 320


class DetailsPanel(Card):
    """Shows one row; without one, a hint to select one."""

    hide_requested = Signal()

    def __init__(self, theme: Theme) -> None:
        super().__init__(margins=0, spacing=0)
        self.setFixedWidth(WIDTH)
        self._current_facts: list[Fact] | None = None
        self._fact_lines: list[FactLine] = []
        self._buttons: list[QPushButton] = []
        self._button_looks: list[tuple[str, bool]] = []
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

    def _make_head(self) -> QGridLayout:
        self._heading = ElidedLabel("", "heading")
        self._chip = Chip()
        self._hide = button(tr("Hide"), "quiet", name=tr("Hide details"), tooltip=tr("Hide details (Ctrl+D)"))
        self._hide.clicked.connect(self.hide_requested)
        self._head = QGridLayout()
        self._head.setContentsMargins(16, 12, 8, 8)
        self._head.setSpacing(8)
        self._head.setColumnStretch(0, 1)
        self._head.addWidget(self._heading, 0, 0)
        self._head.addWidget(self._chip, 0, 1)
        self._head.addWidget(self._hide, 0, 2)
        return self._head

    def _place_chip(self) -> None:
        """Beside the heading if both fit, otherwise below it."""
        needed = self._heading.sizeHint().width() + self._chip.sizeHint().width() + self._hide.sizeHint().width() + 44
        is_beside = self._head.itemAtPosition(0, 1) is not None
        if is_beside != (needed <= self.width()):
            self._head.removeWidget(self._chip)
            if is_beside:
                self._head.addWidget(self._chip, 1, 0, 1, 3, Qt.AlignmentFlag.AlignLeft)
            else:
                self._head.addWidget(self._chip, 0, 1)

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: N802
        super().resizeEvent(event)
        self._place_chip()

    def _make_scroll(self, theme: Theme) -> QScrollArea:
        self._hint = Label(tr("Select a row to see its details and its timeline."), "dim", wrap=True)
        self._advice = AdviceBox()
        self._facts = QVBoxLayout()
        self._facts.setSpacing(0)
        self._meaning = Label("", "dim", wrap=True)
        self._body = Label("", wrap=True, selectable=True)
        self._timeline_title = Label(tr("Timeline"), "heading")
        self._timeline = Timeline(theme)
        inside = QWidget()
        layout = QVBoxLayout(inside)
        layout.setContentsMargins(16, 0, 16, 16)
        layout.setSpacing(12)
        layout.addWidget(self._hint)
        layout.addWidget(self._advice)
        layout.addWidget(self._meaning)
        layout.addWidget(self._body)
        layout.addLayout(self._facts)
        layout.addWidget(self._timeline_title)
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
            self._advice,
            self._meaning,
            self._body,
            self._timeline_title,
            self._timeline,
            self._foot,
            self._foot_line,
        ):
            widget.hide()
        self._hint.show()
        empty_layout(self._facts)
        self._fact_lines, self._current_facts = [], None

    def show_row(self, heading: str, word: Word, facts: list[Fact], body: str, advice: Advice = NO_ADVICE) -> None:
        self._hint.hide()
        self._advice.show_advice(advice)
        self._heading.show_text(heading)
        self._chip.show_word(word)
        self._chip.show()
        self._place_chip()
        self._meaning.setText(word.explanation())
        self._meaning.show()
        self._body.setText(visible(body))
        self._body.setVisible(bool(body))
        self._timeline_title.show()
        self._timeline.show()
        self._show_facts(facts)

    def _show_facts(self, facts: list[Fact]) -> None:
        """Update in place if only values have changed, so that nothing flickers."""
        if facts == self._current_facts:
            return
        if self._current_facts is not None and _fact_names(facts) == _fact_names(self._current_facts):
            for line, fact in zip(self._fact_lines, facts, strict=True):
                line.show_fact(fact)
        else:
            empty_layout(self._facts)
            self._fact_lines = [FactLine(fact) for fact in facts]
            for line in self._fact_lines:
                self._facts.addWidget(line)
        self._current_facts = facts

    def show_timeline(self, lines: Sequence[TimelineEntry], now: datetime) -> None:
        self._timeline.show_lines(lines, now)

    def show_actions(self, actions: Sequence[tuple[str, bool, Callable[[], None]]]) -> None:
        """(text, danger, callback); unchanged buttons stay, so that a click does not miss one."""
        looks = [(text, danger) for text, danger, _ in actions]
        if looks != self._button_looks:
            for old in self._buttons:
                self._foot_flow.removeWidget(old)
                old.hide()
                old.deleteLater()
            self._buttons = [button(text, "danger" if danger else "") for text, danger in looks]
            for made in self._buttons:
                self._foot_flow.addWidget(made)
            self._button_looks = looks
        else:
            for old in self._buttons:
                old.clicked.disconnect()
        for made, (_, _, run) in zip(self._buttons, actions, strict=True):
            connect_call(made.clicked, run)
        self._foot.setVisible(bool(actions))
        self._foot_line.setVisible(bool(actions))


def _fact_names(facts: Sequence[Fact]) -> list[tuple[type[Fact], str]]:
    return [(type(fact), fact.name) for fact in facts]
