"""Runs the window: application, loops, look, and an orderly end."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from types import FrameType

from PySide6.QtCore import QObject, QSettings, QTimer
from PySide6.QtWidgets import QApplication
from qasync import QEventLoop

from phonefarm.application.deadlines import is_set_within
from phonefarm.application.engine import RunningEngine
from phonefarm.application.read_models import KnownError
from phonefarm.application.tasks import Tasks
from ui.actions import Actions
from ui.engine_link import EngineLink
from ui.garbage import GarbageCollector
from ui.offscreen_fonts import find_fonts
from ui.screenshots import write_screenshots
from ui.start_dialogs import offer_backup, tell_bug, tell_trouble
from ui.taskbar import claim_own_place
from ui.theme import Theme, app_icon
from ui.tokens import Tone
from ui.window import MainWindow

IDLE_MS = 200


def run_window(
    engine: RunningEngine,
    *,
    title: str = "phonefarm",
    screenshots: Path | None = None,
    seconds: float | None = None,
    memory_file: Path | None = None,
) -> int:
    """Show the window until it is closed, a signal comes, or `seconds` have passed; 0 when all went well.

    `memory_file` keeps the window's place and look instead of the user's profile.
    """
    return _run(make_app(), engine, title, screenshots, seconds, memory_file)


class Program:
    """The farm's program with a window: what keeps it from starting is said in a dialog, for want of a terminal."""

    def __init__(self) -> None:
        self._app = make_app()

    def tell(self, sentence: str) -> None:
        """Until the user has read it."""
        tell_trouble(self._app, sentence)

    def tell_bug(self, bug: str, log: Path | None) -> None:
        """A bug of ours, and where its story is written."""
        tell_bug(self._app, bug, log)

    def wants_back(self, sentence: str, made_at: datetime, contents: str) -> bool:
        """Tell of a damaged database; whether the user wants the backup of that moment in its place."""
        return offer_backup(self._app, sentence, made_at, contents)

    def run(self, engine: RunningEngine, warning: str) -> None:
        _run(self._app, engine, "phonefarm", None, None, None, warning)


def make_app() -> QApplication:
    find_fonts(os.environ)
    claim_own_place()
    app = QApplication(sys.argv[:1])
    app.setApplicationName("phonefarm")
    # A dialog before the start, or the window's own end in order, must not quit the program by being closed.
    app.setQuitOnLastWindowClosed(False)
    return app


def _run(
    app: QApplication,
    engine: RunningEngine,
    title: str,
    screenshots: Path | None,
    seconds: float | None,
    memory_file: Path | None,
    warning: str = "",
) -> int:
    memory = (
        QSettings("phonefarm", "window")
        if memory_file is None
        else QSettings(str(memory_file), QSettings.Format.IniFormat)
    )
    return show_window(app, engine, memory, title=title, screenshots=screenshots, seconds=seconds, warning=warning)


def show_window(
    app: QApplication,
    engine: RunningEngine,
    memory: QSettings,
    *,
    title: str = "phonefarm",
    screenshots: Path | None = None,
    seconds: float | None = None,
    warning: str = "",
) -> int:
    """`run_window` in an application that is there already."""
    # The end comes in order, after the engine was told; not by Qt when the window closes.
    app.setQuitOnLastWindowClosed(False)
    loop = QEventLoop(app)
    asyncio.set_event_loop(loop)
    try:
        return int(loop.run_until_complete(_live(app, engine, memory, title, screenshots, seconds, warning)))
    finally:
        asyncio.set_event_loop(None)
        loop.close()


async def _live(
    app: QApplication,
    engine: RunningEngine,
    memory: QSettings,
    title: str,
    screenshots: Path | None,
    seconds: float | None,
    warning: str,
) -> int:
    enough = asyncio.Event()
    tasks = Tasks()
    root = QObject()
    theme = Theme(root)
    link = EngineLink(engine, root)
    actions = Actions(link, tasks, root)
    garbage = GarbageCollector(root)
    theme.dress(app)
    app.setWindowIcon(app_icon())
    window = MainWindow(link, actions, tasks, theme, title, memory)
    window.closed.connect(enough.set)
    # Python runs signal handlers between its own steps only; this makes it take one now and then.
    idle = QTimer(root, interval=IDLE_MS)
    idle.timeout.connect(link.check)
    idle.start()
    garbage.start()
    window.show()
    with _signals_set(enough):
        try:
            await _open(link, actions)
            window.start()
            if warning:
                actions.notice(Tone.WARN, warning)
            await is_set_within(enough, seconds)
            if screenshots is not None and not enough.is_set():
                await asyncio.to_thread(screenshots.mkdir, parents=True, exist_ok=True)
                await write_screenshots(window, theme, screenshots)
        finally:
            idle.stop()
            window.stop()
            link.close()
            await tasks.stop()
            theme.undress()
            window.hide()
            window.deleteLater()
            root.deleteLater()
            garbage.stop()
    return 0


async def _open(link: EngineLink, actions: Actions) -> None:
    try:
        await link.open()
    except KnownError as error:
        actions.notice(Tone.BAD, str(error))


@contextmanager
def _signals_set(enough: asyncio.Event) -> Iterator[None]:
    """Ctrl-C and SIGTERM close the window like the user would."""

    def handle(number: int, frame: FrameType | None) -> None:
        enough.set()

    before = {number: signal.signal(number, handle) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
