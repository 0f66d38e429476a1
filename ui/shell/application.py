"""The Qt application, which turns each request to quit into a signal instead of quitting."""

from __future__ import annotations

import os
import sys

from PySide6.QtCore import QEvent, Signal
from PySide6.QtWidgets import QApplication

from ui.shell.offscreen_fonts import set_font_dir
from ui.shell.taskbar import set_app_id


class Application(QApplication):
    quit_requested = Signal()
    """By the end of the session or the system's menu. If Qt quit itself, calls in flight would be cut off."""

    def event(self, event: QEvent) -> bool:
        if event.type() == QEvent.Type.Quit:
            self.quit_requested.emit()
            return True
        return super().event(event)


def make_app() -> Application:
    set_font_dir(os.environ)
    set_app_id()
    app = Application(sys.argv[:1])
    app.setApplicationName("phonefarm")
    # Closing a dialog before the start, or the window before its orderly shutdown, must not quit the program.
    app.setQuitOnLastWindowClosed(False)
    return app
