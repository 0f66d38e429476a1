"""The questions before a command: small dialogs, opened without blocking the loop."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QCheckBox, QComboBox, QHBoxLayout, QLineEdit, QSpinBox, QVBoxLayout, QWidget

from ui.dialogs.answer_dialog import AnswerDialog
from ui.text.words import tr
from ui.widgets.basics import Label, button
from ui.widgets.wheel_guard import guarded

WIDTH = 420


@dataclass(frozen=True, kw_only=True)
class Option:
    """A check box below the answer, and its effect; initially unchecked."""

    text: str
    meaning: str


class Question(AnswerDialog):
    """A title, the effect of the answer, an optional field, and two buttons; `open()` it.

    With a field it stays open until its answer is accepted.
    """

    def __init__(
        self,
        parent: QWidget,
        title: str,
        explanation: str,
        yes: str,
        *,
        field: QWidget | None = None,
        field_name: str = "",
        option: Option | None = None,
        danger: bool = False,
    ) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle(title)
        self.setMinimumWidth(WIDTH)
        self.field = self.problem_field = field
        layout = QVBoxLayout(self)
        layout.setContentsMargins(24, 20, 24, 20)
        layout.setSpacing(12)
        layout.addWidget(Label(title, "name", wrap=True))
        layout.addWidget(Label(explanation, "dim", wrap=True))
        if field is not None:
            caption = Label(field_name.replace("&", "&&"))  # a label with a buddy takes `&` for a mnemonic
            caption.setBuddy(field)
            field.setAccessibleName(field_name)
            layout.addSpacing(4)
            layout.addWidget(caption)
            layout.addWidget(field)
            layout.addWidget(self.problem)
        self.option = None if option is None else self._add_option(layout, option)
        layout.addSpacing(8)
        layout.addLayout(self._buttons(yes, danger=danger))

    def _add_option(self, layout: QVBoxLayout, option: Option) -> QCheckBox:
        box = QCheckBox(option.text.replace("&", "&&"))
        meaning = Label(option.meaning, "dim", wrap=True)
        meaning.setContentsMargins(23, 0, 0, 0)
        box.setAccessibleDescription(option.meaning)
        layout.addSpacing(4)
        layout.addWidget(box)
        layout.addWidget(meaning)
        return box

    def _buttons(self, yes: str, *, danger: bool) -> QHBoxLayout:
        self.yes = button(yes, "danger" if danger else "main")
        self.no = button(tr("Cancel"))
        # Enter must not give a dangerous answer.
        self.yes.setDefault(not danger)
        self.no.setDefault(danger)
        if self.field is None:
            self.yes.clicked.connect(self.accept)
        self.no.clicked.connect(self.reject)
        row = QHBoxLayout()
        row.setSpacing(8)
        row.addStretch(1)
        row.addWidget(self.no)
        row.addWidget(self.yes)
        return row


def confirm(
    parent: QWidget, title: str, explanation: str, yes: str, then: Callable[[], None], *, danger: bool = False
) -> Question:
    question = Question(parent, title, explanation, yes, danger=danger)
    question.accepted.connect(then)
    question.open()
    return question


def _on_yes(question: Question, answer: Callable[[], None]) -> None:
    def wait_and_answer() -> None:
        question.wait_for_outcome()
        answer()

    question.yes.clicked.connect(wait_and_answer)


def ask_text(
    parent: QWidget,
    title: str,
    explanation: str,
    field_name: str,
    yes: str,
    then: Callable[[str, AnswerDialog], None],
    *,
    value: str = "",
    may_be_empty: bool = False,
    max_length: int = 80,
) -> Question:
    field = QLineEdit(value)
    field.setMaxLength(max_length)
    field.selectAll()
    question = Question(parent, title, explanation, yes, field=field, field_name=field_name)

    def check(text: str) -> None:
        question.show_problem("")
        question.yes.setEnabled(may_be_empty or bool(text.strip()))

    field.textChanged.connect(check)
    check(value)
    _on_yes(question, lambda: then(field.text().strip(), question))
    question.open()
    field.setFocus()
    return question


def ask_hours(
    parent: QWidget,
    title: str,
    explanation: str,
    yes: str,
    then: Callable[[int, AnswerDialog], None],
    *,
    hours: int = 24,
) -> Question:
    field = guarded(QSpinBox())
    field.setRange(1, 24 * 30)
    field.setValue(hours)
    field.setSuffix(tr(" hours"))
    field.lineEdit().setTextMargins(9, 0, 9, 0)
    question = Question(parent, title, explanation, yes, field=field, field_name=tr("For how long"))
    _on_yes(question, lambda: then(field.value(), question))
    question.open()
    field.setFocus()
    return question


def ask_choice(
    parent: QWidget,
    title: str,
    explanation: str,
    field_name: str,
    yes: str,
    choices: Sequence[tuple[str, str]],
    option: Option | None,
    then: Callable[[str, bool, AnswerDialog], None],
) -> Question:
    """`choices` are (key, text); none is preselected, so that nobody confirms a guess by mistake."""
    field = guarded(QComboBox())
    for key, text in choices:
        field.addItem(text, key)
    field.setCurrentIndex(-1)
    field.setPlaceholderText(tr("Choose…"))
    question = Question(parent, title, explanation, yes, field=field, field_name=field_name, option=option)
    question.yes.setEnabled(False)
    field.currentIndexChanged.connect(lambda place: question.yes.setEnabled(place >= 0))
    box = question.option
    _on_yes(question, lambda: then(str(field.currentData()), box is not None and box.isChecked(), question))
    question.open()
    field.setFocus()
    return question
