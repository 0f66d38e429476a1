"""Fonts for Qt's offscreen platform, which does not find the system's fonts on Windows."""

from __future__ import annotations

import sys
from collections.abc import MutableMapping
from pathlib import PureWindowsPath


def set_font_dir(environment: MutableMapping[str, str], system: str = sys.platform) -> None:
    """Call before the application is created; without fonts each letter is drawn as a box."""
    if system == "win32" and environment.get("QT_QPA_PLATFORM") == "offscreen":
        windows = PureWindowsPath(environment.get("SystemRoot", r"C:\Windows"))
        environment.setdefault("QT_QPA_FONTDIR", str(windows / "Fonts"))
