"""The question at the first close: keep selling in the background, or stop and quit; and the remembered answer."""

from __future__ import annotations

from enum import StrEnum

from PySide6.QtCore import QEvent, QObject, QSettings, Qt, Signal
from PySide6.QtGui import QKeyEvent, QMouseEvent
from PySide6.QtWidgets import QButtonGroup, QCheckBox, QDialog, QFrame, QHBoxLayout, QRadioButton, QVBoxLayout, QWidget

from phonefarm.application.model.read_models import Overview
from ui.text.words import tr
from ui.text.words.background import close_facts, numbers_for_sale, stop_consequence
from ui.widgets.basics import Label, button, restyle

WIDTH = 520
_KEY = "close"


class OnClose(StrEnum):
    """What the close button of the window does."""

    ASK = "ask"
    KEEP = "keep"
    STOP = "stop"


class CloseMemory(QObject):
    """The user's lasting answer, in the window's own settings."""

    changed = Signal()

    def __init__(self, memory: QSettings, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._memory = memory

    @property
    def choice(self) -> OnClose:
        stored = str(self._memory.value(_KEY, OnClose.ASK))
        return OnClose(stored) if stored in list(OnClose) else OnClose.ASK

    def keep(self, choice: OnClose) -> None:
        self._memory.setValue(_KEY, str(choice))
        self.changed.emit()


class ChoiceCard(QFrame):
    """One answer with what follows from it; a click anywhere on it chooses it."""

    def __init__(self, title: str, consequence: str) -> None:
        super().__init__()
        self.setProperty("role", "choice")
        self.radio = QRadioButton(title)
        self.radio.setAccessibleDescription(consequence)
        self.consequence = Label(consequence, "dim", wrap=True)
        self.consequence.setContentsMargins(26, 0, 0, 0)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(14, 12, 14, 12)
        layout.setSpacing(4)
        layout.addWidget(self.radio)
        layout.addWidget(self.consequence)
        self.radio.toggled.connect(self._show_choice)
        self.radio.installEventFilter(self)
        self._show_choice()

    def mousePressEvent(self, event: QMouseEvent) -> None:  # noqa: N802
        self.radio.setChecked(True)
        self.radio.setFocus(Qt.FocusReason.MouseFocusReason)
        event.accept()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:  # noqa: N802
        if event.type() in (QEvent.Type.FocusIn, QEvent.Type.FocusOut):
            restyle(self, "focus", "yes" if event.type() is QEvent.Type.FocusIn else "")
        return False

    def _show_choice(self) -> None:
        restyle(self, "state", "chosen" if self.radio.isChecked() else "")


class CloseDialog(QDialog):
    """`answered` with the choice and whether it is to be remembered; Esc answers nothing."""

    answered = Signal(object, bool)
    """An OnClose, and whether to remember it."""

    def __init__(
        self, parent: QWidget, overview: Overview | None, *, has_tray: bool, choice: OnClose = OnClose.KEEP
    ) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle("phonefarm")
        self.setModal(True)
        self.setFixedWidth(WIDTH)
        self._sells = overview is None or numbers_for_sale(overview) > 0
        self.keep = ChoiceCard(*_keeping(has_tray, sells=self._sells))
        stopping = tr("Stop selling and quit") if self._sells else tr("Stop and quit")
        self.stop = ChoiceCard(stopping, stop_consequence(overview))
        self.remember = QCheckBox(tr("Remember my choice"))
        self.yes = button("", "main")
        self.no = button(tr("Cancel"))
        self._lay_out(close_facts(overview))
        group = QButtonGroup(self)  # also lets the arrow keys walk
        for card in (self.keep, self.stop):
            group.addButton(card.radio)
        self.keep.radio.toggled.connect(self._show_answer)
        self.yes.clicked.connect(self._answer)
        self.no.clicked.connect(self.reject)
        chosen = self.stop if choice is OnClose.STOP else self.keep
        chosen.radio.setChecked(True)
        chosen.radio.setFocus(Qt.FocusReason.ActiveWindowFocusReason)
        self._show_answer()

    def _lay_out(self, facts: str) -> None:
        layout = QVBoxLayout(self)
        layout.setContentsMargins(24, 20, 24, 20)
        layout.setSpacing(12)
        title = tr("Keep selling in the background?") if self._sells else tr("Keep running in the background?")
        layout.addWidget(Label(title, "title", wrap=True))
        layout.addWidget(Label(facts, wrap=True))
        layout.addWidget(self.keep)
        layout.addWidget(self.stop)
        remembering = QHBoxLayout()
        remembering.setSpacing(10)
        remembering.addWidget(self.remember)
        remembering.addWidget(Label(tr("to change it: Settings, Window"), "caption"))
        remembering.addStretch(1)
        layout.addLayout(remembering)
        buttons = QHBoxLayout()
        buttons.setSpacing(8)
        buttons.addStretch(1)
        buttons.addWidget(self.no)
        buttons.addWidget(self.yes)
        layout.addSpacing(4)
        layout.addLayout(buttons)

    @property
    def choice(self) -> OnClose:
        return OnClose.STOP if self.stop.radio.isChecked() else OnClose.KEEP

    def _show_answer(self) -> None:
        stops = self.choice is OnClose.STOP
        going_on = tr("Keep selling") if self._sells else tr("Keep running")
        self.yes.setText(tr("Stop and quit") if stops else going_on)
        self.yes.setAccessibleName(self.yes.text())
        restyle(self.yes, "role", "danger" if stops else "main")

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: N802
        match event.key():
            case Qt.Key.Key_Return | Qt.Key.Key_Enter:
                (self.reject if self.no.hasFocus() else self._answer)()
            case _:
                super().keyPressEvent(event)

    def _answer(self) -> None:
        self.accept()
        self.answered.emit(self.choice, self.remember.isChecked())


def _keeping(has_tray: bool, *, sells: bool) -> tuple[str, str]:
    if has_tray:
        return (
            tr("Keep selling in the tray") if sells else tr("Keep running in the tray"),
            tr("phonefarm stays beside the clock and alerts you when something needs action."),
        )
    return (
        tr("Keep the window minimised"),
        tr("This system shows no tray icons, so phonefarm stays in the task bar and goes on."),
    )
