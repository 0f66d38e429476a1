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
    read_request: Callable[[], str] = field(default=str, repr=False)
    """JSON without the key and without the text of the SMS; made only if it is asked for, as bursts are not logged."""
    read_response: Callable[[], str] = field(default=str, repr=False)
    """The same of the answer."""


PushReport = Callable[[PushExchange], None]
