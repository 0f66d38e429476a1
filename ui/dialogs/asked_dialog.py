"""A dialog that closes when its answer was taken, and else keeps what was typed and says beside it what is wrong."""

from __future__ import annotations

from PySide6.QtWidgets import QDialog, QPushButton, QWidget
from shiboken6 import isValid

from ui.text.safe_text import one_line
from ui.widgets.basics import Label, restyle


class AskedDialog(QDialog):
    """Who carries the answer out tells it `taken` or `refused`; that may be after the user has closed it."""

    yes: QPushButton

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.problem = Label("", "problem", wrap=True)
        self.problem.hide()
        self.suspect: QWidget | None = None
        """The field that a refusal is about."""

    def wait(self) -> None:
        """The answer is on its way: no second one meanwhile."""
        self.say("")
        self.yes.setEnabled(False)

    def taken(self) -> None:
        if isValid(self):
            self.accept()

    def refused(self, problem: str) -> bool:
        """Whether the user sees it here."""
        if not isValid(self) or not self.isVisible():
            return False
        self.say(problem)
        self.yes.setEnabled(True)
        if self.suspect is not None:
            self.suspect.setFocus()
        return True

    def say(self, problem: str) -> None:
        self.problem.setText(one_line(problem, 400))
        self.problem.setVisible(bool(problem))
        if self.suspect is not None:
            restyle(self.suspect, "state", "problem" if problem else "")
        if problem:
            self._make_room()

    def _make_room(self) -> None:
        if (layout := self.layout()) is not None:
            layout.activate()
            self.resize(self.width(), max(self.height(), layout.totalHeightForWidth(self.width())))
