"""Windows' taskbar shows our windows as phonefarm's own."""

from __future__ import annotations

import ctypes
import sys

import pytest

from tests.wine import is_wine
from ui.shell import application
from ui.shell.taskbar import APP_ID, set_app_id


def test_app_id_is_set_before_the_application_exists(monkeypatch: pytest.MonkeyPatch) -> None:
    done: list[str] = []

    class Application:
        def __init__(self, arguments: list[str]) -> None:
            done.append("application")

        def setApplicationName(self, name: str) -> None:  # noqa: N802 - Qt's name
            done.append(name)

        def setQuitOnLastWindowClosed(self, quits: bool) -> None:  # noqa: N802 - Qt's name
            done.append("quits" if quits else "stays")

    monkeypatch.setattr(application, "set_app_id", lambda: done.append("place"))
    monkeypatch.setattr(application, "Application", Application)

    application.make_app()

    assert done == ["place", "application", "phonefarm", "stays"]


@pytest.mark.skipif(sys.platform != "win32", reason="Windows itself is asked")
@pytest.mark.skipif(is_wine(), reason="Wine does not tell the name that it was given")
def test_windows_knows_the_app_id() -> None:
    if sys.platform == "win32":
        set_app_id()
        found = ctypes.c_wchar_p()

        assert ctypes.WinDLL("shell32").GetCurrentProcessExplicitAppUserModelID(ctypes.byref(found)) == 0
        assert found.value == APP_ID
