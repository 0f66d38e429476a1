"""Keeps the farm selling while its window is closed: in the tray, or minimised where there is none."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from PySide6.QtCore import QObject, QSettings, Qt

from phonefarm.application.model.read_models import Attention, Overview
from ui.dialogs.close_dialog import CloseDialog, CloseMemory, OnClose
from ui.engine.actions import Actions, Notice
from ui.shell.tray import Tray
from ui.shell.window import MainWindow
from ui.style.tokens import Tone
from ui.text.words import tr

_TOLD = "told of the tray"


@dataclass(frozen=True, kw_only=True)
class Presence:
    """How the program is there for its user."""

    data_folder: Path
    is_hidden: bool
    """It starts in the tray, or minimised where there is none."""


class Background(QObject):
    """Answers the window's close button. Without the user's word the farm does not end."""

    def __init__(
        self,
        window: MainWindow,
        actions: Actions,
        memory: QSettings,
        title: str,
        parent: QObject,
        is_tray_available: Callable[[], bool] = Tray.is_available,
    ) -> None:
        super().__init__(parent)
        self._window = window
        self._memory = memory
        self._is_tray_available = is_tray_available
        self._overview: Overview | None = None
        self._is_stopping = False
        self.question: CloseDialog | None = None
        self.tray = Tray(title, self)
        self.tray.open_requested.connect(self.open)
        self.tray.attention_requested.connect(self._show_attention)
        self.tray.pause_requested.connect(window.selling.pause)
        self.tray.resume_requested.connect(window.selling.resume)
        self.tray.quit_requested.connect(self._ask_to_stop)
        actions.noticed.connect(self._tell_trouble)
        window.overview_shown.connect(self._take_overview)
        window.may_close = self._may_close

    @property
    def close_memory(self) -> CloseMemory:
        return self._window.close_memory

    def start(self, *, is_hidden: bool) -> None:
        """Show the tray icon, where there is one, and the window, unless it is to start hidden."""
        if self._is_tray_available():
            self.tray.show()
        if not is_hidden:
            self._window.show()
        elif not self._is_tray_available():
            self._window.showMinimized()

    def close(self) -> None:
        """The program ends."""
        self._window.may_close = None
        self.tray.close()

    def open(self) -> None:
        """Bring the window to the front from the tray, the task bar or behind other windows."""
        state = self._window.windowState() & ~Qt.WindowState.WindowMinimized
        self._window.setWindowState(state | Qt.WindowState.WindowActive)
        self._window.show()
        self._window.raise_()
        self._window.activateWindow()
        self._window.page.wake()

    def _may_close(self) -> bool:
        """Whether the close button ends the program now."""
        if self._is_stopping:
            return True
        match self.close_memory.choice:
            case OnClose.KEEP:
                self._hide()
            case OnClose.STOP:
                return True
            case OnClose.ASK:
                self._ask(OnClose.KEEP)
        return False

    def _ask(self, choice: OnClose) -> None:
        if self.question is not None:
            self.question.raise_()
            return
        self.question = CloseDialog(self._window, self._overview, has_tray=self._is_tray_available(), choice=choice)
        self.question.answered.connect(self._obey)
        self.question.finished.connect(self._forget_question)
        self.question.open()

    def _ask_to_stop(self) -> None:
        self.open()
        self._ask(OnClose.STOP)

    def _forget_question(self) -> None:
        self.question = None

    def _obey(self, choice: OnClose, remember: bool) -> None:
        if remember:
            self.close_memory.keep(choice)
        if choice is OnClose.STOP:
            self._is_stopping = True
            self._window.close()
        else:
            self._hide()

    def _hide(self) -> None:
        if not self._is_tray_available():
            self._window.showMinimized()
            return
        self.tray.show()
        self._window.page.sleep()
        self._window.hide()
        if not self._memory.value(_TOLD, False, bool):
            self._memory.setValue(_TOLD, True)
            self.tray.tell(tr("phonefarm goes on here. Its menu opens the window, pauses selling, or quits."))

    def _take_overview(self, overview: Overview) -> None:
        self._overview = overview
        self.tray.show_overview(overview)

    def _show_attention(self, attention: Attention) -> None:
        self.open()
        self._window.show_attention(attention)

    def _tell_trouble(self, notice: Notice) -> None:
        """A command of the tray that failed is told there."""
        if not self._window.isVisible() and notice.tone in (Tone.WARN, Tone.BAD):
            self.tray.tell(notice.text)
