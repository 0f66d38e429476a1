"""Storages that fail as a full disk would, or watch what queries do, when the test says so."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import NoReturn, TypeVar

from phonefarm.application.ports.storage import Result, Storage, StorageFailing, UnitOfWork
from phonefarm.application.ports.views import Views

T = TypeVar("T")


class WatchedReads:
    """Passes everything on to a real storage; on the reader's thread, compares a state before and after a query."""

    def __init__(self, storage: Storage, state: Callable[[], object]) -> None:
        self._storage = storage
        self._state = state
        self.reads = 0
        self.changes: list[object] = []

    async def write(
        self,
        work: Callable[[UnitOfWork], T],
        *,
        urgent: bool = False,
        on_done: Callable[[Result[T]], None] | None = None,
    ) -> T:
        return await self._storage.write(work, urgent=urgent, on_done=on_done)

    def write_problem(self) -> str | None:
        return self._storage.write_problem()

    async def read(self, query: Callable[[Views], T]) -> T:
        def watched(views: Views) -> T:
            before = self._state()
            answer = query(views)
            self.reads += 1
            if self._state() != before:
                self.changes.append(self._state())
            return answer

        return await self._storage.read(watched)


class BrittleStorage:
    """Passes everything on to a real storage; refuses it while `broken`."""

    def __init__(self, storage: Storage) -> None:
        self._storage = storage
        self.broken = False
        self.refused = 0
        self.writes = 0

    async def write(
        self,
        work: Callable[[UnitOfWork], T],
        *,
        urgent: bool = False,
        on_done: Callable[[Result[T]], None] | None = None,
    ) -> T:
        if self.broken:
            try:
                self._refuse()
            except StorageFailing as error:
                if on_done is not None:
                    on_done(partial(_raise, error))
                raise
        self.writes += 1
        return await self._storage.write(work, urgent=urgent, on_done=on_done)

    def write_problem(self) -> str | None:
        return self._storage.write_problem()

    async def read(self, query: Callable[[Views], T]) -> T:
        if self.broken:
            self._refuse()
        return await self._storage.read(query)

    def _refuse(self) -> NoReturn:
        self.refused += 1
        raise StorageFailing("The database cannot be used: disk full.")


def _raise(error: Exception) -> NoReturn:
    raise error
