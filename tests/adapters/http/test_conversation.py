"""What a caller may take of a server: time, bytes and places are limited, and who proved itself keeps its place."""

from __future__ import annotations

import asyncio
import socket
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

import pytest

from phonefarm.adapters.http.conversation import Limits, is_cut, prove
from phonefarm.adapters.http.server import bind, serve_until
from tests.waiting import PATIENCE, until

QUICK = Limits(head_seconds=0.15, read_seconds=0.15, write_seconds=0.15, keep_alive_seconds=0.3)
GET = b"GET / HTTP/1.1\r\nHost: farm\r\n\r\n"
PROOF = b"GET /prove HTTP/1.1\r\nHost: farm\r\n\r\n"
BIG = 32 * 1024 * 1024


@dataclass
class App:
    """Answers what the path asks for and keeps the scopes of its requests."""

    scopes: list[Any] = field(default_factory=list)
    cuts: list[bool] = field(default_factory=list)
    let_go: asyncio.Event = field(default_factory=asyncio.Event)

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        self.scopes.append(scope)
        if scope["path"] == "/prove":
            prove(scope)
        if scope["path"] == "/body":
            while (await receive()).get("more_body"):
                pass
        if scope["path"] == "/wait":
            await self.let_go.wait()
        body = b"x" * BIG if scope["path"] == "/big" else b"here"
        headers = [(b"content-length", str(len(body)).encode())]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": body})
        self.cuts.append(is_cut(scope))


class Caller:
    """A raw connection to the server."""

    def __init__(self, port: int) -> None:
        self._port = port
        self.reader: asyncio.StreamReader
        self.writer: asyncio.StreamWriter

    async def __aenter__(self) -> Caller:
        self.reader, self.writer = await asyncio.open_connection("127.0.0.1", self._port)
        return self

    async def __aexit__(self, *_: object) -> None:
        self.writer.transport.abort()
        with suppress(OSError):
            await self.writer.wait_closed()

    async def asks(self, request: bytes = GET) -> bytes:
        """The status line and headers of the answer, its short body after them; empty if the line is dead."""
        with suppress(OSError, EOFError):
            self.writer.write(request)
            head = await asyncio.wait_for(self.reader.readuntil(b"\r\n\r\n"), PATIENCE)
            return head + await self.reader.readexactly(4)
        return b""

    async def is_dropped(self) -> bool:
        """Whether the server ends the connection, whatever it says before that."""
        with suppress(ConnectionError):
            await asyncio.wait_for(self.reader.read(), PATIENCE)
        return True


@asynccontextmanager
async def served(limits: Limits) -> AsyncIterator[tuple[App, Callable[[], Caller]]]:
    app, stop = App(), asyncio.Event()
    listener = bind("127.0.0.1", 0, "test server")
    port = listener.getsockname()[1]
    ended = asyncio.gather(serve_until(app, listener, stop, limits))
    try:
        yield app, lambda: Caller(port)
    finally:
        app.let_go.set()
        stop.set()
        await asyncio.wait_for(ended, PATIENCE)


# Time ---------------------------------------------------------------------------------


async def test_caller_who_says_nothing_is_dropped() -> None:
    async with served(QUICK) as (app, caller), caller() as silent:
        assert await silent.is_dropped()
        assert app.scopes == []


async def test_headers_that_drip_are_dropped_however_steadily_they_drip() -> None:
    async with served(QUICK) as (app, caller), caller() as dripping:

        async def drip() -> None:
            for number in range(10_000):
                dripping.writer.write(b"X: 1\r\n" if number else b"GET / HTTP/1.1\r\n")
                await asyncio.sleep(0.01)

        dripper = asyncio.gather(drip(), return_exceptions=True)
        assert await dripping.is_dropped()
        dripper.cancel()
        assert app.scopes == []


async def test_second_request_of_a_connection_may_drip_no_longer_than_the_first() -> None:
    async with served(QUICK) as (app, caller), caller() as dripping:
        assert b" 200 " in await dripping.asks()

        dripping.writer.write(b"GET / HT")

        assert await dripping.is_dropped()
        assert len(app.scopes) == 1


async def test_body_that_stops_coming_is_dropped() -> None:
    async with served(QUICK) as (_, caller), caller() as stuck:
        stuck.writer.write(b"POST /body HTTP/1.1\r\nHost: farm\r\nContent-Length: 100\r\n\r\nhalf")

        assert await stuck.is_dropped()


@pytest.mark.parametrize("comes", [GET[10:], GET[10:] * 2], ids=["the rest of a head", "and another request"])
async def test_what_came_while_the_loop_stood_still_is_answered(comes: bytes) -> None:
    async with served(QUICK) as (_, caller), caller() as slow:
        slow.writer.write(GET[:10])
        await asyncio.sleep(0.05)
        slow.writer.write(comes)
        time.sleep(2 * QUICK.head_seconds)  # noqa: ASYNC251 - nothing of the loop runs meanwhile

        assert b" 200 " in await slow.asks(b"")


async def test_request_that_came_while_the_loop_stood_still_finds_its_kept_connection() -> None:
    async with served(QUICK) as (_, caller), caller() as kept:
        assert b" 200 " in await kept.asks()

        kept.writer.write(GET)
        time.sleep(2 * QUICK.keep_alive_seconds)  # noqa: ASYNC251 - nothing of the loop runs meanwhile

        assert b" 200 " in await kept.asks(b"")


