"""Kept connections to the one address that pushes go to: HTTP/1.1, one request at a time on each.

A client for every purpose costs the interpreter more for a request than the request itself, and a burst is made of
little else. What an answer means byte for byte is llhttp's to say.
"""

from __future__ import annotations

import asyncio
import ssl
from collections import deque
from collections.abc import Mapping
from typing import NamedTuple

import httptools
from yarl import URL

from phonefarm.adapters.name_lookup import NameLookup
from phonefarm.support.deadlines import Alarm, Deadline
from phonefarm.support.os_errors import bare_cause_of

MOST_ANSWER_BYTES = 256 * 1024
"""More of an answer's body is not read."""
MOST_HEAD_BYTES = 64 * 1024
MOST_BYTES = 4 * MOST_ANSWER_BYTES
"""Of a whole answer, with what packs its body into chunks and follows it."""
KEPT_SECONDS = 30.0
"""A connection that was idle for longer may be closing at the other end: a request takes a new one."""


class Unreachable(Exception):
    """No answer came; the text says why and names no address."""


class Answer(NamedTuple):
    status: int
    headers: Mapping[str, str]
    """By name in lower case."""
    body: bytes
    """As it came; of a 200 that broke off, what came of it."""
    is_too_long: bool = False
    """Whether it was cut at the cap."""


class MarketConnections:
    """`post` from one event loop; never follows a redirect, never asks another host, knows no proxy."""

    def __init__(self, address: str) -> None:
        """`address`: a whole http or https URL."""
        url = URL(address)
        assert url.raw_host is not None
        assert url.port is not None
        self._host = url.raw_host
        self._lookup = NameLookup(url.raw_host, url.port)
        self._tls = ssl.create_default_context() if url.scheme == "https" else None
        self._begin = f"POST {url.raw_path_qs} HTTP/1.1\r\nHost: {url.host_port_subcomponent}\r\n"
        self._idle: deque[_Connection] = deque()

    def head(self, headers: Mapping[str, str]) -> bytes:
        """How requests with these headers begin, in ASCII; each goes on with its length."""
        lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
        return f"{self._begin}{lines}Content-Length: ".encode("ascii")

    async def post(self, head: bytes, body: bytes, within: float) -> Answer:
        """One request, begun as `head` says. Raises Unreachable, and TimeoutError after `within` seconds.

        A 200 is an answer as soon as its head is there: whatever becomes of its body, the other side has said it.
        """
        until = asyncio.get_running_loop().time() + within
        connection: _Connection | None = None
        try:
            connection = self._kept() or await self._connect(until)
            return await connection.ask(b"%b%d\r\n\r\n%b" % (head, len(body), body), until)
        except TimeoutError:  # an OSError as well
            raise
        except OSError as error:
            raise Unreachable(_cause(error)) from None
        finally:
            if connection is not None:
                self._put_back(connection)

    def close(self) -> None:
        while self._idle:
            self._idle.pop().close()

    def _kept(self) -> _Connection | None:
        """The one that was used last; those that were idle too long are closed."""
        while self._idle:
            connection = self._idle.pop()
            if connection.is_fit():
                return connection
            connection.close()
        return None

    def _put_back(self, connection: _Connection) -> None:
        if not connection.is_fit():
            connection.close()
            return
        self._idle.append(connection)
        while not self._idle[0].is_fit():
            self._idle.popleft().close()

    async def _connect(self, until: float) -> _Connection:
        async with Deadline(until):
            line = await self._lookup.connected()
            try:
                _, connection = await asyncio.get_running_loop().create_connection(
                    _Connection, sock=line, ssl=self._tls, server_hostname=self._host if self._tls else None
                )
            except BaseException:
                line.close()
                raise
        return connection


