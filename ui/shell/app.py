"""Runs the window: application, loops, look, and an orderly end."""

from __future__ import annotations

import asyncio
from datetime import datetime
from pathlib import Path

from PySide6.QtCore import QObject, QSettings, QTimer
from qasync import QEventLoop

from phonefarm.application.desk.engine import RunningEngine
from phonefarm.application.model.read_models import KnownError
from phonefarm.support.daemon_threads import DaemonPool
from phonefarm.support.deadlines import is_set_within
from phonefarm.support.stop_requests import StopRequests, asked_by_signals
from phonefarm.support.tasks import Tasks
from ui.engine.actions import Actions
from ui.engine.engine_link import EngineLink
from ui.shell.application import Application, make_app
from ui.shell.garbage import GarbageCollector
from ui.shell.screenshots import write_screenshots
from ui.shell.start_dialogs import offer_backup, tell_bug, tell_trouble
from ui.shell.window import MainWindow
from ui.style.theme import Theme, app_icon
from ui.style.tokens import Tone

IDLE_MS = 200
HELPERS = 4


def run_window(
    engine: RunningEngine,
    stop: StopRequests,
    *,
    title: str = "phonefarm",
    screenshots: Path | None = None,
    seconds: float | None = None,
    memory_file: Path | None = None,
) -> int:
    """Show the window until it is closed, somebody asks to stop, or `seconds` have passed; 0 when all went well.

    `memory_file` keeps the window's place and look instead of the user's profile.
    """
    return _run(make_app(), engine, stop, title, screenshots, seconds, memory_file)


class Program:
    """The farm's program with a window: what keeps it from starting is said in a dialog, for want of a terminal."""

    def __init__(self) -> None:
        self._app = make_app()

    def tell(self, sentence: str) -> None:
        """Until the user has read it."""
        tell_trouble(self._app, sentence)

    def tell_bug(self, bug: str, log: Path | None) -> None:
        """A bug of ours, and where its trace is written."""
        tell_bug(self._app, bug, log)

    def wants_back(self, sentence: str, made_at: datetime, contents: str) -> bool:
        """Tell of a damaged database; whether the user wants the backup of that moment in its place."""
        return offer_backup(self._app, sentence, made_at, contents)

    def run(self, engine: RunningEngine, stop: StopRequests, warning: str) -> None:
        _run(self._app, engine, stop, "phonefarm", None, None, None, warning)


def _run(
    app: Application,
    engine: RunningEngine,
    stop: StopRequests,
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
    return show_window(
        app, engine, stop, memory, title=title, screenshots=screenshots, seconds=seconds, warning=warning
    )


def show_window(
    app: Application,
    engine: RunningEngine,
    stop: StopRequests,
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
    loop, helpers = QEventLoop(app), DaemonPool(HELPERS, "window helper")
    loop.set_default_executor(helpers)
    asyncio.set_event_loop(loop)
    try:
        return int(loop.run_until_complete(_live(app, engine, stop, memory, title, screenshots, seconds, warning)))
    finally:
        asyncio.set_event_loop(None)
        loop.set_default_executor(None)  # it would wait for a file that hangs, and the engine's end with it
        helpers.shutdown(wait=False)
        loop.close()


async def _live(
    app: Application,
    engine: RunningEngine,
    stop: StopRequests,
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
    window.closed.connect(stop.ask)
    app.quit_asked.connect(stop.ask)
    loop = asyncio.get_running_loop()
    # Python runs signal handlers between its own steps only; this makes it take one now and then.
    idle = QTimer(root, interval=IDLE_MS)
    idle.timeout.connect(link.check)
    idle.start()
    garbage.start()
    window.show()
    with asked_by_signals(stop), stop.notifying(lambda: loop.call_soon_threadsafe(enough.set)):
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
            app.quit_asked.disconnect(stop.ask)
    return 0


async def _open(link: EngineLink, actions: Actions) -> None:
    try:
        await link.open()
    except KnownError as error:
        actions.notice(Tone.BAD, str(error))