async def test_caller_who_does_not_take_the_answer_is_dropped_and_the_answer_known_to_be_cut() -> None:
    async with served(QUICK) as (app, caller), caller() as slow:
        slow.writer.transport.pause_reading()  # type: ignore[attr-defined]

        slow.writer.write(b"GET /big HTTP/1.1\r\nHost: farm\r\n\r\n")

        await until(lambda: app.cuts == [True])


async def test_idle_connection_is_kept_for_the_next_request_and_closed_after_a_while() -> None:
    async with served(QUICK) as (_, caller), caller() as patient:
        assert b" 200 " in await patient.asks()
        assert b" 200 " in await patient.asks()

        assert await patient.is_dropped()


async def test_answer_before_the_body_was_read_says_that_the_connection_ends() -> None:
    async with served(QUICK) as (_, caller), caller() as early, caller() as whole:
        begun = await early.asks(b"POST / HTTP/1.1\r\nHost: farm\r\nContent-Length: 9\r\n\r\nhalf")
        read = await whole.asks(b"POST /body HTTP/1.1\r\nHost: farm\r\nContent-Length: 4\r\n\r\nbody")

        assert await early.is_dropped()
        assert await whole.asks() != b""

    assert (b"connection: close" in begun.lower(), b"connection: close" in read.lower()) == (True, False)


def test_connections_are_kept_longer_than_tunnels_keep_theirs() -> None:
    """Cloudflare's tunnel keeps an idle one for 90 s; a call that meets a closing door would be lost."""
    assert Limits().keep_alive_seconds > 90


async def test_whole_answer_is_not_said_to_be_cut() -> None:
    async with served(QUICK) as (app, caller), caller() as fine:
        await fine.asks()
        await fine.asks(GET.replace(b"Host", b"Connection: close\r\nHost"))

        assert app.cuts == [False, False]


# Bytes --------------------------------------------------------------------------------


@pytest.mark.parametrize("headers", [b"X: " + b"x" * 5000 + b"\r\n", b"X: 1\r\n" * 900, b"X: " + b"x" * 200_000])
async def test_headers_beyond_the_limit_are_refused(headers: bytes) -> None:
    async with served(Limits(head_bytes=2048)) as (app, caller), caller() as wordy:
        wordy.writer.write(GET[:-2] + headers + b"\r\n")

        assert (await wordy.reader.readline()).split()[1] == b"431"
        assert app.scopes == []


@pytest.mark.parametrize(
    "opening",
    [
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        GET[:-2] + b"Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: \r\n\r\n",
    ],
    ids=["by surprise", "by upgrade"],
)
async def test_http_2_is_not_spoken(opening: bytes) -> None:
    async with served(QUICK) as (_, caller), caller() as modern:
        modern.writer.write(opening)

        assert b"101" not in await modern.reader.readline()


@pytest.mark.parametrize(
    "line", [b"\x00\xff\x00", b"GET\r\n\r\n", b"GET / HTTP/9.9\r\nHost: x\r\n\r\n", b"\x16\x03\x01"]
)
async def test_what_is_no_http_is_dropped_and_the_server_lives_on(line: bytes) -> None:
    async with served(QUICK) as (_, caller):
        async with caller() as stranger:
            stranger.writer.write(line)
            await asyncio.wait_for(stranger.reader.read(), PATIENCE)

        async with caller() as other:
            assert b" 200 " in await other.asks()


# Places -------------------------------------------------------------------------------


async def test_newest_caller_gets_the_place_of_the_oldest_stranger() -> None:
    async with served(Limits(connections=2)) as (_, caller), caller() as first, caller() as second:
        assert b" 200 " in await first.asks()
        assert b" 200 " in await second.asks()

        async with caller() as third:
            assert b" 200 " in await third.asks()
            assert await first.is_dropped()
            assert b" 200 " in await second.asks()


async def test_caller_who_proved_itself_keeps_its_place_in_a_flood_of_idle_connections() -> None:
    async with served(Limits(connections=4)) as (_, caller), caller() as market:
        assert b" 200 " in await market.asks(PROOF)

        flood = [socket.create_connection(("127.0.0.1", market._port)) for _ in range(50)]
        async with caller() as newcomer:
            assert b" 200 " in await newcomer.asks()

        assert b" 200 " in await market.asks()
        for idle in flood:
            idle.close()


async def test_no_place_is_left_when_all_have_proved_themselves() -> None:
    async with served(Limits(connections=1)) as (_, caller), caller() as market:
        await market.asks(PROOF)

        async with caller() as late:
            assert await late.is_dropped()

        assert b" 200 " in await market.asks()


async def test_place_of_who_has_gone_is_free_again() -> None:
    async with served(Limits(connections=1)) as (_, caller):
        async with caller() as market:
            await market.asks(PROOF)

        async def gets_the_place() -> bool:
            async with caller() as next_one:
                return b" 200 " in await next_one.asks()

        await until(gets_the_place)


async def test_dropped_request_under_way_tells_the_application() -> None:
    async with served(Limits(connections=1)) as (app, caller), caller() as waiting:
        waiting.writer.write(b"GET /wait HTTP/1.1\r\nHost: farm\r\n\r\n")
        await until(lambda: app.scopes)

        async with caller() as newcomer:
            assert b" 200 " in await newcomer.asks()
            app.let_go.set()

            await until(lambda: sorted(app.cuts) == [False, True])
