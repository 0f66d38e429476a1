"""A pool of keep-alive connections to the push URL: HTTP/1.1, one request at a time on each.

Why not a general HTTP client: its overhead per request exceeds the request itself, which dominates a burst of pushes.
llhttp parses the answers.
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
from phonefarm.domain.pushes import Obstacle
from phonefarm.support.deadlines import Alarm, Deadline
from phonefarm.support.os_errors import Trouble, bare_cause_of, trouble_in

MAX_BODY_BYTES = 256 * 1024
"""Reading of an answer's body stops here."""
MAX_HEAD_BYTES = 64 * 1024
MAX_ANSWER_BYTES = 4 * MAX_BODY_BYTES
"""Of a whole answer, with chunk headers and trailers."""
KEEP_ALIVE_SECONDS = 30.0
"""A connection idle for longer is not reused, since the other side may be closing it."""


class Unreachable(Exception):
    """No answer arrived; the text gives the cause and names no address."""

    def __init__(self, cause: str, obstacle: Obstacle | None = None) -> None:
        super().__init__(cause)
        self.obstacle = obstacle


class Answer(NamedTuple):
    status: int
    headers: Mapping[str, str]
    """By name in lower case."""
    body: bytes
    """Undecoded; of a 200 that broke off, the part that arrived."""
    is_too_long: bool = False
    """Whether it was cut at `MAX_BODY_BYTES`."""


class MarketConnections:
    """Posts to one URL, from one event loop; follows no redirect, contacts no other host, uses no proxy."""

    def __init__(self, address: str) -> None:
        """`address`: an absolute http or https URL."""
        url = URL(address)
        assert url.raw_host is not None
        assert url.port is not None
        self._host = url.raw_host
        self._lookup = NameLookup(url.raw_host, url.port)
        self._tls = ssl.create_default_context() if url.scheme == "https" else None
        self._begin = f"POST {url.raw_path_qs} HTTP/1.1\r\nHost: {url.host_port_subcomponent}\r\n"
        self._idle: deque[_Connection] = deque()

    def head(self, headers: Mapping[str, str]) -> bytes:
        """The head of requests with these headers, in ASCII, up to the value of Content-Length."""
        lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
        return f"{self._begin}{lines}Content-Length: ".encode("ascii")

    async def post(self, head: bytes, body: bytes, within: float) -> Answer:
        """One request that begins with `head`. Raises Unreachable, and TimeoutError after `within` seconds.

        Invariant: once the head of a 200 has arrived, the result is an answer, even if its body breaks off.
        """
        deadline = asyncio.get_running_loop().time() + within
        connection: _Connection | None = None
        try:
            connection = self._take_idle() or await self._connect(deadline)
            return await connection.send(b"%b%d\r\n\r\n%b" % (head, len(body), body), deadline)
        except TimeoutError:  # an OSError as well
            raise
        except OSError as error:
            raise Unreachable(_cause_of(error), _obstacle_in(error)) from None
        finally:
            if connection is not None:
                self._put_back(connection)

    def close(self) -> None:
        while self._idle:
            self._idle.pop().close()

    def _take_idle(self) -> _Connection | None:
        """The one used last; unusable ones are closed."""
        while self._idle:
            connection = self._idle.pop()
            if connection.is_usable():
                return connection
            connection.close()
        return None

    def _put_back(self, connection: _Connection) -> None:
        if not connection.is_usable():
            connection.close()
            return
        self._idle.append(connection)
        while not self._idle[0].is_usable():
            self._idle.popleft().close()

    async def _connect(self, deadline: float) -> _Connection:
        async with Deadline(deadline):
            socket = await self._lookup.connect()
            try:
                _, connection = await asyncio.get_running_loop().create_connection(
                    _Connection, sock=socket, ssl=self._tls, server_hostname=self._host if self._tls else None
                )
            except BaseException:
                socket.close()
                raise
        return connection


