"""A column of checks: what was tested, and how it stands, each with a dot and a word; and the box with a cause."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFrame, QHBoxLayout, QVBoxLayout, QWidget

from ui.style.tokens import Tone
from ui.widgets.basics import ElidedLabel, Label, empty_layout, hairline, restyle

ROW_HEIGHT = 28
NAME_WIDTH = 170
DOT, HOLLOW_DOT = "●", "○"


@dataclass(frozen=True)
class Check:
    """One row; `tone` None is "not tested yet"."""

    name: str
    value: str
    tone: Tone | None = None


class CheckList(QWidget):
    def __init__(self) -> None:
        super().__init__()
        self.checks: tuple[Check, ...] = ()
        self._layout = QVBoxLayout(self)
        self._layout.setContentsMargins(0, 0, 0, 0)
        self._layout.setSpacing(0)

    def show_checks(self, checks: Sequence[Check]) -> None:
        if tuple(checks) == self.checks:
            return
        self.checks = tuple(checks)
        empty_layout(self._layout)
        for check in checks:
            self._layout.addWidget(_row(check))
            self._layout.addWidget(hairline())


def _row(check: Check) -> QWidget:
    row = QWidget()
    row.setFixedHeight(ROW_HEIGHT)
    row.setAccessibleName(f"{check.name}: {check.value}")
    layout = QHBoxLayout(row)
    layout.setContentsMargins(0, 0, 0, 0)
    layout.setSpacing(8)
    dot = Label(HOLLOW_DOT if check.tone is None else DOT)
    dot.setFixedWidth(12)
    restyle(dot, "ink", str(check.tone or Tone.IDLE))
    name = Label(check.name, "dim")
    name.setFixedWidth(NAME_WIDTH)
    value = ElidedLabel(check.value, "heading" if check.tone is Tone.BAD else "")
    if check.tone in (Tone.BAD, Tone.WARN, None):
        restyle(value, "ink", str(check.tone or Tone.IDLE))
    for widget in (dot, name):
        layout.addWidget(widget, 0, Qt.AlignmentFlag.AlignVCenter)
    layout.addWidget(value, 1, Qt.AlignmentFlag.AlignVCenter)
    return row


class CauseBox(QFrame):
    """The first cause: what happened, why, and the buttons that help."""

    def __init__(self, *buttons: QWidget) -> None:
        super().__init__()
        self.setObjectName("advice")
        self._title = Label("", "heading", wrap=True)
        self._why = Label("", wrap=True)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(12, 10, 12, 12)
        layout.setSpacing(4)
        layout.addWidget(self._title)
        layout.addWidget(self._why)
        if buttons:
            row = QHBoxLayout()
            row.setSpacing(8)
            for each in buttons:
                row.addWidget(each)
            row.addStretch(1)
            layout.addSpacing(6)
            layout.addLayout(row)
        self.hide()

    def show_cause(self, title: str, why: str = "", tone: Tone = Tone.BAD) -> None:
        self._title.setText(title)
        self._why.setText(why)
        self._why.setVisible(bool(why))
        restyle(self, "tone", str(tone))
        restyle(self._title, "ink", str(tone))
        self.setAccessibleName(f"{title} {why}".strip())
        self.show()

    def words(self) -> str:
        """What is shown; empty while nothing is."""
        return "" if self.isHidden() else f"{self._title.text()} {self._why.text()}".strip()
