"""Who may read the admin port, and how often: programs of this PC, by a loopback name, within a rate limit."""

from __future__ import annotations

import asyncio
import json
import re
import time
from collections.abc import Callable, MutableMapping
from typing import Any

from phonefarm.domain.hosts import is_loopback
from phonefarm.domain.rate_limits import Bucket

CALLS_PER_SECOND = 50.0
CALLS_AT_ONCE = 100.0
REFUSED_AFTER_SECONDS = 1.0
"""A refusal costs little, a thousand a second do not: who asks too often waits for it."""
_HOST = re.compile(r"(?:\[(?P<v6>[0-9a-f:.]+)\]|(?P<name>[^:\[\]]+))\.?(?::\d{1,5})?")

Scope = MutableMapping[str, Any]


class AdminGate:
    """ASGI middleware.

    A page in the user's browser reaches a port of this PC under a name of its own (DNS rebinding): only loopback names
    are answered.
    """

    def __init__(self, app: Any, now: Callable[[], float] = time.monotonic) -> None:
        self._app = app
        self._now = now
        self._bucket = Bucket.full(CALLS_PER_SECOND, CALLS_AT_ONCE, now())

    async def __call__(self, scope: Scope, receive: Any, send: Any) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
        elif wait := self._bucket.take(self._now()):
            await asyncio.sleep(REFUSED_AFTER_SECONDS)
            await _refuse(send, 429, "Too many requests", (b"retry-after", str(wait).encode()))
        elif not all(is_loopback_name(value.decode("latin-1")) for value in _hosts(scope)):
            await _refuse(send, 403, "Only loopback names are answered here: ask 127.0.0.1 or localhost")
        else:
            await self._app(scope, receive, send)


def is_loopback_name(host: str) -> bool:
    """Of a Host header, with its port; an old caller that names none is no browser."""
    found = _HOST.fullmatch(host.strip().lower())
    if found is None:
        return not host.strip()
    return is_loopback(found["v6"] or found["name"].removesuffix("."))


def _hosts(scope: Scope) -> list[bytes]:
    return [value for name, value in scope["headers"] if name.lower() == b"host"]


async def _refuse(send: Any, status: int, reason: str, *headers: tuple[bytes, bytes]) -> None:
    body = json.dumps({"error": reason}).encode()
    plain = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": status, "headers": [*plain, *headers]})
    await send({"type": "http.response.body", "body": body})