class _Connection(asyncio.Protocol):
    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._transport: asyncio.Transport | None = None
        self._pending: asyncio.Future[Answer] | None = None
        """The answer that a request waits for; None while idle."""
        self._parser = httptools.HttpResponseParser(self)
        self._status = 0
        """Of the final answer, once its head has arrived; else 0."""
        self._headers: dict[bytes, bytes] = {}
        self._body = bytearray()
        self._received = 0
        self._is_unusable = False
        """Whether it must not carry another request."""
        self._idle_since = self._loop.time()
        self._deadline = 0.0
        self._timer: Alarm | None = None

    async def send(self, request: bytes, deadline: float) -> Answer:
        """`deadline`: loop time by which the answer must be complete."""
        assert self._transport is not None
        assert self._pending is None
        if self._is_unusable or self._transport.is_closing():
            raise Unreachable("it was cut before the request")
        self._pending = self._loop.create_future()  # first: if write() raises, the connection counts as busy
        self._transport.write(request)  # the parser is made while the request travels
        self._parser = httptools.HttpResponseParser(self)
        self._status, self._received = 0, 0
        self._headers, self._body = {}, bytearray()
        self._set_timer(deadline)
        return await self._pending

    def is_usable(self) -> bool:
        """Whether it can carry another request."""
        is_done = self._pending is None and not self._is_unusable
        is_open = self._transport is not None and not self._transport.is_closing()
        return is_done and is_open and self._loop.time() - self._idle_since < KEEP_ALIVE_SECONDS

    def close(self) -> None:
        self._is_unusable = True
        self._stop_timer()
        if self._transport is not None:
            self._transport.abort()

    # asyncio.Protocol -------------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        if self._pending is None:
            self.close()  # data without a request
            return
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserUpgrade:
            self._fail(Unreachable("an answer that changes the protocol"))
        except httptools.HttpParserError:
            self._fail(Unreachable("an answer that is not HTTP"))
        else:
            self._received += len(data)
            if self._pending is not None and self._received > (MAX_ANSWER_BYTES if self._status else MAX_HEAD_BYTES):
                self._fail(Unreachable("an answer that does not end"))

    def connection_lost(self, error: Exception | None) -> None:
        self._is_unusable = True
        self._stop_timer()
        if self._pending is None:
            return
        ends_with_the_connection = not {b"content-length", b"transfer-encoding"} & self._headers.keys()
        if self._status == 200 or (self._status and ends_with_the_connection and error is None):
            self._complete()
        else:
            self._fail(Unreachable("it was cut before the answer"))

    # Callbacks of httptools -------------------------------------------------------

    def on_message_begin(self) -> None:
        self._is_unusable |= self._pending is None  # a second message without a request

    def on_header(self, name: bytes, value: bytes) -> None:
        if self._status:
            return  # a trailer
        self._headers[name.lower()] = value

    def on_headers_complete(self) -> None:
        if self._pending is None:
            return
        status = self._parser.get_status_code()
        if status >= 200:
            self._status = status
        else:
            self._headers.clear()

    def on_body(self, part: bytes) -> None:
        self._body += part
        if len(self._body) >= MAX_BODY_BYTES:
            self._is_unusable = True
            self._complete()

    def on_message_complete(self) -> None:
        if self._status:
            self._is_unusable |= not self._parser.should_keep_alive()
            self._complete()

    # -----------------------------------------------------------------------------

    def _set_timer(self, deadline: float) -> None:
        """One timer serves many requests; a new one per request would slow down a burst."""
        self._deadline = deadline
        if self._timer is None or self._timer.when > deadline:
            self._stop_timer()
            self._timer = Alarm(deadline, self._check_deadline)

    def _stop_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _check_deadline(self) -> None:
        self._timer = None
        if self._pending is None:
            return
        if self._loop.time() < self._deadline:
            self._set_timer(self._deadline)
        else:
            self._fail(TimeoutError())

    def _complete(self) -> None:
        pending, self._pending = self._pending, None
        self._idle_since = self._loop.time()
        if pending is not None and not pending.done():
            pending.set_result(self._answer())

    def _fail(self, error: Exception) -> None:
        pending, self._pending = self._pending, None
        self.close()
        if pending is not None and not pending.done():
            if self._status == 200:
                pending.set_result(self._answer())
            else:
                pending.set_exception(error)

    def _answer(self) -> Answer:
        headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in self._headers.items()}
        return Answer(
            status=self._status,
            headers=headers,
            body=bytes(self._body[:MAX_BODY_BYTES]),
            is_too_long=len(self._body) >= MAX_BODY_BYTES,
        )


def _cause_of(error: OSError) -> str:
    match error:
        case ssl.SSLCertVerificationError():
            return f"its certificate is refused: {error.verify_message}"
        case ssl.SSLError():
            return f"TLS failed: {error.reason or type(error).__name__}"
    return bare_cause_of(error)


def _obstacle_in(error: OSError) -> Obstacle | None:
    if isinstance(error, ssl.SSLCertVerificationError):
        return Obstacle.CERTIFICATE
    return Obstacle.NAME if trouble_in(error) is Trouble.UNKNOWN_NAME else None
