"""One HTTP/1.1 connection, with limits that Hypercorn lacks; and the set of a server's open connections."""

from __future__ import annotations

import asyncio
from asyncio.trsock import TransportSocket
from contextlib import suppress
from dataclasses import dataclass
from socket import MSG_PEEK, SO_ERROR, SOL_SOCKET
from typing import cast
from urllib.parse import urlsplit

import h11
from hypercorn.app_wrappers import ASGIWrapper
from hypercorn.asyncio.task_group import TaskGroup
from hypercorn.asyncio.tcp_server import MAX_RECV, TCPServer
from hypercorn.asyncio.worker_context import WorkerContext
from hypercorn.config import Config
from hypercorn.events import Closed, Event, RawData, Updated
from hypercorn.protocol import ProtocolWrapper
from hypercorn.typing import ASGIFramework, ConnectionState
from hypercorn.utils import parse_socket_addr

from phonefarm.adapters.asgi import Application, Receive, Scope, Send
from phonefarm.adapters.http.http11 import Http11
from phonefarm.support.deadlines import Deadline, is_set_within, within

_CONNECTION = "phonefarm.connection"
_DELIVERED = "phonefarm.delivered"
"""Keys of the ASGI scope."""
FIRST_REQUEST_SECONDS = 0.2
"""At the stop, for a client that has connected and not sent anything yet."""
_RESET_CHECK_PAUSES_SECONDS = (0.0, 0.05, 0.2)
"""Before each check whether the system of a half-closed client answers the head of the response with a reset."""


@dataclass(frozen=True, kw_only=True)
class Limits:
    """What a client may use of a server: connections, seconds and bytes."""

    connections: int = 256
    head_seconds: float = 10.0
    """From connecting, or from the first byte of a later request, to the end of its headers."""
    read_seconds: float = 15.0
    """The longest pause inside a request's body."""
    write_seconds: float = 10.0
    """A client that reads nothing of its response for this long is dropped."""
    keep_alive_seconds: float = 120.0
    """Between requests; longer than a tunnel's own, or its next request might race with our close."""
    answer_seconds: float = 15.0
    """How long a half-closed client is kept for its response."""
    head_bytes: int = 16 * 1024


def mark_authenticated(scope: Scope) -> None:
    """Record that the client behind this request has the key: its connection is the last to be evicted."""
    connection = scope.get(_CONNECTION)
    if isinstance(connection, HttpConnection):
        connection.is_authenticated = True


def was_delivered(scope: Scope) -> bool:
    """Whether the response to this request was written completely while its client was connected.

    What happens after the last byte does not count: most clients then close, or make us close.
    """
    return scope.get(_DELIVERED) is True


def has_disconnected(scope: Scope) -> bool:
    """Whether the client was known to be gone before any of the response's body was written."""
    connection = scope.get(_CONNECTION)
    return isinstance(connection, HttpConnection) and connection.has_disconnected


class Connections:
    """The open connections of a server, limited in number.

    At the limit, a new connection evicts the oldest unauthenticated one: a flood evicts its own connections and not
    the client with the key. If all are authenticated, it evicts an idle keep-alive connection. If none is idle, it is
    refused.
    """

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._open: dict[HttpConnection, None] = {}  # oldest first

    def try_add(self, newcomer: HttpConnection) -> bool:
        """Admit `newcomer`, evicting another connection at the limit; False if it has to be refused."""
        if len(self._open) >= self._limit:
            evicted = self._choose_evicted()
            if evicted is None:
                return False
            self.remove(evicted)
            evicted.drop()
        self._open[newcomer] = None
        return True

    def _choose_evicted(self) -> HttpConnection | None:
        unauthenticated = next((one for one in self._open if not one.is_authenticated), None)
        return unauthenticated or next((one for one in self._open if one.is_idle), None)

    def remove(self, connection: HttpConnection) -> None:
        self._open.pop(connection, None)

    def __len__(self) -> int:
        return len(self._open)


