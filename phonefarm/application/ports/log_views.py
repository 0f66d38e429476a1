"""What is read of the log."""

from __future__ import annotations

from datetime import datetime
from typing import Protocol

from phonefarm.application.model.log_entries import CallDetails, LogBatch, LogQuery
from phonefarm.domain.health_history import LevelChange


class LogViews(Protocol):
    """Reads one snapshot of the log."""

    def entries(self, query: LogQuery) -> LogBatch: ...

    def count(self, query: LogQuery) -> int:
        """The entries of the query's kinds and range; its text and limit do not count."""
        ...

    def wrong_keys(self, since: datetime | None) -> int:
        """How many calls came with a wrong key."""
        ...

    def last_call_at(self) -> datetime | None:
        """When the market last called with the key."""
        ...

    def call_details(self, call_id: int) -> CallDetails | None: ...

    def level_changes(self, since: datetime) -> list[LevelChange]:
        """The changes since then, and the last one of each check before."""
        ...

    def call_bytes(self) -> int:
        """About how much room the calls take."""
        ...
