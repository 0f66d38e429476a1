"""The sale bar: how much is for sale, on every page, and the button that pauses all selling."""

from __future__ import annotations

from datetime import datetime

from PySide6.QtCore import QTimer, Signal
from PySide6.QtWidgets import QApplication, QFrame, QHBoxLayout

from phonefarm.application.model.read_models import Overview
from ui.text.words import tr
from ui.text.words.background import for_sale_parts, for_sale_sentence, paused_sentence, rents_go_on
from ui.widgets.basics import Label, button, restyle

HEIGHT = 36


class SaleBar(QFrame):
    """Always there and always of one height; amber as a whole while selling is paused."""

    pause_requested = Signal()
    resume_requested = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.setObjectName("salebar")
        self.setFixedHeight(HEIGHT)
        self._is_paused: bool | None = None
        self._sentence = Label(tr("Starting"), "heading")
        self._sentence.setObjectName("sentence")
        self._parts = Label("", "dim")
        self.switch = button(tr("Pause selling"), "bar")
        self.switch.setEnabled(False)
        self.switch.clicked.connect(self._request)
        self._settling = QTimer(self, singleShot=True, interval=QApplication.doubleClickInterval())
        layout = QHBoxLayout(self)
        layout.setContentsMargins(24, 0, 24, 0)
        layout.setSpacing(12)
        layout.addWidget(self._sentence)
        layout.addWidget(self._parts, 1)
        layout.addWidget(self.switch)

    def text(self) -> str:
        return f"{self._sentence.text()} {self._parts.text()}".strip()

    def show_overview(self, overview: Overview, now: datetime) -> None:
        is_paused = overview.paused is not None
        if overview.paused is None:
            self._sentence.setText(for_sale_sentence(overview))
            self._parts.setText(for_sale_parts(overview))
        else:
            self._sentence.setText(paused_sentence(overview.paused, now))
            self._parts.setText(rents_go_on(overview.counts.rents_open))
        if self._is_paused is not None and is_paused is not self._is_paused:
            self._settling.start()
        self._is_paused = is_paused
        self.switch.setText(tr("Resume selling") if is_paused else tr("Pause selling"))
        self.switch.setAccessibleName(self.switch.text())
        self.switch.setEnabled(True)
        restyle(self, "tone", "warn" if is_paused else "")

    def _request(self) -> None:
        """The second click of a double click would undo the first."""
        if self._settling.isActive():
            return
        (self.resume_requested if self._is_paused else self.pause_requested).emit()
