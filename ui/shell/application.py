"""The Qt application, which does not end by itself: whoever wants its end is told to whom it belongs."""

from __future__ import annotations

import os
import sys

from PySide6.QtCore import QEvent, Signal
from PySide6.QtWidgets import QApplication

from ui.shell.offscreen_fonts import find_fonts
from ui.shell.taskbar import claim_own_place


class Application(QApplication):
    quit_asked = Signal()
    """By a session that ends, or the system's own menu. Left to Qt, the loop would end in the middle of things."""

    def event(self, event: QEvent) -> bool:
        if event.type() == QEvent.Type.Quit:
            self.quit_asked.emit()
            return True
        return super().event(event)


def make_app() -> Application:
    find_fonts(os.environ)
    claim_own_place()
    app = Application(sys.argv[:1])
    app.setApplicationName("phonefarm")
    # A dialog before the start, or the window's own end in order, must not quit the program by being closed.
    app.setQuitOnLastWindowClosed(False)
    return app
