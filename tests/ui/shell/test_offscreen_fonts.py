"""Pictures that are drawn without a screen have letters, on Windows, too."""

from __future__ import annotations

import pytest

from ui.shell.offscreen_fonts import set_font_dir


def test_on_windows_the_systems_fonts_are_named_to_qt() -> None:
    environment = {"QT_QPA_PLATFORM": "offscreen", "SystemRoot": r"D:\Windows"}

    set_font_dir(environment, "win32")

    assert environment["QT_QPA_FONTDIR"] == r"D:\Windows\Fonts"


def test_fonts_that_the_user_names_are_kept() -> None:
    environment = {"QT_QPA_PLATFORM": "offscreen", "QT_QPA_FONTDIR": r"E:\fonts"}

    set_font_dir(environment, "win32")

    assert environment["QT_QPA_FONTDIR"] == r"E:\fonts"


@pytest.mark.parametrize(("platform", "system"), [("windows", "win32"), ("offscreen", "linux"), ("", "win32")])
def test_elsewhere_qt_finds_them_by_itself(platform: str, system: str) -> None:
    environment = {"QT_QPA_PLATFORM": platform}

    set_font_dir(environment, system)

    assert "QT_QPA_FONTDIR" not in environment
