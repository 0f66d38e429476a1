"""Runs the window: application, event loop, theme, and an orderly shutdown."""

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
from ui.shell.background import Background, Presence
from ui.shell.garbage import GarbageCollector
from ui.shell.screenshots import write_screenshots
from ui.shell.single_instance import RaiseServer, raise_first_window
from ui.shell.start_dialogs import offer_backup, show_bug, show_start_error
from ui.shell.window import MainWindow
from ui.style.theme import Theme, app_icon
from ui.style.tokens import Tone

CHECK_MS = 200
HELPER_THREADS = 4


def run_window(
    engine: RunningEngine,
    stop: StopRequests,
    *,
    title: str = "phonefarm",
    screenshots: Path | None = None,
    seconds: float | None = None,
    memory_file: Path | None = None,
) -> int:
    """Show the window until it is closed, a stop is requested, or `seconds` have passed; returns the exit code.

    `memory_file` stores the window's geometry and theme instead of the user's profile.
    """
    return _run(make_app(), engine, stop, title, screenshots, seconds, memory_file)


class Program:
    """The program with a window: it shows in a dialog why it cannot start, as there may be no terminal."""

    def __init__(self, *, is_hidden: bool = False) -> None:
        """`is_hidden`: start in the tray, or minimised where there is none."""
        self._app = make_app()
        self._is_hidden = is_hidden

    def raise_first(self, data_folder: Path) -> bool:
        """Whether another process has its window on that folder, and has brought it to the front."""
        return raise_first_window(data_folder)

    def show_error(self, sentence: str) -> None:
        """Returns when the user has closed the dialog."""
        show_start_error(self._app, sentence)

    def show_bug(self, bug: str, log: Path | None) -> None:
        """A bug of ours, and the log with its traceback."""
        show_bug(self._app, bug, log)

    def confirm_restore(self, sentence: str, made_at: datetime, contents: str) -> bool:
        """Show that the database is damaged; whether the user wants the backup of `made_at` restored."""
        return offer_backup(self._app, sentence, made_at, contents)

    def run(self, engine: RunningEngine, stop: StopRequests, warning: str, data_folder: Path) -> None:
        presence = Presence(data_folder=data_folder, is_hidden=self._is_hidden)
        _run(self._app, engine, stop, "phonefarm", None, None, None, warning, presence)


def _run(
    app: Application,
    engine: RunningEngine,
    stop: StopRequests,
    title: str,
    screenshots: Path | None,
    seconds: float | None,
    memory_file: Path | None,
    warning: str = "",
    presence: Presence | None = None,
) -> int:
    memory = (
        QSettings("phonefarm", "window")
        if memory_file is None
        else QSettings(str(memory_file), QSettings.Format.IniFormat)
    )
    return show_window(
        app,
        engine,
        stop,
        memory,
        title=title,
        screenshots=screenshots,
        seconds=seconds,
        warning=warning,
        presence=presence,
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
    presence: Presence | None = None,
) -> int:
    """`run_window` in an existing application."""
    # The shutdown is ours, not Qt's when the last window closes.
    app.setQuitOnLastWindowClosed(False)
    loop, helpers = QEventLoop(app), DaemonPool(HELPER_THREADS, "window helper")
    loop.set_default_executor(helpers)
    asyncio.set_event_loop(loop)
    try:
        return int(
            loop.run_until_complete(
                _run_until_stopped(app, engine, stop, memory, title, screenshots, seconds, warning, presence)
            )
        )
    finally:
        asyncio.set_event_loop(None)
        loop.set_default_executor(None)  # otherwise `close` waits for a hanging file, and delays the engine's stop
        helpers.shutdown(wait=False)
        loop.close()


async def _run_until_stopped(
    app: Application,
    engine: RunningEngine,
    stop: StopRequests,
    memory: QSettings,
    title: str,
    screenshots: Path | None,
    seconds: float | None,
    warning: str,
    presence: Presence | None,
) -> int:
    stop_requested = asyncio.Event()
    tasks = Tasks()
    root = QObject()
    theme = Theme(root)
    link = EngineLink(engine, root)
    actions = Actions(link, tasks, root)
    garbage = GarbageCollector(root)
    theme.apply_to(app)
    app.setWindowIcon(app_icon())
    window = MainWindow(link, actions, tasks, theme, title, memory)
    background = None if presence is None else Background(window, actions, memory, title, root)
    raising = None if presence is None else RaiseServer(presence.data_folder, root)
    window.closed.connect(stop.ask)
    app.quit_requested.connect(stop.ask)
    loop = asyncio.get_running_loop()
    # Python runs signal handlers only between bytecodes: the timer also gives them a chance to run.
    check_timer = QTimer(root, interval=CHECK_MS)
    check_timer.timeout.connect(link.fail_calls_if_engine_ended)
    check_timer.start()
    garbage.start()
    if background is None or raising is None or presence is None:
        window.show()
    else:
        raising.raise_requested.connect(background.open)
        raising.listen()
        background.start(is_hidden=presence.is_hidden)
    with asked_by_signals(stop), stop.notifying(lambda: loop.call_soon_threadsafe(stop_requested.set)):
        try:
            await _subscribe(link, actions)
            window.start()
            if warning:
                actions.notice(Tone.WARN, warning)
            await is_set_within(stop_requested, seconds)
            if screenshots is not None and not stop_requested.is_set():
                await asyncio.to_thread(screenshots.mkdir, parents=True, exist_ok=True)
                await write_screenshots(window, theme, screenshots)
        finally:
            check_timer.stop()
            if background is not None and raising is not None:
                raising.close()
                background.close()
            window.stop()
            link.close()
            await tasks.stop()
            theme.detach()
            window.hide()
            window.deleteLater()
            root.deleteLater()
            garbage.stop()
            app.quit_requested.disconnect(stop.ask)
    return 0


async def _subscribe(link: EngineLink, actions: Actions) -> None:
    try:
        await link.open()
    except KnownError as error:
        actions.notice(Tone.BAD, str(error))
