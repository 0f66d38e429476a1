"""Detects Wine, which lacks some features of Windows."""

from __future__ import annotations

import ctypes
import sys


def is_wine() -> bool:
    return sys.platform == "win32" and hasattr(ctypes.WinDLL("ntdll"), "wine_get_version")
