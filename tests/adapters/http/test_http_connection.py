"""Limits of a connection in time, bytes and number; authenticated connections are evicted last."""

from __future__ import annotations

import asyncio
import socket
import struct
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

import pytest
from hypercorn.config import Config

from phonefarm.adapters.http.http_connection import Limits, has_disconnected, mark_authenticated, was_delivered
from phonefarm.adapters.http.server import Server, bind, serve_until
from tests.waiting import PATIENCE, until
from tests.windows_loop import LINGER

QUICK = Limits(head_seconds=0.15, read_seconds=0.15, write_seconds=0.15, keep_alive_seconds=0.3)
GET = b"GET / HTTP/1.1\r\nHost: farm\r\n\r\n"
WITH_KEY = b"GET /authenticate HTTP/1.1\r\nHost: farm\r\n\r\n"
BIG = 32 * 1024 * 1024


@dataclass
class App:
    """Behaves as the path says and keeps the scopes of its requests."""

    scopes: list[Any] = field(default_factory=list)
    delivered: list[bool] = field(default_factory=list)
    disconnected: list[bool] = field(default_factory=list)
    release: asyncio.Event = field(default_factory=asyncio.Event)

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        self.scopes.append(scope)
        if scope["path"].startswith("/authenticate"):
            mark_authenticated(scope)
        if scope["path"] == "/body":
            while (await receive()).get("more_body"):
                pass
        if scope["path"] in ("/wait", "/authenticate/wait"):
            await self.release.wait()
        if scope["path"] == "/disconnect":
            while (await receive())["type"] != "http.disconnect":
                pass
        body = b"x" * BIG if scope["path"] == "/big" else b"here"
        headers = [(b"content-length", str(len(body)).encode())]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": body})
        self.delivered.append(was_delivered(scope))
        self.disconnected.append(has_disconnected(scope))


