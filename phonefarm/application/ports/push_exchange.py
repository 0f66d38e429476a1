"""One attempt of a push as it went over the wire, for the log."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from phonefarm.application.ports.world import PushMessage
from phonefarm.domain.pushes import PushOutcome


@dataclass(frozen=True, kw_only=True)
class PushExchange:
    message: PushMessage
    outcome: PushOutcome
    milliseconds: float
    status: int | None = None
    """HTTP status; None where no answer came."""
    request: str = field(default="", repr=False)
    """JSON without the key and without the text of the SMS."""
    response: str = field(default="", repr=False)
    """The same."""


PushReport = Callable[[PushExchange], None]
