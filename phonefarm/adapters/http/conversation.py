"""One HTTP/1.1 connection of Hypercorn's, with limits that Hypercorn does not have; and all connections of a server."""

from __future__ import annotations

import asyncio
from asyncio.trsock import TransportSocket
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass
from socket import MSG_PEEK, SO_ERROR, SOL_SOCKET
from typing import Any
from urllib.parse import urlsplit

import h11
from hypercorn.app_wrappers import ASGIWrapper
from hypercorn.asyncio.task_group import TaskGroup
from hypercorn.asyncio.tcp_server import MAX_RECV, TCPServer
from hypercorn.asyncio.worker_context import WorkerContext
from hypercorn.config import Config
from hypercorn.events import Closed, Event, RawData, Updated
from hypercorn.typing import ConnectionState
from hypercorn.utils import parse_socket_addr

from phonefarm.adapters.http.http11 import Http11, Scope
from phonefarm.support.deadlines import Deadline, is_set_within, within

Application = Callable[[Any, Any, Any], Awaitable[None]]
"""An ASGI application."""

_CONNECTION = "phonefarm.connection"
_LEFT = "phonefarm.left"
_LOOKS = (0.0, 0.05, 0.2)
"""Pauses before looking what the system of a caller that has ended its side makes of the first bytes."""


@dataclass(frozen=True, kw_only=True)
class Limits:
    """What a caller may take of a server."""

    connections: int = 256
    head_seconds: float = 10.0
    """From connecting, or from the first byte of a later request, to the end of its headers, however they drip."""
    read_seconds: float = 15.0
    """A request's body may pause for so long."""
    write_seconds: float = 10.0
    """A caller who takes nothing of its answer for so long is dropped."""
    keep_alive_seconds: float = 120.0
    """Between requests; longer than tunnels keep theirs, or a call would meet a door that is just closing."""
    answer_seconds: float = 15.0
    """Who has ended its own side of the connection still waits so long for its answer."""
    head_bytes: int = 16 * 1024


def prove(scope: Scope) -> None:
    """The caller behind this request has shown that it may call: its connection is the last to be given up."""
    conversation = scope.get(_CONNECTION)
    if isinstance(conversation, Conversation):
        conversation.is_proven = True


def has_left(scope: Scope) -> bool:
    """Whether the answer to this request was written whole while its caller was there.

    What happens after the last byte says nothing: most callers then close, or have us close.
    """
    return scope.get(_LEFT) is True


def has_hung_up(scope: Scope) -> bool:
    """Whether the caller was seen to be gone before any of the answer's body was written."""
    conversation = scope.get(_CONNECTION)
    return isinstance(conversation, Conversation) and conversation.has_hung_up


