"""The farm with its window, from start to end: whoever double-clicked it reads in a dialog why it ends early."""

from __future__ import annotations

import traceback
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Protocol, TypeVar

import structlog
import typer

from phonefarm.application.desk.engine import RunningEngine
from phonefarm.config.settings import Settings
from phonefarm.domain.errors import KnownError
from phonefarm.runtime.backups import damage, go_back
from phonefarm.runtime.engine_thread import EngineThread
from phonefarm.support.crash_reports import crash_reports, crash_sentence
from phonefarm.support.logs import FOLDER as LOGS
from phonefarm.support.logs import SecretFilter, log_file
from phonefarm.support.stop_requests import Endings, StopRequests, heard
from phonefarm.support.windows_endings import system_endings

log = structlog.get_logger(__name__)


class Startable(Protocol):
    def start(self) -> None: ...


E = TypeVar("E", bound=Startable)
Prepare = Callable[[], tuple[Settings, SecretFilter]]


class WindowProgram(Protocol):
    """What `ui.shell.app.Program` can do."""

    def show_error(self, sentence: str) -> None: ...

    def show_bug(self, bug: str, log: Path | None) -> None: ...

    def confirm_restore(self, sentence: str, made_at: datetime, contents: str) -> bool: ...

    def run(self, engine: RunningEngine, stop: StopRequests, warning: str) -> None:
        """Until somebody asks to stop, or the user closes the window, which shows `warning` if it is not empty."""
        ...


def run_windowed(program: WindowProgram, prepare: Prepare, endings: Endings = system_endings) -> None:
    """Until the user closes the window; what keeps it from running is told before it is raised."""
    settings: Settings | None = None
    try:
        settings, hidden = prepare()
        _run(program, settings, hidden, endings)
    except KnownError as error:
        program.show_error(str(error))
        raise
    except typer.Exit:
        raise
    except Exception as error:
        program.show_bug(named(error), None if settings is None else _logged(error, settings))
        raise


def _logged(error: Exception, settings: Settings) -> Path:
    log.error("a bug ended the program", exc_info=error)
    return log_file(settings.data_dir / LOGS)


def _run(program: WindowProgram, settings: Settings, hidden: SecretFilter, endings: Endings) -> None:
    with crash_reports(settings.data_dir / LOGS) as report:
        engine = started_or_restored(settings, lambda: EngineThread(settings, hidden), program)
        if engine is None:
            raise typer.Exit(1)
        with heard(endings) as stop:
            try:
                program.run(engine, stop, "" if report is None else crash_sentence(report))
            finally:
                engine.stop()


def started_or_restored(settings: Settings, make: Callable[[], E], program: WindowProgram) -> E | None:
    """A running engine, where need be on the newest sound backup; None where the user does not want that one."""
    engine = make()
    try:
        engine.start()
    except KnownError as error:
        found = damage(settings)
        if found is None:
            raise
        if found.way_back is None:
            raise KnownError(str(found)) from error
        backup, contents = found.way_back
        if not program.confirm_restore(str(found), backup.made_at, str(contents)):
            return None
        typer.echo(go_back(settings, backup.path))
        engine = make()
        engine.start()
    return engine


def named(error: Exception) -> str:
    """Kind and place of a bug; never its own words, which may quote a secret or a message."""
    frame = traceback.extract_tb(error.__traceback__)[-1]
    return f"{type(error).__name__} in {Path(frame.filename).name}, line {frame.lineno}"
