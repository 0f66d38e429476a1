"""The port through which use cases that queue pushes have them dispatched."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from phonefarm.application.ports.storage import Result
from phonefarm.application.ports.world import PushMessage


class QueuedPushes(Protocol):
    """The pushes that a unit of work has queued; part of its result."""

    @property
    def begun(self) -> Sequence[PushMessage]:
        """Those whose first attempt it has recorded as begun (`OutboxRecords.add`)."""
        ...

    @property
    def queued(self) -> int:
        """How many it has queued, the begun ones included."""
        ...


class Reservation(Protocol):
    """Places for attempts that one commit may begin. They count as in flight until `complete` is called."""

    @property
    def places(self) -> int:
        """How many attempts the unit of work may begin."""
        ...

    def complete(self, result: Result[QueuedPushes]) -> None:
        """Pass it to `Storage.write` as `on_done`: starts the attempts that were committed and frees the places."""
        ...


class PushDispatcher(Protocol):
    """Sends queued pushes as soon as they are committed."""

    def reserve(self) -> Reservation:
        """Reserve places for a commit. The caller must submit the unit of work at once, without awaiting before."""
        ...

    def wake(self) -> None:
        """Look for due pushes now: some were queued or rescheduled without a reservation."""
        ...
