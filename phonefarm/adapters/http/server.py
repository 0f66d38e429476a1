"""Serves an ASGI application with Hypercorn: socket bound first, limits set, stopped by an event."""

from __future__ import annotations

import asyncio
import logging
import socket
import sys
from typing import Any

from hypercorn.asyncio import serve
from hypercorn.config import Config, Sockets

from phonefarm.domain.errors import KnownError

READ_SECONDS = 15
"""A client that sends nothing for so long is dropped: it may not hold a connection open."""
KEEP_ALIVE_SECONDS = 30
BACKLOG = 100
MOST_HEADER_BYTES = 16 * 1024
BACKLOG = 100


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
        listener.listen(BACKLOG)  # only a listening socket keeps others from the port; who calls early waits
        # From here on callers queue, even while the farm is still starting.
        listener.listen(BACKLOG)
    except OSError as error:
        listener.close()
        raise KnownError(
            f"The {what} cannot listen on {host}:{port}: {error.strerror or error}. "
            "Another program (or another phonefarm) has it: stop that one or choose another port in the settings."
        ) from error
    listener.setblocking(False)
    return listener


class _BoundConfig(Config):
    """A Hypercorn configuration whose socket exists already."""

    def __init__(self, listener: socket.socket) -> None:
        super().__init__()
        self._listener = listener
        self.read_timeout = READ_SECONDS
        self.keep_alive_timeout = KEEP_ALIVE_SECONDS
        self.h11_max_incomplete_size = MOST_HEADER_BYTES
        self.graceful_timeout = 1.0
        self.shutdown_timeout = 2.0
        self.include_server_header = False
        self.accesslog = None
        self.errorlog = logging.getLogger("hypercorn.error")

    def create_sockets(self) -> Sockets:
        return Sockets([], [self._listener], [])


async def serve_until(app: Any, listener: socket.socket, stop: asyncio.Event) -> None:
    """Serve until `stop` is set, then let requests under way end for a second."""
    await serve(app, _BoundConfig(listener), shutdown_trigger=stop.wait, mode="asgi")
