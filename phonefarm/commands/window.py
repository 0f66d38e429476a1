"""Runs the farm with its window, and shows errors in a dialog, as there may be no terminal."""

from __future__ import annotations

import traceback
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Protocol, TypeVar

import structlog
import typer

from phonefarm.application.desk.engine import RunningEngine
from phonefarm.config.data_folder import FolderInUse
from phonefarm.config.settings import Settings
from phonefarm.domain.errors import KnownError
from phonefarm.runtime.backups import find_damage, restore_backup
from phonefarm.runtime.engine_thread import EngineThread
from phonefarm.support.crash_reports import crash_reports, crash_sentence
from phonefarm.support.logs import FOLDER as LOGS
from phonefarm.support.logs import SecretFilter, log_file
from phonefarm.support.stop_requests import Endings, StopRequests, stop_requests_from
from phonefarm.support.windows_endings import system_endings

log = structlog.get_logger(__name__)


class Startable(Protocol):
    def start(self) -> None: ...


E = TypeVar("E", bound=Startable)
Prepare = Callable[[], tuple[Settings, SecretFilter]]


class WindowProgram(Protocol):
    """The interface of `ui.shell.app.Program`."""

    def raise_first(self, data_folder: Path) -> bool:
        """Whether another process has its window on that folder, and has brought it to the front."""
        ...

    def show_error(self, sentence: str) -> None: ...

    def show_bug(self, bug: str, log: Path | None) -> None: ...

    def confirm_restore(self, sentence: str, made_at: datetime, contents: str) -> bool: ...

    def run(self, engine: RunningEngine, stop: StopRequests, warning: str, data_folder: Path) -> None:
        """Show the window until a stop request or until the user closes it; shows a non-empty `warning` in it."""
        ...


def run_with_window(program: WindowProgram, prepare: Prepare, endings: Endings = system_endings) -> None:
    """Run until the user closes the window; shows errors in a dialog before raising them."""
    settings: Settings | None = None
    try:
        settings, hidden = prepare()
        _run(program, settings, hidden, endings)
    except FolderInUse as error:
        if settings is None or not program.raise_first(settings.data_dir):
            program.show_error(str(error))
            raise
    except KnownError as error:
        program.show_error(str(error))
        raise
    except typer.Exit:
        raise
    except Exception as error:
        program.show_bug(describe_bug(error), None if settings is None else _log_bug(error, settings))
        raise


def _log_bug(error: Exception, settings: Settings) -> Path:
    log.error("a bug ended the program", exc_info=error)
    return log_file(settings.data_dir / LOGS)


def _run(program: WindowProgram, settings: Settings, hidden: SecretFilter, endings: Endings) -> None:
    with crash_reports(settings.data_dir / LOGS) as report:
        engine = start_or_restore(settings, lambda: EngineThread(settings, hidden), program)
        if engine is None:
            raise typer.Exit(1)
        with stop_requests_from(endings) as stop:
            try:
                program.run(engine, stop, "" if report is None else crash_sentence(report), settings.data_dir)
            finally:
                engine.stop()


def start_or_restore(settings: Settings, make: Callable[[], E], program: WindowProgram) -> E | None:
    """Start the engine, after restoring the newest sound backup if the database is damaged.

    Returns None if the user declines the restore.
    """
    engine = make()
    try:
        engine.start()
    except FolderInUse:
        raise
    except KnownError as error:
        damage = find_damage(settings)
        if damage is None:
            raise
        if damage.sound_backup is None:
            raise KnownError(str(damage)) from error
        backup, contents = damage.sound_backup
        if not program.confirm_restore(str(damage), backup.made_at, str(contents)):
            return None
        typer.echo(restore_backup(settings, backup.path))
        engine = make()
        engine.start()
    return engine


def describe_bug(error: Exception) -> str:
    """Type and location of an exception without its message, which may contain a secret or an SMS text."""
    frame = traceback.extract_tb(error.__traceback__)[-1]
    return f"{type(error).__name__} in {Path(frame.filename).name}, line {frame.lineno}"
