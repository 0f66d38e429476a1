"""Daemon threads for calls that may hang: neither the event loop nor the end of the program waits for them."""

from __future__ import annotations

import asyncio
import queue
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial
from typing import ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")


async def in_own_thread(work: Callable[[], T], name: str) -> T:
    """Run `work` in a thread of its own and return its result; cancelling the caller does not stop the thread."""
    future: Future[T] = Future()
    threading.Thread(target=_run_into, args=(future, work), name=name, daemon=True).start()
    return await asyncio.wrap_future(future)


class DaemonPool(ThreadPoolExecutor):
    """A ThreadPoolExecutor with daemon threads; it is a subclass only because a loop's default executor must be one."""

    def __init__(self, most: int, name: str) -> None:
        super().__init__(most, name)
        self._most = most
        self._name = name
        self._calls: queue.SimpleQueue[Callable[[], None] | None] = queue.SimpleQueue()
        self._workers: list[threading.Thread] = []
        self._open = True
        self._lock = threading.Lock()

    def submit(self, fn: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> Future[T]:
        future: Future[T] = Future()
        with self._lock:
            if not self._open:
                raise RuntimeError("cannot schedule new futures after shutdown")
            self._calls.put(partial(_run_into, future, partial(fn, *args, **kwargs)))
            if len(self._workers) < self._most:
                number = len(self._workers)
                thread = threading.Thread(target=self._run_calls, name=f"{self._name}_{number}", daemon=True)
                self._workers.append(thread)
                thread.start()
        return future

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """Accept no more calls; accepted ones are still run."""
        with self._lock:
            if self._open:
                self._open = False
                for _ in self._workers:
                    self._calls.put(None)
        if wait:
            self.join(None)

    def join(self, within: float | None) -> bool:
        """Wait at most `within` seconds for all threads; returns whether they have ended."""
        deadline = None if within is None else time.monotonic() + within
        for thread in self._workers:
            thread.join(None if deadline is None else max(0.0, deadline - time.monotonic()))
        return not any(thread.is_alive() for thread in self._workers)

    def _run_calls(self) -> None:
        while (call := self._calls.get()) is not None:
            call()


def _run_into(future: Future[T], work: Callable[[], T]) -> None:
    if not future.set_running_or_notify_cancel():
        return
    try:
        result = work()
    except BaseException as error:  # noqa: BLE001 - raised again by the future
        future.set_exception(error)
    else:
        future.set_result(result)