class Client:
    """A raw connection to the server."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.reader: asyncio.StreamReader
        self.writer: asyncio.StreamWriter

    async def __aenter__(self) -> Client:
        self.reader, self.writer = await asyncio.open_connection("127.0.0.1", self.port)
        return self

    async def __aexit__(self, *_: object) -> None:
        self.writer.transport.abort()
        with suppress(OSError):
            await self.writer.wait_closed()

    async def request(self, request: bytes = GET) -> bytes:
        """The head of the response and its short body; empty if the connection is dead."""
        with suppress(OSError, EOFError):
            if request:
                self.writer.write(request)
            head = await asyncio.wait_for(self.reader.readuntil(b"\r\n\r\n"), PATIENCE)
            return head + await self.reader.readexactly(4)
        return b""

    async def is_dropped(self) -> bool:
        """Whether the server closes the connection, whatever it sends before."""
        with suppress(ConnectionError):
            await asyncio.wait_for(self.reader.read(), PATIENCE)
        return True


@asynccontextmanager
async def served(limits: Limits) -> AsyncIterator[tuple[App, Callable[[], Client]]]:
    app, stop = App(), asyncio.Event()
    listener = bind("127.0.0.1", 0, "test server")
    port = listener.getsockname()[1]
    ended = asyncio.gather(serve_until(app, listener, stop, limits))
    try:
        yield app, lambda: Client(port)
    finally:
        app.release.set()
        stop.set()
        await asyncio.wait_for(ended, PATIENCE)


async def test_request_of_a_client_that_connected_just_before_the_stop_is_answered() -> None:
    server = Server(App(), QUICK)
    listener = bind("127.0.0.1", 0, "test server")
    listening = asyncio.gather(server.listen(listener), return_exceptions=True)
    async with Client(listener.getsockname()[1]) as late:
        await until(lambda: server._serving)

        closing = asyncio.gather(server.close())
        await asyncio.sleep(0)

        assert b" 200 " in await late.request()
        await asyncio.wait_for(closing, PATIENCE)
    listening.cancel()
    listener.close()


# Time ---------------------------------------------------------------------------------


async def test_client_that_sends_nothing_is_dropped() -> None:
    async with served(QUICK) as (app, client), client() as silent:
        assert await silent.is_dropped()
        assert app.scopes == []


async def test_slow_headers_are_dropped_however_steadily_they_drip() -> None:
    async with served(QUICK) as (app, client), client() as dripping:

        async def drip() -> None:
            for number in range(10_000):
                dripping.writer.write(b"X: 1\r\n" if number else b"GET / HTTP/1.1\r\n")
                await asyncio.sleep(0.01)

        dripper = asyncio.gather(drip(), return_exceptions=True)
        assert await dripping.is_dropped()
        dripper.cancel()
        assert app.scopes == []


async def test_later_request_has_the_same_deadline_for_its_headers() -> None:
    async with served(QUICK) as (app, client), client() as dripping:
        assert b" 200 " in await dripping.request()

        dripping.writer.write(b"GET / HT")

        assert await dripping.is_dropped()
        assert len(app.scopes) == 1


async def test_stalled_body_is_dropped() -> None:
    async with served(QUICK) as (_, client), client() as stuck:
        stuck.writer.write(b"POST /body HTTP/1.1\r\nHost: farm\r\nContent-Length: 100\r\n\r\nhalf")

        assert await stuck.is_dropped()


@pytest.mark.parametrize("comes", [GET[10:], GET[10:] * 2], ids=["the rest of a head", "and another request"])
async def test_bytes_that_arrived_while_the_loop_was_blocked_are_answered(comes: bytes) -> None:
    async with served(QUICK) as (_, client), client() as slow:
        slow.writer.write(GET[:10])
        await asyncio.sleep(0.05)
        slow.writer.write(comes)
        time.sleep(2 * QUICK.head_seconds)  # noqa: ASYNC251 - nothing of the loop runs meanwhile

        assert b" 200 " in await slow.request(b"")


async def test_request_that_arrived_while_the_loop_was_blocked_finds_its_keep_alive_connection() -> None:
    async with served(QUICK) as (_, client), client() as kept:
        assert b" 200 " in await kept.request()

        kept.writer.write(GET)
        time.sleep(2 * QUICK.keep_alive_seconds)  # noqa: ASYNC251 - nothing of the loop runs meanwhile

        assert b" 200 " in await kept.request(b"")


async def test_client_that_does_not_read_is_dropped_and_its_response_counts_as_undelivered() -> None:
    async with served(QUICK) as (app, client), client() as slow:
        slow.writer.transport.pause_reading()  # type: ignore[attr-defined]

        slow.writer.write(b"GET /big HTTP/1.1\r\nHost: farm\r\n\r\n")

        await until(lambda: app.delivered == [False])


async def test_idle_connection_is_kept_alive_and_closed_after_the_keep_alive_time() -> None:
    async with served(QUICK) as (_, client), client() as patient:
        assert b" 200 " in await patient.request()
        assert b" 200 " in await patient.request()

        assert await patient.is_dropped()


async def test_response_before_the_body_was_read_announces_the_close() -> None:
    async with served(QUICK) as (_, client), client() as early, client() as whole:
        begun = await early.request(b"POST / HTTP/1.1\r\nHost: farm\r\nContent-Length: 9\r\n\r\nhalf")
        read = await whole.request(b"POST /body HTTP/1.1\r\nHost: farm\r\nContent-Length: 4\r\n\r\nbody")

        assert await early.is_dropped()
        assert await whole.request() != b""

    assert (b"connection: close" in begun.lower(), b"connection: close" in read.lower()) == (True, False)


def test_keep_alive_is_longer_than_that_of_tunnels() -> None:
    """Cloudflare's tunnel keeps an idle connection for 90 s; a request that races with our close would be lost."""
    assert Limits().keep_alive_seconds > 90


async def test_complete_response_counts_as_delivered() -> None:
    async with served(QUICK) as (app, client), client() as fine:
        await fine.request()
        await fine.request(GET.replace(b"Host", b"Connection: close\r\nHost"))

        await until(lambda: len(app.delivered) == 2)

    assert app.delivered == [True, True]


CLOSING = GET.replace(b"Host", b"Connection: close\r\nHost")
OLD = GET.replace(b"HTTP/1.1", b"HTTP/1.0")


@pytest.mark.parametrize("request_", [CLOSING, OLD], ids=["Connection: close", "HTTP/1.0"])
async def test_response_after_which_the_server_closes_counts_as_delivered(request_: bytes) -> None:
    async with served(QUICK) as (app, client), client() as once:
        assert (await once.request(request_)).endswith(b"here")
        assert await once.is_dropped()

        await until(lambda: app.delivered)

    assert app.delivered == [True]


