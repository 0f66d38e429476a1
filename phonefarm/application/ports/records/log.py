"""Calls and changes of health checks, as the log keeps them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from phonefarm.domain.calls import Call
from phonefarm.domain.health_history import LevelChange


class LogRecords(Protocol):
    """For `application.log`."""

    def add_calls(self, added: Sequence[Call]) -> list[int]:
        """Returns the ids of the new entries, in their order."""
        ...

    def update_call(self, call_id: int, call: Call) -> None:
        """Further equal calls have joined an entry."""
        ...

    def add_changes(self, changes: Sequence[LevelChange]) -> None: ...

    def last_beat(self) -> datetime | None:
        """When the farm was last known to live; see `UnitOfWork.beat`."""
        ...

    def is_running(self) -> bool:
        """Whether the last start has no stop: the program was killed, or this PC went down."""
        ...

    def drop_before(self, at: datetime, limit: int) -> int:
        """Delete the oldest calls and changes from before `at`; returns how many, at most `limit` of each.

        The last change of each check stays.
        """
        ...

    def drop_oldest_calls(self, limit: int) -> int: ...
