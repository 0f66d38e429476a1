"""The engine on its own thread: one asyncio loop for adb, webhooks, pushes and upkeep, whatever the window does."""

from __future__ import annotations

import asyncio
import sys
import threading
from collections.abc import Callable, Coroutine
from concurrent.futures import Future
from typing import Any, TypeVar

import structlog

from phonefarm.application.farm_desk import FarmDesk
from phonefarm.application.interfaces import SecretStore
from phonefarm.bootstrap import Farm, bind_listeners
from phonefarm.data_folder import DataFolder
from phonefarm.logs import SecretFilter
from phonefarm.settings import Settings

log = structlog.get_logger(__name__)

T = TypeVar("T")

SWITCH_SECONDS = 0.0005
"""How long the window may compute before the engine gets the interpreter; Python's own 5 ms is long for a webhook."""
START_WITHIN = 60.0
STOP_WITHIN = 5.0


class EngineThread:
    """`start` returns when the farm runs or raises why it cannot; `stop` returns when all is safely put down."""

    def __init__(self, settings: Settings, hidden: SecretFilter, secrets: SecretStore | None = None) -> None:
        """`secrets` keeps the partner key instead of the OS keyring, if given."""
        self._settings = settings
        self._hidden = hidden
        self._secrets = secrets
        self._folder = DataFolder(settings.data_dir)
        self._thread: threading.Thread | None = None
        self._started: Future[tuple[Farm, asyncio.AbstractEventLoop]] = Future()
        self._stop_wanted: asyncio.Event | None = None
        self._ended = threading.Event()

    @property
    def farm(self) -> Farm:
        return self._started.result(timeout=0)[0]

    def ask(self, question: Callable[[FarmDesk], Coroutine[Any, Any, T]], within: float = 10.0) -> T:
        """Await something of the desk from another thread."""
        return asyncio.run_coroutine_threadsafe(question(self.desk), self.loop).result(within)

    @property
    def desk(self) -> FarmDesk:
        return self.farm.desk

    @property
    def loop(self) -> asyncio.AbstractEventLoop:
        return self._started.result(timeout=0)[1]

    def start(self) -> None:
        """Raises KnownError: folder in use, port taken, database unusable."""
        sys.setswitchinterval(SWITCH_SECONDS)
        self._folder.take()
        self._thread = threading.Thread(target=self._run, name="engine", daemon=True)
        self._thread.start()
        try:
            self._started.result(timeout=START_WITHIN)
        except BaseException:
            self._ended.wait(STOP_WITHIN)
            self._folder.release()
            raise

    def stop(self) -> None:
        if self._thread is None:
            return
        if self._stop_wanted is not None and not self._ended.is_set():
            self.loop.call_soon_threadsafe(self._stop_wanted.set)
        if not self._ended.wait(STOP_WITHIN + 5.0):
            log.error("the engine did not stop in time")
        self._thread.join(timeout=1.0)
        self._folder.release()

    def _run(self) -> None:
        try:
            asyncio.run(self._live())
        except BaseException as error:
            if not self._started.done():
                self._started.set_exception(error)
            else:
                log.error("the engine ended", exc_info=error)
        finally:
            self._ended.set()

    async def _live(self) -> None:
        self._stop_wanted = asyncio.Event()
        listeners = bind_listeners(self._settings)
        try:
            farm = Farm(self._settings, listeners, self._hidden, self._secrets)
            await farm.start()
        except BaseException:
            listeners.close()
            raise
        self._started.set_result((farm, asyncio.get_running_loop()))
        try:
            await self._stop_wanted.wait()
        finally:
            await farm.stop()
