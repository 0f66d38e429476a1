"""The engine on its own thread: one asyncio loop for adb, webhooks, pushes and upkeep, whatever the window does."""

from __future__ import annotations

import asyncio
import gc
import sys
import threading
from collections.abc import Callable, Coroutine
from concurrent.futures import Future
from contextlib import suppress
from typing import Any, TypeVar

import structlog

from phonefarm.application.desk.farm_desk import FarmDesk
from phonefarm.application.ports.world import SecretStore
from phonefarm.config.data_folder import DataFolder
from phonefarm.config.settings import Settings
from phonefarm.runtime.farm import Farm, bind_listeners
from phonefarm.runtime.preload import preload_modules
from phonefarm.support.daemon_threads import DaemonPool
from phonefarm.support.file_limit import NO_LIMIT, raise_file_limit
from phonefarm.support.garbage_fallback import GarbageFallback
from phonefarm.support.logs import SecretFilter

log = structlog.get_logger(__name__)

T = TypeVar("T")

SWITCH_SECONDS = 0.0005
"""How long the window may compute before the engine gets the interpreter; Python's own 5 ms is long for a webhook."""
WHOLE_SEARCH_EVERY = 100
"""So many searches of what is younger go before one of everything; with Python's own 10, a burst has one every 4 s."""
START_WITHIN = 15 * 60.0
"""A database of an older version, with years of history, takes minutes to be brought up to date."""
STOP_WITHIN = 4.0
"""After so long of an orderly stop the rest is let go."""
STRAGGLERS_WITHIN = 0.7
GIVE_UP_AFTER = 5.0
"""The whole of `stop`."""
HELPERS = 8


def tune_interpreter_for_latency() -> None:
    """Keep the interpreter from making a webhook wait.

    What is loaded by now lives as long as the program: to search it for garbage stops every thread for a tenth of a
    second, again and again. The rest is searched whole less often, for it stops them too.
    """
    sys.setswitchinterval(SWITCH_SECONDS)
    gc.freeze()
    young, middle, _ = gc.get_threshold()
    gc.set_threshold(young, middle, WHOLE_SEARCH_EVERY)


class EngineThread:
    """`start` returns when the farm runs or raises why it cannot; `stop` returns when all is safely put down."""

    def __init__(self, settings: Settings, hidden: SecretFilter, secrets: SecretStore | None = None) -> None:
        """`secrets` keeps the partner key instead of the OS keyring, if given."""
        self._settings = settings
        self._hidden = hidden
        self._secrets = secrets
        self._folder = DataFolder(settings.data_dir)
        self._file_limit = NO_LIMIT
        self._thread: threading.Thread | None = None
        self._started: Future[tuple[Farm, asyncio.AbstractEventLoop]] = Future()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stop_wanted = asyncio.Event()

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
        preload_modules()
        self._folder.take()
        self._file_limit = raise_file_limit()
        self._thread = threading.Thread(target=self._run, name="engine", daemon=True)
        self._thread.start()
        try:
            self._started.result(timeout=START_WITHIN)
        except BaseException:
            self.stop()
            raise

    def stop(self) -> None:
        """Wait for an orderly end, but not for what hangs; the folder is held for as long as the engine lives."""
        if self._thread is None:
            return
        if self._loop is not None:
            with suppress(RuntimeError):  # it has ended by itself
                self._loop.call_soon_threadsafe(self._stop_wanted.set)
        self._thread.join(GIVE_UP_AFTER)
        if self._thread.is_alive():
            log.error("the engine did not stop in time")
            return
        self._folder.release()

    def _run(self) -> None:
        self._loop = loop = asyncio.new_event_loop()
        loop.set_default_executor(DaemonPool(HELPERS, "helper"))
        try:
            loop.run_until_complete(self._live())
        except BaseException as error:
            if not self._started.done():
                self._started.set_exception(error)
            else:
                log.error("the engine ended", exc_info=error)
        finally:
            _let_go(loop)

    async def _live(self) -> None:
        listeners = bind_listeners(self._settings)
        try:
            farm = Farm(self._settings, listeners, self._hidden, self._secrets, file_limit=self._file_limit)
            await farm.start()
        except BaseException:
            listeners.close()
            raise
        tune_interpreter_for_latency()
        loop = asyncio.get_running_loop()
        garbage = loop.create_task(GarbageFallback().run(), name="garbage")
        self._started.set_result((farm, loop))
        try:
            await self._stop_wanted.wait()
        finally:
            garbage.cancel()
            await _stop(farm)


async def _stop(farm: Farm) -> None:
    stopping = asyncio.get_running_loop().create_task(farm.stop(), name="stop")
    await asyncio.wait([stopping], timeout=STOP_WITHIN)
    if stopping.done():
        stopping.result()
    else:
        log.error("not all could be put down in time", within=STOP_WITHIN)
        farm.listeners.close()


def _let_go(loop: asyncio.AbstractEventLoop) -> None:
    """Cancel what still runs and close the loop, whether or not all has ended by then."""
    stragglers = asyncio.all_tasks(loop)
    for task in stragglers:
        task.cancel()
    try:
        if stragglers:
            _, late = loop.run_until_complete(asyncio.wait(stragglers, timeout=STRAGGLERS_WITHIN))
            if late:
                log.error("tasks that do not end are left behind", tasks=sorted(task.get_name() for task in late))
        loop.run_until_complete(asyncio.wait_for(loop.shutdown_asyncgens(), STRAGGLERS_WITHIN))
    except Exception as error:
        log.error("the engine's loop did not end well", exc_info=error)
    finally:
        loop.close()
