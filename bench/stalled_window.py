"""The app with its window, whose thread computes for 200 ms in each second; run by bench.webhooks."""

from __future__ import annotations

import asyncio
import os

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

import sys
import tempfile
import time

from PySide6.QtCore import QSettings, QTimer
from PySide6.QtWidgets import QApplication
from qasync import QEventLoop

from phonefarm.config.settings import load_settings
from phonefarm.runtime.engine_thread import EngineThread
from phonefarm.runtime.farm import Farm, Listeners, bind_listeners
from phonefarm.support.logs import SecretFilter, set_up_logs
from phonefarm.support.stop_requests import StopRequests
from ui.shell.app import show_window
from ui.shell.application import Application, make_app

STALL_SECONDS = 0.2


def stall() -> None:
    """Hold the interpreter as a careless slot would."""
    end = time.perf_counter() + STALL_SECONDS
    while time.perf_counter() < end:
        sum(range(1000))


def say(listeners: Listeners) -> None:
    print(f"serves webhooks on {listeners.webhooks_address}, admin on {listeners.admin_address}", flush=True)


def on_an_engine_thread(app: Application) -> None:
    engine = EngineThread(load_settings(), SecretFilter())
    engine.start()
    say(engine.farm.listeners)
    with tempfile.TemporaryDirectory() as folder:
        memory = QSettings(os.path.join(folder, "window.ini"), QSettings.Format.IniFormat)
        show_window(app, engine, StopRequests(), memory)
    engine.stop()


def on_the_windows_loop(app: QApplication) -> None:
    """The naive way: webhooks, adb and pushes share the loop with the window."""
    loop = QEventLoop(app)

    async def live() -> None:
        settings = load_settings()
        listeners = bind_listeners(settings)
        farm = Farm(settings, listeners, SecretFilter())
        await farm.start()
        say(listeners)
        await asyncio.Event().wait()

    with loop:
        loop.run_until_complete(live())


def main() -> None:
    way, stalls = sys.argv[1:3]
    set_up_logs(None, SecretFilter(), to_stderr=False)
    app = make_app()
    timer = QTimer(interval=1000)
    if stalls == "stalled":
        timer.timeout.connect(stall)
        timer.start()
    {"engine-thread": on_an_engine_thread, "window-loop": on_the_windows_loop}[way](app)


if __name__ == "__main__":
    main()
