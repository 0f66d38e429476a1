"""The storage port: runs units of work and queries.

A unit of work is a plain function over `UnitOfWork`; it is committed whole, durably, or not at all.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Protocol, TypeVar

from phonefarm.application.model.read_models import Topic
from phonefarm.application.model.timeline import Happening
from phonefarm.application.ports.records.messages import MessageRecords
from phonefarm.application.ports.records.numbers import NumberRecords
from phonefarm.application.ports.records.phone_health import PhoneHealthRecords
from phonefarm.application.ports.records.phones import PhoneRecords
from phonefarm.application.ports.records.privacy import PrivacyRecords
from phonefarm.application.ports.records.pushes import PushRecords
from phonefarm.application.ports.records.rents import RentRecords
from phonefarm.application.ports.records.sims import SimRecords
from phonefarm.application.ports.views import Views
from phonefarm.domain.errors import KnownError

T = TypeVar("T")

Result = Callable[[], T]
"""Returns what a unit of work returned, or raises the reason why it was not committed."""


class StorageFailing(KnownError):
    """The database cannot be read or written now; the message names the cause and contains no stored value."""


class Journal(Protocol):
    def note(self, at: datetime, topic: Topic, key: object, happening: Happening) -> None: ...


class UnitOfWork(Protocol):
    @property
    def phones(self) -> PhoneRecords: ...

    @property
    def health(self) -> PhoneHealthRecords: ...

    @property
    def sims(self) -> SimRecords: ...

    @property
    def numbers(self) -> NumberRecords: ...

    @property
    def rents(self) -> RentRecords: ...

    @property
    def messages(self) -> MessageRecords: ...

    @property
    def pushes(self) -> PushRecords: ...

    @property
    def privacy(self) -> PrivacyRecords: ...

    @property
    def journal(self) -> Journal: ...

    def next_id(self) -> int:
        """The next id; rents and messages share one sequence."""
        ...

    def beat(self, at: datetime) -> None:
        """Store the heartbeat of `at`: proves that the database accepts a change."""
        ...


class Storage(Protocol):
    async def write(
        self,
        work: Callable[[UnitOfWork], T],
        *,
        urgent: bool = False,
        on_done: Callable[[Result[T]], None] | None = None,
    ) -> T:
        """Run `work` in one durable transaction on the storage thread; raises StorageFailing or what `work` raised.

        `urgent`: it goes before what waits already, as its caller has a deadline.
        `on_done` is called once on the caller's loop, before the caller resumes, with the result or the failure.
        Cancelling the caller neither undoes the unit of work nor prevents `on_done`.
        """
        ...

    async def read(self, query: Callable[[Views], T]) -> T:
        """Run `query` on a snapshot; raises StorageFailing."""
        ...

    def write_problem(self) -> str | None:
        """Why a write begun now would not succeed soon, or None."""
        ...