class HttpConnection(TCPServer):
    """One client's connection from its first byte to its end; enforces `Limits`."""

    def __init__(
        self,
        app: Application,
        config: Config,
        context: WorkerContext,
        limits: Limits,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
    ) -> None:
        super().__init__(
            ASGIWrapper(cast(ASGIFramework, self._wrap(app))),
            asyncio.get_running_loop(),
            config,
            context,
            {},
            reader,
            writer,
        )
        self.is_authenticated = False
        self.has_disconnected = False
        self._was_interrupted = False
        """Whether the connection broke before everything was sent."""
        self._limits = limits
        self._idle = asyncio.Event()
        """Set between requests, and at the end."""
        self._idle.set()
        self._has_received = False
        """Whether the client has sent anything."""
        self._is_input_ended = False
        """Whether everything the client will ever send has been read."""
        writer.transport.set_write_buffer_limits(high=0)  # drain() then waits until the system has taken all bytes
        self._head_deadline: float | None = self.loop.time() + limits.head_seconds

    @property
    def is_idle(self) -> bool:
        """Between two requests."""
        return self._idle.is_set()

    def drop(self) -> None:
        """Abort the connection; unsent bytes are lost."""
        self.writer.transport.abort()

    async def run(self) -> None:
        socket = self.writer.get_extra_info("socket")
        try:
            client = parse_socket_addr(socket.family, socket.getpeername())
            server = parse_socket_addr(socket.family, socket.getsockname())
            async with TaskGroup(self.loop) as task_group:
                self._task_group = task_group
                self._http = Http11(
                    self.app,
                    self.config,
                    self.context,
                    task_group,
                    ConnectionState(self.state),
                    False,
                    client,
                    server,
                    self.protocol_send,
                    after_head=self._detect_disconnect,
                    after_end=self._record_delivery,
                )
                self.protocol = cast(ProtocolWrapper, self._http)  # without its choice between HTTP/1.1 and HTTP/2
                await self.idle_task.restart(task_group, self._idle_timeout)
                await self._read_data()
        except OSError:
            pass  # the client has gone, so getpeername fails
        finally:
            await self._close()

    async def protocol_send(self, event: Event) -> None:
        if isinstance(event, Updated) and not event.idle:
            self._idle.clear()
        elif isinstance(event, Updated | Closed):
            self._idle.set()
            if self._is_input_ended:
                event = Closed()  # no further request can come
        if not isinstance(event, RawData):
            await super().protocol_send(event)
            return
        try:
            async with within(self._limits.write_seconds):
                await super().protocol_send(event)
        except TimeoutError:
            self.drop()
            await self.protocol.handle(Closed())
        self._was_interrupted |= self.writer.transport.is_closing()  # we ourselves close only after the last byte

    async def _detect_disconnect(self) -> None:
        """Drop a client that has closed its socket; one that only half-closed it still waits for its response.

        Both look the same until the head has been sent: the system of a closed socket answers that with a reset.
        """
        if not self.reader.at_eof():
            return
        for pause in _RESET_CHECK_PAUSES_SECONDS:
            await asyncio.sleep(pause)
            if self.writer.transport.is_closing() or _was_reset(self.writer.get_extra_info("socket")):
                self.has_disconnected = self._was_interrupted = True
                self.drop()
                return

    def _record_delivery(self, scope: Scope) -> None:
        scope[_DELIVERED] = not self._was_interrupted

    async def _read_data(self) -> None:
        while not self.reader.at_eof():
            try:
                async with Deadline(self._read_deadline()):
                    data = await self.reader.read(MAX_RECV)
            except (OSError, TimeoutError):
                break
            self._has_received |= bool(data)
            await self.protocol.handle(RawData(data))
            self._update_head_deadline()
        else:
            await self._wait_for_response()
        self._is_input_ended = True
        await self.protocol.handle(Closed())
        await self.idle_task.stop()  # otherwise the connection would count until the keep-alive time has passed

    async def _wait_for_response(self) -> None:
        """Let a half-closed client have its response."""
        if not self.writer.transport.is_closing():
            await is_set_within(self._idle, self._limits.answer_seconds)

    def _read_deadline(self) -> float | None:
        """Loop time by which the next bytes must arrive; None between requests, where Hypercorn's idle timer runs."""
        if not self._idle.is_set():
            return self.loop.time() + self._limits.read_seconds
        return self._head_deadline

    def _update_head_deadline(self) -> None:
        connection = self._http.connection
        has_begun = isinstance(connection, h11.Connection) and bool(connection.trailing_data[0])
        if not self._idle.is_set():
            self._head_deadline = None
        elif has_begun and self._head_deadline is None:
            self._head_deadline = self.loop.time() + self._limits.head_seconds

    async def _idle_timeout(self) -> None:
        """As Hypercorn's, but a request that has arrived by then is still read.

        A client that was accepted just before the stop gets a moment for its first request: else it would be reset.
        """
        with suppress(TimeoutError):
            async with within(self._limits.keep_alive_seconds):
                await self.context.terminated.wait()
                if not self._has_received:
                    await asyncio.sleep(FIRST_REQUEST_SECONDS)
        await asyncio.shield(self._initiate_server_close())

    async def _close(self) -> None:
        """Flush the last response, but do not wait for a client that does not read it."""
        async with within(self._limits.write_seconds) as deadline:
            await super()._close()
        if deadline.expired():
            self.drop()

    def _wrap(self, app: Application) -> Application:
        """Give each request its connection and a path without scheme and host."""

        async def call(scope: Scope, receive: Receive, send: Send) -> None:
            scope[_CONNECTION] = self
            scope["path"] = _path_of(scope["path"])
            await app(scope, receive, send)

        return call


def _was_reset(connection: TransportSocket) -> bool:
    """Whether the peer has reset the connection: Linux reports it as SO_ERROR, Windows only to a read."""
    if connection.getsockopt(SOL_SOCKET, SO_ERROR):
        return True
    with connection.dup() as reader:
        try:
            reader.recv(1, MSG_PEEK)
        except BlockingIOError:
            return False
        except OSError:
            return True
    return False


def _path_of(target: str) -> str:
    """The path of a request target, which may be an absolute URL; `/` if it has none."""
    if target.startswith("/"):
        return target
    try:
        return urlsplit(target).path or "/"
    except ValueError:
        return "/"
