"""Texts that are erased, and senders that are withheld."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from phonefarm.domain.blocklist import BlockedSender


class PrivacyRecords(Protocol):
    """For `messages.privacy`."""

    def erase_texts(self, before: datetime, now: datetime, limit: int) -> int:
        """Erase the oldest texts that were last needed before `before`; returns how many, at most `limit`.

        Texts stay that are still to be pushed, or are held for the user.
        """
        ...

    def erase_number(self, msisdn: str, now: datetime) -> tuple[int, int]:
        """Erase the texts of a number; returns how many were erased and how many are still needed."""
        ...

    def set_blocked_senders(self, entries: Sequence[BlockedSender]) -> None:
        """Replace the user's own list; with an empty one the built-in list is used."""
        ...
