"""What the way to the first sale needs of the world."""

from __future__ import annotations

from datetime import datetime
from typing import Protocol

from phonefarm.application.model.setup_state import SetupNotes
from phonefarm.application.ports.world import PushMessage
from phonefarm.domain.sms import SmsRow


class SetupRecord(Protocol):
    """Keeps the notes beside the database; both calls block."""

    def read(self) -> SetupNotes:
        """Empty notes where there are none, or where they cannot be read."""
        ...

    def write(self, notes: SetupNotes) -> None:
        """Raises KnownError."""
        ...


class SampleInbox(Protocol):
    """Reads a made-up message the way that a phone's answer is read; no phone is asked."""

    def read(self, *, sub_id: int | None, sender: str, text: str, at: datetime) -> SmsRow:
        """Raises KnownError where the parser does not give back what was written."""
        ...


class PushWriter(Protocol):
    def body_size(self, message: PushMessage) -> int:
        """Write the body of a push as it would be sent, send nothing, and return its bytes."""
        ...
