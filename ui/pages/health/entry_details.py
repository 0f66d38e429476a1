"""An open entry of the log, in its place in the list: the reason, and request and response side by side."""

from __future__ import annotations

from PySide6.QtCore import QRectF, QSize, Qt, Signal
from PySide6.QtGui import QMouseEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import QFrame, QHBoxLayout, QVBoxLayout, QWidget

from phonefarm.application.model.log_entries import CallDetails, EntryKind, LogEntry, Outcome
from phonefarm.application.model.read_models import Topic
from ui.pages.health.entry_text import request_caption, request_text, response_caption, response_text
from ui.style.theme import Theme
from ui.text.safe_text import one_line
from ui.text.words import tr
from ui.text.words.log import entry_reason
from ui.widgets.basics import Label, button, connect_call

LINE_HEIGHT = 34
"""Of the entry's own line, above the details."""
LEFT = 96
EDGE = 3
ROW_NAMES = {
    Topic.RENTS: "Show rent {key}",
    Topic.PHONES: "Show phone",
    Topic.SIMS: "Show SIM",
    Topic.PUSHES: "Show push",
    Topic.MESSAGES: "Show message",
}

ABOUT_SIMS = frozenset({Outcome.NO_NUMBER, Outcome.NO_SUCH_SIM, Outcome.PREFIXES_EXCLUDED, Outcome.NONE_FREE})


class Exchange(QFrame):
    """A request or a response in fixed-width type."""

    def __init__(self, theme: Theme, caption: str, text: str, note: str = "") -> None:
        super().__init__()
        self.setObjectName("exchange")
        layout = QVBoxLayout(self)
        layout.setContentsMargins(10, 7, 10, 8)
        layout.setSpacing(2)
        for words, role in ((caption, "dim"), (text, ""), (note, "dim")):
            if words:
                label = Label(words, role, wrap=True, selectable=True)
                label.setFont(theme.mono(12))
                layout.addWidget(label)
        layout.addStretch(1)


class EntryDetails(QWidget):
    """Covers the whole row: its upper part lets the line below show through, and closes the entry on a click."""

    close_requested = Signal()
    row_requested = Signal(object, str)
    kind_requested = Signal(object)
    copy_requested = Signal()

    def __init__(self, theme: Theme, entry: LogEntry, details: CallDetails | None, *, is_loading: bool = False) -> None:
        super().__init__()
        self._theme = theme
        self.setMouseTracking(True)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(LEFT, LINE_HEIGHT, 16, 12)
        layout.setSpacing(8)
        if reason := entry_reason(entry):
            layout.addWidget(Label(one_line(reason, 600), wrap=True, selectable=True))
        if is_loading:
            layout.addWidget(Label(tr("reading…"), "dim"))
        elif details is not None and (details.request or details.response):
            layout.addLayout(self._exchange(theme, entry, details))
        elif entry.kind is EntryKind.WRONG_KEY:
            layout.addWidget(
                Label(
                    tr("{caption}. Nothing of the request is stored.").format(caption=request_caption(entry)),
                    "dim",
                    wrap=True,
                )
            )
        elif entry.outcome is not None and details is None:
            layout.addWidget(Label(tr("Request and response are not kept any more."), "dim", wrap=True))
        layout.addLayout(self._buttons(entry))

    def _exchange(self, theme: Theme, entry: LogEntry, details: CallDetails) -> QHBoxLayout:
        came_from = tr("from {address}").format(address=one_line(entry.address, 60)) if entry.address else ""
        row = QHBoxLayout()
        row.setSpacing(8)
        row.addWidget(Exchange(theme, request_caption(entry), request_text(details)), 1)
        row.addWidget(Exchange(theme, response_caption(entry), response_text(details), came_from), 1)
        return row

    def _buttons(self, entry: LogEntry) -> QHBoxLayout:
        row = QHBoxLayout()
        row.setSpacing(8)
        self.copy = button(tr("Copy as text"))
        self.copy.clicked.connect(self.copy_requested)
        self.same_kind = button(tr("All of this kind"))
        connect_call(self.same_kind.clicked, self.kind_requested.emit, entry.kind)
        row.addWidget(self.copy)
        row.addWidget(self.same_kind)
        if entry.topic in ROW_NAMES and entry.key:
            self.show_row = button(tr(ROW_NAMES[entry.topic]).format(key=entry.key))
            connect_call(self.show_row.clicked, self.row_requested.emit, entry.topic, entry.key)
            row.addWidget(self.show_row)
        if entry.outcome in ABOUT_SIMS:
            self.show_sims = button(tr("Show SIMs"))
            connect_call(self.show_sims.clicked, self.row_requested.emit, Topic.SIMS, "")
            row.addWidget(self.show_sims)
        row.addStretch(1)
        return row

    def height_at(self, width: int) -> int:
        layout = self.layout()
        assert layout is not None
        return layout.heightForWidth(width) if layout.hasHeightForWidth() else layout.sizeHint().height()

    def sizeHint(self) -> QSize:  # noqa: N802
        return QSize(400, self.height_at(max(400, self.width())))

    def mousePressEvent(self, event: QMouseEvent) -> None:  # noqa: N802
        if event.position().y() < LINE_HEIGHT and event.button() is Qt.MouseButton.LeftButton:
            self.close_requested.emit()

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802
        painter = QPainter(self)
        painter.fillRect(QRectF(0, 0, EDGE, self.height()), self._theme.colour("accent"))
        painter.end()
