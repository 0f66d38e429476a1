"""Runs a simulation on a separate thread and event loop, for callers with another loop or none."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Coroutine
from contextlib import AbstractAsyncContextManager
from types import TracebackType
from typing import Any, Generic, TypeVar

Sim = TypeVar("Sim")
Result = TypeVar("Result")

CALL_TIMEOUT_SECONDS = 60.0
END_TIMEOUT_SECONDS = 30.0


class SimulationThread(Generic[Sim]):
    """`with SimulationThread(lambda: VirtualFarm(12)) as thread: thread.run(lambda farm: farm.phones[0].unplug())`."""

    def __init__(
        self, make: Callable[[], AbstractAsyncContextManager[Sim]], *, start_within: float = CALL_TIMEOUT_SECONDS
    ) -> None:
        self._make = make
        self._start_within = start_within
        self._loop: asyncio.AbstractEventLoop | None = None
        self._end: asyncio.Event | None = None
        self._started = threading.Event()
        self._failure: BaseException | None = None
        self._sim: Sim | None = None
        self._thread = threading.Thread(target=self._main, name="simulation", daemon=True)

    def __enter__(self) -> SimulationThread[Sim]:
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
        self._thread.join(END_TIMEOUT_SECONDS)
        if self._failure is not None and error is None:
            raise self._failure

    @property
    def sim(self) -> Sim:
        """The simulation; only read plain values from it, and change it through `run` or `call`."""
        assert self._sim is not None
        return self._sim

    def run(self, act: Callable[[Sim], Coroutine[Any, Any, Result]], timeout: float = CALL_TIMEOUT_SECONDS) -> Result:
        """Run a coroutine of the simulation on its loop and block until its result; `timeout` in seconds."""
        assert self._loop is not None
        return asyncio.run_coroutine_threadsafe(act(self.sim), self._loop).result(timeout)

    async def await_on_simulation(self, act: Callable[[Sim], Coroutine[Any, Any, Result]]) -> Result:
        """Run a coroutine of the simulation on its loop and await its result on the caller's loop."""
        assert self._loop is not None
        return await asyncio.wrap_future(asyncio.run_coroutine_threadsafe(act(self.sim), self._loop))

    def call(self, act: Callable[[Sim], Result], timeout: float = CALL_TIMEOUT_SECONDS) -> Result:
        """Call a function on the simulation's loop and block until its result; `timeout` in seconds."""

        async def call_act(sim: Sim) -> Result:
            return act(sim)

        return self.run(call_act, timeout)

    def _main(self) -> None:
        try:
            asyncio.run(self._run_simulation())
        except BaseException as error:  # noqa: BLE001 - raised in the waiting thread
            self._failure = error
            self._started.set()

    async def _run_simulation(self) -> None:
        self._end = asyncio.Event()
        self._loop = asyncio.get_running_loop()
        async with self._make() as sim:
            self._sim = sim
            self._started.set()
            await self._end.wait()
