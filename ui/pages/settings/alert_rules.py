"""The rules of the alerts: a switch and a sentence each, with its thresholds inside."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, time

from PySide6.QtCore import Qt, QTime, Signal
from PySide6.QtWidgets import (
    QFrame,
    QHBoxLayout,
    QLabel,
    QScrollArea,
    QSizePolicy,
    QSpinBox,
    QTimeEdit,
    QVBoxLayout,
    QWidget,
)

from phonefarm.application.model.alerts import (
    REMINDER_HOURS,
    THRESHOLDS,
    AlertPolicy,
    QuietHours,
    Rule,
    RuleKind,
    Threshold,
)
from ui.style.theme import Theme
from ui.text import formats
from ui.text.words.alerts import RULES, UNITS
from ui.text.words.core import tr
from ui.widgets.basics import Card, Label, button, hairline, restyle
from ui.widgets.flow_layout import FlowLayout
from ui.widgets.switch import Switch
from ui.widgets.wheel_guard import guarded

LINE_HEIGHT = 28
LAST_TIME_WIDTH = 116
TEXT_MARGIN = 6
BOX_MARGINS = 46
"""For its arrows and the room around its text."""
LEAST_HEIGHT = 320
"""With less the page scrolls as a whole."""


def threshold_box(threshold: Threshold, name: str) -> QSpinBox:
    box = guarded(QSpinBox())
    box.setRange(threshold.least, threshold.most)
    box.setSuffix(tr(UNITS[threshold.unit]))
    box.setProperty("role", "threshold")
    box.setAccessibleName(name)
    box.setFixedHeight(LINE_HEIGHT)
    box.lineEdit().setTextMargins(TEXT_MARGIN, 0, 0, 0)
    box.ensurePolished()
    longest = f"{threshold.most}{tr(UNITS[threshold.unit])}"
    box.setFixedWidth(box.fontMetrics().horizontalAdvance(longest) + BOX_MARGINS)
    return box


def sentence(template: str, boxes: tuple[QWidget, ...]) -> QWidget:
    """The words of the template, with the boxes in the places of `{0}`, `{1}`; wraps like words."""
    holder = QWidget()
    flow = FlowLayout(holder, spacing=7)
    for piece in re.split(r"(\{\d\})", template):
        if re.fullmatch(r"\{\d\}", piece):
            flow.addWidget(boxes[int(piece[1])])
        elif piece.strip():
            flow.addWidget(_words(piece.strip()))
    policy = QSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)
    policy.setHeightForWidth(True)
    holder.setSizePolicy(policy)
    return holder


def _words(text: str) -> QLabel:
    label = Label(text)
    label.setMinimumHeight(LINE_HEIGHT)
    return label


class RuleRow(QWidget):
    changed = Signal()

    def __init__(self, kind: RuleKind, theme: Theme) -> None:
        super().__init__()
        self.kind = kind
        plain = re.sub(r"\{\d\}", "…", tr(RULES[kind]))
        self.switch = Switch(theme, plain)
        self.boxes = tuple(threshold_box(threshold, plain) for threshold in THRESHOLDS[kind])
        self._sentence = sentence(tr(RULES[kind]), self.boxes)
        self._last_time = Label("", "caption")
        self._last_time.setMinimumWidth(LAST_TIME_WIDTH)
        self._last_time.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        row = QHBoxLayout(self)
        row.setContentsMargins(16, 6, 16, 6)
        row.setSpacing(10)
        row.addWidget(self.switch)
        row.addWidget(self._sentence, 1)
        row.addWidget(self._last_time)
        self.switch.toggled.connect(self._show_state)
        self.switch.toggled.connect(self.changed)
        for box in self.boxes:
            box.valueChanged.connect(self.changed)

    def show_rule(self, rule: Rule) -> None:
        self.switch.setChecked(rule.is_on)
        for box, value in zip(self.boxes, rule.values, strict=True):
            box.setValue(value)
        self._show_state()

    def show_last_time(self, moment: datetime | None, now: datetime) -> None:
        self._last_time.setText(tr("never") if moment is None else formats.day_time(moment, now))

    def rule(self) -> Rule:
        return Rule(kind=self.kind, is_on=self.switch.isChecked(), values=tuple(box.value() for box in self.boxes))

    def _show_state(self) -> None:
        """An off rule is dim, and keeps its values."""
        is_on = self.switch.isChecked()
        for box in self.boxes:
            box.setEnabled(is_on)
        for label in self._sentence.findChildren(QLabel):
            restyle(label, "role", "" if is_on else "dim")


class RulesCard(Card):
    """All rules, the quiet hours, and a bar to save; emits `save_requested` with what is wanted."""

    save_requested = Signal(object)
    """An AlertPolicy."""

    def __init__(self, theme: Theme) -> None:
        super().__init__(margins=0, spacing=0)
        self._kept = AlertPolicy()
        self.rows = {kind: RuleRow(kind, theme) for kind in THRESHOLDS}
        self.quiet = Switch(theme, tr("Quiet hours"))
        self.quiet_begin, self.quiet_end = _clock(tr("Quiet from")), _clock(tr("Quiet until"))
        self.reminder = Switch(theme, tr("Reminder"))
        self.reminder_hours = threshold_box(REMINDER_HOURS, tr("Hours between reminders"))
        self.recovery = Switch(theme, tr("Say when it is resolved"))
        self.state = Label("", "caption")
        self.discard = button(tr("Discard"))
        self.save = button(tr("Save"), "main")
        self._lay_out()
        self._connect()
        self.show_policy(self._kept)

    def _lay_out(self) -> None:
        head = QHBoxLayout()
        head.setContentsMargins(16, 10, 16, 10)
        head.addWidget(Label(tr("Alert me when"), "heading"), 1)
        head.addWidget(Label(tr("last time"), "caption"))
        self.content.addLayout(head)
        self.content.addWidget(hairline())
        inside = QWidget()
        body = QVBoxLayout(inside)
        body.setContentsMargins(0, 0, 0, 0)
        body.setSpacing(0)
        for row in self.rows.values():
            body.addWidget(row)
            body.addWidget(hairline())
        options = QVBoxLayout()
        options.setContentsMargins(16, 8, 16, 8)
        options.setSpacing(4)
        quiet = tr("{0} to {1} Stopped sales alert you anyway"), (self.quiet_begin, self.quiet_end)
        options.addWidget(_option(tr("Quiet hours"), self.quiet, sentence(*quiet)))
        reminder = tr("every {0} until it is resolved or marked as seen"), (self.reminder_hours,)
        options.addWidget(_option(tr("Reminder"), self.reminder, sentence(*reminder)))
        recovery = sentence(tr("say so, and how long it took"), ())
        options.addWidget(_option(tr("When resolved"), self.recovery, recovery))
        body.addLayout(options)
        body.addStretch(1)
        self.content.addWidget(scrolling(inside, LEAST_HEIGHT), 1)
        self.content.addWidget(hairline())
        bar = QHBoxLayout()
        bar.setContentsMargins(16, 10, 16, 10)
        bar.setSpacing(8)
        bar.addWidget(self.state, 1)
        bar.addWidget(self.discard)
        bar.addWidget(self.save)
        self.content.addLayout(bar)

    def _connect(self) -> None:
        for row in self.rows.values():
            row.changed.connect(self._show_state)
        for switch in (self.quiet, self.reminder, self.recovery):
            switch.toggled.connect(self._show_state)
        for clock in (self.quiet_begin, self.quiet_end):
            clock.timeChanged.connect(self._show_state)
        self.reminder_hours.valueChanged.connect(self._show_state)
        self.discard.clicked.connect(lambda: self.show_policy(self._kept))
        self.save.clicked.connect(lambda: self.save_requested.emit(self.policy()))

    # State ------------------------------------------------------------------

    @property
    def is_changed(self) -> bool:
        return self.policy() != self._kept

    def show_policy(self, policy: AlertPolicy) -> None:
        self._kept = policy
        for rule in policy.rules:
            self.rows[rule.kind].show_rule(rule)
        self.quiet.setChecked(policy.quiet.is_on)
        self.quiet_begin.setTime(_qt_time(policy.quiet.begin))
        self.quiet_end.setTime(_qt_time(policy.quiet.end))
        self.reminder.setChecked(policy.reminds)
        self.reminder_hours.setValue(policy.reminder_hours)
        self.recovery.setChecked(policy.tells_recovery)
        self._show_state()

    def show_last_times(self, moments: Mapping[RuleKind, datetime], now: datetime) -> None:
        for kind, row in self.rows.items():
            row.show_last_time(moments.get(kind), now)

    def show_saved(self, now: datetime) -> None:
        self.state.setText(tr("Saved {time}").format(time=formats.hour_minute(now)))

    def policy(self) -> AlertPolicy:
        return replace(
            self._kept,
            rules=tuple(row.rule() for row in self.rows.values()),
            quiet=QuietHours(
                is_on=self.quiet.isChecked(),
                begin=_plain_time(self.quiet_begin),
                end=_plain_time(self.quiet_end),
            ),
            reminds=self.reminder.isChecked(),
            reminder_hours=self.reminder_hours.value(),
            tells_recovery=self.recovery.isChecked(),
        )

    def _show_state(self) -> None:
        is_changed = self.is_changed
        self.state.setText(tr("Applies at once, selling goes on") if is_changed else tr("No changes"))
        self.save.setEnabled(is_changed)
        self.discard.setEnabled(is_changed)
        for clock in (self.quiet_begin, self.quiet_end):
            clock.setEnabled(self.quiet.isChecked())
        self.reminder_hours.setEnabled(self.reminder.isChecked())


def scrolling(inside: QWidget, least_height: int) -> QScrollArea:
    """Scrolls up and down where there is no room."""
    area = QScrollArea()
    area.setFrameShape(QFrame.Shape.NoFrame)
    area.setWidgetResizable(True)
    area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
    area.setMinimumHeight(least_height)
    area.setFocusPolicy(Qt.FocusPolicy.NoFocus)
    area.setWidget(inside)
    return area


def _option(name: str, switch: Switch, content: QWidget) -> QWidget:
    holder = QWidget()
    row = QHBoxLayout(holder)
    row.setContentsMargins(0, 0, 0, 0)
    row.setSpacing(10)
    caption = Label(name, "dim")
    caption.setMinimumWidth(100)
    row.addWidget(caption)
    row.addWidget(switch)
    row.addWidget(content, 1)
    return holder


def _clock(name: str) -> QTimeEdit:
    box = guarded(QTimeEdit())
    box.setDisplayFormat("HH:mm")
    box.setAccessibleName(name)
    box.setFixedHeight(LINE_HEIGHT)
    box.lineEdit().setTextMargins(TEXT_MARGIN, 0, 0, 0)
    box.setProperty("role", "threshold")
    return box


def _qt_time(moment: time) -> QTime:
    return QTime(moment.hour, moment.minute)


def _plain_time(box: QTimeEdit) -> time:
    return time(box.time().hour(), box.time().minute())
