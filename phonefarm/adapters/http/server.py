"""Serves an ASGI application with Hypercorn: socket bound first, limits set, stopped by an event."""

from __future__ import annotations

import asyncio
import logging
import socket
import sys

from hypercorn.asyncio.worker_context import WorkerContext
from hypercorn.config import Config

from phonefarm.adapters.http.callers import take_callers
from phonefarm.adapters.http.conversation import Application, Connections, Conversation, Limits
from phonefarm.domain.errors import KnownError
from phonefarm.support.deadlines import ended_within
from phonefarm.support.os_errors import cause_of
from phonefarm.support.tasks import Tasks

DEFAULT_LIMITS = Limits()
BACKLOG = 100
"""Callers who may wait to be accepted."""
GRACE_SECONDS = 1.0
"""What is under way at the stop may go on for so long."""


def bind(host: str, port: int, what: str) -> socket.socket:
    """A listening socket for `what`; a taken port is said here, before anything has started.

    Raises KnownError with what to do.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        if sys.platform == "win32":
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_EXCLUSIVEADDRUSE, 1)
        else:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((host, port))
        # Only a listening socket keeps others from the port; who calls while the farm still starts, waits.
        listener.listen(BACKLOG)
    except OSError as error:
        listener.close()
        raise KnownError(
            f"The {what} cannot listen on {host}:{port}: {cause_of(error)}. "
            "Another program (or another phonefarm) has it: stop that one or choose another port in the settings."
        ) from error
    listener.setblocking(False)
    return listener


class _NoSocketConfig(Config):
    """A Hypercorn configuration for a socket that exists already."""

    def __init__(self, limits: Limits) -> None:
        super().__init__()
        self.h11_max_incomplete_size = limits.head_bytes
        self.include_server_header = False
        self.accesslog = None
        self.errorlog = logging.getLogger("hypercorn.error")


class Server:
    """The conversations of one application, through whichever sockets its callers come in.

    Hypercorn's own `serve` has no way to limit connections, so its parts are put together here.
    """

    def __init__(self, app: Application, limits: Limits = DEFAULT_LIMITS) -> None:
        """On the loop that serves."""
        self._app = app
        self._limits = limits
        self._config, self._context = _NoSocketConfig(limits), WorkerContext(None)
        self._connections = Connections(limits.connections)
        self._tasks = Tasks()
        self._conversing: set[asyncio.Task[None]] = set()

    async def listen(self, listener: socket.socket) -> None:
        """Take callers until the socket listens no more; conversations outlive it."""
        await take_callers(listener, self._let_in)

    async def close(self) -> None:
        """Let requests under way end for a second, then cut them off; take callers no more before that."""
        await self._context.terminated.set()
        await _end(self._conversing)

    def _let_in(self, caller: socket.socket) -> None:
        task = self._tasks.start(self._converse(caller), "conversation")
        self._conversing.add(task)
        task.add_done_callback(self._conversing.discard)

    async def _converse(self, caller: socket.socket) -> None:
        try:
            reader, writer = await asyncio.open_connection(sock=caller)
        except OSError:
            caller.close()
            return
        conversation = Conversation(self._app, self._config, self._context, self._limits, reader, writer)
        if not self._connections.enter(conversation):
            conversation.drop()
            return
        try:
            await conversation.run()
        finally:
            self._connections.leave(conversation)


async def serve_until(
    app: Application, listener: socket.socket, stop: asyncio.Event, limits: Limits = DEFAULT_LIMITS
) -> None:
    """Serve until `stop` is set, then let requests under way end for a second."""
    server, tasks = Server(app, limits), Tasks()
    tasks.start(server.listen(listener), "listening")
    try:
        await stop.wait()
    finally:
        await tasks.stop()
        listener.close()
        await server.close()


async def _end(conversing: set[asyncio.Task[None]]) -> None:
    """Wait a second for what is under way, then cut it off."""
    if not conversing:
        return
    under_way = set(conversing)
    await ended_within(under_way, GRACE_SECONDS)
    late = [task for task in under_way if not task.done()]
    for task in late:
        task.cancel()
    if late:
        await asyncio.wait(late, timeout=GRACE_SECONDS)
