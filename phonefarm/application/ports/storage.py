"""What a use case talks to: the storage that runs units of work and queries, and the outbox that commits pushes.

A unit of work is a plain function over `UnitOfWork`; it is committed whole, durably, or not at all.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Protocol, TypeVar

from phonefarm.application.model.read_models import Topic
from phonefarm.application.model.timeline import Happening
from phonefarm.application.ports.records.messages import MessageRecords
from phonefarm.application.ports.records.numbers import NumberRecords
from phonefarm.application.ports.records.phone_health import PhoneHealthRecords
from phonefarm.application.ports.records.phones import PhoneRecords
from phonefarm.application.ports.records.privacy import PrivacyRecords
from phonefarm.application.ports.records.pushes import NewPush, PushRecords
from phonefarm.application.ports.records.rents import RentRecords
from phonefarm.application.ports.records.sims import SimRecords
from phonefarm.application.ports.views import Views
from phonefarm.domain.errors import KnownError

T = TypeVar("T")


Result = Callable[[], T]
"""Returns what a unit of work returned; raises why it was not committed."""


class StorageFailing(KnownError):
    """The database cannot be read or written now; the message says the cause without any stored value."""


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
        """The next id of the one sequence of rents and messages."""
        ...

    def beat(self, at: datetime) -> None:
        """Write down that the farm lived at `at`: proof that the database takes a change."""
        ...


class Storage(Protocol):
    async def write(self, work: Callable[[UnitOfWork], T], *, urgent: bool = False) -> T:
        """Run `work` in one durable transaction on the storage thread; raises StorageFailing or what `work` raised.

        What is urgent, as somebody waits for it with a deadline, goes before what waits already.
        """
        ...

    def hand_in(self, work: Callable[[UnitOfWork], T], then: Callable[[Result[T]], None]) -> None:
        """As `write`; in the loop that it was called from, `then` hears what became of it, whoever waits for that.

        Raises StorageFailing where nothing can be handed in.
        """
        ...

    async def read(self, query: Callable[[Views], T]) -> T:
        """Run `query` on a snapshot; raises StorageFailing."""
        ...

    def write_problem(self) -> str | None:
        """Why a write begun now would not succeed soon, or None."""
        ...


Queue = Callable[[Sequence[NewPush]], None]
"""Puts pushes into the outbox, in the unit of work that it was given to."""


class Outbox(Protocol):
    """Where a unit of work that queues pushes is committed."""

    async def commit(self, work: Callable[[UnitOfWork, Queue], T]) -> T:
        """As `Storage.write`, and see to it that what was queued is sent at once."""
        ...
