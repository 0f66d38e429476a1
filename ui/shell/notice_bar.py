"""The notice bar: how the last action went, or what failed, said once and quietly."""

from __future__ import annotations

from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QFrame, QHBoxLayout

from ui.engine.actions import Notice
from ui.style.tokens import Tone
from ui.text.words import tr
from ui.widgets.basics import Label, button, restyle

GOOD_NEWS_MS = 6000


class NoticeBar(QFrame):
    """Good news leaves by itself; the rest stays until it is dismissed or replaced."""

    def __init__(self) -> None:
        super().__init__()
        self.setObjectName("notice")
        self._text = Label("", wrap=True, selectable=True)
        dismiss = button(tr("Dismiss"), "quiet")
        dismiss.clicked.connect(self.hide)
        self._leave = QTimer(self, singleShot=True, interval=GOOD_NEWS_MS)
        self._leave.timeout.connect(self.hide)
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
            self._leave.start()
        else:
            self._leave.stop()
