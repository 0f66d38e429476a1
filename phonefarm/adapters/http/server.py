"""Serves an ASGI application with Hypercorn's parts: socket bound first, limited connections, stopped by an event."""

from __future__ import annotations

import asyncio
import logging
import socket
import sys

from hypercorn.asyncio.worker_context import WorkerContext
from hypercorn.config import Config

from phonefarm.adapters.asgi import Application
from phonefarm.adapters.http.accept_loop import accept_connections
from phonefarm.adapters.http.http_connection import Connections, HttpConnection, Limits
from phonefarm.domain.errors import KnownError
from phonefarm.support.deadlines import ended_within
from phonefarm.support.os_errors import cause_of
from phonefarm.support.tasks import Tasks

DEFAULT_LIMITS = Limits()
BACKLOG = 100
"""Clients that may wait to be accepted."""
GRACE_SECONDS = 1.0
"""For requests in flight at the stop."""


def bind(host: str, port: int, what: str) -> socket.socket:
    """A listening socket for `what`. Raises KnownError with the next step, for example if the port is taken."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        if sys.platform == "win32":
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_EXCLUSIVEADDRUSE, 1)
        else:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((host, port))
        # Only a listening socket keeps others from the port; clients that connect before the farm serves have to wait.
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
    """Serves one application on one listening socket after another; connections outlive their listening socket.

    Hypercorn's own `serve` cannot limit connections, so its parts are put together here.
    """

    def __init__(self, app: Application, limits: Limits = DEFAULT_LIMITS) -> None:
        """Call it on the serving loop."""
        self._app = app
        self._limits = limits
        self._config, self._context = _NoSocketConfig(limits), WorkerContext(None)
        self._connections = Connections(limits.connections)
        self._tasks = Tasks()
        self._serving: set[asyncio.Task[None]] = set()

    async def listen(self, listener: socket.socket) -> None:
        """Accept connections until `listener` no longer listens."""
        await accept_connections(listener, self._start_connection)

    async def close(self) -> None:
        """Give requests in flight `GRACE_SECONDS`, then cancel them. Stop `listen` before."""
        await self._context.terminated.set()
        await _finish_or_cancel(self._serving)

    def _start_connection(self, client: socket.socket) -> None:
        task = self._tasks.start(self._serve_connection(client), "HTTP connection")
        self._serving.add(task)
        task.add_done_callback(self._serving.discard)

    async def _serve_connection(self, client: socket.socket) -> None:
        try:
            reader, writer = await asyncio.open_connection(sock=client)
        except OSError:
            client.close()
            return
        connection = HttpConnection(self._app, self._config, self._context, self._limits, reader, writer)
        if not self._connections.try_add(connection):
            connection.drop()
            return
        try:
            await connection.run()
        finally:
            self._connections.remove(connection)


async def serve_until(
    app: Application, listener: socket.socket, stop: asyncio.Event, limits: Limits = DEFAULT_LIMITS
) -> None:
    """Serve until `stop` is set, then give requests in flight `GRACE_SECONDS`."""
    server, tasks = Server(app, limits), Tasks()
    tasks.start(server.listen(listener), "listening")
    try:
        await stop.wait()
    finally:
        await tasks.stop()
        listener.close()
        await server.close()


async def _finish_or_cancel(serving: set[asyncio.Task[None]]) -> None:
    if not serving:
        return
    in_flight = set(serving)
    await ended_within(in_flight, GRACE_SECONDS)
    late = [task for task in in_flight if not task.done()]
    for task in late:
        task.cancel()
    if late:
        await asyncio.wait(late, timeout=GRACE_SECONDS)
