"""The channels of the alerts: how each did lately, with a test; and what arrives there."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from functools import partial

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QFrame, QHBoxLayout, QMenu, QVBoxLayout, QWidget

from phonefarm.application.model.alerts import ChannelKind, ChannelRow, Delivery
from phonefarm.wording.alerts import delivery_text
from ui.pages.settings.alert_rules import LEAST_HEIGHT, scrolling
from ui.style.theme import Theme
from ui.style.tokens import Tone
from ui.text.safe_text import one_line
from ui.text.words.alerts import CHANNELS, channel_state, example_alert
from ui.text.words.core import counted, tr
from ui.widgets.basics import Card, ElidedLabel, Label, button, empty_layout, hairline, restyle
from ui.widgets.switch import Switch

ADDABLE = [kind for kind in ChannelKind if kind is not ChannelKind.DESKTOP]
LONGEST_NAME = 40
DOT, HOLLOW_DOT = "●", "○"


class ChannelWidget(QFrame):
    """One channel: dot, name, target and switch; how it did; its buttons."""

    test_requested = Signal(str)
    change_requested = Signal(str)
    switch_requested = Signal(str, bool)

    def __init__(self, row: ChannelRow, theme: Theme) -> None:
        super().__init__()
        self.setObjectName("channel")
        self.row = row
        channel_id, name = row.channel.channel_id, one_line(row.channel.name, LONGEST_NAME)
        self._dot = Label(DOT)
        self._dot.setFixedWidth(14)
        self.switch = Switch(theme, name)
        self.state = Label("", "caption", wrap=True)
        self.test = button(tr("Send test"), name=tr("Send test by {name}").format(name=name))
        self.change = button(tr("Change…"), name=tr("Change {name}").format(name=name))
        if row.channel.kind is ChannelKind.DESKTOP:
            self.change.hide()
        self._lay_out(name)
        self.test.clicked.connect(lambda: self.test_requested.emit(channel_id))
        self.change.clicked.connect(lambda: self.change_requested.emit(channel_id))
        self.switch.clicked.connect(lambda is_on: self.switch_requested.emit(channel_id, is_on))

    def _lay_out(self, name: str) -> None:
        top = QHBoxLayout()
        top.setSpacing(6)
        top.addWidget(self._dot)
        top.addWidget(Label(name, "heading"))
        top.addWidget(ElidedLabel(one_line(self.row.channel.target, 60), "dim"), 1)
        top.addWidget(self.switch)
        buttons = QHBoxLayout()
        buttons.setSpacing(8)
        buttons.addWidget(self.test)
        buttons.addWidget(self.change)
        buttons.addStretch(1)
        column = QVBoxLayout(self)
        column.setContentsMargins(16, 12, 13, 12)
        column.setSpacing(6)
        column.addLayout(top)
        column.addWidget(self.state)
        column.addSpacing(2)
        column.addLayout(buttons)

    def show_state(self, now: datetime) -> None:
        said = channel_state(self.row, now)
        self.switch.setChecked(self.row.channel.is_on)
        self.test.setEnabled(self.row.channel.is_on)
        self._dot.setText(DOT if self.row.channel.is_on else HOLLOW_DOT)
        self._say(one_line(said.text, 300), said.tone)
        if said.tone is not Tone.BAD:
            restyle(self.state, "ink", str(Tone.IDLE))

    def show_sending(self) -> None:
        self.test.setEnabled(False)
        self._say(tr("Sending…"), Tone.IDLE)

    def show_delivery(self, delivery: Delivery) -> None:
        self.test.setEnabled(True)
        text = delivery_text(self.row.channel.kind, delivery, tr)
        self._say(text[:1].upper() + text[1:], Tone.OK if delivery.arrived else Tone.BAD)

    def _say(self, text: str, tone: Tone) -> None:
        self.state.setText(text)
        restyle(self, "tone", "bad" if tone is Tone.BAD else "")
        restyle(self.state, "ink", str(tone))
        restyle(self._dot, "ink", str(tone))


class ChannelsCard(Card):
    """All channels, a menu to add one, and an example of what arrives."""

    add_requested = Signal(object)
    """A ChannelKind."""

    def __init__(self, theme: Theme) -> None:
        super().__init__(margins=0, spacing=0)
        self._theme = theme
        self.widgets: dict[str, ChannelWidget] = {}
        self._summary = Label("", "caption")
        self._list = QVBoxLayout()
        self._list.setSpacing(0)
        self.add = button(tr("Add channel"))
        self.menu = QMenu(self.add)
        for kind in ADDABLE:
            self.menu.addAction(tr(CHANNELS[kind])).triggered.connect(partial(self._request, kind))
        self.add.setMenu(self.menu)
        self._example_title = Label("", "heading", wrap=True)
        self._example_body = Label("", "", wrap=True)
        self._lay_out()

    def _request(self, kind: ChannelKind, _checked: bool = False) -> None:
        self.add_requested.emit(kind)

    def _lay_out(self) -> None:
        head = QHBoxLayout()
        head.setContentsMargins(16, 10, 16, 10)
        head.addWidget(Label(tr("Channels"), "heading"), 1)
        head.addWidget(self._summary)
        self.content.addLayout(head)
        inside = QWidget()
        body = QVBoxLayout(inside)
        body.setContentsMargins(0, 0, 0, 0)
        body.setSpacing(0)
        body.addLayout(self._list)
        body.addWidget(hairline())
        adding = QVBoxLayout()
        adding.setContentsMargins(16, 12, 16, 12)
        adding.setSpacing(8)
        row = QHBoxLayout()
        row.addWidget(self.add)
        row.addStretch(1)
        adding.addLayout(row)
        adding.addWidget(
            Label(
                tr("Passwords and tokens go to the keyring of this PC, or to a file that only you can read."),
                "caption",
                wrap=True,
            )
        )
        body.addLayout(adding)
        body.addStretch(1)
        body.addWidget(hairline())
        body.addWidget(self._example())
        self.content.addWidget(scrolling(inside, LEAST_HEIGHT), 1)

    def _example(self) -> QWidget:
        holder = QWidget()
        column = QVBoxLayout(holder)
        column.setContentsMargins(16, 12, 16, 12)
        column.setSpacing(8)
        paper = QFrame()
        paper.setObjectName("advice")
        inside = QVBoxLayout(paper)
        inside.setContentsMargins(12, 10, 12, 10)
        inside.setSpacing(4)
        inside.addWidget(self._example_title)
        inside.addWidget(self._example_body)
        column.addWidget(Label(tr("This is what arrives"), "heading"))
        column.addWidget(paper)
        column.addWidget(Label(tr("Never the text of an SMS, never a full number."), "caption", wrap=True))
        return holder

    def show_channels(self, rows: Sequence[ChannelRow], now: datetime) -> list[ChannelWidget]:
        """Returns the widgets that are new."""
        added = list[ChannelWidget]()
        if [widget.row.channel for widget in self.widgets.values()] != [row.channel for row in rows]:
            empty_layout(self._list)
            self.widgets = {row.channel.channel_id: ChannelWidget(row, self._theme) for row in rows}
            for widget in self.widgets.values():
                self._list.addWidget(hairline())
                self._list.addWidget(widget)
                added.append(widget)
        for row in rows:
            widget = self.widgets[row.channel.channel_id]
            if widget in added or widget.row != row:
                widget.row = row
                widget.show_state(now)
        self._summary.setText(_summary(rows))
        title, body = example_alert(now)
        self._example_title.setText(title)
        self._example_body.setText(body)
        return added


def _summary(rows: Sequence[ChannelRow]) -> str:
    on = [row for row in rows if row.channel.is_on]
    failing = sum(row.result.failing_since is not None for row in on)
    said = tr("{count} on").format(count=len(on))
    return f"{said}, {counted(failing, '1 fails', '%n fail')}" if failing else said
