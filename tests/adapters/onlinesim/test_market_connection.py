"""The connection pool to Onlinesim: valid answers in any fragmentation, errors for everything else, safe reuse."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import trustme

from phonefarm.adapters.onlinesim import market_connection
from phonefarm.adapters.onlinesim.market_connection import (
    MAX_ANSWER_BYTES,
    MAX_BODY_BYTES,
    MAX_HEAD_BYTES,
    Answer,
    MarketConnections,
    Unreachable,
)
from phonefarm.domain.pushes import Obstacle
from tests.stepped_clock import go_by_steps
from tests.waiting import until
from tests.windows_errors import fails_with

OK = b'HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 20\r\n\r\n{"status":"SUCCESS"}'
CHUNKED = (
    b'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n8\r\n{"status\r\nc\r\n":"SUCCESS"}\r\n0\r\nX: y\r\n\r\n'
)
BODY = b'{"status":"SUCCESS"}'
WITHIN = 5.0


class Peer:
    """A raw server: sends `answer` to each request, then closes the connection if `closes`."""

    def __init__(self) -> None:
        self.answer = OK
        self.parts: list[bytes] | None = None
        self.closes = False
        self.delay = 0.0
        """Seconds before it answers."""
        self.connections = 0
        self.requests: list[bytes] = []
        self.address = ""
        self._server: asyncio.Server | None = None
        self._writers: list[asyncio.StreamWriter] = []

    async def start(self, tls: ssl.SSLContext | None = None) -> None:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0, ssl=tls)
        scheme, port = "https" if tls else "http", self._server.sockets[0].getsockname()[1]
        self.address = f"{scheme}://127.0.0.1:{port}/v1/PUSH"

    async def stop(self) -> None:
        assert self._server is not None
        self._server.close()
        self.hang_up()
        await self._server.wait_closed()

    def hang_up(self) -> None:
        for writer in self._writers:
            writer.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        self._writers.append(writer)
        try:
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                length = int(head.lower().split(b"content-length:")[1].split(b"\r\n")[0])
                self.requests.append(head + await reader.readexactly(length))
                await asyncio.sleep(self.delay)
                for part in self.parts or [self.answer]:
                    writer.write(part)
                    await writer.drain()
                    await asyncio.sleep(0)
                if self.closes:
                    break
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()


@pytest.fixture
async def peer() -> AsyncIterator[Peer]:
    peer = Peer()
    await peer.start()
    yield peer
    await peer.stop()


@pytest.fixture
async def market(peer: Peer) -> AsyncIterator[MarketConnections]:
    market = MarketConnections(peer.address)
    yield market
    market.close()


async def ask(market: MarketConnections, body: bytes = b"{}", within: float = WITHIN) -> Answer:
    return await market.post(market.head({"Content-Type": "application/json"}), body, within)


# Valid answers ------------------------------------------------------------------


async def test_request_is_complete_and_goes_to_its_path(peer: Peer, market: MarketConnections) -> None:
    await ask(market, b'{"text":"1"}')

    head, body = peer.requests[0].split(b"\r\n\r\n")
    host = peer.address.split("/")[2].encode()
    assert head.split(b"\r\n") == [
        b"POST /v1/PUSH HTTP/1.1",
        b"Host: " + host,
        b"Content-Type: application/json",
        b"Content-Length: 12",
    ]
    assert body == b'{"text":"1"}'


@pytest.mark.parametrize(
    "answer",
    [
        OK,
        b"HTTP/1.1 100 Continue\r\n\r\n" + OK,
        b"HTTP/1.1 103 Early Hints\r\nContent-Length: 5\r\nLink: x\r\n\r\n" + OK,
        CHUNKED,
    ],
    ids=["plain", "continue", "early hints", "chunked with trailers"],
)
async def test_answer_is_read_in_any_fragmentation(peer: Peer, market: MarketConnections, answer: bytes) -> None:
    peer.parts = [bytes([byte]) for byte in answer]

    first = await ask(market)
    again = await ask(market)

    assert (first.status, first.body) == (again.status, again.body) == (200, BODY)
    assert peer.connections == 1


@pytest.mark.parametrize("length", range(len(OK)))
async def test_cut_200_is_an_answer_once_its_head_has_arrived(
    peer: Peer, market: MarketConnections, length: int
) -> None:
    peer.answer, peer.closes = OK[:length], True
    head = OK.index(b"\r\n\r\n") + 4

    if length < head:
        with pytest.raises(Unreachable):
            await ask(market)
    else:
        assert await ask(market) == Answer(
            status=200,
            headers={"content-type": "application/json", "content-length": "20"},
            body=BODY[: length - head],
        )


async def test_body_that_ends_with_the_connection_is_complete(peer: Peer, market: MarketConnections) -> None:
    peer.answer, peer.closes = b"HTTP/1.1 500 Oops\r\n\r\nNO_OPERATION", True

    answer = await ask(market)

    assert (answer.status, answer.body) == (500, b"NO_OPERATION")


async def test_error_status_with_a_cut_body_is_no_answer(peer: Peer, market: MarketConnections) -> None:
    peer.answer, peer.closes = b"HTTP/1.1 500 Oops\r\nContent-Length: 99\r\n\r\nNO_OPER", True

    with pytest.raises(Unreachable, match="cut"):
        await ask(market)


@pytest.mark.parametrize("status", [204, 304])
async def test_answer_without_a_body_ends_with_its_head(peer: Peer, market: MarketConnections, status: int) -> None:
    peer.answer = f"HTTP/1.1 {status} X\r\nContent-Length: 5\r\n\r\n".encode()

    assert ((await ask(market)).status, (await ask(market)).status) == (status, status)


async def test_body_beyond_the_limit_is_cut_and_marked(peer: Peer, market: MarketConnections) -> None:
    long = b"x" * (MAX_BODY_BYTES + 1)
    peer.answer = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(long) + long

    answer = await ask(market)

    assert (len(answer.body), answer.is_too_long) == (MAX_BODY_BYTES, True)


async def test_trailers_do_not_change_the_headers(peer: Peer, market: MarketConnections) -> None:
    peer.answer = CHUNKED.replace(b"X: y", b"Content-Encoding: gzip\r\nRetry-After: 900")

    answer = await ask(market)

    assert (answer.body, answer.headers) == (BODY, {"transfer-encoding": "chunked"})


async def test_bytes_after_an_answer_do_not_change_it(peer: Peer, market: MarketConnections) -> None:
    peer.answer = b"HTTP/1.1 429 X\r\nRetry-After: 1\r\nContent-Length: 2\r\n\r\nok" + OK[:30] + b"Retry-After: 900"

    answers = [await ask(market), await ask(market)]

    assert [answer.headers["retry-after"] for answer in answers] == ["1", "1"]
    assert peer.connections == 2


# Errors -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        (b"SMTP ready\r\n\r\n", "not HTTP"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\n", "not HTTP"),
        (b"HTTP/1.1 200 OK\r\nX: " + b"y" * (2 * MAX_HEAD_BYTES), "does not end"),
        (
            b"HTTP/1.1 500 Oops\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n" + b"X: " + b"y" * 2 * MAX_ANSWER_BYTES,
            "does not end",
        ),
        (b"HTTP/1.1 101 Switching\r\nUpgrade: websocket\r\nConnection: upgrade\r\n\r\n", "protocol"),
    ],
    ids=["another protocol", "two lengths", "endless head", "endless trailers", "upgrade"],
)
async def test_invalid_answer_is_an_error_and_closes_its_connection(
    peer: Peer, market: MarketConnections, answer: bytes, why: str
) -> None:
    peer.answer = answer
    with pytest.raises(Unreachable, match=why):
        await ask(market)

    peer.answer = OK
    assert (await ask(market)).status == 200
    assert peer.connections == 2


async def test_late_answer_is_not_taken_for_that_of_the_next_request(peer: Peer, market: MarketConnections) -> None:
    peer.parts = [b"HTTP/1.1 "]
    with pytest.raises(TimeoutError):
        await ask(market, within=0.05)

    peer.parts = [OK]
    assert (await ask(market)).status == 200
    assert peer.connections == 2


async def test_each_request_on_a_connection_has_its_own_timeout(peer: Peer, market: MarketConnections) -> None:
    await ask(market, within=0.1)
    peer.delay = 0.2
    patient = await ask(market, within=WITHIN)
    peer.delay = 0.0
    peer.parts = [b"HTTP/1.1 "]

    begun = asyncio.get_running_loop().time()
    with pytest.raises(TimeoutError):
        await ask(market, within=0.05)

    assert asyncio.get_running_loop().time() - begun < WITHIN / 2, "it had the time of the one before"
    assert (patient.status, peer.connections) == (200, 1)


async def test_200_whose_body_times_out_is_an_answer(peer: Peer, market: MarketConnections) -> None:
    peer.parts = [OK[:-5]]

    assert (await ask(market, within=0.05)).body == BODY[:-5]


async def test_cancelled_request_does_not_return_its_connection_to_the_pool(
    peer: Peer, market: MarketConnections
) -> None:
    peer.parts = [b"HTTP/1.1 "]
    async with asyncio.TaskGroup() as group:
        asking = group.create_task(ask(market))
        await until(lambda: peer.requests)
        asking.cancel()

    peer.parts = [OK]
    assert (await ask(market)).status == 200
    assert peer.connections == 2


# Reuse -------------------------------------------------------------------------------


async def test_timer_fires_once_with_a_coarse_clock(
    peer: Peer, market: MarketConnections, monkeypatch: pytest.MonkeyPatch
) -> None:
    go_by_steps(monkeypatch)
    calls = 0
    original = market_connection._Connection._check_deadline

    def counted(connection: market_connection._Connection) -> None:
        nonlocal calls
        calls += 1
        original(connection)

    monkeypatch.setattr(market_connection._Connection, "_check_deadline", counted)
    await ask(market)
    peer.delay = WITHIN

    for within in (0.04, 0.05, 0.06, 0.07):
        with pytest.raises(TimeoutError):
            await ask(market, within=within)

    assert calls == 4


async def test_sequential_requests_share_a_connection(peer: Peer, market: MarketConnections) -> None:
    for _ in range(5):
        await ask(market)

    assert peer.connections == 1


async def test_concurrent_requests_have_a_connection_each(peer: Peer, market: MarketConnections) -> None:
    answers = await asyncio.gather(*(ask(market, str(n).encode()) for n in range(8)))

    assert [answer.status for answer in answers] == [200] * 8
    assert peer.connections == 8


@pytest.mark.parametrize(
    "answer",
    [
        OK.replace(b"Content-Type", b"Connection: close\r\nContent-Type"),
        OK + OK,
        OK.replace(b"HTTP/1.1", b"HTTP/1.0"),
        b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % (2 * MAX_BODY_BYTES) + b"x" * (2 * MAX_BODY_BYTES),
    ],
    ids=["Connection: close", "data after its end", "HTTP/1.0", "beyond the limit"],
)
async def test_connection_in_an_unknown_state_is_not_reused(
    peer: Peer, market: MarketConnections, answer: bytes
) -> None:
    peer.answer = answer

    await ask(market)
    await ask(market)

    assert peer.connections == 2


async def test_connection_closed_by_the_peer_is_not_reused(peer: Peer, market: MarketConnections) -> None:
    await ask(market)
    peer.hang_up()
    await asyncio.sleep(0.05)  # until the loop has seen the close

    assert (await ask(market)).status == 200
    assert peer.connections == 2


async def test_connection_idle_for_long_is_not_reused(
    peer: Peer, market: MarketConnections, monkeypatch: pytest.MonkeyPatch
) -> None:
    await ask(market)
    monkeypatch.setattr(market_connection, "KEEP_ALIVE_SECONDS", 0.0)

    await ask(market)

    assert peer.connections == 2


async def test_data_before_the_request_fails_at_once(peer: Peer, market: MarketConnections) -> None:
    """Over TLS this may come with the handshake, before the request is sent."""
    until_then = asyncio.get_running_loop().time() + WITHIN
    connection = await market._connect(until_then)
    connection.data_received(b"HTTP/1.1 503 Later\r\n\r\n")

    with pytest.raises(Unreachable, match="before the request"):
        await asyncio.wait_for(connection.send(b"POST / HTTP/1.1\r\n\r\n", until_then), 2 * WITHIN)


# TLS and addresses ---------------------------------------------------------------------


@pytest.fixture
def authority() -> trustme.CA:
    return trustme.CA()


async def over_tls(authority: trustme.CA, name: str) -> Answer:
    """Ask a peer on 127.0.0.1 whose certificate is for `name`."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert(name).configure_cert(context)
    peer = Peer()
    await peer.start(context)
    market = MarketConnections(peer.address)
    try:
        return await ask(market)
    finally:
        market.close()
        await peer.stop()


