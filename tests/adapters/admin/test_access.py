"""The admin port answers requests to loopback names, within its rate limit."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from phonefarm.adapters.admin import access
from phonefarm.adapters.admin.access import BURST_CALLS, CALLS_PER_SECOND, AdminAccessMiddleware, is_loopback_name
from phonefarm.adapters.http.server import bind, serve_until
from tests.waiting import PATIENCE


class Guarded:
    """The middleware around an application that always answers 200."""

    def __init__(self) -> None:
        self.now = 0.0
        self.served = 0
        self.middleware = AdminAccessMiddleware(self._app, lambda: self.now)

    async def __call__(self, *hosts: bytes) -> int:
        """The status that a request with these Host headers gets."""
        statuses: list[int] = []

        async def send(event: Any) -> None:
            statuses.append(event.get("status", 0))

        scope = {"type": "http", "path": "/health", "headers": [(b"host", host) for host in hosts]}
        await self.middleware(scope, self._receive, send)
        return statuses[0]

    async def _receive(self) -> Any:
        raise AssertionError("the middleware reads no body")

    async def _app(self, _scope: Any, _receive: Any, send: Any) -> None:
        self.served += 1
        await send({"type": "http.response.start", "status": 200, "headers": []})


@pytest.mark.parametrize(
    "host", ["127.0.0.1", "127.0.0.1:8081", "127.5.5.5", "localhost", "LocalHost:8081", "localhost.", "[::1]:8081", ""]
)
async def test_loopback_names_are_answered(host: str) -> None:
    assert is_loopback_name(host)
    assert await Guarded()(host.encode()) == 200


@pytest.mark.parametrize(
    "host",
    [
        "evil.example",
        "evil.example:8081",
        "127.0.0.1.evil.example",
        "localhost.evil.example",
        "127.0.0.1@evil.example",
        "192.168.1.5:8081",
        "[2001:db8::1]",
        "0.0.0.0",
        "localhost:99999999",
        "[::1",
        "\xff",
    ],
)
async def test_other_names_are_refused(host: str) -> None:
    guarded = Guarded()

    assert await guarded(host.encode("latin-1")) == 403
    assert guarded.served == 0


async def test_every_host_header_is_checked() -> None:
    assert await Guarded()(b"localhost", b"evil.example") == 403


async def test_request_without_a_host_is_answered() -> None:
    assert await Guarded()() == 200


async def test_rate_limit_refuses_and_recovers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(access, "REFUSAL_DELAY_SECONDS", 0.0)
    guarded = Guarded()

    at_once = [await guarded(b"localhost") for _ in range(int(BURST_CALLS) + 5)]
    guarded.now += 1.0
    after = [await guarded(b"localhost") for _ in range(int(CALLS_PER_SECOND) + 1)]

    assert at_once == [200] * int(BURST_CALLS) + [429] * 5
    assert after == [200] * int(CALLS_PER_SECOND) + [429]


async def test_refusal_beyond_the_rate_limit_is_delayed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(access, "REFUSAL_DELAY_SECONDS", PATIENCE)
    guarded = Guarded()
    for _ in range(int(BURST_CALLS)):
        await guarded(b"localhost")

    waiting = asyncio.gather(guarded(b"localhost"))
    _, still = await asyncio.wait([waiting], timeout=0.05)

    assert still
    waiting.cancel()


async def test_dns_rebinding_is_refused() -> None:
    """Over a real socket, as a browser would."""
    stop, listener = asyncio.Event(), bind("127.0.0.1", 0, "admin port")
    ended = asyncio.gather(serve_until(Guarded().middleware, listener, stop))
    reader, writer = await asyncio.open_connection("127.0.0.1", listener.getsockname()[1])

    writer.write(b"GET /health HTTP/1.1\r\nHost: rebound.example:8081\r\nConnection: close\r\n\r\n")
    answer = await asyncio.wait_for(reader.read(), PATIENCE)

    writer.close()
    stop.set()
    await asyncio.wait_for(ended, PATIENCE)
    assert answer.split()[1] == b"403"
