"""Runs the farm on a separate thread with one asyncio loop, independent of the window's thread."""

from __future__ import annotations

import asyncio
import gc
import sys
import threading
from collections.abc import Callable, Coroutine
from concurrent.futures import Future
from contextlib import suppress
from functools import partial
from typing import Any, TypeVar, cast

import structlog

from phonefarm.application.desk.farm_desk import FarmDesk
from phonefarm.application.model.alerts import Alert
from phonefarm.application.model.events import Announcer
from phonefarm.application.model.read_models import Changes, Topic
from phonefarm.application.ports.world import SecretStore
from phonefarm.config.data_folder import DataFolder
from phonefarm.config.settings import Settings, reload_settings, settings_file
from phonefarm.domain.errors import KnownError
from phonefarm.runtime.farm import Farm
from phonefarm.runtime.listeners import KeptListeners, Listeners, bind_listeners
from phonefarm.runtime.preload import preload_modules
from phonefarm.support.atomic_files import atomic_write, remove_file
from phonefarm.support.daemon_threads import DaemonPool
from phonefarm.support.file_limit import NO_LIMIT, raise_file_limit
from phonefarm.support.garbage_fallback import GarbageFallback
from phonefarm.support.logs import SecretFilter

log = structlog.get_logger(__name__)

T = TypeVar("T")

SWITCH_INTERVAL_SECONDS = 0.0005
"""How long another thread may hold the GIL; Python's default of 5 ms delays webhooks."""
FULL_COLLECTION_EVERY = 100
"""Collections of the middle generation per full collection; with Python's 10, a burst has one every 4 s."""
START_TIMEOUT_SECONDS = 15 * 60.0
"""The migration of a large database of an older version takes minutes."""
STOP_TIMEOUT_SECONDS = 4.0
"""Time limit of an orderly stop; then the remaining tasks are cancelled."""
RESTART_STOP_TIMEOUT_SECONDS = 60.0
"""The same before a restart, where the next farm needs the database that the stopping one still holds."""
STRAGGLER_TIMEOUT_SECONDS = 0.7
GIVE_UP_SECONDS = 5.0
"""Time limit of `EngineThread.stop`."""
HELPER_THREADS = 8


def tune_interpreter_for_latency() -> None:
    """Reduce pauses by thread switching and garbage collection.

    Objects that exist now live as long as the program, and a collection of them stops all threads for 0.1 s, so they
    are frozen. Full collections of the other objects also stop all threads, so they are made rarer.
    """
    sys.setswitchinterval(SWITCH_INTERVAL_SECONDS)
    gc.freeze()
    young, middle, _ = gc.get_threshold()
    gc.set_threshold(young, middle, FULL_COLLECTION_EVERY)


class _CurrentDesk:
    """The desk of the farm that runs: a call made while the farm restarts waits for the next one."""

    def __init__(self, engine: EngineThread) -> None:
        self._engine = engine

    def subscribe(self, listener: Callable[[Changes], None]) -> Callable[[], None]:
        return self._engine.farm.desk.subscribe(listener)

    def subscribe_alerts(self, listener: Callable[[Alert], None]) -> Callable[[], None]:
        return self._engine.farm.desk.subscribe_alerts(listener)

    def __getattr__(self, name: str) -> Callable[..., Coroutine[Any, Any, Any]]:
        if not hasattr(FarmDesk, name):
            raise AttributeError(name)

        async def call(*arguments: Any, **options: Any) -> Any:
            desk = await self._engine.running_desk()
            return await getattr(desk, name)(*arguments, **options)

        return call


