"""Reports each call of the market to the log, after its answer was sent."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import structlog

from phonefarm.adapters.asgi import Scope
from phonefarm.adapters.onlinesim.logged_json import logged_body
from phonefarm.domain.allocation import Order
from phonefarm.domain.calls import Call, CallKind, Outcome, call_at
from phonefarm.domain.fields import NO_FIELDS, Fields
from phonefarm.domain.ids import RentId
from phonefarm.support.clock import Clock

log = structlog.get_logger(__name__)

CALL = "phonefarm.call"
"""Key of the ASGI scope under which the handler leaves its `CallNote`."""

ReportCall = Callable[[Call], None]


@dataclass
class CallNote:
    """What is known of a call so far. Without an outcome it is not reported: its caller has gone."""

    kind: CallKind
    address: str
    path: str
    begun_at: float = field(default_factory=time.monotonic)
    outcome: Outcome | None = None
    fields: Fields = field(default_factory=lambda: NO_FIELDS)
    order: Order | None = None
    rent_id: RentId | None = None
    request: Mapping[str, object] | None = field(default=None, repr=False)
    """None for a caller without the key: nothing of such a request is kept."""
    response: Mapping[str, object] | None = field(default=None, repr=False)
    status: int | None = None
    milliseconds: float | None = None

    def end(self, outcome: Outcome, **fields: str | int | float | bool) -> None:
        self.outcome, self.fields = outcome, fields

    def answer(self, body: Mapping[str, object], status: int) -> None:
        self.response, self.status = body, status
        self.milliseconds = (time.monotonic() - self.begun_at) * 1000


class CallReporter:
    def __init__(self, report: ReportCall, current_key: Callable[[], str | None], clock: Clock) -> None:
        """`clock`: of dates, as the log shows them."""
        self._report = report
        self._current_key = current_key
        self._clock = clock

    def report(self, scope: Scope) -> None:
        """Never raises: the call has been answered."""
        note = scope.get(CALL)
        if not isinstance(note, CallNote) or note.outcome is None:
            return
        key = self._current_key() or ""
        self._report(
            call_at(
                self._clock(),
                note.kind,
                note.outcome,
                fields=note.fields,
                address=note.address,
                path=note.path,
                status=note.status,
                milliseconds=note.milliseconds,
                rent_id=note.rent_id,
                request="" if note.request is None else logged_body(note.request, key),
                response="" if note.response is None else logged_body(note.response, key),
                order=note.order,
            )
        )
