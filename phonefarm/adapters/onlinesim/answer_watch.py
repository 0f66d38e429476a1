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
Receive = Callable[[], Awaitable[Event]]
Send = Callable[[Event], Awaitable[None]]


class AnswerWatch:
    """ASGI middleware: calls `answered` once the response was sent and the caller was still there."""

    def __init__(self, app: Any, answered: Callable[[RentId], Awaitable[None]]) -> None:
        self._app = app
        self._answered = answered

    async def __call__(self, scope: MutableMapping[str, Any], receive: Receive, send: Send) -> None:
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

        await self._app(scope, watched_receive, watched_send)
        rent_id = scope.get(ISSUED)
        if rent_id is None:
            return
        if not sent_whole or left:
            log.warning("the answer to an order did not leave whole", rent_id=rent_id)
            return
        try:
            await self._answered(rent_id)
        except StorageFailing as error:
            log.error("an answer cannot be recorded", rent_id=rent_id, cause=str(error))
