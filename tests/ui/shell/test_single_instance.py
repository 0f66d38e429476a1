"""A second start raises the first window: two processes and a real local socket between them."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import QObject
from PySide6.QtNetwork import QLocalServer, QLocalSocket
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from tests.checkout import CHECKOUT
from ui.shell.single_instance import RaiseServer, raise_first_window, socket_name

PATIENCE_MS = 20_000
SECOND = """
import sys
from pathlib import Path
from PySide6.QtCore import QCoreApplication
from ui.shell.single_instance import raise_first_window
app = QCoreApplication([])
sys.exit(0 if raise_first_window(Path(sys.argv[1])) else 3)
"""
CRASHING = """
import os, sys
from pathlib import Path
from PySide6.QtCore import QCoreApplication, QObject
from ui.shell.single_instance import RaiseServer
app = QCoreApplication([])
root = QObject()
assert RaiseServer(Path(sys.argv[1]), root).listen()
os._exit(0)
"""


@pytest.fixture
def server(qapp: QApplication, tmp_path: Path) -> Iterator[RaiseServer]:
    root = QObject()
    server = RaiseServer(tmp_path, root)
    assert server.listen()
    yield server
    server.close()


def start(program: str, folder: Path) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-c", program, str(folder)],
        cwd=CHECKOUT,
        env={**os.environ, "QT_QPA_PLATFORM": "offscreen"},
    )


def test_second_process_raises_the_first_window(server: RaiseServer, tmp_path: Path, qtbot: QtBot) -> None:
    with qtbot.waitSignal(server.raise_requested, timeout=PATIENCE_MS):
        second = start(SECOND, tmp_path)
    qtbot.waitUntil(lambda: second.poll() is not None, timeout=PATIENCE_MS)

    assert second.returncode == 0


def test_nobody_answers_for_another_folder(server: RaiseServer, tmp_path: Path) -> None:
    assert not raise_first_window(tmp_path / "other", within_ms=200)


def test_first_that_does_not_answer_is_given_up(qapp: QApplication, tmp_path: Path) -> None:
    """Its loop hangs: the connection is accepted by the system, and nothing comes back."""
    silent = QLocalServer()
    assert silent.listen(socket_name(tmp_path))

    assert not raise_first_window(tmp_path, within_ms=200)

    silent.close()


def test_socket_that_a_crash_left_behind_is_replaced(qapp: QApplication, tmp_path: Path, qtbot: QtBot) -> None:
    assert start(CRASHING, tmp_path).wait(PATIENCE_MS / 1000) == 0
    root = QObject()
    server = RaiseServer(tmp_path, root)

    assert server.listen()

    with qtbot.waitSignal(server.raise_requested, timeout=PATIENCE_MS):
        second = start(SECOND, tmp_path)
    qtbot.waitUntil(lambda: second.poll() is not None, timeout=PATIENCE_MS)
    server.close()
    assert second.returncode == 0


@pytest.mark.parametrize("words", [b"nonsense\n", b"x" * 1000, b"\n"])
def test_nonsense_raises_nothing_and_is_hung_up_on(
    server: RaiseServer, tmp_path: Path, qtbot: QtBot, words: bytes
) -> None:
    raised: list[bool] = []
    server.raise_requested.connect(lambda: raised.append(True))
    caller = QLocalSocket()
    caller.connectToServer(socket_name(tmp_path))
    caller.write(words)

    qtbot.waitUntil(lambda: caller.state() == QLocalSocket.LocalSocketState.UnconnectedState, timeout=PATIENCE_MS)

    assert raised == []


def test_name_differs_by_folder_and_is_short_enough_for_a_socket(tmp_path: Path) -> None:
    names = {socket_name(tmp_path), socket_name(tmp_path / "x"), socket_name(tmp_path / "y")}

    assert len(names) == 3
    assert socket_name(tmp_path) == socket_name(tmp_path / "x" / "..")
    assert all(len(name) <= 40 for name in names)
