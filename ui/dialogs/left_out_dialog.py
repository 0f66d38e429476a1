"""Lists the lines that an import left out, each with its line number and reason."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QDialog, QHBoxLayout, QPlainTextEdit, QVBoxLayout, QWidget

from ui.text.words import tr
from ui.widgets.basics import Label, button

WIDTH, HEIGHT = 620, 360


class LeftOutDialog(QDialog):
    """The summary of an import above the list; `open()` it."""

    def __init__(self, parent: QWidget, summary: str, lines: Sequence[str]) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle(tr("Lines left out"))
        self.resize(WIDTH, HEIGHT)
        self.list = QPlainTextEdit("\n".join(lines))
        self.list.setReadOnly(True)
        self.list.setAccessibleName(tr("Lines left out"))
        close = button(tr("Close"), "main")
        close.setDefault(True)
        close.clicked.connect(self.accept)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(24, 20, 24, 20)
        layout.setSpacing(12)
        layout.addWidget(Label(tr("Lines left out"), "name", wrap=True))
        layout.addWidget(Label(summary, "dim", wrap=True))
        layout.addWidget(self.list, 1)
        row = QHBoxLayout()
        row.addStretch(1)
        row.addWidget(close)
        layout.addLayout(row)
