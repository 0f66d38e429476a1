"""One HTTP/1.1 connection of Hypercorn's, with limits that Hypercorn does not have; and all connections of a server."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, MutableMapping
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any

import h11
from hypercorn.app_wrappers import ASGIWrapper
from hypercorn.asyncio.task_group import TaskGroup
from hypercorn.asyncio.tcp_server import MAX_RECV, TCPServer
from hypercorn.asyncio.worker_context import WorkerContext
from hypercorn.config import Config
from hypercorn.events import Closed, Event, RawData, Updated
from hypercorn.protocol.events import Event as StreamEvent
from hypercorn.protocol.events import Response
from hypercorn.protocol.h11 import H11Protocol
from hypercorn.typing import ConnectionState
from hypercorn.utils import parse_socket_addr

from phonefarm.application.deadlines import Deadline, within

Scope = MutableMapping[str, Any]
Application = Callable[[Any, Any, Any], Awaitable[None]]
"""An ASGI application."""

_CONNECTION = "phonefarm.connection"


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
    head_bytes: int = 16 * 1024


def prove(scope: Scope) -> None:
    """The caller behind this request has shown that it may call: its connection is the last to be given up."""
    conversation = scope.get(_CONNECTION)
    if isinstance(conversation, Conversation):
        conversation.is_proven = True


def is_cut(scope: Scope) -> bool:
    """Whether the connection behind this request broke under something that was sent."""
    conversation = scope.get(_CONNECTION)
    return isinstance(conversation, Conversation) and conversation.is_cut


class Connections:
    """The open connections of a server.

    When all places are taken the newest caller gets the place of the oldest one that never proved itself: a flood
    of idle connections pushes out itself and not the caller with the key.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._open: dict[Conversation, None] = {}  # oldest first

    def enter(self, newcomer: Conversation) -> bool:
        """Whether there is a place."""
        if len(self._open) >= self._most:
            stranger = next((one for one in self._open if not one.is_proven), None)
            if stranger is None:
                return False
            self.leave(stranger)
            stranger.drop()
        self._open[newcomer] = None
        return True

    def leave(self, conversation: Conversation) -> None:
        self._open.pop(conversation, None)

    def __len__(self) -> int:
        return len(self._open)


class _Http11(H11Protocol):
    """HTTP/1.1 and nothing else: no HTTP/2 by upgrade or by surprise."""

    async def _check_protocol(self, event: h11.Request) -> None:
        return

    async def _create_stream(self, request: h11.Request) -> None:
        """h11 limits a head only while it is incomplete; one that comes in one piece is measured here."""
        size = len(request.target) + sum(len(name) + len(value) + 4 for name, value in request.headers)
        if size <= self.config.h11_max_incomplete_size:
            await super()._create_stream(request)
            return
        await self._send_error_response(431)
        await self.send(Closed())

    async def stream_send(self, event: StreamEvent) -> None:
        """An answer that comes before its request was read whole ends the connection: the caller is told so."""
        is_early = isinstance(self.connection, h11.Connection) and self.connection.their_state is h11.SEND_BODY
        if is_early and isinstance(event, Response):
            event = replace(event, headers=[*event.headers, (b"connection", b"close")])
        await super().stream_send(event)


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
        self.is_cut = False
        """Whether something that was sent did not leave."""
        self._limits = limits
        self._in_request = False
        self._head_due: float | None = self.loop.time() + limits.head_seconds

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
                self._http = _Http11(
                    self.app,
                    self.config,
                    self.context,
                    task_group,
                    ConnectionState(self.state),
                    False,
                    client,
                    server,
                    self.protocol_send,
                )
                self.protocol = self._http  # type: ignore[assignment]
                await self.idle_task.restart(task_group, self._idle_timeout)
                await self._read_data()
        except OSError:
            pass  # the caller has gone before it could be asked who it is
        finally:
            await self._close()

    async def protocol_send(self, event: Event) -> None:
        if isinstance(event, Updated):
            self._in_request = not event.idle
        if not isinstance(event, RawData):
            await super().protocol_send(event)
            return
        try:
            async with within(self._limits.write_seconds):
                await super().protocol_send(event)
        except TimeoutError:
            self.drop()
            await self.protocol.handle(Closed())
        self.is_cut |= self.writer.transport.is_closing()  # we ourselves close only after the last of an answer

    async def _read_data(self) -> None:
        while not self.reader.at_eof():
            try:
                async with Deadline(self._read_by()):
                    data = await self.reader.read(MAX_RECV)
            except (OSError, TimeoutError):
                break
            await self.protocol.handle(RawData(data))
            self._note_unfinished_head()
        await self.protocol.handle(Closed())
        await self.idle_task.stop()  # or its place would stay taken until the keep-alive time has passed

    def _read_by(self) -> float | None:
        """When the next bytes must have come; between requests the idle timer of Hypercorn watches."""
        if self._in_request:
            return self.loop.time() + self._limits.read_seconds
        return self._head_due

    def _note_unfinished_head(self) -> None:
        connection = self._http.connection
        begun = isinstance(connection, h11.Connection) and bool(connection.trailing_data[0])
        if self._in_request or not begun:
            self._head_due = None
        elif self._head_due is None:
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
            await app(scope, receive, send)

        return call
