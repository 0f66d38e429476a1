"""Detects whether the response to GET_NUMBER was sent completely; if not, its rent is withdrawn or unconfirmed."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import structlog

from phonefarm.adapters.asgi import Application, Receive, Scope, Send
from phonefarm.application.ports.storage import StorageFailing
from phonefarm.domain.ids import RentId

log = structlog.get_logger(__name__)

ISSUED = "phonefarm.issued"
"""Key of the ASGI scope under which the handler leaves the id of the rent that it issued."""

RecordOutcome = Callable[[RentId], Awaitable[None]]


class ResponseDeliveryMiddleware:
    """ASGI middleware that records how the response to an order ended.

    Calls `answered` if it was sent completely, `given_up` if the caller had disconnected before any of its body was
    sent, else `lost`. `was_delivered` and `has_disconnected` read this from the request's scope.
    """

    def __init__(
        self,
        app: Application,
        *,
        answered: RecordOutcome,
        lost: RecordOutcome,
        given_up: RecordOutcome,
        was_delivered: Callable[[Scope], bool],
        has_disconnected: Callable[[Scope], bool],
        report: Callable[[Scope], None] = lambda scope: None,
    ) -> None:
        """`report` is called with each request once its response is sent, or was broken off."""
        self._report = report
        self._app = app
        self._answered = answered
        self._lost = lost
        self._given_up = given_up
        self._was_delivered = was_delivered
        self._has_disconnected = has_disconnected

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await self._app(scope, receive, send)
        finally:
            self._report(scope)
            if (rent_id := scope.get(ISSUED)) is not None:
                await self._record(rent_id, scope)

    async def _record(self, rent_id: RentId, scope: Scope) -> None:
        record = self._answered
        if not self._was_delivered(scope):
            record = self._given_up if self._has_disconnected(scope) else self._lost
            log.warning("the answer to an order was not sent completely", rent_id=rent_id)
        try:
            await record(rent_id)
        except StorageFailing as error:
            log.error("cannot record how an order was answered", rent_id=rent_id, cause=str(error))
