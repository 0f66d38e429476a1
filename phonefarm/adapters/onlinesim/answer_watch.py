"""Notices whether the answer to GET_NUMBER left whole, so that a rent nobody heard of can be shown as such."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

import structlog

from phonefarm.application.ports.storage import StorageFailing
from phonefarm.domain.ids import RentId

log = structlog.get_logger(__name__)

ISSUED = "phonefarm.issued"
"""Key of the ASGI scope under which a request leaves the id of the rent that it issued."""

Event = MutableMapping[str, Any]
Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Event]]
Send = Callable[[Event], Awaitable[None]]
Note = Callable[[RentId], Awaitable[None]]


class AnswerWatch:
    """ASGI middleware: calls `answered` for a rent whose answer has left whole, `given_up` where the caller had gone
    before any of it was written, else `lost`.

    `has_left` and `has_hung_up` tell of a request's scope what became of its answer.
    """

    def __init__(
        self,
        app: Any,
        *,
        answered: Note,
        lost: Note,
        given_up: Note,
        has_left: Callable[[Scope], bool],
        has_hung_up: Callable[[Scope], bool],
    ) -> None:
        self._app = app
        self._answered = answered
        self._lost = lost
        self._given_up = given_up
        self._has_left = has_left
        self._has_hung_up = has_hung_up

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await self._app(scope, receive, send)
        finally:
            if (rent_id := scope.get(ISSUED)) is not None:
                await self._note(rent_id, scope)

    async def _note(self, rent_id: RentId, scope: Scope) -> None:
        note = self._answered
        if not self._has_left(scope):
            note = self._given_up if self._has_hung_up(scope) else self._lost
            log.warning("the answer to an order did not leave whole", rent_id=rent_id)
        try:
            await note(rent_id)
        except StorageFailing as error:
            log.error("how an order was answered cannot be recorded", rent_id=rent_id, cause=str(error))