async def test_last_request_of_a_connection_is_answered_like_the_others(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(Config, "keep_alive_max_requests", 3)
    async with served(QUICK) as (app, client), client() as busy:
        for _ in range(3):
            assert (await busy.request()).endswith(b"here")
        assert await busy.is_dropped()

        await until(lambda: len(app.delivered) == 3)

    assert app.delivered == [True] * 3


async def test_half_closed_client_gets_its_response() -> None:
    async with served(Limits()) as (app, client), client() as half:
        half.writer.write(b"GET /wait HTTP/1.1\r\nHost: farm\r\n\r\n")
        half.writer.write_eof()
        await until(lambda: app.scopes)
        app.release.set()

        assert (await half.request(b"")).endswith(b"here")
        assert await half.is_dropped()
        await until(lambda: app.delivered)

    assert (app.delivered, app.disconnected) == ([True], [False])


async def test_half_closed_client_is_not_kept_for_ever() -> None:
    async with served(Limits(answer_seconds=0.1)) as (app, client), client() as half:
        half.writer.write(b"GET /disconnect HTTP/1.1\r\nHost: farm\r\n\r\n")
        half.writer.write_eof()

        assert await half.is_dropped()
        await until(lambda: app.delivered)

    assert app.delivered == [False]


async def test_client_that_closed_before_the_response_is_told_from_a_half_closed_one() -> None:
    async with served(Limits()) as (app, client):
        async with client() as gone:
            gone.writer.write(b"GET /wait HTTP/1.1\r\nHost: farm\r\n\r\n")
            await until(lambda: app.scopes)
            gone.writer.close()
            await gone.writer.wait_closed()
        await asyncio.sleep(0.05)  # until the server has read that it ended its side
        app.release.set()

        await until(lambda: app.delivered)

    assert (app.delivered, app.disconnected) == ([False], [True])


async def test_reset_is_noticed_at_once() -> None:
    """With a plain socket: on Windows, asyncio closes in order before it aborts."""
    async with served(Limits()) as (app, client):
        with socket.create_connection(("127.0.0.1", client().port)) as broken:
            broken.sendall(b"GET /disconnect HTTP/1.1\r\nHost: farm\r\n\r\n")
            await until(lambda: app.scopes)

            broken.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack(LINGER, 1, 0))

        await until(lambda: app.delivered)

    assert app.delivered == [False]


# Bytes --------------------------------------------------------------------------------


@pytest.mark.parametrize("headers", [b"X: " + b"x" * 5000 + b"\r\n", b"X: 1\r\n" * 900, b"X: " + b"x" * 200_000])
async def test_headers_beyond_the_limit_are_refused(headers: bytes) -> None:
    async with served(Limits(head_bytes=2048)) as (app, client), client() as wordy:
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
    async with served(QUICK) as (_, client), client() as modern:
        modern.writer.write(opening)

        assert b"101" not in await modern.reader.readline()


@pytest.mark.parametrize(
    "line", [b"\x00\xff\x00", b"GET\r\n\r\n", b"GET / HTTP/9.9\r\nHost: x\r\n\r\n", b"\x16\x03\x01"]
)
async def test_bytes_that_are_not_http_are_dropped_and_the_server_goes_on(line: bytes) -> None:
    async with served(QUICK) as (_, client):
        async with client() as garbled:
            garbled.writer.write(line)
            await asyncio.wait_for(garbled.reader.read(), PATIENCE)

        async with client() as other:
            assert b" 200 " in await other.request()


@pytest.mark.parametrize("lines", [b"\r\n", b"\n", b"\r\n\r\n\n"])
async def test_empty_lines_before_a_request_are_skipped(lines: bytes) -> None:
    posted = b"POST /body HTTP/1.1\r\nHost: farm\r\nContent-Length: 4\r\n\r\nbody"
    async with served(QUICK) as (_, client), client() as odd:
        assert b" 200 " in await odd.request(lines + GET)
        assert b" 200 " in await odd.request(posted + lines)
        assert b" 200 " in await odd.request(GET)


async def test_empty_line_sent_byte_by_byte_is_skipped() -> None:
    async with served(Limits()) as (_, client), client() as slow:
        for byte in b"\r\n" + GET[:-1]:
            slow.writer.write(bytes([byte]))
            await asyncio.sleep(0.001)

        assert b" 200 " in await slow.request(GET[-1:])


