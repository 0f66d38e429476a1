"""The lines of an imported table that were left out: every one, with its number, to be read and copied."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QDialog, QHBoxLayout, QPlainTextEdit, QVBoxLayout, QWidget

from ui.text.words import tr
from ui.widgets.basics import Label, button

WIDTH, HEIGHT = 620, 360


class LeftOutDialog(QDialog):
    """What an import did, and below it a list that may be long; `open()` it."""

    def __init__(self, parent: QWidget, said: str, lines: Sequence[str]) -> None:
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
        layout.addWidget(Label(said, "dim", wrap=True))
        layout.addWidget(self.list, 1)
        row = QHBoxLayout()
        row.addStretch(1)
        row.addWidget(close)
        layout.addLayout(row)
