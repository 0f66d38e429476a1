"""Commands to the farm of a data folder: to the one that runs, else to one that runs for as long as they last."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from phonefarm.adapters.admin.control import COMMANDS
from phonefarm.application.desk.farm_desk import FarmDesk
from phonefarm.config.settings import Settings
from phonefarm.domain.errors import KnownError
from phonefarm.runtime.control import tell_farm
from phonefarm.runtime.engine_thread import EngineThread
from phonefarm.support.logs import SecretFilter

COMMAND_SECONDS = 45.0
RESTART_SECONDS = 15.0
"""A farm that applies settings is away for about a second."""
PAUSE_SECONDS = 0.2

Ask = Callable[[str, Mapping[str, Any]], dict[str, Any]]
"""Runs a command with its values; raises KnownError."""


@contextmanager
def farm_session(settings: Settings, hidden: SecretFilter) -> Iterator[Ask]:
    """Raises KnownError if no farm runs and none can be started."""
    if _is_running(settings):
        yield lambda command, values: _tell(settings, command, values)
        return
    engine = EngineThread(settings, hidden)
    engine.start()
    try:
        yield commands_of(engine)
    finally:
        engine.stop()


def _is_running(settings: Settings) -> bool:
    try:
        asyncio.run(tell_farm(settings, "setup"))
    except KnownError:
        return False
    return True


def _tell(settings: Settings, command: str, values: Mapping[str, Any]) -> dict[str, Any]:
    answer = asyncio.run(tell_farm(settings, command, values))
    if command == "setup-save":
        _wait_for_restart(settings)
    return answer


def _wait_for_restart(settings: Settings) -> None:
    """Saved settings apply by a restart of the farm behind its ports."""
    deadline = time.monotonic() + RESTART_SECONDS
    time.sleep(PAUSE_SECONDS)
    while not _is_running(settings) and time.monotonic() < deadline:
        time.sleep(PAUSE_SECONDS)


def commands_of(engine: EngineThread) -> Ask:
    """The commands on an engine of this process."""

    def ask(command: str, values: Mapping[str, Any]) -> dict[str, Any]:
        async def question(desk: FarmDesk) -> dict[str, Any]:
            return dict(await COMMANDS[command](desk, values))

        return engine.ask(question, within=COMMAND_SECONDS)

    return ask
