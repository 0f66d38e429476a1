"""Storages that fail as a full disk would, or watch what queries do, whenever the test says so."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from phonefarm.application.ports.storage import Result, Storage, StorageFailing, UnitOfWork
from phonefarm.application.ports.views import Views

T = TypeVar("T")


class WatchedReads:
    """Hands everything on to a real storage and compares, on the reader's thread, a state before and after a query."""

    def __init__(self, storage: Storage, state: Callable[[], object]) -> None:
        self._storage = storage
        self._state = state
        self.reads = 0
        self.changes: list[object] = []

    async def write(self, work: Callable[[UnitOfWork], T], *, urgent: bool = False) -> T:
        return await self._storage.write(work, urgent=urgent)

    def hand_in(self, work: Callable[[UnitOfWork], T], then: Callable[[Result[T]], None]) -> None:
        self._storage.hand_in(work, then)

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
    """Hands everything on to a real storage; while `broken`, refuses it."""

    def __init__(self, storage: Storage) -> None:
        self._storage = storage
        self.broken = False
        self.refused = 0
        self.writes = 0

    async def write(self, work: Callable[[UnitOfWork], T], *, urgent: bool = False) -> T:
        self._refuse_if_broken()
        self.writes += 1
        return await self._storage.write(work, urgent=urgent)

    def hand_in(self, work: Callable[[UnitOfWork], T], then: Callable[[Result[T]], None]) -> None:
        self._refuse_if_broken()
        self.writes += 1
        self._storage.hand_in(work, then)

    def write_problem(self) -> str | None:
        return self._storage.write_problem()

    async def read(self, query: Callable[[Views], T]) -> T:
        self._refuse_if_broken()
        return await self._storage.read(query)

    def _refuse_if_broken(self) -> None:
        if self.broken:
            self.refused += 1
            raise StorageFailing("The database cannot be used: disk full.")
