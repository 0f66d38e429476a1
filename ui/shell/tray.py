"""The tray icon with its menu: how the farm stands and what can be done, while the window is closed."""

from __future__ import annotations

import sys

from PySide6.QtCore import QObject, Signal
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QMenu, QSystemTrayIcon

from phonefarm.application.model.read_models import Overview
from ui.shell.tray_icons import tray_icon
from ui.shell.tray_state import Figure, TrayState, tray_state
from ui.table.row_table import utc_now
from ui.text.words import attention_sentence, counted, group_by_kind, tr
from ui.widgets.basics import connect_call

MOST_IN_MENU = 20


class Tray(QObject):
    """Says what the user wishes; others carry it out."""

    open_requested = Signal()
    attention_requested = Signal(object)
    """An Attention."""
    pause_requested = Signal()
    resume_requested = Signal()
    quit_requested = Signal()
    told = Signal(str)
    """A balloon was shown."""

    def __init__(self, title: str, parent: QObject) -> None:
        super().__init__(parent)
        self._title = title
        self._drawn: tuple[Figure, int] | None = None
        self.icon = QSystemTrayIcon(self)
        self.menu = QMenu()
        self.facts = (self._fact(), self._fact())
        self.menu.addSeparator()
        self.open = self._entry(tr("Open {title}").format(title=title), self.open_requested.emit)
        self.menu.setDefaultAction(self.open)
        self.causes = QMenu(self.menu)
        self.needs_action = self.menu.addMenu(self.causes)
        self.menu.addSeparator()
        self.pause = self._entry(tr("Pause all selling"), self.pause_requested.emit)
        self.resume = self._entry(tr("Resume selling"), self.resume_requested.emit)
        self.menu.addSeparator()
        self.quit = self._entry(tr("Stop and quit…"), self.quit_requested.emit)
        self.icon.setContextMenu(self.menu)
        self.icon.activated.connect(self._react)
        self.icon.messageClicked.connect(self.open_requested)
        self.show_overview(None)

    @staticmethod
    def is_available() -> bool:
        """Whether this system shows tray icons now."""
        return QSystemTrayIcon.isSystemTrayAvailable()

    @property
    def tooltip(self) -> str:
        return self.icon.toolTip()

    def show(self) -> None:
        self.icon.show()

    def close(self) -> None:
        self.icon.hide()
        self.menu.deleteLater()

    def show_overview(self, overview: Overview | None) -> None:
        state = tray_state(overview, utc_now())
        self._draw(state)
        self.icon.setToolTip(state.tooltip)
        for action, text in zip(self.facts, state.facts, strict=True):
            action.setText(_plain(text))
            action.setVisible(bool(text))
        is_paused = state.figure is Figure.PAUSED
        self.pause.setEnabled(overview is not None and not is_paused)
        self.resume.setEnabled(is_paused)
        self._show_causes(overview)

    def tell(self, text: str) -> None:
        """A balloon beside the icon."""
        self.icon.showMessage(self._title, text, self.icon.icon())
        self.told.emit(text)

    def _draw(self, state: TrayState) -> None:
        if self._drawn != (state.figure, state.count):
            self._drawn = (state.figure, state.count)
            self.icon.setIcon(tray_icon(state.figure, state.count))

    def _show_causes(self, overview: Overview | None) -> None:
        causes = [] if overview is None else group_by_kind(overview.attention)
        self.needs_action.setText(
            tr("Needs action: {count}").format(count=len(causes)) if causes else tr("Nothing needs action")
        )
        self.needs_action.setEnabled(bool(causes))
        self.causes.clear()
        for need, count in causes[:MOST_IN_MENU]:
            sentence = attention_sentence(need)
            if count > 1:
                sentence += " · " + counted(count - 1, "and 1 more like it", "and %n more like it")
            connect_call(self.causes.addAction(_plain(sentence)).triggered, self.attention_requested.emit, need)

    def _fact(self) -> QAction:
        action = self.menu.addAction("")
        action.setEnabled(False)
        return action

    def _entry(self, text: str, call: object) -> QAction:
        action = self.menu.addAction(_plain(text))
        connect_call(action.triggered, call)  # type: ignore[arg-type]
        return action

    def _react(self, reason: QSystemTrayIcon.ActivationReason) -> None:
        """On macOS a click opens the menu; elsewhere it opens the window, as a double click does."""
        is_click = reason is QSystemTrayIcon.ActivationReason.Trigger and sys.platform != "darwin"
        if is_click or reason is QSystemTrayIcon.ActivationReason.DoubleClick:
            self.open_requested.emit()


def _plain(text: str) -> str:
    """An ampersand would underline the letter after it."""
    return text.replace("&", "&&")
