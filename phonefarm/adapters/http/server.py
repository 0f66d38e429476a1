"""Serves an ASGI application with Hypercorn: socket bound first, limits set, stopped by an event."""

from __future__ import annotations

import asyncio
import logging
import socket
import sys

from hypercorn.asyncio.worker_context import WorkerContext
from hypercorn.config import Config

from phonefarm.adapters.http.conversation import Application, Connections, Conversation, Limits
from phonefarm.application.deadlines import ended_within
from phonefarm.domain.errors import KnownError

DEFAULT_LIMITS = Limits()
BACKLOG = 100
"""Callers who may wait to be accepted."""
ACCEPTED_AT_ONCE = 2
"""In one turn of the loop; each has an open file until its place is found, or refused, in the next."""
GRACE_SECONDS = 1.0
"""What is under way at the stop may go on for so long."""


def bind(host: str, port: int, what: str) -> socket.socket:
    """A listening socket for `what`; a taken port is said here, before anything has started.

    Raises KnownError with what to do.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # The protocol is named because asyncio turns Nagle's delay off only where it is: 40 ms an answer otherwise.
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
            f"The {what} cannot listen on {host}:{port}: {error.strerror or error}. "
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


async def serve_until(
    app: Application, listener: socket.socket, stop: asyncio.Event, limits: Limits = DEFAULT_LIMITS
) -> None:
    """Serve until `stop` is set, then let requests under way end for a second.

    Hypercorn's own `serve` has no way to limit connections, so its parts are put together here.
    """
    config, context = _NoSocketConfig(limits), WorkerContext(None)
    connections = Connections(limits.connections)
    conversing: set[asyncio.Task[None]] = set()

    async def converse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        conversation = Conversation(app, config, context, limits, reader, writer)
        if not connections.enter(conversation):
            conversation.drop()
            return
        task = asyncio.current_task()
        assert task is not None
        conversing.add(task)
        try:
            await conversation.run()
        finally:
            connections.leave(conversation)
            conversing.discard(task)

    server = await asyncio.start_server(converse, backlog=ACCEPTED_AT_ONCE, sock=listener)
    listener.listen(BACKLOG)
    try:
        await stop.wait()
    finally:
        await context.terminated.set()
        server.close()
        await _end(conversing)


async def _end(conversing: set[asyncio.Task[None]]) -> None:
    """Wait a second for what is under way, then cut it off."""
    if not conversing:
        return
    await ended_within(conversing, GRACE_SECONDS)
    late = [task for task in conversing if not task.done()]
    for task in late:
        task.cancel()
    if late:
        await asyncio.wait(late, timeout=GRACE_SECONDS)
