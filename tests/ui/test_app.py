"""The window as a program: pictures of every page, an orderly end, no screen, no engine."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from PySide6.QtCore import QSettings
from PySide6.QtGui import QImage
from PySide6.QtWidgets import QApplication

from phonefarm.application.read_models import Topic
from tests.fakes.desk import FakeDesk, FakeEngine
from tests.fakes.farms import busy_farm, empty_farm
from ui.app import show_window
from ui.theme import app_icon

ROOT = Path(__file__).resolve().parents[2]
PROGRAM = """
import sys
from tests.fakes.desk import FakeDesk, FakeEngine
from tests.fakes.farms import calm_farm
from ui.app import run_window
class Desk(FakeDesk):
    def subscribe(self, listener):
        print("started", flush=True)
        return super().subscribe(listener)
with FakeEngine(Desk(farm=calm_farm())) as engine:
    sys.exit(run_window(engine, seconds={seconds}))
"""


@pytest.fixture
def memory(tmp_path: Path) -> QSettings:
    return QSettings(str(tmp_path / "window.ini"), QSettings.Format.IniFormat)


def environment(home: Path) -> dict[str, str]:
    own = {"QT_QPA_PLATFORM": "offscreen", "HOME": str(home), "XDG_CONFIG_HOME": str(home), "PYTHONWARNINGS": "error"}
    return {**os.environ, **own}


def test_every_page_is_written_in_light_and_dark(qapp: QApplication, memory: QSettings, tmp_path: Path) -> None:
    with FakeEngine(FakeDesk(farm=busy_farm())) as engine:
        code = show_window(qapp, engine, memory, screenshots=tmp_path / "shots", seconds=0)

    assert code == 0
    written = {path.name for path in (tmp_path / "shots").iterdir()}
    assert written == {f"{topic}-{look}.png" for topic in Topic for look in ("light", "dark")}
    for name in written:
        image = QImage(str(tmp_path / "shots" / name))
        assert (image.width(), image.height()) == (1440, 900)


def test_an_empty_farm_is_drawn_too(qapp: QApplication, memory: QSettings, tmp_path: Path) -> None:
    with FakeEngine(FakeDesk(farm=empty_farm())) as engine:
        code = show_window(qapp, engine, memory, screenshots=tmp_path, seconds=0)

    assert code == 0


def test_a_window_without_an_engine_says_so_and_ends_in_order(qapp: QApplication, memory: QSettings) -> None:
    with FakeEngine(FakeDesk()) as engine:
        engine.stop()

        assert show_window(qapp, engine, memory, seconds=0) == 0


def test_the_program_ends_by_itself_after_its_time(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM.format(seconds=0.2)],
        cwd=ROOT,
        env=environment(tmp_path),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )

    assert done.returncode == 0, done.stderr
    assert done.stderr == ""


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGTERM to send")
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_the_program_in_order(tmp_path: Path, number: signal.Signals) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", PROGRAM.format(seconds=None)],
        cwd=ROOT,
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


def test_there_is_an_icon(qapp: QApplication) -> None:
    assert not app_icon().pixmap(32, 32).isNull()
