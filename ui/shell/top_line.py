"""The top line: the one thing that needs the user now, or that all is well; the search beside it."""

from __future__ import annotations

from datetime import datetime

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QKeyEvent, QResizeEvent
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLineEdit, QMenu

from phonefarm.application.model.read_models import Attention, Overview
from ui.text import formats
from ui.text.words import attention_sentence, attention_tone, by_kind, calm_sentence, counted, tr
from ui.widgets.basics import Label, button, restyle

HEIGHT = 42
ROOMY = 640
SEARCH_WIDTH = (200, 280)
MOST_IN_MENU = 20


class AttentionBar(QFrame):
    """One sentence with its action; the others, gathered by kind, are a click away."""

    show_wanted = Signal(object)
    """An Attention."""

    def __init__(self) -> None:
        super().__init__()
        self.setObjectName("attention")
        self.setMinimumHeight(HEIGHT)
        self._all: tuple[Attention, ...] | None = None
        self._calm = ""
        self._sentence = Label("", wrap=True)
        self._sentence.setObjectName("sentence")
        self._since = Label("", "dim")
        self._more = button("", "quiet")
        self._show = button(tr("Show"))
        self._more.clicked.connect(self._open_menu)
        self._show.clicked.connect(self._want_first)
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

    def show_overview(self, seen: Overview, now: datetime) -> None:
        calm = calm_sentence(seen)
        if (seen.attention, calm) == (self._all, self._calm):
            return
        self._all, self._calm = seen.attention, calm
        self._show.setVisible(bool(self._all))
        self._more.setVisible(len(self._all) > 1)
        if not self._all:
            self._show_since()
            restyle(self, "tone", "ok" if seen.numbers_working else "idle")
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
        """Where it is narrow, since when stands behind what to do instead of beside it."""
        if not self._all:
            self._since.hide()
            return
        is_roomy = self.width() >= ROOMY
        self._since.setVisible(is_roomy)
        sentence = attention_sentence(self._all[0])
        self._sentence.setText(sentence if is_roomy else f"{sentence} · {self._since.text()}")

    def make_menu(self) -> QMenu:
        menu = QMenu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        for attention, count in by_kind(self._all or ())[:MOST_IN_MENU]:
            sentence = attention_sentence(attention)
            if count > 1:
                sentence += " · " + counted(count - 1, "and 1 more like it", "and %n more like it")
            entry = menu.addAction(sentence.replace("&", "&&"))
            entry.triggered.connect(lambda _=False, wanted=attention: self.show_wanted.emit(wanted))
        return menu

    def _open_menu(self) -> None:
        self.make_menu().popup(self._more.mapToGlobal(self._more.rect().bottomLeft()))

    def _want_first(self) -> None:
        if self._all:
            self.show_wanted.emit(self._all[0])


class SearchField(QLineEdit):
    """Filters the page shown; Esc empties it."""

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
        self.search.setFixedWidth(SEARCH_WIDTH[self.width() >= 1.5 * ROOMY])
        super().resizeEvent(event)
