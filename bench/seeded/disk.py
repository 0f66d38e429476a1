"""The farm's storage on the virtual clock: a real SQLite, every commit a place where the process may die."""

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

SLOWEST_COMMIT = 0.02


class Disk:
    """What a crash leaves behind: the commits that were made."""

    def __init__(self) -> None:
        self.engine = _in_memory()
        metadata.create_all(self.engine)
        self.commits = 0
        self.hung: list[asyncio.Future[None]] = []
        """Callers of dead processes: held here, so that nobody wonders where they went."""

    def query(self, read: Callable[[Connection], T]) -> T:
        """Look at what is on the disk, from outside the farm."""
        with self.engine.begin() as connection:
            return read(connection)

    def close(self) -> None:
        self.engine.dispose()


class Storage:
    """One life of the process on the disk; after `die` nothing reaches it any more and nobody gets an answer."""

    def __init__(self, disk: Disk, chance: random.Random, tasks: Tasks) -> None:
        self._disk = disk
        self._tasks = tasks
        self._chance = chance
        self._dead = False
        self._turn = asyncio.Lock()
        self.failing = False
        self.crash_at_commit: int | None = None
        """Die at the so manieth commit of the disk: right before it, or right after it where that is drawn."""
        self.on_crash: Callable[[], None] = lambda: None

    def die(self) -> None:
        self._dead = True

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
        async with self._turn:
            await self._reach_the_disk()
            after = self._chance.random() < 0.5
            if self._is_the_one():
                if after:
                    self._commit(work)
                self._crash()
                await self._hang()
            result = self._commit(work)
            await asyncio.sleep(self._chance.uniform(0, SLOWEST_COMMIT) / 4)
        await self._survive()
        return result

    async def _write_and_report(
        self, work: Callable[[UnitOfWork], T], on_done: Callable[[Result[T]], None], waiting: asyncio.Future[T]
    ) -> None:
        """In a task of its own: cancelling the caller does not stop the unit of work."""
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
        await self._reach_the_disk()
        with self._disk.engine.begin() as connection:
            return query(SqlViews(connection))

    async def _reach_the_disk(self) -> None:
        await asyncio.sleep(self._chance.uniform(0, SLOWEST_COMMIT))
        await self._survive()
        if self.failing:
            raise StorageFailing("The database cannot be used: database or disk is full.")

    async def _survive(self) -> None:
        if self._dead:
            await self._hang()

    async def _hang(self) -> None:
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._disk.hung.append(future)
        await future

    def _is_the_one(self) -> bool:
        return self.crash_at_commit is not None and self._disk.commits + 1 >= self.crash_at_commit

    def _crash(self) -> None:
        self._dead = True
        self.crash_at_commit = None
        self.on_crash()

    def _commit(self, work: Callable[[UnitOfWork], T]) -> T:
        with self._disk.engine.begin() as connection:
            result = work(SqlUnitOfWork(connection))
        self._disk.commits += 1
        return result


def _raise(error: Exception) -> NoReturn:
    raise error


def _in_memory() -> Engine:
    engine = create_engine("sqlite://", poolclass=StaticPool, connect_args={"check_same_thread": False})

    @event.listens_for(engine, "connect")
    def _prepare(connection: sqlite3.Connection, _record: object) -> None:
        connection.isolation_level = None

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        connection.exec_driver_sql("BEGIN")

    return engine
