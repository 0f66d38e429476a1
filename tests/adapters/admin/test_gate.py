"""The admin port answers programs of this PC, and no more often than does no harm."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from phonefarm.adapters.admin import gate
from phonefarm.adapters.admin.gate import CALLS_AT_ONCE, CALLS_PER_SECOND, AdminGate, is_loopback_name
from phonefarm.adapters.http.server import bind, serve_until
from tests.waiting import PATIENCE


class Asked:
    """The gate before pages that always answer 200."""

    def __init__(self) -> None:
        self.now = 0.0
        self.served = 0
        self.gate = AdminGate(self._pages, lambda: self.now)

    async def __call__(self, *hosts: bytes) -> int:
        """The status that a request gets."""
        told: list[int] = []

        async def send(event: Any) -> None:
            told.append(event.get("status", 0))

        scope = {"type": "http", "path": "/health", "headers": [(b"host", host) for host in hosts]}
        await self.gate(scope, None, send)
        return told[0]

    async def _pages(self, _scope: Any, _receive: Any, send: Any) -> None:
        self.served += 1
        await send({"type": "http.response.start", "status": 200, "headers": []})


@pytest.mark.parametrize(
    "host", ["127.0.0.1", "127.0.0.1:8081", "127.5.5.5", "localhost", "LocalHost:8081", "localhost.", "[::1]:8081", ""]
)
async def test_loopback_names_are_answered(host: str) -> None:
    assert is_loopback_name(host)
    assert await Asked()(host.encode()) == 200


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
async def test_any_other_name_is_refused(host: str) -> None:
    asked = Asked()

    assert await asked(host.encode("latin-1")) == 403
    assert asked.served == 0


async def test_second_name_does_not_pass_behind_the_first() -> None:
    assert await Asked()(b"localhost", b"evil.example") == 403


async def test_caller_without_a_name_is_no_browser() -> None:
    assert await Asked()() == 200


async def test_more_than_the_limit_is_refused_and_served_again_with_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gate, "REFUSED_AFTER_SECONDS", 0.0)
    asked = Asked()

    at_once = [await asked(b"localhost") for _ in range(int(CALLS_AT_ONCE) + 5)]
    asked.now += 1.0
    after = [await asked(b"localhost") for _ in range(int(CALLS_PER_SECOND) + 1)]

    assert at_once == [200] * int(CALLS_AT_ONCE) + [429] * 5
    assert after == [200] * int(CALLS_PER_SECOND) + [429]


async def test_whoever_asks_too_often_waits_for_its_refusal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gate, "REFUSED_AFTER_SECONDS", PATIENCE)
    asked = Asked()
    for _ in range(int(CALLS_AT_ONCE)):
        await asked(b"localhost")

    waiting = asyncio.gather(asked(b"localhost"))
    _, still = await asyncio.wait([waiting], timeout=0.05)

    assert still
    waiting.cancel()


async def test_page_that_reaches_the_port_by_a_name_of_its_own_reads_nothing() -> None:
    """Over a real socket, as a browser would after DNS rebinding."""
    stop, listener = asyncio.Event(), bind("127.0.0.1", 0, "admin port")
    ended = asyncio.gather(serve_until(Asked().gate, listener, stop))
    reader, writer = await asyncio.open_connection("127.0.0.1", listener.getsockname()[1])

    writer.write(b"GET /health HTTP/1.1\r\nHost: rebound.example:8081\r\nConnection: close\r\n\r\n")
    answer = await asyncio.wait_for(reader.read(), PATIENCE)

    writer.close()
    stop.set()
    await asyncio.wait_for(ended, PATIENCE)
    assert answer.split()[1] == b"403"
