"""The parts of the details panel: the advice box, and the lines with facts."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QFrame, QHBoxLayout, QVBoxLayout

from ui.listing.list_spec import Advice, Fact, Heading
from ui.style.tokens import Tone
from ui.text.safe_text import visible
from ui.text.words import tr
from ui.widgets.basics import ElidedLabel, Label, button, hairline, restyle

COLOURED_TONES = (Tone.WARN, Tone.BAD)


class AdviceBox(QFrame):
    """“What to do”, coloured by urgency, with a button that copies its command."""

    def __init__(self) -> None:
        super().__init__()
        self.setObjectName("advice")
        self._text = Label("", wrap=True, selectable=True)
        self._command = Label("", "command", wrap=True, selectable=True)
        self._copy = button(tr("Copy command"))
        self._copy.clicked.connect(self._copy_command)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(12, 10, 12, 12)
        layout.setSpacing(6)
        layout.addWidget(Label(tr("What to do"), "heading"))
        layout.addWidget(self._text)
        layout.addWidget(self._command)
        layout.addWidget(self._copy, 0, Qt.AlignmentFlag.AlignLeft)

    def show_advice(self, advice: Advice) -> None:
        restyle(self, "tone", str(advice.tone) if advice.tone in COLOURED_TONES else "quiet")
        self._text.setText(visible(advice.text))
        if advice.command != self._command.text():
            self._command.setText(advice.command)
            self._copy.setText(tr("Copy command"))
        self._command.setVisible(bool(advice.command))
        self._copy.setVisible(bool(advice.command))
        self.setVisible(bool(advice.text))

    def _copy_command(self) -> None:
        QGuiApplication.clipboard().setText(self._command.text())
        self._copy.setText(tr("Copied"))


class FactLine(QFrame):
    """Name on the left, value on the right, a hairline below; a heading has only a name."""

    def __init__(self, fact: Fact) -> None:
        super().__init__()
        is_heading = isinstance(fact, Heading)
        mode = Qt.TextElideMode.ElideMiddle if fact.mono else Qt.TextElideMode.ElideRight
        self._value = ElidedLabel("", mode=mode)
        self._value.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        self._value.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        row = QHBoxLayout()
        row.setContentsMargins(0, 14 if is_heading else 7, 0, 7)
        row.setSpacing(16)
        row.addWidget(Label(fact.name, "heading" if is_heading else "dim"))
        row.addWidget(self._value, 1)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addLayout(row)
        layout.addWidget(hairline())
        self.show_fact(fact)

    def show_fact(self, fact: Fact) -> None:
        self._value.show_text(fact.value)
        restyle(self._value, "ink", str(fact.tone) if fact.tone is not None else "")