class _Connection(asyncio.Protocol):
    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._transport: asyncio.Transport | None = None
        self._waiting: asyncio.Future[Answer] | None = None
        self._parser = httptools.HttpResponseParser(self)
        self._status = 0
        """Of the final answer, once its head is there."""
        self._headers: dict[bytes, bytes] = {}
        self._body = bytearray()
        self._received = 0
        self._is_spoiled = False
        """Whether nothing more may be asked on it."""
        self._idle_since = self._loop.time()
        self._until = 0.0
        self._timer: Alarm | None = None

    async def ask(self, request: bytes, until: float) -> Answer:
        """Until when, by the loop's clock, an answer has to be there."""
        assert self._transport is not None
        assert self._waiting is None
        if self._is_spoiled or self._transport.is_closing():
            raise Unreachable("it was cut before the request")
        self._waiting = self._loop.create_future()  # before anything else: a write that raises leaves it unfit
        self._transport.write(request)  # what takes its answer is made while it travels
        self._parser = httptools.HttpResponseParser(self)
        self._status, self._received = 0, 0
        self._headers, self._body = {}, bytearray()
        self._end_by(until)
        return await self._waiting

    def is_fit(self) -> bool:
        """Whether it can take another request."""
        is_done = self._waiting is None and not self._is_spoiled
        is_open = self._transport is not None and not self._transport.is_closing()
        return is_done and is_open and self._loop.time() - self._idle_since < KEPT_SECONDS

    def close(self) -> None:
        self._is_spoiled = True
        self._stop_timer()
        if self._transport is not None:
            self._transport.abort()

    # What the transport calls ------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        if self._waiting is None:
            self.close()  # nobody has asked
            return
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserUpgrade:
            self._fail(Unreachable("an answer that changes the protocol"))
        except httptools.HttpParserError:
            self._fail(Unreachable("an answer that is not HTTP"))
        else:
            self._received += len(data)
            if self._waiting is not None and self._received > (MOST_BYTES if self._status else MOST_HEAD_BYTES):
                self._fail(Unreachable("an answer that does not end"))

    def connection_lost(self, error: Exception | None) -> None:
        self._is_spoiled = True
        self._stop_timer()
        if self._waiting is None:
            return
        ends_with_the_connection = not {b"content-length", b"transfer-encoding"} & self._headers.keys()
        if self._status == 200 or (self._status and ends_with_the_connection and error is None):
            self._end()
        else:
            self._fail(Unreachable("it was cut before the answer"))

    # What the parser calls ---------------------------------------------------------

    def on_message_begin(self) -> None:
        self._is_spoiled |= self._waiting is None  # it goes on after its end

    def on_header(self, name: bytes, value: bytes) -> None:
        if self._status:
            return  # a trailer
        self._headers[name.lower()] = value

    def on_headers_complete(self) -> None:
        if self._waiting is None:
            return
        status = self._parser.get_status_code()
        if status >= 200:
            self._status = status
        else:
            self._headers.clear()

    def on_body(self, part: bytes) -> None:
        self._body += part
        if len(self._body) >= MOST_ANSWER_BYTES:
            self._is_spoiled = True
            self._end()

    def on_message_complete(self) -> None:
        if self._status:
            self._is_spoiled |= not self._parser.should_keep_alive()
            self._end()

    # -----------------------------------------------------------------------------

    def _end_by(self, until: float) -> None:
        """One timer serves many requests: a new one for each costs a burst more than what it is for."""
        self._until = until
        if self._timer is None or self._timer.when > until:
            self._stop_timer()
            self._timer = Alarm(until, self._look_at_the_time)

    def _stop_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _look_at_the_time(self) -> None:
        self._timer = None
        if self._waiting is None:
            return
        if self._loop.time() < self._until:
            self._end_by(self._until)
        else:
            self._fail(TimeoutError())

    def _end(self) -> None:
        waiting, self._waiting = self._waiting, None
        self._idle_since = self._loop.time()
        if waiting is not None and not waiting.done():
            waiting.set_result(self._answer())

    def _fail(self, error: Exception) -> None:
        waiting, self._waiting = self._waiting, None
        self.close()
        if waiting is not None and not waiting.done():
            if self._status == 200:
                waiting.set_result(self._answer())
            else:
                waiting.set_exception(error)

    def _answer(self) -> Answer:
        headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in self._headers.items()}
        return Answer(
            status=self._status,
            headers=headers,
            body=bytes(self._body[:MOST_ANSWER_BYTES]),
            is_too_long=len(self._body) >= MOST_ANSWER_BYTES,
        )


def _cause(error: OSError) -> str:
    match error:
        case ssl.SSLCertVerificationError():
            return f"its certificate is refused: {error.verify_message}"
        case ssl.SSLError():
            return f"TLS failed: {error.reason or type(error).__name__}"
    return bare_cause_of(error)
