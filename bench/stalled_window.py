"""The app with a window whose thread blocks for 200 ms in each second; run by bench.webhooks."""

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
from phonefarm.runtime.farm import Farm
from phonefarm.runtime.listeners import Listeners, bind_listeners
from phonefarm.support.logs import SecretFilter, set_up_logs
from phonefarm.support.stop_requests import StopRequests
from ui.shell.app import show_window
from ui.shell.application import Application, make_app

STALL_SECONDS = 0.2


def stall() -> None:
    """Hold the GIL like a slow Qt slot."""
    end = time.perf_counter() + STALL_SECONDS
    while time.perf_counter() < end:
        sum(range(1000))


def print_addresses(listeners: Listeners) -> None:
    print(f"serves webhooks on {listeners.webhooks_address}, admin on {listeners.admin_address}", flush=True)


def run_on_engine_thread(app: Application) -> None:
    engine = EngineThread(load_settings(), SecretFilter())
    engine.start()
    print_addresses(engine.farm.listeners)
    with tempfile.TemporaryDirectory() as folder:
        memory = QSettings(os.path.join(folder, "window.ini"), QSettings.Format.IniFormat)
        show_window(app, engine, StopRequests(), memory)
    engine.stop()


def run_on_window_loop(app: QApplication) -> None:
    """The naive design: webhooks, adb and pushes share the event loop with the window."""
    loop = QEventLoop(app)

    async def run_farm() -> None:
        settings = load_settings()
        listeners = bind_listeners(settings)
        farm = Farm(settings, listeners, SecretFilter())
        await farm.start()
        print_addresses(listeners)
        await asyncio.Event().wait()

    with loop:
        loop.run_until_complete(run_farm())


def main() -> None:
    design, stalls = sys.argv[1:3]
    set_up_logs(None, SecretFilter(), to_stderr=False)
    app = make_app()
    timer = QTimer(interval=1000)
    if stalls == "stalled":
        timer.timeout.connect(stall)
        timer.start()
    {"engine-thread": run_on_engine_thread, "window-loop": run_on_window_loop}[design](app)


if __name__ == "__main__":
    main()
