"""Our own place in Windows' taskbar: without it our windows are shown as Python's, with Python's icon."""

from __future__ import annotations

import ctypes
import sys

APP_ID = "phonefarm.phonefarm"


def claim_own_place() -> None:
    """Call before the first window. Where Windows refuses, the windows stay Python's, and nothing else is amiss."""
    if sys.platform == "win32":
        ctypes.WinDLL("shell32").SetCurrentProcessExplicitAppUserModelID(ctypes.c_wchar_p(APP_ID))
