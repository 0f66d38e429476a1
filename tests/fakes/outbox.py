"""An outbox that commits and sends nothing."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

from phonefarm.application.ports.records.pushes import NewPush
from phonefarm.application.ports.storage import Queue, Storage, UnitOfWork
from phonefarm.support.clock import Clock

T = TypeVar("T")


class QuietOutbox:
    def __init__(self, storage: Storage, clock: Clock) -> None:
        self._storage = storage
        self._clock = clock

    async def commit(self, work: Callable[[UnitOfWork, Queue], T]) -> T:
        def queueing(uow: UnitOfWork) -> T:
            def queue(pushes: Sequence[NewPush]) -> None:
                uow.pushes.add(pushes, self._clock(), begin=0)

            return work(uow, queue)

        return await self._storage.write(queueing)