class EngineThread:
    """Starts and stops the farm on its thread, and runs coroutines of the desk there."""

    def __init__(
        self,
        settings: Settings,
        hidden: SecretFilter,
        secrets: SecretStore | None = None,
        reload: Callable[[], Settings] | None = None,
    ) -> None:
        """`secrets`, if given, replaces the OS keyring as the store of the partner key.

        `reload` reads the settings again after they were saved; by default with the overrides of their loading.
        """
        self._settings = settings
        self._reload = reload or partial(reload_settings, settings)
        self._hidden = hidden
        self._secrets = secrets
        self._folder = DataFolder(settings.data_dir)
        self._file_limit = NO_LIMIT
        self._thread: threading.Thread | None = None
        self._started: Future[asyncio.AbstractEventLoop] = Future()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._farm: Farm | None = None
        self._announcer = Announcer()
        self._last_good_file: bytes | None = None
        """The settings file of the farm that started last."""
        self._stop_wanted = asyncio.Event()
        self._apply_wanted = asyncio.Event()
        self._is_running = asyncio.Event()
        """Not set while the farm restarts with other settings."""

    @property
    def farm(self) -> Farm:
        """The farm that runs now, or ran last."""
        self._started.result(timeout=0)
        assert self._farm is not None
        return self._farm

    def ask(self, question: Callable[[FarmDesk], Coroutine[Any, Any, T]], within: float = 10.0) -> T:
        """Run a coroutine of the desk on the engine's loop and block until its result; `within` in seconds."""

        return asyncio.run_coroutine_threadsafe(question(self.desk), self.loop).result(within)

    @property
    def desk(self) -> FarmDesk:
        return cast(FarmDesk, _CurrentDesk(self))

    async def running_desk(self) -> FarmDesk:
        """The desk, on the engine's loop; waits while the farm restarts with other settings."""
        await self._is_running.wait()
        return self.farm.desk

    @property
    def loop(self) -> asyncio.AbstractEventLoop:
        return self._started.result(timeout=0)

    def start(self) -> None:
        """Start the farm; returns once it is running.

        Raises KnownError if the data folder or a port is in use, or the database is unusable.
        """
        preload_modules()
        self._folder.take()
        self._file_limit = raise_file_limit()
        self._thread = threading.Thread(target=self._run, name="engine", daemon=True)
        self._thread.start()
        try:
            self._started.result(timeout=START_TIMEOUT_SECONDS)
        except BaseException:
            self.stop()
            raise

    def stop(self) -> None:
        """Stop the farm; returns within GIVE_UP_SECONDS.

        Invariant: the data folder's lock is held until the engine's thread has ended.
        """
        if self._thread is None:
            return
        if self._loop is not None:
            with suppress(RuntimeError):  # the loop is already closed
                self._loop.call_soon_threadsafe(self._stop_wanted.set)
        self._thread.join(GIVE_UP_SECONDS)
        if self._thread.is_alive():
            log.error("the engine did not stop in time")
            return
        self._folder.release()

    def _run(self) -> None:
        self._loop = loop = asyncio.new_event_loop()
        loop.set_default_executor(DaemonPool(HELPER_THREADS, "helper"))
        try:
            loop.run_until_complete(self._run_farm())
        except BaseException as error:
            if not self._started.done():
                self._started.set_exception(error)
            else:
                log.error("the engine failed", exc_info=error)
        finally:
            _close_loop(loop)

    async def _run_farm(self) -> None:
        farm = await self._start_farm(self._settings, bind_listeners(self._settings))
        tune_interpreter_for_latency()
        loop = asyncio.get_running_loop()
        garbage = loop.create_task(GarbageFallback().run(), name="garbage")
        self._started.set_result(loop)
        try:
            while await self._is_restart_wanted():
                farm = await self._restart(farm)
        finally:
            garbage.cancel()
            self._announcer.close()
            await _stop_farm(farm, STOP_TIMEOUT_SECONDS)

    async def _start_farm(self, settings: Settings, listeners: Listeners) -> Farm:
        """Closes the listeners if it fails, and the database, which the next attempt needs."""
        farm: Farm | None = None
        try:
            farm = Farm(
                settings,
                listeners,
                self._hidden,
                self._secrets,
                file_limit=self._file_limit,
                announcer=self._announcer,
                apply_settings=self._want_restart,
            )
            await farm.start()
        except BaseException:
            if farm is not None:
                await _stop_farm(farm, STOP_TIMEOUT_SECONDS)
            listeners.close()
            raise
        self._farm, self._settings = farm, settings
        self._last_good_file = await asyncio.to_thread(_file_of, settings)
        self._is_running.set()
        return farm

    def _want_restart(self) -> None:
        """A call of the desk that follows waits until the saved settings apply."""
        self._is_running.clear()
        self._apply_wanted.set()

    async def _is_restart_wanted(self) -> bool:
        """Wait until the farm must restart with saved settings (true) or stop (false)."""
        loop = asyncio.get_running_loop()
        waiting = [loop.create_task(event.wait()) for event in (self._stop_wanted, self._apply_wanted)]
        try:
            await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in waiting:
                task.cancel()
        return not self._stop_wanted.is_set()

    async def _restart(self, farm: Farm) -> Farm:
        """Run the farm with the saved settings; with the former ones if the farm does not start with them."""
        self._apply_wanted.clear()
        before = self._settings
        try:
            after = await asyncio.to_thread(self._reload)
        except KnownError as error:
            farm.report_settings(str(error))
            self._is_running.set()
            return farm
        if dict(after) == dict(before):  # two Settings are never equal themselves
            self._is_running.set()
            return farm
        log.info("the farm restarts with other settings")
        kept = KeptListeners(farm.listeners)
        try:
            await _stop_farm(farm, RESTART_STOP_TIMEOUT_SECONDS)
            farm = await self._started_or_former(before, after, kept)
        finally:
            kept.close()
        for topic in Topic:
            self._announcer.changed(topic, None)
        return farm

    async def _started_or_former(self, before: Settings, after: Settings, kept: KeptListeners) -> Farm:
        try:
            farm = await self._start_farm(after, kept.take(before, after))
        except KnownError as error:
            log.error("the farm does not start with the new settings: the former ones are put back", cause=str(error))
            await asyncio.to_thread(_write_file_of, before, self._last_good_file)
            farm = await self._start_farm(before, kept.take(before, before))
            farm.report_settings(f"The new settings did not work, so the former ones are in use. {error}")
        else:
            farm.report_settings(None)
        return farm


