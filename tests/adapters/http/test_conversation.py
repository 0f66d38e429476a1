"""What a caller may take of a server: time, bytes and places are limited, and who proved itself keeps its place."""

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

from phonefarm.adapters.http.conversation import Limits, has_hung_up, has_left, prove
from phonefarm.adapters.http.server import bind, serve_until
from tests.waiting import PATIENCE, until
from tests.windows_loop import LINGER

QUICK = Limits(head_seconds=0.15, read_seconds=0.15, write_seconds=0.15, keep_alive_seconds=0.3)
GET = b"GET / HTTP/1.1\r\nHost: farm\r\n\r\n"
PROOF = b"GET /prove HTTP/1.1\r\nHost: farm\r\n\r\n"
BIG = 32 * 1024 * 1024


@dataclass
class App:
    """Answers what the path asks for and keeps the scopes of its requests."""

    scopes: list[Any] = field(default_factory=list)
    left: list[bool] = field(default_factory=list)
    hung_up: list[bool] = field(default_factory=list)
    let_go: asyncio.Event = field(default_factory=asyncio.Event)

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        self.scopes.append(scope)
        if scope["path"].startswith("/prove"):
            prove(scope)
        if scope["path"] == "/body":
            while (await receive()).get("more_body"):
                pass
        if scope["path"] in ("/wait", "/prove/wait"):
            await self.let_go.wait()
        if scope["path"] == "/told":
            while (await receive())["type"] != "http.disconnect":
                pass
        body = b"x" * BIG if scope["path"] == "/big" else b"here"
        headers = [(b"content-length", str(len(body)).encode())]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": body})
        self.left.append(has_left(scope))
        self.hung_up.append(has_hung_up(scope))


