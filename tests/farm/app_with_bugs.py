"""`phonefarm` with planted bugs in functions that handle the key and texts; `window FILE` runs it offscreen."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

from phonefarm.adapters.onlinesim.push_channel import OnlinesimPushChannel
from phonefarm.application.ports.world import PushMessage
from phonefarm.application.trade.rentals import Rentals
from phonefarm.commands import cli
from phonefarm.config.own_environment import own_environment
from phonefarm.domain.pushes import PushOutcome

BUGGY_SENDER = "Buggy"
EACH_PAGE_MS = 300


def plant() -> None:
    push = OnlinesimPushChannel.push
    broken: set[int] = set()

    async def push_with_a_bug(self: OnlinesimPushChannel, message: PushMessage) -> PushOutcome:
        if message.sender == BUGGY_SENDER and message.sms_id not in broken:
            broken.add(message.sms_id)
            text = message.text
            raise KeyError(message, len(text))
        return await push(self, message)

    async def finish_with_a_bug(self: Rentals, *_: Any) -> bool:
        key = own_environment()["PHONEFARM_API_KEY"]
        raise RuntimeError(f"a bug that speaks of {key}")

    OnlinesimPushChannel.push = push_with_a_bug  # type: ignore[method-assign]
    Rentals.finish = finish_with_a_bug  # type: ignore[method-assign,assignment]


def show_window(memory: Path) -> None:
    """Show the window, go through its pages and close it."""
    os.environ["QT_QPA_PLATFORM"] = "offscreen"
    from PySide6.QtCore import QSettings, QTimer

    from phonefarm.application.desk.engine import RunningEngine
    from phonefarm.application.model.read_models import Topic
    from phonefarm.commands.window import run_with_window
    from phonefarm.support.stop_requests import StopRequests
    from ui.shell import app as window_app
    from ui.shell.window import MainWindow

    class Turned(window_app.Program):
        def run(self, engine: RunningEngine, stop: StopRequests, warning: str, data_folder: Path) -> None:
            pages = iter(Topic)

            def turn_the_page() -> None:
                (window,) = [found for found in self._app.topLevelWidgets() if isinstance(found, MainWindow)]
                topic = next((topic for topic in pages if topic in window.pages), None)
                if topic is None:
                    window.close()
                else:
                    window.go(topic)

            timer = QTimer(interval=EACH_PAGE_MS)
            timer.timeout.connect(turn_the_page)
            timer.start()
            window_app.show_window(self._app, engine, stop, QSettings(str(memory), QSettings.Format.IniFormat))
            timer.stop()

    run_with_window(Turned(), cli._prepare)


if __name__ == "__main__":
    plant()
    if sys.argv[1] == "window":
        show_window(Path(sys.argv[2]))
    else:
        cli.main()
