"""Small widgets and helpers for every page; all of them show plain text only."""

from __future__ import annotations

from collections.abc import Callable
from html import escape
from typing import ParamSpec

from PySide6.QtCore import QEvent, QObject, QSize, Qt, SignalInstance
from PySide6.QtGui import QFocusEvent, QPaintEvent, QResizeEvent
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QLayout, QPushButton, QSizePolicy, QVBoxLayout, QWidget

from ui.style.tokens import Tone
from ui.text.words import Word

P = ParamSpec("P")


def connect_call(signal: SignalInstance, call: Callable[P, object], *args: P.args, **kwargs: P.kwargs) -> None:
    """Call `call` with these arguments at each signal, without the signal's own arguments (a check mark, mostly)."""
    signal.connect(lambda: call(*args, **kwargs))


def plain_tooltip(text: str) -> str:
    """A tooltip that shows `text` literally: Qt would render text with tags as rich text."""
    return f"<p style='white-space: pre-wrap'>{escape(text)}</p>" if text else ""


class Label(QLabel):
    """A plain-text label with a role that the style sheet knows."""

    def __init__(self, text: str = "", role: str = "", *, wrap: bool = False, selectable: bool = False) -> None:
        super().__init__()
        self.setTextFormat(Qt.TextFormat.PlainText)
        self.setWordWrap(wrap)
        if role:
            self.setProperty("role", role)
        if selectable:
            self.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.setText(text)


class ElidedLabel(Label):
    """A label of one line; text that does not fit ends in an ellipsis and is shown in the tooltip."""

    def __init__(self, text: str = "", role: str = "", mode: Qt.TextElideMode = Qt.TextElideMode.ElideRight) -> None:
        self._whole = ""
        self._mode = mode
        super().__init__(role=role)
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        self.show_text(text)

    def whole_text(self) -> str:
        return self._whole

    def show_text(self, text: str) -> None:
        if text != self._whole:
            self._whole = text
            self.setAccessibleName(text)
            self.updateGeometry()
            self._elide()

    def sizeHint(self) -> QSize:  # noqa: N802
        hint = super().sizeHint()
        return QSize(self.fontMetrics().horizontalAdvance(self._whole) + 4, hint.height())

    def minimumSizeHint(self) -> QSize:  # noqa: N802
        return QSize(0, super().minimumSizeHint().height())

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: N802
        super().resizeEvent(event)
        self._elide()

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802
        self._elide()
        super().paintEvent(event)

    def _elide(self) -> None:
        shown = self.fontMetrics().elidedText(self._whole, self._mode, max(0, self.width()))
        if shown != self.text():
            self.setText(shown)
            self.setToolTip(plain_tooltip(self._whole) if shown != self._whole else "")


CHIP_PADDING = 8


class Chip(Label):
    """A state as one word, coloured by its tone."""

    def __init__(self, word: Word | None = None) -> None:
        super().__init__()
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        self.setAlignment(Qt.AlignmentFlag.AlignCenter)
        if word is not None:
            self.show_word(word)

    def show_word(self, word: Word) -> None:
        self.show_text(word.label(), word.tone, word.explanation())

    def show_text(self, text: str, tone: Tone, tooltip: str = "") -> None:
        self.setText(text)
        self.setToolTip(plain_tooltip(tooltip))
        restyle(self, "chip", str(tone))
        self.updateGeometry()

    def sizeHint(self) -> QSize:  # noqa: N802
        self.ensurePolished()
        width = self.fontMetrics().horizontalAdvance(self.text()) + 2 * CHIP_PADDING + 2
        return QSize(width, super().sizeHint().height())


class KeyboardRing(QObject):
    """Whether a painted widget should show its focus: only if it came by the keyboard."""

    REASONS = (Qt.FocusReason.TabFocusReason, Qt.FocusReason.BacktabFocusReason, Qt.FocusReason.ShortcutFocusReason)

    def __init__(self, widget: QWidget) -> None:
        super().__init__(widget)
        self._widget = widget
        self.is_on = False
        widget.installEventFilter(self)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:  # noqa: N802
        if event.type() in (QEvent.Type.FocusIn, QEvent.Type.FocusOut) and isinstance(event, QFocusEvent):
            self.is_on = event.gotFocus() and event.reason() in self.REASONS
            self._widget.update()
        return False


class Card(QFrame):
    """A panel with a hairline around it; widgets go into `content`."""

    def __init__(self, margins: int = 16, spacing: int = 8) -> None:
        super().__init__()
        self.setProperty("role", "card")
        self.content = QVBoxLayout(self)
        self.content.setContentsMargins(margins, margins, margins, margins)
        self.content.setSpacing(spacing)


def hairline() -> QFrame:
    line = QFrame()
    line.setProperty("role", "hairline")
    line.setFixedHeight(1)
    return line


def heading_row(title: str, caption: str) -> tuple[QHBoxLayout, Label, ElidedLabel]:
    """A card's head: title on the left, caption on the right."""
    row = QHBoxLayout()
    row.setSpacing(12)
    head = Label(title, "heading")
    note = ElidedLabel(caption, "dim")
    note.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
    row.addWidget(head)
    row.addWidget(note, 1)
    return row, head, note


def button(text: str, role: str = "", *, name: str = "", tooltip: str = "") -> QPushButton:
    """A push button; `name` is for screen readers, if the text alone is not clear."""
    made = QPushButton(text)
    if role:
        made.setProperty("role", role)
    made.setAccessibleName(name or text)
    made.setToolTip(plain_tooltip(tooltip))
    made.setAutoDefault(False)
    return made


def restyle(widget: QWidget, name: str, value: str) -> None:
    """Set a property that the style sheet selects by, and apply the style sheet again."""
    if widget.property(name) != value:
        widget.setProperty(name, value)
        widget.style().unpolish(widget)
        widget.style().polish(widget)
        for child in widget.findChildren(QLabel):
            child.style().unpolish(child)
            child.style().polish(child)


def empty_layout(layout: QLayout) -> None:
    """Remove and delete all widgets in `layout`, which holds widgets only.

    PySide would delete a nested layout twice.
    """
    while (item := layout.takeAt(0)) is not None:
        if (widget := item.widget()) is not None:
            widget.hide()
            widget.deleteLater()
