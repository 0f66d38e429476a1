"""The window as a program: screenshots, an orderly shutdown, no screen, no engine."""

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


def test_empty_farm_can_be_drawn(qapp: Application, memory: QSettings, tmp_path: Path) -> None:
    with FakeEngine(FakeDesk(farm=empty_farm())) as engine:
        code = show_window(qapp, engine, StopRequests(), memory, screenshots=tmp_path, seconds=0)

    assert code == 0


def test_window_without_an_engine_shuts_down_in_order(qapp: Application, memory: QSettings) -> None:
    with FakeEngine(FakeDesk()) as engine:
        engine.stop()

        assert show_window(qapp, engine, StopRequests(), memory, seconds=0) == 0


def test_program_ends_after_its_seconds(tmp_path: Path) -> None:
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


class HangingDesk(FakeDesk):
    """Its overview never returns; `meanwhile` is called first."""

    def __init__(self, meanwhile: Callable[[], object]) -> None:
        super().__init__(farm=calm_farm())
        self._meanwhile = meanwhile

    async def overview(self) -> Overview:
        self._meanwhile()
        await asyncio.Event().wait()
        raise AssertionError


def test_end_of_the_session_shuts_the_program_down_in_order(qapp: Application, memory: QSettings) -> None:
    """Left to Qt, the loop would end with calls in flight."""
    desk = HangingDesk(lambda: QMetaObject.invokeMethod(qapp, "quit", Qt.ConnectionType.QueuedConnection))

    with FakeEngine(desk) as engine:
        begun = time.monotonic()

        assert show_window(qapp, engine, StopRequests(), memory, seconds=PATIENCE) == 0

    assert time.monotonic() - begun < PATIENCE


def test_stop_request_from_another_thread_ends_the_program(qapp: Application, memory: QSettings) -> None:
    stop = StopRequests()
    desk = HangingDesk(lambda: threading.Thread(target=stop.ask).start())

    with FakeEngine(desk) as engine:
        begun = time.monotonic()

        assert show_window(qapp, engine, stop, memory, seconds=PATIENCE) == 0

    assert time.monotonic() - begun < PATIENCE


def test_hanging_file_does_not_delay_the_shutdown(qapp: Application, memory: QSettings) -> None:
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
def test_signal_shuts_the_program_down_in_order(tmp_path: Path, number: signal.Signals) -> None:
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
