"""The head of a page (title, summary, filter chips), and the placeholder of an empty page."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QButtonGroup, QGridLayout, QHBoxLayout, QVBoxLayout, QWidget

from ui.text import formats
from ui.text.words import tr
from ui.widgets.basics import ElidedLabel, Label, button, restyle
from ui.widgets.flow_layout import FlowLayout

HEIGHT = 32
MIN_SUMMARY_WIDTH = 150


class PageHead(QWidget):
    """Title and summary on the left, filters on the right, or on a line of their own if both do not fit."""

    filter_chosen = Signal(int)
    details_toggled = Signal()

    def __init__(self, title: str, filters: Sequence[str], needs_action: Sequence[bool] = ()) -> None:
        """`needs_action`: which filters are amber while they have rows."""
        super().__init__()
        self._titles = list(filters)
        self._needs_action = list(needs_action) or [False] * len(self._titles)
        self._summary = ElidedLabel("", "dim")
        self._title = Label(title, "title")
        self._details = button(tr("Details"), tooltip=tr("Show details (Ctrl+D)"))
        self._details.clicked.connect(self.details_toggled)
        self._details.hide()
        self._chips = QWidget()
        self._flow = FlowLayout(self._chips, spacing=6)
        self._group = QButtonGroup(self)
        for place, text in enumerate(filters):
            chip = button(text, "filter")
            chip.setCheckable(True)
            self._group.addButton(chip, place)
            self._flow.addWidget(chip)
        self._group.idClicked.connect(self.filter_chosen)
        self._is_wide = True
        self._grid = QGridLayout(self)
        self._grid.setContentsMargins(0, 0, 0, 0)
        self._grid.setVerticalSpacing(8)
        self._grid.setHorizontalSpacing(12)
        self._grid.setColumnStretch(0, 1)
        left = QHBoxLayout()
        left.setSpacing(10)
        left.addWidget(self._title, 0, Qt.AlignmentFlag.AlignVCenter)
        left.addWidget(self._summary, 1, Qt.AlignmentFlag.AlignVCenter)
        self._grid.addLayout(left, 0, 0)
        self._grid.addWidget(self._chips, 0, 1)
        self._grid.addWidget(self._details, 0, 2)
        self._tools = QWidget()
        self._tools_row = QHBoxLayout(self._tools)
        self._tools_row.setContentsMargins(0, 0, 0, 0)
        self._tools_row.setSpacing(6)
        self._tools.hide()
        self._grid.addWidget(self._tools, 0, 3)
        self._summary.setContentsMargins(0, 3, 0, 0)
        self._grid.setRowMinimumHeight(0, HEIGHT)

    def add_tools(self, buttons: Sequence[QWidget]) -> None:
        """Buttons on the right, for actions that do not depend on the selection."""
        for tool in buttons:
            self._tools_row.addWidget(tool)
        self._flow.setContentsMargins(0, 2, 0, 0)  # aligns the chips with the higher buttons
        self._tools.show()

    def show_summary(self, text: str) -> None:
        self._summary.show_text(text)

    def show_details_button(self, *, visible: bool) -> None:
        self._details.setVisible(visible)

    def show_filters(self, chosen: int | None, counts: Sequence[int]) -> None:
        self._group.setExclusive(chosen is not None)  # an exclusive group keeps one chip checked
        for place, (title, count) in enumerate(zip(self._titles, counts, strict=True)):
            chip = self._group.button(place)
            text = f"{title} {formats.number(count)}" if count else title
            if chip.text() != text:
                chip.setText(text)
                chip.setAccessibleName(tr("Show {name}: {count}").format(name=title, count=count))
            chip.setChecked(place == chosen)
            restyle(chip, "calls", "yes" if count and self._needs_action[place] else "")
        self._place_chips()

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: N802
        super().resizeEvent(event)
        self._place_chips()

    def _place_chips(self) -> None:
        needed = self._title.sizeHint().width() + MIN_SUMMARY_WIDTH + self._flow.sizeHint().width() + 24
        if not self._details.isHidden():
            needed += self._details.sizeHint().width() + 12
        if not self._tools.isHidden():
            needed += self._tools.sizeHint().width() + 12
        is_wide = needed <= self.width()
        if is_wide != self._is_wide:
            self._is_wide = is_wide
            self._grid.removeWidget(self._chips)
            if is_wide:
                self._grid.addWidget(self._chips, 0, 1)
            else:
                self._grid.addWidget(self._chips, 1, 0, 1, 3 if self._tools.isHidden() else 4)
        # A flow layout asks only for the width of its widest chip; if there is room, it gets one line.
        self._chips.setMinimumWidth(self._flow.sizeHint().width() if is_wide else 0)


class EmptyView(QWidget):
    """Shown instead of rows: why there are none, and what to do next."""

    button_pressed = Signal()

    def __init__(self) -> None:
        super().__init__()
        self._title = Label("", "heading", wrap=True)
        self._text = Label("", "dim", wrap=True)
        self._button = button("")
        self._button.clicked.connect(self.button_pressed)
        column = QWidget()
        column.setMaximumWidth(460)
        words = QVBoxLayout(column)
        words.setSpacing(8)
        words.addStretch(2)
        for label in (self._title, self._text):
            label.setAlignment(Qt.AlignmentFlag.AlignHCenter)
            words.addWidget(label)
        words.addWidget(self._button, 0, Qt.AlignmentFlag.AlignHCenter)
        words.addStretch(3)
        layout = QHBoxLayout(self)
        layout.addStretch(1)
        layout.addWidget(column, 100)
        layout.addStretch(1)

    def show_text(self, title: str, text: str, button_text: str = "") -> None:
        self._title.setText(title)
        self._text.setText(text)
        self._button.setText(button_text)
        self._button.setAccessibleName(button_text)
        self._text.setVisible(bool(text))
        self._button.setVisible(bool(button_text))

    def words(self) -> str:
        return f"{self._title.text()} {self._text.text()}".strip()