class Caller:
    """A raw connection to the server."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.reader: asyncio.StreamReader
        self.writer: asyncio.StreamWriter

    async def __aenter__(self) -> Caller:
        self.reader, self.writer = await asyncio.open_connection("127.0.0.1", self.port)
        return self

    async def __aexit__(self, *_: object) -> None:
        self.writer.transport.abort()
        with suppress(OSError):
            await self.writer.wait_closed()

    async def asks(self, request: bytes = GET) -> bytes:
        """The status line and headers of the answer, its short body after them; empty if the line is dead."""
        with suppress(OSError, EOFError):
            if request:
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

        await until(lambda: app.left == [False])


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


async def test_whole_answer_is_said_to_have_left() -> None:
    async with served(QUICK) as (app, caller), caller() as fine:
        await fine.asks()
        await fine.asks(GET.replace(b"Host", b"Connection: close\r\nHost"))

        await until(lambda: len(app.left) == 2)

    assert app.left == [True, True]


CLOSING = GET.replace(b"Host", b"Connection: close\r\nHost")
OLD = GET.replace(b"HTTP/1.1", b"HTTP/1.0")


@pytest.mark.parametrize("request_", [CLOSING, OLD], ids=["Connection: close", "HTTP/1.0"])
async def test_answer_after_which_the_server_closes_has_left(request_: bytes) -> None:
    async with served(QUICK) as (app, caller), caller() as once:
        assert (await once.asks(request_)).endswith(b"here")
        assert await once.is_dropped()

        await until(lambda: app.left)

    assert app.left == [True]


async def test_last_request_that_a_connection_may_bring_is_answered_like_the_others(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(Config, "keep_alive_max_requests", 3)
    async with served(QUICK) as (app, caller), caller() as busy:
        for _ in range(3):
            assert (await busy.asks()).endswith(b"here")
        assert await busy.is_dropped()

        await until(lambda: len(app.left) == 3)

    assert app.left == [True] * 3


async def test_caller_who_has_ended_its_side_gets_its_answer() -> None:
    async with served(Limits()) as (app, caller), caller() as half:
        half.writer.write(b"GET /wait HTTP/1.1\r\nHost: farm\r\n\r\n")
        half.writer.write_eof()
        await until(lambda: app.scopes)
        app.let_go.set()

        assert (await half.asks(b"")).endswith(b"here")
        assert await half.is_dropped()
        await until(lambda: app.left)

    assert (app.left, app.hung_up) == ([True], [False])


async def test_caller_who_has_ended_its_side_does_not_wait_for_ever() -> None:
    async with served(Limits(answer_seconds=0.1)) as (app, caller), caller() as half:
        half.writer.write(b"GET /told HTTP/1.1\r\nHost: farm\r\n\r\n")
        half.writer.write_eof()

        assert await half.is_dropped()
        await until(lambda: app.left)

    assert app.left == [False]


async def test_caller_who_hung_up_before_the_answer_is_told_from_one_who_waits_for_it() -> None:
    async with served(Limits()) as (app, caller):
        async with caller() as gone:
            gone.writer.write(b"GET /wait HTTP/1.1\r\nHost: farm\r\n\r\n")
            await until(lambda: app.scopes)
            gone.writer.close()
            await gone.writer.wait_closed()
        await asyncio.sleep(0.05)  # until the server has read that it ended its side
        app.let_go.set()

        await until(lambda: app.left)

    assert (app.left, app.hung_up) == ([False], [True])


async def test_caller_who_breaks_off_is_noticed_at_once() -> None:
    """By a socket of its own: asyncio on Windows ends its side in order before it aborts."""
    async with served(Limits()) as (app, caller):
        with socket.create_connection(("127.0.0.1", caller().port)) as broken:
            broken.sendall(b"GET /told HTTP/1.1\r\nHost: farm\r\n\r\n")
            await until(lambda: app.scopes)

            broken.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack(LINGER, 1, 0))

        await until(lambda: app.left)

    assert app.left == [False]


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


@pytest.mark.parametrize("lines", [b"\r\n", b"\n", b"\r\n\r\n\n"])
async def test_empty_lines_before_a_request_are_skipped(lines: bytes) -> None:
    posted = b"POST /body HTTP/1.1\r\nHost: farm\r\nContent-Length: 4\r\n\r\nbody"
    async with served(QUICK) as (_, caller), caller() as odd:
        assert b" 200 " in await odd.asks(lines + GET)
        assert b" 200 " in await odd.asks(posted + lines)
        assert b" 200 " in await odd.asks(GET)


async def test_empty_line_that_comes_byte_by_byte_is_skipped() -> None:
    async with served(Limits()) as (_, caller), caller() as slow:
        for byte in b"\r\n" + GET[:-1]:
            slow.writer.write(bytes([byte]))
            await asyncio.sleep(0.001)

        assert b" 200 " in await slow.asks(GET[-1:])


async def test_empty_lines_give_nobody_more_time() -> None:
    async with served(QUICK) as (app, caller), caller() as dripping:

        async def drip() -> None:
            for _ in range(10_000):
                dripping.writer.write(b"\r\n")
                await asyncio.sleep(0.01)

        dripper = asyncio.gather(drip(), return_exceptions=True)
        assert await dripping.is_dropped()
        dripper.cancel()
        assert app.scopes == []


@pytest.mark.parametrize("order", [0, 1])
async def test_request_with_two_ways_of_telling_where_its_body_ends_is_refused(order: int) -> None:
    lengths = [b"Content-Length: 5\r\n", b"transfer-encoding: chunked\r\n"]
    head = b"POST /body HTTP/1.1\r\nHost: farm\r\n" + lengths[order] + lengths[1 - order]
    async with served(Limits()) as (app, caller), caller() as smuggler:
        smuggler.writer.write(head + b"\r\n0\r\n\r\n" + GET)

        assert (await smuggler.reader.readline()).split()[1] == b"400"
        assert b"200" not in await asyncio.wait_for(smuggler.reader.read(), PATIENCE)
        assert app.scopes == []


@pytest.mark.parametrize(
    ("target", "path"),
    [
        (b"http://farm/prove", "/prove"),
        (b"http://farm", "/"),
        (b"?x=1", "/"),
        (b"*", "*"),
        (b"http://[farm/", "/"),
        (b"http://%5bfarm/", "/"),
    ],
)
async def test_odd_targets_reach_the_application_as_paths(target: bytes, path: str) -> None:
    async with served(QUICK) as (app, caller), caller() as odd:
        assert b" 200 " in await odd.asks(b"GET " + target + b" HTTP/1.1\r\nHost: farm\r\n\r\n")

    assert app.scopes[0]["path"] == path


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

        flood = [socket.create_connection(("127.0.0.1", market.port)) for _ in range(50)]
        async with caller() as newcomer:
            assert b" 200 " in await newcomer.asks()

        assert b" 200 " in await market.asks()
        for idle in flood:
            idle.close()


async def test_caller_with_the_key_gets_the_place_of_a_proven_connection_that_rests() -> None:
    async with served(Limits(connections=2)) as (app, caller), caller() as busy, caller() as at_rest:
        busy.writer.write(b"GET /prove/wait HTTP/1.1\r\nHost: farm\r\n\r\n")
        await until(lambda: len(app.scopes) == 1)
        await at_rest.asks(PROOF)

        async with caller() as late:
            assert b" 200 " in await late.asks(PROOF)

        assert await at_rest.is_dropped()
        app.let_go.set()
        assert b" 200 " in await busy.asks(b"")


async def test_no_place_is_left_when_all_have_proved_themselves_and_are_being_answered() -> None:
    async with served(Limits(connections=1)) as (app, caller), caller() as market:
        market.writer.write(b"GET /prove/wait HTTP/1.1\r\nHost: farm\r\n\r\n")
        await until(lambda: len(app.scopes) == 1)

        async with caller() as late:
            assert await late.is_dropped()

        app.let_go.set()
        assert b" 200 " in await market.asks(b"")


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

            await until(lambda: sorted(app.left) == [False, True])
