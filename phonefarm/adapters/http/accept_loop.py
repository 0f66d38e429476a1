"""Accepts connections one by one; a failed accept costs neither the listening socket nor the other clients."""

from __future__ import annotations

import asyncio
import itertools
import socket
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import structlog

from phonefarm.support.os_errors import Trouble, cause_of, trouble_in
from phonefarm.support.tasks import Tasks

log = structlog.get_logger(__name__)

ACCEPTS_PER_ITERATION = 2
"""Accepts before the event loop runs other tasks: each occupies a file descriptor until it is admitted or refused."""
LISTENER_CHECK_SECONDS = 0.1
"""Period of the check whether the listening socket is still open."""
RETRY_PAUSE_SECONDS = 0.1
"""After a failure that is not the client's, such as too many open files."""
MAX_RESETS_IN_A_ROW = 20
"""More failures in a row, without one accepted connection, are treated as the network's, whatever their code."""
LOG_INTERVAL_SECONDS = 60.0
"""Failed accepts are logged in one line per interval."""


async def accept_connections(listener: socket.socket, on_connection: Callable[[socket.socket], object]) -> None:
    """Pass each accepted socket to `on_connection`; return when `listener` no longer listens.

    Why not `asyncio.start_server`: the Proactor loop takes a failed accept for the end of the listening socket and
    closes it. A few clients that connect and reset at once suffice, and only the loop's exception handler learns of it.
    Binding again would lose the queue of waiting clients, and Windows frees an exclusive port only when the last
    connection accepted through it has ended. Here the socket outlives every failed accept.

    Closing a socket does not wake up a pending accept, so the socket is checked every `LISTENER_CHECK_SECONDS`.
    """
    tasks = Tasks()
    accepting = tasks.start(_accept(listener, on_connection), "accepting connections")
    closing = tasks.start(_wait_until_closed(listener), "watching a listening socket")
    try:
        await asyncio.wait((accepting, closing), return_when=asyncio.FIRST_COMPLETED)
    finally:
        await tasks.stop()


async def _accept(listener: socket.socket, on_connection: Callable[[socket.socket], object]) -> None:
    loop = asyncio.get_running_loop()
    failures, in_a_row = _FailureLog(listener), 0
    for number in itertools.count(1):
        try:
            client, _ = await loop.sock_accept(listener)
        except OSError as error:
            if not _is_listening(listener):
                return
            failures.add(error)
            in_a_row += 1
            is_client_reset = trouble_in(error) is Trouble.RESET and in_a_row <= MAX_RESETS_IN_A_ROW
            await asyncio.sleep(0 if is_client_reset else RETRY_PAUSE_SECONDS)
            continue
        in_a_row = 0
        _disable_nagle(client)
        on_connection(client)
        if number % ACCEPTS_PER_ITERATION == 0:
            await asyncio.sleep(0)


async def _wait_until_closed(listener: socket.socket) -> None:
    while listener.fileno() != -1:  # noqa: ASYNC110 - there is no event for it
        await asyncio.sleep(LISTENER_CHECK_SECONDS)


def _is_listening(listener: socket.socket) -> bool:
    try:
        return listener.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN) != 0
    except OSError:
        return False


def _disable_nagle(client: socket.socket) -> None:
    """Nagle's algorithm delays a response in two parts by 40 ms.

    asyncio disables it too, but only on a socket that names its protocol; those that Windows accepts name none.
    """
    with suppress(OSError):  # the client has gone; its connection will notice
        client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)


class _FailureLog:
    """Logs failed accepts: the first at once, later ones as a count once per interval."""

    def __init__(self, listener: socket.socket) -> None:
        self._port = listener.getsockname()[1]
        self._unlogged = 0
        self._log_at = float("-inf")

    def add(self, error: OSError) -> None:
        self._unlogged += 1
        now = asyncio.get_running_loop().time()
        if now < self._log_at:
            return
        log.warning("connections could not be accepted", port=self._port, number=self._unlogged, cause=cause_of(error))
        self._unlogged, self._log_at = 0, now + LOG_INTERVAL_SECONDS


def ignore_failed_accept(loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
    """An exception handler for the serving loop: drops failed accepts, which are logged here, passes on the others.

    The Proactor loop awaits each accept in a task of its own whose exception nobody retrieves; asyncio would log it
    again with a traceback.
    """
    if not is_failed_accept(context):
        loop.default_exception_handler(context)


def is_failed_accept(context: dict[str, Any]) -> bool:
    task = context.get("future")
    work = task.get_coro() if isinstance(task, asyncio.Task) else None
    return isinstance(context.get("exception"), OSError) and getattr(work, "__name__", "") == "accept_coro"
