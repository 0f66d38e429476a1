"""A dialog that closes when its answer was accepted; otherwise it keeps the input and shows the problem."""

from __future__ import annotations

from PySide6.QtWidgets import QDialog, QPushButton, QWidget
from shiboken6 import isValid

from ui.text.safe_text import one_line
from ui.widgets.basics import Label, restyle


class AnswerDialog(QDialog):
    """`close_accepted` or `show_refusal` ends the wait; either may come after the user has closed the dialog."""

    yes: QPushButton

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.problem = Label("", "problem", wrap=True)
        self.problem.hide()
        self.problem_field: QWidget | None = None
        """The field that a refusal is about."""

    def wait_for_outcome(self) -> None:
        """Disable the button until the answer is accepted or refused."""
        self.show_problem("")
        self.yes.setEnabled(False)

    def close_accepted(self) -> None:
        if isValid(self):
            self.accept()

    def show_refusal(self, problem: str) -> bool:
        """False if the dialog is closed already."""
        if not isValid(self) or not self.isVisible():
            return False
        self.show_problem(problem)
        self.yes.setEnabled(True)
        if self.problem_field is not None:
            self.problem_field.setFocus()
        return True

    def show_problem(self, problem: str) -> None:
        """Empty: there is none."""
        self.problem.setText(one_line(problem, 400))
        self.problem.setVisible(bool(problem))
        if self.problem_field is not None:
            restyle(self.problem_field, "state", "problem" if problem else "")
        if problem:
            self._grow_to_fit()

    def _grow_to_fit(self) -> None:
        if (layout := self.layout()) is not None:
            layout.activate()
            self.resize(self.width(), max(self.height(), layout.totalHeightForWidth(self.width())))
