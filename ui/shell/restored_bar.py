"""After a restore: from which backup the database comes, what that means, and what to check; until dismissed."""

from __future__ import annotations

from datetime import datetime

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QFrame, QHBoxLayout, QVBoxLayout

from phonefarm.application.model.read_models import Restored, Topic
from ui.text import formats
from ui.text.words import tr
from ui.widgets.basics import Label, button, connect_call, restyle


class RestoredBar(QFrame):
    """A title, its meaning, and buttons; hidden as long as nothing was restored."""

    dismissed = Signal()
    filter_requested = Signal(object, str)
    """A Topic and the name of a filter of its page."""

    def __init__(self) -> None:
        super().__init__()
        self.setObjectName("notice")
        restyle(self, "tone", "warn")
        self._title = Label("", "heading", wrap=True)
        self._meaning = Label("", wrap=True, selectable=True)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(12, 10, 12, 10)
        layout.setSpacing(6)
        layout.addWidget(self._title)
        layout.addWidget(self._meaning)
        layout.addLayout(self._lay_out_buttons())
        self.hide()

    def _lay_out_buttons(self) -> QHBoxLayout:
        row = QHBoxLayout()
        row.setSpacing(8)
        for text, topic, name in (
            (tr("Show stopped SMS"), Topic.PUSHES, "parked"),
            (tr("Show held SMS"), Topic.MESSAGES, "held"),
            (tr("Show open rents"), Topic.RENTS, "open"),
        ):
            show = button(text)
            connect_call(show.clicked, self.filter_requested.emit, topic, name)
            row.addWidget(show)
        row.addStretch(1)
        self.dismiss = button(tr("Dismiss"))
        self.dismiss.clicked.connect(self.hide)
        self.dismiss.clicked.connect(self.dismissed)
        row.addWidget(self.dismiss)
        return row

    def text(self) -> str:
        return "" if self.isHidden() else f"{self._title.text()} {self._meaning.text()}"

    def show_restored(self, restored: Restored, now: datetime) -> None:
        when, until = formats.day_time(restored.at, now), formats.day_time(restored.until, now)
        self._title.setText(tr("The backup of {until} was restored {when}").format(when=when, until=until))
        self._meaning.setText(
            tr(
                "Later rents and SMS are missing. Nothing is sent twice by itself: SMS that waited are stopped, and "
                "SMS on the phones that may belong to an open rent are held. Send those that Onlinesim does not "
                "have, and compare the open rents with your Onlinesim account."
            )
        )
        self.setAccessibleName(self._title.text())
        self.show()
