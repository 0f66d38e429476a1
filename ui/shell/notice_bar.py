"""The notice bar: the outcome of the last action, or what failed."""

from __future__ import annotations

from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QFrame, QHBoxLayout

from ui.engine.actions import Notice
from ui.style.tokens import Tone
from ui.text.words import tr
from ui.widgets.basics import Label, button, restyle

SUCCESS_MS = 6000


class NoticeBar(QFrame):
    """A success hides by itself; anything else stays until it is dismissed or replaced."""

    def __init__(self) -> None:
        super().__init__()
        self.setObjectName("notice")
        self._text = Label("", wrap=True, selectable=True)
        dismiss = button(tr("Dismiss"), "quiet")
        dismiss.clicked.connect(self.hide)
        self._hide_timer = QTimer(self, singleShot=True, interval=SUCCESS_MS)
        self._hide_timer.timeout.connect(self.hide)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(12, 4, 4, 4)
        layout.setSpacing(8)
        layout.addWidget(self._text, 1)
        layout.addWidget(dismiss)
        self.hide()

    def text(self) -> str:
        return "" if self.isHidden() else self._text.text()

    def show_notice(self, notice: Notice) -> None:
        restyle(self, "tone", str(notice.tone))
        self._text.setText(notice.text)
        self.setAccessibleName(notice.text)
        self.show()
        if notice.tone is Tone.OK:
            self._hide_timer.start()
        else:
            self._hide_timer.stop()
