"""The groups at the left of the Settings page, with the search above them."""

from __future__ import annotations

from collections.abc import Mapping

from PySide6.QtCore import QRect, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QFontMetrics, QKeyEvent, QPainter, QPaintEvent, QResizeEvent
from PySide6.QtWidgets import QAbstractButton, QButtonGroup, QHBoxLayout, QLineEdit, QSizePolicy, QVBoxLayout, QWidget

from ui.pages.settings.groups import SettingGroup
from ui.style.theme import Theme
from ui.style.tokens import Tone
from ui.text import formats
from ui.text.words import counted, tr
from ui.widgets.basics import KeyboardRing, Label, connect_call

WIDTH = 200
ITEM_HEIGHT = 34
PILL_HEIGHT = 19


class GroupItem(QAbstractButton):
    """A group's name, and how many of its settings are changed or wrong."""

    def __init__(self, theme: Theme, text: str) -> None:
        super().__init__()
        self._theme = theme
        self._changed = 0
        self._wrong = 0
        self._ring = KeyboardRing(self)
        self.setText(text)
        self.setAccessibleName(text)
        self.setCheckable(True)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        theme.changed.connect(self.update)

    def sizeHint(self) -> QSize:  # noqa: N802
        return QSize(WIDTH, ITEM_HEIGHT)

    def show_counts(self, changed: int, wrong: int) -> None:
        self._changed, self._wrong = changed, wrong
        self.setAccessibleName(", ".join(filter(None, (self.text(), self.count_text()))))
        self.update()

    def count_text(self) -> str:
        if self._wrong:
            return counted(self._wrong, "1 to correct", "%n to correct")
        return counted(self._changed, "1 changed", "%n changed") if self._changed else ""

    def painted_count(self) -> str:
        """In words where they fit beside the name, else the bare number."""
        name = QFontMetrics(self._theme.font(bold=True)).horizontalAdvance(self.text())
        words = QFontMetrics(self._theme.font(12)).horizontalAdvance(self.count_text())
        is_short = self._wrong or name + 12 + words > self.width() - 24
        return formats.number(self._wrong or self._changed) if is_short else self.count_text()

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        rect = self.rect()
        painter.setPen(Qt.PenStyle.NoPen)
        if self.isChecked() or self.underMouse():
            painter.setBrush(self._theme.colour("selection" if self.isChecked() else "hover"))
            painter.drawRoundedRect(rect, 6, 6)
        if self._ring.is_on:
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.setPen(self._theme.colour("accent"))
            painter.drawRoundedRect(QRectF(rect).adjusted(0.5, 0.5, -0.5, -0.5), 6, 6)
        inside = rect.adjusted(12, 0, -12, 0)
        painter.setFont(self._theme.font(bold=self.isChecked()))
        painter.setPen(self._theme.colour("accent" if self.isChecked() else "text"))
        painter.drawText(inside, int(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter), self.text())
        self._paint_count(painter, inside)
        painter.end()

    def _paint_count(self, painter: QPainter, inside: QRect) -> None:
        font = self._theme.font(12, bold=bool(self._wrong))
        painter.setFont(font)
        if self._wrong:
            text = self.painted_count()
            width = max(PILL_HEIGHT + 3, QFontMetrics(font).horizontalAdvance(text) + 12)
            top = inside.center().y() - PILL_HEIGHT / 2 + 0.5
            pill = QRectF(inside.right() - width + 1, top, width, PILL_HEIGHT)
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(self._theme.fill(Tone.BAD))
            painter.drawRoundedRect(pill, PILL_HEIGHT / 2, PILL_HEIGHT / 2)
            painter.setPen(self._theme.ink(Tone.BAD))
            painter.drawText(pill, int(Qt.AlignmentFlag.AlignCenter), text)
        elif self._changed:
            painter.setPen(self._theme.colour("dim"))
            right = int(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
            painter.drawText(inside, right, self.painted_count())


class SearchField(QLineEdit):
    """Escape empties it; Return goes to the first hit."""

    escaped = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.setPlaceholderText(tr("Search settings"))
        self.setAccessibleName(tr("Search settings"))
        self.keys = Label(tr("Ctrl F"), "key")
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 8, 0)
        row.addStretch(1)
        row.addWidget(self.keys, alignment=Qt.AlignmentFlag.AlignVCenter)
        self.textChanged.connect(self._show_keys)

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: N802
        super().resizeEvent(event)
        self._show_keys()

    def _show_keys(self) -> None:
        """Only where there is room beside the text."""
        text = self.fontMetrics().horizontalAdvance(self.placeholderText())
        room = self.width() - self.keys.sizeHint().width() - 32
        self.keys.setVisible(not self.text() and text <= room)

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: N802
        if event.key() == Qt.Key.Key_Escape:
            self.clear()
            self.escaped.emit()
            return
        super().keyPressEvent(event)


class GroupList(QWidget):
    chosen = Signal(object)
    """A SettingGroup, by the user."""

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self.setFixedWidth(WIDTH)
        self.search = SearchField()
        self.items = {group: GroupItem(theme, group.label()) for group in SettingGroup}
        self._buttons = QButtonGroup(self)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(2)
        column.addWidget(self.search)
        column.addSpacing(10)
        for group, item in self.items.items():
            self._buttons.addButton(item)
            connect_call(item.clicked, self.chosen.emit, group)
            column.addWidget(item)
        column.addStretch(1)

    def mark_current(self, group: SettingGroup | None) -> None:
        """None: the hits of all groups are shown."""
        self._buttons.setExclusive(group is not None)
        for each, item in self.items.items():
            item.setChecked(each is group)

    def show_counts(self, changed: Mapping[SettingGroup, int], wrong: Mapping[SettingGroup, int]) -> None:
        for group, item in self.items.items():
            item.show_counts(changed.get(group, 0), wrong.get(group, 0))
