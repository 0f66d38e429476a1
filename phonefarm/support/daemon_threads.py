"""Threads for work that may hang: neither the event loop nor the end of the program waits for them."""

from __future__ import annotations

import asyncio
import queue
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial
from typing import Any, ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")


async def in_own_thread(work: Callable[[], T], name: str) -> T:
    """What `work` gives, from a thread of its own; cancelling the caller leaves the thread to itself."""
    future: Future[T] = Future()
    threading.Thread(target=_fulfil, args=(future, work), name=name, daemon=True).start()
    return await asyncio.wrap_future(future)


class DaemonPool(ThreadPoolExecutor):
    """A ThreadPoolExecutor in name (a loop's default executor must be one) whose threads may be left behind."""

    def __init__(self, most: int, name: str) -> None:
        super().__init__(most, name)
        self._most = most
        self._name = name
        self._todo: queue.SimpleQueue[Callable[[], None] | None] = queue.SimpleQueue()
        self._helpers: list[threading.Thread] = []
        self._open = True
        self._guard = threading.Lock()

    def submit(self, fn: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> Future[T]:
        future: Future[T] = Future()
        with self._guard:
            if not self._open:
                raise RuntimeError("cannot schedule new futures after shutdown")
            self._todo.put(partial(_fulfil, future, partial(fn, *args, **kwargs)))
            if len(self._helpers) < self._most:
                number = len(self._helpers)
                helper = threading.Thread(target=self._help, name=f"{self._name}_{number}", daemon=True)
                self._helpers.append(helper)
                helper.start()
        return future

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """Take nothing more; what was taken is done first."""
        with self._guard:
            if self._open:
                self._open = False
                for _ in self._helpers:
                    self._todo.put(None)
        if wait:
            self.join(None)

    def join(self, within: float | None) -> bool:
        """Whether all threads have ended, after at most `within` seconds."""
        deadline = None if within is None else time.monotonic() + within
        for helper in self._helpers:
            helper.join(None if deadline is None else max(0.0, deadline - time.monotonic()))
        return not any(helper.is_alive() for helper in self._helpers)

    def _help(self) -> None:
        while (task := self._todo.get()) is not None:
            task()


def _fulfil(future: Future[Any], work: Callable[[], Any]) -> None:
    if not future.set_running_or_notify_cancel():
        return
    try:
        result = work()
    except BaseException as error:  # noqa: BLE001 - carried to whoever waits for it
        future.set_exception(error)
    else:
        future.set_result(result)
