"""Runs a simulation on a thread and loop of its own, for callers that have another loop or none."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Coroutine
from contextlib import AbstractAsyncContextManager
from types import TracebackType
from typing import Any, Generic, TypeVar

Sim = TypeVar("Sim")
Result = TypeVar("Result")

CALL_WITHIN = 60.0
END_WITHIN = 30.0


class InThread(Generic[Sim]):
    """`with InThread(lambda: VirtualFarm(12)) as farm: farm.run(lambda it: it.phones[0].unplug())`."""

    def __init__(
        self, make: Callable[[], AbstractAsyncContextManager[Sim]], *, start_within: float = CALL_WITHIN
    ) -> None:
        self._make = make
        self._start_within = start_within
        self._loop: asyncio.AbstractEventLoop | None = None
        self._end: asyncio.Event | None = None
        self._started = threading.Event()
        self._failure: BaseException | None = None
        self._sim: Sim | None = None
        self._thread = threading.Thread(target=self._main, name="simulation", daemon=True)

    def __enter__(self) -> InThread[Sim]:
        self._thread.start()
        if not self._started.wait(self._start_within):
            raise TimeoutError("the simulation did not start")
        if self._failure is not None:
            raise self._failure
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._loop is not None and self._end is not None and self._thread.is_alive():
            self._loop.call_soon_threadsafe(self._end.set)
        self._thread.join(END_WITHIN)
        if self._failure is not None and error is None:
            raise self._failure

    @property
    def sim(self) -> Sim:
        """The simulation itself: read plain values only, and act through `run` or `call`."""
        assert self._sim is not None
        return self._sim

    def run(self, act: Callable[[Sim], Coroutine[Any, Any, Result]], timeout: float = CALL_WITHIN) -> Result:
        """Await something of the simulation on its loop, from any other thread."""
        assert self._loop is not None
        return asyncio.run_coroutine_threadsafe(act(self.sim), self._loop).result(timeout)

    async def hand_over(self, act: Callable[[Sim], Coroutine[Any, Any, Result]]) -> Result:
        """Await something of the simulation on its loop, from another loop."""
        assert self._loop is not None
        return await asyncio.wrap_future(asyncio.run_coroutine_threadsafe(act(self.sim), self._loop))

    def call(self, act: Callable[[Sim], Result], timeout: float = CALL_WITHIN) -> Result:
        """Call something plain of the simulation on its loop, from any other thread."""

        async def acted(sim: Sim) -> Result:
            return act(sim)

        return self.run(acted, timeout)

    def _main(self) -> None:
        try:
            asyncio.run(self._live())
        except BaseException as error:  # noqa: BLE001 - handed to the thread that waits
            self._failure = error
            self._started.set()

    async def _live(self) -> None:
        self._end = asyncio.Event()
        self._loop = asyncio.get_running_loop()
        async with self._make() as sim:
            self._sim = sim
            self._started.set()
            await self._end.wait()
