"""Keeps background tasks and sees how they end: nothing fails unheard."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any

import structlog

log = structlog.get_logger(__name__)

OnBug = Callable[[str, BaseException], None]


class Tasks:
    """A set of running tasks; a task that ends with an exception is a bug: logged with its trace and reported."""

    def __init__(self, on_bug: OnBug | None = None) -> None:
        self._running: set[asyncio.Task[Any]] = set()
        self._on_bug = on_bug

    def start(self, work: Coroutine[Any, Any, Any], name: str) -> asyncio.Task[Any]:
        task = asyncio.get_running_loop().create_task(work, name=name)
        self._running.add(task)
        task.add_done_callback(self._ended)
        return task

    def keep_going(self, work: Callable[[], Awaitable[None]], name: str, pause: float = 1.0) -> asyncio.Task[Any]:
        """Run `work` again after `pause` seconds whenever it fails: one bug must not stop the farm."""
        return self.start(self._again_and_again(work, name, pause), name)

    async def _again_and_again(self, work: Callable[[], Awaitable[None]], name: str, pause: float) -> None:
        while True:
            try:
                await work()
            except Exception as error:  # noqa: BLE001 - the last resort for every background loop
                self._report(name, error)
                await asyncio.sleep(pause)
            else:
                return

    async def stop(self, within: float = 2.0) -> None:
        """Cancel all and wait for their ends, at most `within` seconds."""
        running = [task for task in self._running if task is not asyncio.current_task()]
        for task in running:
            task.cancel()
        if running:
            await asyncio.wait(running, timeout=within)

    def _ended(self, task: asyncio.Task[Any]) -> None:
        self._running.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            self._report(task.get_name(), error)

    def _report(self, name: str, error: BaseException) -> None:
        log.error("a bug in phonefarm", task=name, exc_info=error)
        if self._on_bug is not None:
            self._on_bug(name, error)
