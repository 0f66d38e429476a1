"""The top line: the most urgent thing that needs action, or that all is well; beside it the search."""

from __future__ import annotations

from datetime import datetime

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QKeyEvent, QResizeEvent
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLineEdit, QMenu

from phonefarm.application.model.read_models import Attention, Overview
from ui.text import formats
from ui.text.words import attention_sentence, attention_tone, calm_sentence, counted, group_by_kind, tr
from ui.widgets.basics import Label, button, connect_call, restyle

HEIGHT = 42
WIDE = 640
"""From this width (px) on, the bar has room for “since” in a label of its own."""
SEARCH_WIDTH = (200, 280)
MAX_MENU_ENTRIES = 20


class AttentionBar(QFrame):
    """The most urgent sentence with its button; a menu lists the others by kind."""

    show_requested = Signal(object)
    """An Attention."""

    def __init__(self) -> None:
        super().__init__()
        self.setObjectName("attention")
        self.setMinimumHeight(HEIGHT)
        self._all: tuple[Attention, ...] | None = None
        self._calm_sentence = ""
        self._sentence = Label("", wrap=True)
        self._sentence.setObjectName("sentence")
        self._since = Label("", "dim")
        self._more = button("", "quiet")
        self._show = button(tr("Show"))
        self._more.clicked.connect(self._open_menu)
        self._show.clicked.connect(self._request_first)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(12, 3, 8, 3)
        layout.setSpacing(10)
        layout.addWidget(self._sentence, 1)
        layout.addWidget(self._since)
        layout.addWidget(self._more)
        layout.addWidget(self._show)
        for widget in (self._since, self._more, self._show):
            widget.hide()

    def sentence(self) -> str:
        return self._sentence.text()

    def show_overview(self, overview: Overview, now: datetime) -> None:
        calm = calm_sentence(overview)
        if (overview.attention, calm) == (self._all, self._calm_sentence):
            return
        self._all, self._calm_sentence = overview.attention, calm
        self._show.setVisible(bool(self._all))
        self._more.setVisible(len(self._all) > 1)
        if not self._all:
            self._show_since()
            restyle(self, "tone", "ok" if overview.numbers_working else "idle")
            self._sentence.setText(calm)
            return
        first = self._all[0]
        restyle(self, "tone", str(attention_tone(first)))
        self._since.setText(formats.since(first.since, now))
        self._show_since()
        self._more.setText(counted(len(self._all) - 1, "1 more", "%n more"))
        self._more.setAccessibleName(tr("Show what else needs action"))
        self._show.setAccessibleName(tr("Show: {sentence}").format(sentence=attention_sentence(first)))

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: N802
        super().resizeEvent(event)
        self._show_since()

    def _show_since(self) -> None:
        """In a label of its own, or in a narrow window at the end of the sentence."""
        if not self._all:
            self._since.hide()
            return
        is_wide = self.width() >= WIDE
        self._since.setVisible(is_wide)
        sentence = attention_sentence(self._all[0])
        self._sentence.setText(sentence if is_wide else f"{sentence} · {self._since.text()}")

    def make_menu(self) -> QMenu:
        menu = QMenu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        for attention, count in group_by_kind(self._all or ())[:MAX_MENU_ENTRIES]:
            sentence = attention_sentence(attention)
            if count > 1:
                sentence += " · " + counted(count - 1, "and 1 more like it", "and %n more like it")
            entry = menu.addAction(sentence.replace("&", "&&"))
            connect_call(entry.triggered, self.show_requested.emit, attention)
        return menu

    def _open_menu(self) -> None:
        self.make_menu().popup(self._more.mapToGlobal(self._more.rect().bottomLeft()))

    def _request_first(self) -> None:
        if self._all:
            self.show_requested.emit(self._all[0])


class SearchField(QLineEdit):
    """Filters the current page; Esc clears it."""

    def __init__(self) -> None:
        super().__init__()
        self.setFixedWidth(SEARCH_WIDTH[1])
        self.setMaxLength(100)
        self.setPlaceholderText(tr("Search number, ICCID, sender, rent…"))
        self.setAccessibleName(tr("Search this page (Ctrl+F)"))
        self.setClearButtonEnabled(True)

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: N802
        if event.key() == Qt.Key.Key_Escape:
            self.clear()
            return
        super().keyPressEvent(event)


class TopLine(QFrame):
    def __init__(self) -> None:
        super().__init__()
        self.setObjectName("topline")
        self.attention = AttentionBar()
        self.search = SearchField()
        layout = QHBoxLayout(self)
        layout.setContentsMargins(24, 12, 24, 12)
        layout.setSpacing(16)
        layout.addWidget(self.attention, 1)
        layout.addWidget(self.search)

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: N802
        self.search.setFixedWidth(SEARCH_WIDTH[self.width() >= 1.5 * WIDE])
        super().resizeEvent(event)
