"""A step of the path: a row that opens by a click or Enter, and its body below while it is open."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QObject, Qt, Signal
from PySide6.QtGui import QKeyEvent, QMouseEvent
from PySide6.QtWidgets import QFrame, QHBoxLayout, QVBoxLayout, QWidget

from phonefarm.application.model.setup_state import StepName, StepState
from ui.pages.setup.step_body import StepBody
from ui.style.tokens import Tone
from ui.text.words import tr
from ui.widgets.basics import Chip, ElidedLabel, Label, button, restyle

ROW_HEIGHT = 46
DISC = 22
NAME_WIDTH = 172
BODY_INDENT = 50
CHECK_MARK = "✓"
_CHIPS = {
    StepState.DONE: ("done", Tone.OK),
    StepState.WAITING: ("waiting", Tone.IDLE),
    StepState.FAILED: ("failed", Tone.BAD),
}
_IN_PROGRESS = ("in progress", Tone.INFO)


class StepRow(QFrame):
    """Emits `toggled` for a click or Enter, `walked` for Up (-1) and Down (1)."""

    toggled = Signal()
    walked = Signal(int)

    def __init__(self, name: StepName, number: int, title: str, body: StepBody) -> None:
        super().__init__()
        self.name = name
        self.title = title
        self.body = body
        self._number = number
        self._state = StepState.WAITING
        self._is_busy = False
        self.head = QFrame()
        self.head.setObjectName("step")
        self.head.setFixedHeight(ROW_HEIGHT)
        self.head.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.head.setCursor(Qt.CursorShape.PointingHandCursor)
        self.head.installEventFilter(self)
        self.disc = Label(str(number))
        self.disc.setFixedSize(DISC, DISC)
        self.disc.setAlignment(Qt.AlignmentFlag.AlignCenter)
        heading = Label(title, "heading")
        heading.setFixedWidth(NAME_WIDTH)
        self.fact = ElidedLabel("", "dim")
        self.chip = Chip()
        self.open_button = button(tr("Open"))
        self.open_button.setFocusPolicy(Qt.FocusPolicy.NoFocus)  # the row itself is reached by Tab
        self.open_button.clicked.connect(self.toggled)
        row = QHBoxLayout(self.head)
        row.setContentsMargins(16, 0, 16, 0)
        row.setSpacing(12)
        row.addWidget(self.disc)
        row.addWidget(heading)
        row.addWidget(self.fact, 1)
        row.addWidget(self.chip)
        row.addWidget(self.open_button)
        self._holder = QWidget()
        inside = QVBoxLayout(self._holder)
        inside.setContentsMargins(BODY_INDENT, 0, 16, 16)
        inside.addWidget(body)
        self._holder.hide()
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addWidget(self.head)
        layout.addWidget(self._holder)
        body.busy_changed.connect(self._show_busy)

    @property
    def is_open(self) -> bool:
        return not self._holder.isHidden()

    @property
    def is_busy(self) -> bool:
        return self._is_busy

    def set_open(self, is_open: bool) -> None:
        self._holder.setVisible(is_open)
        self._show()

    def show_step(self, state: StepState, fact: str) -> None:
        self._state = state
        self.fact.show_text(fact)
        self._show()

    def _show_busy(self, is_busy: bool) -> None:
        self._is_busy = is_busy
        self._show()

    def _show(self) -> None:
        is_current = self.is_open and self._state is StepState.WAITING
        text, tone = _IN_PROGRESS if is_current else _CHIPS[self._state]
        if self._is_busy:
            text, tone = "testing…", Tone.INFO
        self.chip.show_text(tr(text), tone)
        is_done = self._state is StepState.DONE
        self.disc.setText(CHECK_MARK if is_done else str(self._number))
        restyle(self.disc, "disc", "done" if is_done else "open" if self.is_open else "waiting")
        self.open_button.setText(tr("Change") if is_done else tr("Open"))
        self.open_button.setAccessibleName(f"{self.open_button.text()}: {self.title}")
        self.open_button.setVisible(not self.is_open)
        self.head.setAccessibleName(f"{self.title}: {tr(text)}. {self.fact.whole_text()}")

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:  # noqa: N802
        if watched is not self.head:
            return False
        if event.type() is QEvent.Type.MouseButtonRelease and isinstance(event, QMouseEvent):
            if event.button() is Qt.MouseButton.LeftButton:
                self.toggled.emit()
                return True
        elif event.type() is QEvent.Type.KeyPress and isinstance(event, QKeyEvent):
            return self._press(event.key())
        return False

    def _press(self, key: int) -> bool:
        match key:
            case Qt.Key.Key_Return | Qt.Key.Key_Enter | Qt.Key.Key_Space:
                self.toggled.emit()
            case Qt.Key.Key_Up:
                self.walked.emit(-1)
            case Qt.Key.Key_Down:
                self.walked.emit(1)
            case _:
                return False
        return True
