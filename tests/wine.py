"""Whether the tests run under Wine, which lacks a few things that every Windows has."""

from __future__ import annotations

import ctypes
import sys


def is_wine() -> bool:
    return sys.platform == "win32" and hasattr(ctypes.WinDLL("ntdll"), "wine_get_version")
