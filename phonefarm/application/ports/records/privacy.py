"""What leaves this PC and how long it stays: erased texts, senders that are withheld."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from phonefarm.domain.blocklist import BlockedSender


class PrivacyRecords(Protocol):
    """For `messages.privacy`."""

    def erase_texts(self, before: datetime, now: datetime, limit: int) -> int:
        """Take out the oldest texts that have had no use since `before`; returns how many, at most `limit`.

        What is still to be pushed, or held for the user, stays.
        """
        ...

    def erase_number(self, msisdn: str, now: datetime) -> tuple[int, int]:
        """Take out the texts of a number; (erased, still needed)."""
        ...

    def set_blocked_senders(self, entries: Sequence[BlockedSender]) -> None:
        """Put these in place of the user's own list; none lets the built-in one hold."""
        ...
