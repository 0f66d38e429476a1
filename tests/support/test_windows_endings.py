"""`serve` and the window as separate processes that Windows ends: they shut down completely and in time."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from phonefarm.adapters.storage.sqlite.database import Database
from phonefarm.config.data_folder import DataFolder
from phonefarm.support.logs import FOLDER as LOGS
from phonefarm.support.logs import log_file
from phonefarm.support.windows_endings import WINDOW_CLASS, ConsoleEvent
from tests import one_process
from tests import windows_session as session
from tests.checkout import CHECKOUT

pytestmark = pytest.mark.skipif(sys.platform != "win32", reason="sessions and consoles of Windows")

STARTS_WITHIN_SECONDS = 90.0
ENDS_WITHIN_SECONDS = 5.0
"""After this Windows kills the program."""


class Program:
    """Runs in a console of its own, so that its events do not reach the tests."""

    def __init__(self, folder: Path, adb_port: int) -> None:
        self.data = folder / "data"
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("PHONEFARM_", "QT_QPA_PLAT"))}
        self._environment = (
            kept
            | one_process.ENVIRONMENT
            | {
                "PHONEFARM_DATA_DIR": str(self.data),
                "PHONEFARM_API_KEY": "a-key",
                "PHONEFARM_LISTEN": "127.0.0.1:0",
                "PHONEFARM_ADMIN_LISTEN": "127.0.0.1:0",
                "PHONEFARM_ADB_SERVERS": f"127.0.0.1:{adb_port}",
                "PHONEFARM_ADB_PATH": str(folder / "no adb here"),
            }
        )
        self._process: subprocess.Popen[bytes] | None = None

    def start(self, *words: str, console: str = "CREATE_NO_WINDOW") -> None:
        self._process = subprocess.Popen(
            [one_process.PYTHON, "-m", "phonefarm", *words],
            cwd=CHECKOUT,
            env=self._environment,
            stdin=subprocess.DEVNULL,
            creationflags=getattr(subprocess, console, 0),
        )
        self._until(lambda: session.has_window(self.pid, WINDOW_CLASS))

    def show(self, console: str = "CREATE_NO_WINDOW") -> None:
        self.start(console=console)
        self._until(lambda: session.visible_windows_of(self.pid))

    def _until(self, is_so: Callable[[], object]) -> None:
        deadline = time.monotonic() + STARTS_WITHIN_SECONDS
        while not is_so():
            assert self.process.poll() is None, f"it ended by itself with {self.process.returncode}: {self._log()}"
            assert time.monotonic() < deadline, self._log()
            time.sleep(0.05)

    @property
    def process(self) -> subprocess.Popen[bytes]:
        assert self._process is not None
        return self._process

    @property
    def pid(self) -> int:
        return self.process.pid

    def ends(self) -> int:
        """Waits for its end; returns the exit code."""
        return self.process.wait(ENDS_WITHIN_SECONDS)

    def has_logged(self, event: str) -> bool:
        return event in [json.loads(line)["event"] for line in self._log().splitlines() if line.endswith("}")]

    def has_shut_down(self) -> bool:
        """Whether the last line is logged, and the data folder and the database are free."""
        folder, database = DataFolder(self.data), Database(f"sqlite:///{self.data / 'phonefarm.db'}")
        folder.take()
        database.open()
        database.close()
        folder.release()
        return self.has_logged("stopped")

    def _log(self) -> str:
        log = log_file(self.data / LOGS)
        return log.read_text(encoding="utf-8") if log.exists() else ""

    def kill(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.wait(ENDS_WITHIN_SECONDS)


@pytest.fixture
def program(tmp_path: Path, unused_tcp_port: int) -> Iterator[Program]:
    program = Program(tmp_path, unused_tcp_port)
    yield program
    program.kill()


def test_farm_without_a_window_shuts_down_before_the_session_ends(program: Program) -> None:
    program.start("serve")

    assert session.may_session_end(program.pid)
    session.tell_session_end(program.pid, ends=True)

    assert program.has_shut_down()
    assert program.ends() == 0


def test_farm_with_a_window_shuts_down_before_the_session_ends(program: Program) -> None:
    program.show()

    assert session.may_session_end(program.pid)
    session.tell_session_end(program.pid, ends=True)

    assert program.has_shut_down()
    assert program.ends() == 0


def test_farm_continues_when_the_end_of_the_session_is_cancelled(program: Program) -> None:
    program.start("serve")

    assert session.may_session_end(program.pid)
    session.tell_session_end(program.pid, ends=False)

    assert not program.has_logged("stopped")
    session.close(session.windows_of(program.pid))
    assert program.ends() == 0


def test_close_message_stops_a_farm_without_a_window(program: Program) -> None:
    program.start("serve")

    session.close(session.windows_of(program.pid))

    assert program.ends() == 0
    assert program.has_shut_down()


def test_closing_the_window_stops_the_farm(program: Program) -> None:
    program.show()

    session.close(session.visible_windows_of(program.pid))

    assert program.ends() == 0
    assert program.has_shut_down()


@pytest.mark.parametrize("event", [ConsoleEvent.CLOSE, ConsoleEvent.SHUTDOWN], ids=["closed", "shutdown of a service"])
def test_farm_shuts_down_before_its_console_closes(program: Program, event: ConsoleEvent) -> None:
    program.start("serve", console="CREATE_NEW_CONSOLE")

    session.tell_console(program.pid, event)

    assert program.has_shut_down()
    assert program.ends() == 0


def test_farm_with_a_window_stops_with_the_console_that_started_it(program: Program) -> None:
    program.show(console="CREATE_NEW_CONSOLE")

    session.tell_console(program.pid, ConsoleEvent.CLOSE)

    assert program.has_shut_down()
    assert program.ends() == 0


def test_service_continues_when_a_user_logs_off(program: Program) -> None:
    program.start("serve")

    session.tell_console(program.pid, ConsoleEvent.LOGOFF)

    assert not program.has_logged("stopped")
    session.tell_console(program.pid, ConsoleEvent.CLOSE)
    assert program.ends() == 0


@pytest.mark.parametrize("event", [ConsoleEvent.CTRL_C, ConsoleEvent.CTRL_BREAK])
def test_ctrl_c_and_ctrl_break_stop_a_farm_cleanly(program: Program, event: ConsoleEvent) -> None:
    program.start("serve", console="CREATE_NEW_CONSOLE")

    session.tell_console(program.pid, event)

    assert program.ends() == 0
    assert program.has_shut_down()
