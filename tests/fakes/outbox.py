"""An outbox that commits and sends nothing."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from phonefarm.application.storage import Storage, UnitOfWork

T = TypeVar("T")


class QuietOutbox:
    def __init__(self, storage: Storage) -> None:
        self._storage = storage

    async def commit(self, work: Callable[[UnitOfWork], T]) -> T:
        return await self._storage.write(work)
