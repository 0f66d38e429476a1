"""Screenshots without a screen have fonts, on Windows, too."""

from __future__ import annotations

import pytest

from ui.shell.offscreen_fonts import set_font_dir


def test_font_folder_is_set_on_windows() -> None:
    environment = {"QT_QPA_PLATFORM": "offscreen", "SystemRoot": r"D:\Windows"}

    set_font_dir(environment, "win32")

    assert environment["QT_QPA_FONTDIR"] == r"D:\Windows\Fonts"


def test_font_folder_of_the_user_is_kept() -> None:
    environment = {"QT_QPA_PLATFORM": "offscreen", "QT_QPA_FONTDIR": r"E:\fonts"}

    set_font_dir(environment, "win32")

    assert environment["QT_QPA_FONTDIR"] == r"E:\fonts"


@pytest.mark.parametrize(("platform", "system"), [("windows", "win32"), ("offscreen", "linux"), ("", "win32")])
def test_font_folder_is_not_set_elsewhere(platform: str, system: str) -> None:
    environment = {"QT_QPA_PLATFORM": platform}

    set_font_dir(environment, system)

    assert "QT_QPA_FONTDIR" not in environment