async def test_empty_lines_do_not_extend_the_deadline() -> None:
    async with served(QUICK) as (app, client), client() as dripping:

        async def drip() -> None:
            for _ in range(10_000):
                dripping.writer.write(b"\r\n")
                await asyncio.sleep(0.01)

        dripper = asyncio.gather(drip(), return_exceptions=True)
        assert await dripping.is_dropped()
        dripper.cancel()
        assert app.scopes == []


@pytest.mark.parametrize("order", [0, 1])
async def test_request_with_content_length_and_transfer_encoding_is_refused(order: int) -> None:
    lengths = [b"Content-Length: 5\r\n", b"transfer-encoding: chunked\r\n"]
    head = b"POST /body HTTP/1.1\r\nHost: farm\r\n" + lengths[order] + lengths[1 - order]
    async with served(Limits()) as (app, client), client() as smuggler:
        smuggler.writer.write(head + b"\r\n0\r\n\r\n" + GET)

        assert (await smuggler.reader.readline()).split()[1] == b"400"
        assert b"200" not in await asyncio.wait_for(smuggler.reader.read(), PATIENCE)
        assert app.scopes == []


@pytest.mark.parametrize(
    ("target", "path"),
    [
        (b"http://farm/authenticate", "/authenticate"),
        (b"http://farm", "/"),
        (b"?x=1", "/"),
        (b"*", "*"),
        (b"http://[farm/", "/"),
        (b"http://%5bfarm/", "/"),
    ],
)
async def test_odd_targets_reach_the_application_as_paths(target: bytes, path: str) -> None:
    async with served(QUICK) as (app, client), client() as odd:
        assert b" 200 " in await odd.request(b"GET " + target + b" HTTP/1.1\r\nHost: farm\r\n\r\n")

    assert app.scopes[0]["path"] == path


# Number -------------------------------------------------------------------------------


async def test_new_connection_evicts_the_oldest_unauthenticated_one() -> None:
    async with served(Limits(connections=2)) as (_, client), client() as first, client() as second:
        assert b" 200 " in await first.request()
        assert b" 200 " in await second.request()

        async with client() as third:
            assert b" 200 " in await third.request()
            assert await first.is_dropped()
            assert b" 200 " in await second.request()


async def test_authenticated_connection_survives_a_flood_of_idle_connections() -> None:
    async with served(Limits(connections=4)) as (_, client), client() as market:
        assert b" 200 " in await market.request(WITH_KEY)

        flood = [socket.create_connection(("127.0.0.1", market.port)) for _ in range(50)]
        async with client() as newcomer:
            assert b" 200 " in await newcomer.request()

        assert b" 200 " in await market.request()
        for silent in flood:
            silent.close()


async def test_new_connection_evicts_an_idle_one_if_all_are_authenticated() -> None:
    async with served(Limits(connections=2)) as (app, client), client() as busy, client() as idle:
        busy.writer.write(b"GET /authenticate/wait HTTP/1.1\r\nHost: farm\r\n\r\n")
        await until(lambda: len(app.scopes) == 1)
        await idle.request(WITH_KEY)

        async with client() as late:
            assert b" 200 " in await late.request(WITH_KEY)

        assert await idle.is_dropped()
        app.release.set()
        assert b" 200 " in await busy.request(b"")


async def test_new_connection_is_refused_if_all_are_authenticated_and_busy() -> None:
    async with served(Limits(connections=1)) as (app, client), client() as market:
        market.writer.write(b"GET /authenticate/wait HTTP/1.1\r\nHost: farm\r\n\r\n")
        await until(lambda: len(app.scopes) == 1)

        async with client() as late:
            assert await late.is_dropped()

        app.release.set()
        assert b" 200 " in await market.request(b"")


async def test_closed_connection_frees_its_place() -> None:
    async with served(Limits(connections=1)) as (_, client):
        async with client() as market:
            await market.request(WITH_KEY)

        async def gets_the_place() -> bool:
            async with client() as next_one:
                return b" 200 " in await next_one.request()

        await until(gets_the_place)


async def test_application_learns_that_its_request_was_dropped() -> None:
    async with served(Limits(connections=1)) as (app, client), client() as waiting:
        waiting.writer.write(b"GET /wait HTTP/1.1\r\nHost: farm\r\n\r\n")
        await until(lambda: app.scopes)

        async with client() as newcomer:
            assert b" 200 " in await newcomer.request()
            app.release.set()

            await until(lambda: sorted(app.delivered) == [False, True])
