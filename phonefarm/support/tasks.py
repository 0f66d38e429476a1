"""Keeps background tasks and sees how they end: nothing fails unheard."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from functools import partial
from typing import Any

import structlog

log = structlog.get_logger(__name__)

OnBug = Callable[[str, BaseException], None]
OnWell = Callable[[str], None]

WELL_AFTER = 60.0
"""A loop that failed is well again when it has run for so many seconds without failing."""


class Tasks:
    """A set of running tasks; a task that ends with an exception is a bug: logged with its trace and reported."""

    def __init__(
        self, on_bug: OnBug | None = None, on_well: OnWell | None = None, *, well_after: float = WELL_AFTER
    ) -> None:
        """`on_well` hears of a loop that failed and has gone on without failing since, or is not wanted any more."""
        self._running: set[asyncio.Task[Any]] = set()
        self._on_bug = on_bug
        self._on_well = on_well
        self._well_after = well_after

    def start(self, work: Coroutine[Any, Any, Any], name: str) -> asyncio.Task[Any]:
        task = asyncio.get_running_loop().create_task(work, name=name)
        self._running.add(task)
        task.add_done_callback(self._ended)
        return task

    def keep_going(self, work: Callable[[], Awaitable[None]], name: str, pause: float = 1.0) -> asyncio.Task[Any]:
        """Run `work` again after `pause` seconds whenever it fails: one bug must not stop the farm."""
        return self.start(self._again_and_again(work, name, pause), name)

    async def _again_and_again(self, work: Callable[[], Awaitable[None]], name: str, pause: float) -> None:
        illness = _Illness(self._well_after, partial(self._report_well, name))
        try:
            while True:
                try:
                    return await work()
                except Exception as error:  # noqa: BLE001 - the last resort for every background loop
                    illness.begin()
                    self._report(name, error)
                    await asyncio.sleep(pause)
                illness.pass_in_time()
        finally:
            illness.end()

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

    def _report_well(self, name: str) -> None:
        log.info("well again after a bug", task=name)
        if self._on_well is not None:
            self._on_well(name)


class _Illness:
    """From a loop's failure until it has gone on for a while, or has ended."""

    def __init__(self, lasts: float, on_end: Callable[[], None]) -> None:
        self._lasts = lasts
        self._on_end = on_end
        self._timer: asyncio.TimerHandle | None = None
        self._is_on = False

    def begin(self) -> None:
        self._is_on = True
        self._stop_timer()

    def pass_in_time(self) -> None:
        self._timer = asyncio.get_running_loop().call_later(self._lasts, self.end)

    def end(self) -> None:
        self._stop_timer()
        if self._is_on:
            self._is_on = False
            self._on_end()

    def _stop_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
