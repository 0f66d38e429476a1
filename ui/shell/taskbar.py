"""Our own entry in Windows' taskbar: without it, windows are grouped under Python, with Python's icon."""

from __future__ import annotations

import ctypes
import sys

APP_ID = "phonefarm.phonefarm"


def set_app_id() -> None:
    """Call before the first window. If Windows refuses, only the entry in the taskbar is wrong."""
    if sys.platform == "win32":
        ctypes.WinDLL("shell32").SetCurrentProcessExplicitAppUserModelID(ctypes.c_wchar_p(APP_ID))