def _file_of(settings: Settings) -> bytes | None:
    """The content of the settings file; None if there is no file."""
    path = settings_file(settings)
    return path.read_bytes() if path.exists() else None


def _write_file_of(settings: Settings, content: bytes | None) -> None:
    path = settings_file(settings)
    if content is None:
        remove_file(path)
        return
    draft = path.with_suffix(".new")
    with atomic_write(path, draft):
        draft.write_bytes(content)


async def _stop_farm(farm: Farm, within_seconds: float) -> None:
    stopping = asyncio.get_running_loop().create_task(farm.stop(), name="stop")
    await asyncio.wait([stopping], timeout=within_seconds)
    if stopping.done():
        stopping.result()
    else:
        log.error("the farm did not stop in time", within_seconds=within_seconds)
        farm.listeners.close()


def _close_loop(loop: asyncio.AbstractEventLoop) -> None:
    """Cancel the remaining tasks, wait for them briefly, and close the loop."""
    remaining_tasks = asyncio.all_tasks(loop)
    for task in remaining_tasks:
        task.cancel()
    try:
        if remaining_tasks:
            _, still_running = loop.run_until_complete(asyncio.wait(remaining_tasks, timeout=STRAGGLER_TIMEOUT_SECONDS))
            if still_running:
                log.error("tasks ignored their cancellation", tasks=sorted(task.get_name() for task in still_running))
        loop.run_until_complete(asyncio.wait_for(loop.shutdown_asyncgens(), STRAGGLER_TIMEOUT_SECONDS))
    except Exception as error:
        log.error("the engine's loop could not be closed cleanly", exc_info=error)
    finally:
        loop.close()
