"""The window as a program: pictures of every page, an orderly end, no screen, no engine."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from PySide6.QtCore import QMetaObject, QSettings, Qt, QTimer
from PySide6.QtGui import QImage

from phonefarm.application.model.read_models import Overview, Topic
from phonefarm.support.stop_requests import StopRequests
from tests.checkout import CHECKOUT
from tests.fakes.desk import FakeDesk, FakeEngine
from tests.fakes.farms import busy_farm, calm_farm, empty_farm
from ui.shell.app import show_window
from ui.shell.application import Application
from ui.shell.window import MainWindow
from ui.style.theme import app_icon

PATIENCE = 20.0
PROGRAM = """
import sys
from tests.fakes.desk import FakeDesk, FakeEngine
from tests.fakes.farms import calm_farm
from phonefarm.support.stop_requests import StopRequests
from ui.shell.app import run_window
class Desk(FakeDesk):
    def subscribe(self, listener):
        print("started", flush=True)
        return super().subscribe(listener)
with FakeEngine(Desk(farm=calm_farm())) as engine:
    sys.exit(run_window(engine, StopRequests(), seconds={seconds}))
"""


@pytest.fixture
def memory(tmp_path: Path) -> QSettings:
    return QSettings(str(tmp_path / "window.ini"), QSettings.Format.IniFormat)


def environment(home: Path) -> dict[str, str]:
    own = {"QT_QPA_PLATFORM": "offscreen", "HOME": str(home), "XDG_CONFIG_HOME": str(home), "PYTHONWARNINGS": "error"}
    return {**os.environ, **own}


def test_every_page_is_written_in_light_and_dark(qapp: Application, memory: QSettings, tmp_path: Path) -> None:
    with FakeEngine(FakeDesk(farm=busy_farm())) as engine:
        code = show_window(qapp, engine, StopRequests(), memory, screenshots=tmp_path / "shots", seconds=0)

    assert code == 0
    written = {path.name for path in (tmp_path / "shots").iterdir()}
    assert written == {f"{topic}-{look}.png" for topic in Topic for look in ("light", "dark")}
    for name in written:
        image = QImage(str(tmp_path / "shots" / name))
        assert (image.width(), image.height()) == (1440, 900)


def test_an_empty_farm_is_drawn_too(qapp: Application, memory: QSettings, tmp_path: Path) -> None:
    with FakeEngine(FakeDesk(farm=empty_farm())) as engine:
        code = show_window(qapp, engine, StopRequests(), memory, screenshots=tmp_path, seconds=0)

    assert code == 0


def test_a_window_without_an_engine_says_so_and_ends_in_order(qapp: Application, memory: QSettings) -> None:
    with FakeEngine(FakeDesk()) as engine:
        engine.stop()

        assert show_window(qapp, engine, StopRequests(), memory, seconds=0) == 0


def test_the_program_ends_by_itself_after_its_time(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM.format(seconds=0.2)],
        cwd=CHECKOUT,
        env=environment(tmp_path),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )

    assert done.returncode == 0, done.stderr
    assert done.stderr == ""


class Pondering(FakeDesk):
    """Takes its time over the overview, while something happens."""

    def __init__(self, meanwhile: Callable[[], object]) -> None:
        super().__init__(farm=calm_farm())
        self._meanwhile = meanwhile

    async def overview(self) -> Overview:
        self._meanwhile()
        await asyncio.Event().wait()
        raise AssertionError


def test_a_session_that_ends_ends_the_program_in_order(qapp: Application, memory: QSettings) -> None:
    """Qt, told by the system, would leave the loop with answers under way."""
    desk = Pondering(lambda: QMetaObject.invokeMethod(qapp, "quit", Qt.ConnectionType.QueuedConnection))

    with FakeEngine(desk) as engine:
        begun = time.monotonic()

        assert show_window(qapp, engine, StopRequests(), memory, seconds=PATIENCE) == 0

    assert time.monotonic() - begun < PATIENCE


def test_whoever_asks_on_any_thread_ends_the_program(qapp: Application, memory: QSettings) -> None:
    stop = StopRequests()
    desk = Pondering(lambda: threading.Thread(target=stop.ask).start())

    with FakeEngine(desk) as engine:
        begun = time.monotonic()

        assert show_window(qapp, engine, stop, memory, seconds=PATIENCE) == 0

    assert time.monotonic() - begun < PATIENCE


def test_a_file_that_hangs_does_not_hold_up_the_end(qapp: Application, memory: QSettings) -> None:
    stop, enough = StopRequests(), threading.Event()

    def write_to_a_share_that_is_gone() -> None:
        stop.ask()
        enough.wait()

    async def write() -> None:
        await asyncio.to_thread(write_to_a_share_that_is_gone)

    def save() -> None:
        windows = [found for found in qapp.topLevelWidgets() if isinstance(found, MainWindow)]
        if windows:
            windows[0]._actions.start(write, "saving")
        else:
            QTimer.singleShot(0, save)

    save()
    with FakeEngine(FakeDesk(farm=calm_farm())) as engine:
        leaving = threading.Timer(PATIENCE, enough.set)
        leaving.start()

        assert show_window(qapp, engine, stop, memory, seconds=PATIENCE) == 0

        assert not enough.is_set()
        leaving.cancel()
        enough.set()


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGTERM to send")
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_the_program_in_order(tmp_path: Path, number: signal.Signals) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", PROGRAM.format(seconds=None)],
        cwd=CHECKOUT,
        env=environment(tmp_path),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as running:
        assert running.stdout is not None
        assert running.stdout.readline() == "started\n"

        running.send_signal(number)

        _, stderr = running.communicate(timeout=60)
    assert running.returncode == 0, stderr


def test_there_is_an_icon(qapp: Application) -> None:
    assert not app_icon().pixmap(32, 32).isNull()
