"""The body of an open step: what the user enters on the left, what was found on the right."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QHBoxLayout, QLineEdit, QVBoxLayout, QWidget

from phonefarm.application.model.setup_state import SetupState
from ui.engine.actions import Actions
from ui.engine.engine_link import Keys
from ui.text.words import tr
from ui.widgets.basics import Label

FORM_WIDTH = 446
COLUMN_GAP = 24


class StepBody(QWidget):
    """Two columns, `form` and `found`; a body overrides what concerns it."""

    busy_changed = Signal(bool)
    """Something is saved or tested now: the row says so."""
    done_something = Signal()
    """The state of the steps may be another now."""

    def __init__(self, actions: Actions, *, is_wide: bool = False) -> None:
        """`is_wide`: there is no form, and `found` has all the room."""
        super().__init__()
        self._actions = actions
        self._running = 0
        self.form = QVBoxLayout()
        self.form.setSpacing(6)
        self.found = QVBoxLayout()
        self.found.setSpacing(12)
        left = QWidget()
        left.setFixedWidth(FORM_WIDTH)
        left.setLayout(self.form)
        self.form.setContentsMargins(0, 0, 0, 0)
        columns = QHBoxLayout(self)
        columns.setContentsMargins(0, 0, 0, 0)
        columns.setSpacing(COLUMN_GAP)
        columns.addWidget(left, 0, Qt.AlignmentFlag.AlignTop)
        left.setVisible(not is_wide)
        columns.addLayout(self.found, 1)

    def show_state(self, state: SetupState) -> None:
        """The steps stand so now."""

    async def refresh(self) -> None:
        """Read what the body shows beside the steps; called while it is open."""

    def wake(self) -> None:
        """The body is open and shown now."""

    def sleep(self) -> None:
        """It is closed or hidden now."""

    def note_change(self, keys: Keys) -> None:
        """Something has changed while it is open."""

    def focus_first(self) -> None:
        """Put the focus where the user goes on."""

    def run(self, work: Callable[[], Awaitable[None]], what: str, *, skip_if_busy: bool = False) -> None:
        """Run a coroutine; meanwhile the row says that it is busy. A test is skipped while something runs."""
        if skip_if_busy and self._running:
            return

        async def busy() -> None:
            self.busy_changed.emit(True)
            try:
                await work()
            finally:
                self._running -= 1
                self.busy_changed.emit(self._running > 0)
                self.done_something.emit()

        self._running += 1

        self._actions.start(busy, what)


def field(name: str, placeholder: str = "", *, is_secret: bool = False) -> tuple[QVBoxLayout, QLineEdit, Label]:
    """A caption, a line, and a place below it for what is wrong with it."""
    caption = Label(name, "caption")
    line = QLineEdit()
    line.setPlaceholderText(placeholder)
    line.setAccessibleName(name)
    if is_secret:
        line.setEchoMode(QLineEdit.EchoMode.Password)
    caption.setBuddy(line)
    problem = Label("", "problem", wrap=True)
    problem.hide()
    layout = QVBoxLayout()
    layout.setSpacing(4)
    for widget in (caption, line, problem):
        layout.addWidget(widget)
    return layout, line, problem


def show_problem(line: QWidget, label: Label, problem: str) -> None:
    """Below the line; an empty text takes it away."""
    label.setText(_sentence(problem))
    label.setVisible(bool(problem))
    if line.property("state") != ("problem" if problem else ""):
        line.setProperty("state", "problem" if problem else "")
        line.style().unpolish(line)
        line.style().polish(line)


def _sentence(problem: str) -> str:
    """The settings' own words begin in the middle of a sentence: `must start with https`."""
    if problem.startswith("must "):
        return tr("This {problem}.").format(problem=problem.rstrip("."))
    return f"{problem[:1].upper()}{problem[1:]}"
