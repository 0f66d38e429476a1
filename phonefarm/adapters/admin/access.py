"""Access to the admin port: requests to a loopback name, within a rate limit."""

from __future__ import annotations

import asyncio
import json
import re
import time
from collections.abc import Callable

from phonefarm.adapters.asgi import Application, Receive, Scope, Send
from phonefarm.domain.hosts import is_loopback
from phonefarm.domain.rate_limits import Bucket

CALLS_PER_SECOND = 50.0
BURST_CALLS = 100.0
REFUSAL_DELAY_SECONDS = 1.0
"""Before a 429, so that a client that repeats at once cannot flood the loop with refusals."""
_HOST = re.compile(r"(?:\[(?P<v6>[0-9a-f:.]+)\]|(?P<name>[^:\[\]]+))\.?(?::\d{1,5})?")


class AdminAccessMiddleware:
    """ASGI middleware that answers 429 beyond the rate limit and 403 unless every Host is a loopback name.

    The Host check stops DNS rebinding: a web site in the user's browser reaches this port under its own name.
    """

    def __init__(self, app: Application, now: Callable[[], float] = time.monotonic) -> None:
        self._app = app
        self._now = now
        self._bucket = Bucket.full(CALLS_PER_SECOND, BURST_CALLS, now())

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
        elif wait := self._bucket.take(self._now()):
            await asyncio.sleep(REFUSAL_DELAY_SECONDS)
            await _refuse(send, 429, "Too many requests", (b"retry-after", str(wait).encode()))
        elif not all(is_loopback_name(value.decode("latin-1")) for value in _hosts(scope)):
            await _refuse(send, 403, "Only loopback names are answered here: ask 127.0.0.1 or localhost")
        else:
            await self._app(scope, receive, send)


def is_loopback_name(host: str) -> bool:
    """Whether a Host header, with or without port, names this PC. An empty one passes: no browser sends that."""
    match = _HOST.fullmatch(host.strip().lower())
    if match is None:
        return not host.strip()
    return is_loopback(match["v6"] or match["name"].removesuffix("."))


def _hosts(scope: Scope) -> list[bytes]:
    return [value for name, value in scope["headers"] if name.lower() == b"host"]


async def _refuse(send: Send, status: int, reason: str, *headers: tuple[bytes, bytes]) -> None:
    body = json.dumps({"error": reason}).encode()
    plain = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": status, "headers": [*plain, *headers]})
    await send({"type": "http.response.body", "body": body})
