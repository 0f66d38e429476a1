"""Notices whether the answer to GET_NUMBER left whole, so that a rent nobody heard of can be shown as such."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

import structlog

from phonefarm.application.storage import StorageFailing
from phonefarm.domain.ids import RentId

log = structlog.get_logger(__name__)

ISSUED = "phonefarm.issued"
"""Key of the ASGI scope under which a request leaves the id of the rent that it issued."""

Event = MutableMapping[str, Any]
Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Event]]
Send = Callable[[Event], Awaitable[None]]


class AnswerWatch:
    """ASGI middleware: calls `answered` once the response was sent and the caller was still there, else `lost`.

    `is_cut` tells of a request's scope whether the connection broke under what was sent.
    """

    def __init__(
        self,
        app: Any,
        answered: Callable[[RentId], Awaitable[None]],
        lost: Callable[[RentId], Awaitable[None]],
        is_cut: Callable[[Scope], bool] = lambda _scope: False,
    ) -> None:
        self._app = app
        self._answered = answered
        self._lost = lost
        self._is_cut = is_cut

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        left = False
        sent_whole = False

        async def watched_receive() -> Event:
            nonlocal left
            event = await receive()
            if event["type"] == "http.disconnect" and not sent_whole:
                left = True
            return event

        async def watched_send(event: Event) -> None:
            nonlocal sent_whole
            await send(event)
            if event["type"] == "http.response.body" and not event.get("more_body", False):
                sent_whole = True

        try:
            await self._app(scope, watched_receive, watched_send)
        finally:
            if (rent_id := scope.get(ISSUED)) is not None:
                await self._note(rent_id, heard=sent_whole and not left and not self._is_cut(scope))

    async def _note(self, rent_id: RentId, *, heard: bool) -> None:
        if not heard:
            log.warning("the answer to an order did not leave whole", rent_id=rent_id)
        try:
            await (self._answered if heard else self._lost)(rent_id)
        except StorageFailing as error:
            log.error("how an order was answered cannot be recorded", rent_id=rent_id, cause=str(error))