class Connections:
    """The open connections of a server.

    When all places are taken the newest caller gets the place of the oldest one that never proved itself: a flood
    of idle connections pushes out itself and not the caller with the key. Where all have proved themselves, one that is
    kept between two requests makes way: a caller with the key is not turned away for connections that rest.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._open: dict[Conversation, None] = {}  # oldest first

    def enter(self, newcomer: Conversation) -> bool:
        """Whether there is a place."""
        if len(self._open) >= self._most:
            other = self._least_missed()
            if other is None:
                return False
            self.leave(other)
            other.drop()
        self._open[newcomer] = None
        return True

    def _least_missed(self) -> Conversation | None:
        stranger = next((one for one in self._open if not one.is_proven), None)
        return stranger or next((one for one in self._open if one.is_at_rest), None)

    def leave(self, conversation: Conversation) -> None:
        self._open.pop(conversation, None)

    def __len__(self) -> int:
        return len(self._open)


class Conversation(TCPServer):
    """One caller's connection from its first byte to its end."""

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
            ASGIWrapper(self._marked(app)), asyncio.get_running_loop(), config, context, {}, reader, writer
        )
        self.is_proven = False
        self.has_hung_up = False
        self._is_cut = False
        """Whether something that was sent did not leave."""
        self._limits = limits
        self._at_rest = asyncio.Event()
        """Set between requests, and at the end."""
        self._at_rest.set()
        self._is_read = False
        """Whether all that the caller will ever say has been read."""
        writer.transport.set_write_buffer_limits(high=0)  # what is drained has left
        self._head_due: float | None = self.loop.time() + limits.head_seconds

    @property
    def is_at_rest(self) -> bool:
        """Between two requests."""
        return self._at_rest.is_set()

    def drop(self) -> None:
        """End the connection now, whatever has not been sent."""
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
                    after_head=self._see_whether_it_is_there,
                    after_end=self._note_end,
                )
                self.protocol = self._http  # type: ignore[assignment]
                await self.idle_task.restart(task_group, self._idle_timeout)
                await self._read_data()
        except OSError:
            pass  # the caller has gone before it could be asked who it is
        finally:
            await self._close()

    async def protocol_send(self, event: Event) -> None:
        if isinstance(event, Updated) and not event.idle:
            self._at_rest.clear()
        elif isinstance(event, Updated | Closed):
            self._at_rest.set()
            if self._is_read:
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
        self._is_cut |= self.writer.transport.is_closing()  # we ourselves close only after the last of an answer

    async def _see_whether_it_is_there(self) -> None:
        """Who has ended its side may wait for the answer, or be gone: then its system refuses the first bytes of it."""
        if not self.reader.at_eof():
            return
        for pause in _LOOKS:
            await asyncio.sleep(pause)
            if self.writer.transport.is_closing() or _has_refused(self.writer.get_extra_info("socket")):
                self.has_hung_up = self._is_cut = True
                self.drop()
                return

    def _note_end(self, scope: Scope) -> None:
        scope[_LEFT] = not self._is_cut

    async def _read_data(self) -> None:
        while not self.reader.at_eof():
            try:
                async with Deadline(self._read_by()):
                    data = await self.reader.read(MAX_RECV)
            except (OSError, TimeoutError):
                break
            await self.protocol.handle(RawData(data))
            self._note_unfinished_head()
        else:
            await self._let_it_be_answered()
        self._is_read = True
        await self.protocol.handle(Closed())
        await self.idle_task.stop()  # or its place would stay taken until the keep-alive time has passed

    async def _let_it_be_answered(self) -> None:
        """Who has only ended its own side still waits for its answer."""
        if not self.writer.transport.is_closing():
            await is_set_within(self._at_rest, self._limits.answer_seconds)

    def _read_by(self) -> float | None:
        """When the next bytes must have come; between requests the idle timer of Hypercorn watches."""
        if not self._at_rest.is_set():
            return self.loop.time() + self._limits.read_seconds
        return self._head_due

    def _note_unfinished_head(self) -> None:
        connection = self._http.connection
        begun = isinstance(connection, h11.Connection) and bool(connection.trailing_data[0])
        if not self._at_rest.is_set():
            self._head_due = None
        elif begun and self._head_due is None:
            self._head_due = self.loop.time() + self._limits.head_seconds

    async def _idle_timeout(self) -> None:
        """As Hypercorn's, but a request that has come by then is read."""
        with suppress(TimeoutError):
            async with within(self._limits.keep_alive_seconds):
                await self.context.terminated.wait()
        await asyncio.shield(self._initiate_server_close())

    async def _close(self) -> None:
        """Let what was answered leave, but wait for no caller who does not take it."""
        async with within(self._limits.write_seconds) as patience:
            await super()._close()
        if patience.expired():
            self.drop()

    def _marked(self, app: Application) -> Application:
        async def call(scope: Scope, receive: Any, send: Any) -> None:
            scope[_CONNECTION] = self
            scope["path"] = _path_in(scope["path"])
            await app(scope, receive, send)

        return call


def _has_refused(connection: TransportSocket) -> bool:
    """Whether the caller's system refused what was sent: Linux notes it, Windows tells it to who reads."""
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


def _path_in(target: str) -> str:
    """The path of a target, which may be a whole address; the root where there is none."""
    if target.startswith("/"):
        return target
    try:
        return urlsplit(target).path or "/"
    except ValueError:
        return "/"
