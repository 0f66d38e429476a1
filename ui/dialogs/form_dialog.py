"""The base of dialogs with fields: title, explanation, content, buttons."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from ui.dialogs.answer_dialog import AnswerDialog
from ui.text.words import tr
from ui.widgets.basics import Label, button


class FormDialog(AnswerDialog):
    def __init__(self, parent: QWidget, title: str, explanation: str) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle(title)
        self.content = QVBoxLayout(self)
        self.content.setContentsMargins(24, 20, 24, 20)
        self.content.setSpacing(12)
        self.explanation = Label(explanation, "dim", wrap=True)
        self.content.addWidget(Label(title, "name", wrap=True))
        self.content.addWidget(self.explanation)
        self.yes = button(tr("Save"), "main")
        self.no = button(tr("Cancel"))
        self.no.clicked.connect(self.reject)

    def add_buttons(self, *left: QWidget) -> None:
        row = QHBoxLayout()
        row.setSpacing(8)
        for widget in left:
            row.addWidget(widget)
        row.addStretch(1)
        row.addWidget(self.no)
        row.addWidget(self.yes)
        self.content.addSpacing(8)
        self.content.addLayout(row)