async def test_certificate_of_an_unknown_authority_is_refused(authority: trustme.CA) -> None:
    with pytest.raises(Unreachable, match="certificate is refused") as refused:
        await over_tls(authority, "127.0.0.1")
    assert refused.value.obstacle is Obstacle.CERTIFICATE


async def test_certificate_must_be_for_this_host(
    authority: trustme.CA, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    authority.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "ca.pem"))

    assert (await over_tls(authority, "127.0.0.1")).status == 200
    with pytest.raises(Unreachable, match="certificate is refused"):
        await over_tls(authority, "market.example")


async def test_error_for_an_unknown_host_does_not_contain_its_name() -> None:
    market = MarketConnections("http://nowhere.invalid/v1/PUSH")

    with pytest.raises(Unreachable) as raised:
        await ask(market)

    assert "nowhere" not in str(raised.value)
    assert raised.value.obstacle is Obstacle.NAME


@pytest.mark.parametrize(
    ("number", "cause"), [(1225, "Connection refused"), (121, "Connection timed out"), (1231, "Network is unreachable")]
)
async def test_windows_error_codes_are_translated(
    monkeypatch: pytest.MonkeyPatch, unused_tcp_port: int, number: int, cause: str
) -> None:
    monkeypatch.setattr(asyncio.get_running_loop(), "sock_connect", fails_with(number))
    market = MarketConnections(f"http://127.0.0.1:{unused_tcp_port}/v1/PUSH")

    with pytest.raises(Unreachable, match=cause):
        await ask(market)


async def test_error_for_a_refused_connection_does_not_contain_the_address(unused_tcp_port: int) -> None:
    market = MarketConnections(f"http://127.0.0.1:{unused_tcp_port}/v1/PUSH")

    with pytest.raises(Unreachable, match="refused") as raised:
        await ask(market)

    assert "127.0.0.1" not in str(raised.value)


async def test_connection_whose_write_raised_is_not_reused(
    peer: Peer, market: MarketConnections, monkeypatch: pytest.MonkeyPatch
) -> None:
    await market.post(market.head({}), b"{}", WITHIN)

    def half(data: bytes) -> None:
        raise RuntimeError("half of it was written")

    monkeypatch.setattr(market._idle[0]._transport, "write", half)
    with pytest.raises(RuntimeError, match="half of it"):
        await market.post(market.head({}), b"{}", WITHIN)
    answer = await market.post(market.head({}), b"{}", WITHIN)

    assert (answer.status, peer.connections) == (200, 2)
