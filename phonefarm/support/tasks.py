"""Background tasks whose failures are logged and reported."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from functools import partial
from typing import Any, TypeVar

import structlog

log = structlog.get_logger(__name__)

T = TypeVar("T")

OnBug = Callable[[str, BaseException], None]
OnRecovered = Callable[[str], None]

RECOVERED_AFTER_SECONDS = 60.0
"""A loop that failed has recovered when it has run this long without another failure."""


class Tasks:
    """The running tasks. A task that ends with an exception is a bug: it is logged with its traceback and reported."""

    def __init__(
        self,
        on_bug: OnBug | None = None,
        on_recovered: OnRecovered | None = None,
        *,
        recovered_after: float = RECOVERED_AFTER_SECONDS,
    ) -> None:
        """`on_recovered` is called with a loop that failed and has recovered, or was ended."""
        self._running: set[asyncio.Task[object]] = set()
        self._on_bug = on_bug
        self._on_recovered = on_recovered
        self._recovered_after = recovered_after

    def start(self, work: Coroutine[Any, Any, T], name: str) -> asyncio.Task[T]:
        task = asyncio.get_running_loop().create_task(work, name=name)
        self._running.add(task)
        task.add_done_callback(self._ended)
        return task

    def keep_going(self, work: Callable[[], Awaitable[None]], name: str, pause: float = 1.0) -> asyncio.Task[None]:
        """Run `work` again after `pause` seconds whenever it fails: one bug must not stop the farm."""
        return self.start(self._run_until_success(work, name, pause), name)

    async def _run_until_success(self, work: Callable[[], Awaitable[None]], name: str, pause: float) -> None:
        failure = _Failure(self._recovered_after, partial(self._report_recovered, name))
        try:
            while True:
                try:
                    return await work()
                except Exception as error:  # noqa: BLE001 - the last resort for every background loop
                    failure.begin()
                    self._report(name, error)
                    await asyncio.sleep(pause)
                failure.end_later()
        finally:
            failure.end()

    async def stop(self, within: float = 2.0) -> None:
        """Cancel all tasks and wait at most `within` seconds for their ends."""
        running = [task for task in self._running if task is not asyncio.current_task()]
        for task in running:
            task.cancel()
        if running:
            await asyncio.wait(running, timeout=within)

    def _ended(self, task: asyncio.Task[object]) -> None:
        self._running.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            self._report(task.get_name(), error)

    def _report(self, name: str, error: BaseException) -> None:
        log.error("a bug in phonefarm", task=name, exc_info=error)
        if self._on_bug is not None:
            self._on_bug(name, error)

    def _report_recovered(self, name: str) -> None:
        log.info("recovered from a bug", task=name)
        if self._on_recovered is not None:
            self._on_recovered(name)


class _Failure:
    """Lasts from a loop's failure until the loop has run for a while or has ended."""

    def __init__(self, lasts_seconds: float, on_end: Callable[[], None]) -> None:
        self._lasts_seconds = lasts_seconds
        self._on_end = on_end
        self._timer: asyncio.TimerHandle | None = None
        self._is_on = False

    def begin(self) -> None:
        self._is_on = True
        self._stop_timer()

    def end_later(self) -> None:
        self._timer = asyncio.get_running_loop().call_later(self._lasts_seconds, self.end)

    def end(self) -> None:
        self._stop_timer()
        if self._is_on:
            self._is_on = False
            self._on_end()

    def _stop_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
