"""The farm's storage on the virtual clock: a real SQLite database with simulated crashes at commits."""

from __future__ import annotations

import asyncio
import random
import sqlite3
from collections.abc import Callable
from functools import partial
from typing import NoReturn, TypeVar

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.pool import StaticPool

from phonefarm.adapters.storage.tables import metadata
from phonefarm.adapters.storage.unit_of_work import SqlUnitOfWork
from phonefarm.adapters.storage.views import SqlViews
from phonefarm.application.ports.storage import Result, StorageFailing, UnitOfWork
from phonefarm.application.ports.views import Views
from phonefarm.support.tasks import Tasks

T = TypeVar("T")

MAX_COMMIT_SECONDS = 0.02


class Disk:
    """The committed data, which survives crashes."""

    def __init__(self) -> None:
        self.engine = _create_memory_database()
        metadata.create_all(self.engine)
        self.commits = 0
        self.hung: list[asyncio.Future[None]] = []
        """Futures of crashed processes' callers; referenced here so that they are not garbage-collected."""

    def query(self, read: Callable[[Connection], T]) -> T:
        """Read the committed data from outside the farm."""
        with self.engine.begin() as connection:
            return read(connection)

    def close(self) -> None:
        self.engine.dispose()


class Storage:
    """The storage of one process; after `kill` it commits nothing, and its callers never get a result."""

    def __init__(self, disk: Disk, rng: random.Random, tasks: Tasks) -> None:
        self._disk = disk
        self._tasks = tasks
        self._rng = rng
        self._killed = False
        self._commit_lock = asyncio.Lock()
        self.failing = False
        self.crash_at_commit: int | None = None
        """Crash at this commit of the disk, at random before or after it."""
        self.on_crash: Callable[[], None] = lambda: None

    def kill(self) -> None:
        self._killed = True

    async def write(
        self,
        work: Callable[[UnitOfWork], T],
        *,
        urgent: bool = False,
        on_done: Callable[[Result[T]], None] | None = None,
    ) -> T:
        if on_done is None:
            return await self._write(work)
        waiting: asyncio.Future[T] = asyncio.get_running_loop().create_future()
        self._tasks.start(self._write_and_report(work, on_done, waiting), "a unit of work")
        return await waiting

    async def _write(self, work: Callable[[UnitOfWork], T]) -> T:
        async with self._commit_lock:
            await self._wait_for_disk()
            crash_after_commit = self._rng.random() < 0.5
            if self._is_crash_due():
                if crash_after_commit:
                    self._commit(work)
                self._crash()
                await self._hang()
            result = self._commit(work)
            await asyncio.sleep(self._rng.uniform(0, MAX_COMMIT_SECONDS) / 4)
        await self._hang_if_killed()
        return result

    async def _write_and_report(
        self, work: Callable[[UnitOfWork], T], on_done: Callable[[Result[T]], None], waiting: asyncio.Future[T]
    ) -> None:
        """Runs in a separate task, so that cancelling the caller does not stop the unit of work."""
        try:
            result = await self._write(work)
        except StorageFailing as failing:
            on_done(partial(_raise, failing))
            if not waiting.done():
                waiting.set_exception(failing)
        else:
            on_done(lambda: result)
            if not waiting.done():
                waiting.set_result(result)

    def write_problem(self) -> str | None:
        return None

    async def read(self, query: Callable[[Views], T]) -> T:
        await self._wait_for_disk()
        with self._disk.engine.begin() as connection:
            return query(SqlViews(connection))

    async def _wait_for_disk(self) -> None:
        await asyncio.sleep(self._rng.uniform(0, MAX_COMMIT_SECONDS))
        await self._hang_if_killed()
        if self.failing:
            raise StorageFailing("The database cannot be used: database or disk is full.")

    async def _hang_if_killed(self) -> None:
        if self._killed:
            await self._hang()

    async def _hang(self) -> None:
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._disk.hung.append(future)
        await future

    def _is_crash_due(self) -> bool:
        return self.crash_at_commit is not None and self._disk.commits + 1 >= self.crash_at_commit

    def _crash(self) -> None:
        self._killed = True
        self.crash_at_commit = None
        self.on_crash()

    def _commit(self, work: Callable[[UnitOfWork], T]) -> T:
        with self._disk.engine.begin() as connection:
            result = work(SqlUnitOfWork(connection))
        self._disk.commits += 1
        return result


def _raise(error: Exception) -> NoReturn:
    raise error


def _create_memory_database() -> Engine:
    engine = create_engine("sqlite://", poolclass=StaticPool, connect_args={"check_same_thread": False})

    @event.listens_for(engine, "connect")
    def _prepare(connection: sqlite3.Connection, _record: object) -> None:
        connection.isolation_level = None

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        connection.exec_driver_sql("BEGIN")

    return engine
