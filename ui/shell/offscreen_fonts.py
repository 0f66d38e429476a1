"""Fonts for Qt's offscreen platform, which on Windows does not look where the system keeps them."""

from __future__ import annotations

import sys
from collections.abc import MutableMapping
from pathlib import PureWindowsPath


def find_fonts(environment: MutableMapping[str, str], system: str = sys.platform) -> None:
    """Before the application is made; without a font each letter would be drawn as a box."""
    if system == "win32" and environment.get("QT_QPA_PLATFORM") == "offscreen":
        windows = PureWindowsPath(environment.get("SystemRoot", r"C:\Windows"))
        environment.setdefault("QT_QPA_FONTDIR", str(windows / "Fonts"))
