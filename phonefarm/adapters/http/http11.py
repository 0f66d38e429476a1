"""HTTP/1.1 on Hypercorn and h11, lenient and strict where they are not."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any, cast

import h11
from hypercorn.events import Closed
from hypercorn.protocol.events import EndBody, Response
from hypercorn.protocol.events import Event as StreamEvent
from hypercorn.protocol.h11 import H11Protocol
from hypercorn.protocol.http_stream import HTTPStream

from phonefarm.adapters.asgi import Scope


class _Reader(h11.Connection):
    """Skips empty lines before a request, as RFC 9112 (2.2) asks for: some clients end a body with one."""

    def next_event(self) -> h11.Event | type[h11.NEED_DATA] | type[h11.PAUSED]:
        if self.their_state is h11.IDLE:
            buffered = self.trailing_data[0]
            empty = len(buffered) - len(buffered.lstrip(b"\r\n"))
            if empty == len(buffered) and buffered.endswith(b"\r"):
                empty -= 1  # its LF is still to come
            if empty:
                self._receive_buffer.maybe_extract_at_most(empty)
            if buffered[empty:] == b"\r":
                return h11.NEED_DATA
        return super().next_event()


class Http11(H11Protocol):
    """HTTP/1.1 and nothing else: no HTTP/2, by upgrade or by prior knowledge.

    Awaits `after_head` when the head of a response has been sent, and calls `after_end` when its last byte has been.
    """

    def __init__(
        self, *args: Any, after_head: Callable[[], Awaitable[None]], after_end: Callable[[Scope], None]
    ) -> None:
        super().__init__(*args)
        self.connection = _Reader(h11.SERVER, max_incomplete_event_size=self.config.h11_max_incomplete_size)
        self._after_head = after_head
        self._after_end = after_end

    async def _check_protocol(self, event: h11.Request) -> None:
        return

    async def _create_stream(self, request: h11.Request) -> None:
        error_status = self._validate(request)
        if error_status is None:
            await super()._create_stream(request)
            return
        await self._send_error_response(error_status)
        await self.send(Closed())

    def _validate(self, request: h11.Request) -> int | None:
        """The status of the refusal, or None for a valid request.

        h11 limits a head only while it is incomplete; one that arrives in one piece is measured here. A request with
        both Content-Length and Transfer-Encoding is refused: a proxy may see another request in it (smuggling).
        """
        names = {name.lower() for name, _ in request.headers}
        if {b"content-length", b"transfer-encoding"} <= names:
            return 400
        size = len(request.target) + sum(len(name) + len(value) + 4 for name, value in request.headers)
        return 431 if size > self.config.h11_max_incomplete_size else None

    async def stream_send(self, event: StreamEvent) -> None:
        """A response sent before its request was read completely closes the connection; a header announces that."""
        is_early = isinstance(self.connection, h11.Connection) and self.connection.their_state is h11.SEND_BODY
        if is_early and isinstance(event, Response):
            event = replace(event, headers=[*event.headers, (b"connection", b"close")])
        stream = self.stream
        await super().stream_send(event)
        if isinstance(event, Response):
            await self._after_head()
        elif isinstance(event, EndBody) and isinstance(stream, HTTPStream):
            self._after_end(cast(Scope, stream.scope))
