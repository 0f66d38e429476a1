"""Callers are let in one by one; one that hangs up too soon, or cannot be let in, costs nobody but itself."""

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

TAKEN_AT_ONCE = 2
"""In one turn of the loop; each has an open file until its place is found, or refused, in one of the next."""
LOOK_EVERY = 0.1
"""Seconds between two looks whether the socket is still there."""
PAUSE_AFTER_FAILURE = 0.1
"""Where it is not the caller's doing, such as too many open files."""
HANG_UPS_IN_A_ROW = 20
"""More failures than these, without one caller let in between, are the network's doing, whatever they are called."""
SAID_EVERY = 60.0
"""Callers who cannot be let in are told of in one line so often, however many they are."""


async def take_callers(listener: socket.socket, let_in: Callable[[socket.socket], object]) -> None:
    """Hand each caller's connection to `let_in`; return when the socket does not listen any more.

    Why not `asyncio.start_server`: on Windows its loop takes a failed accept for the end of the listening socket and
    closes it. Some callers who connect and hang up at once are enough for that, and nobody is told but the loop's
    exception handler. Bound anew after that, the port would have lost who was waiting in its queue; and Windows gives
    an exclusive port back only when the last connection that came in through it has ended. Here the socket outlives
    every accept that fails, so that there is nothing to bind anew.

    A socket that somebody closes says nothing to who waits for a caller; it is looked at ten times a second.
    """
    tasks = Tasks()
    taking = tasks.start(_take(listener, let_in), "taking callers")
    closing = tasks.start(_is_closed(listener), "looking after a listening socket")
    try:
        await asyncio.wait((taking, closing), return_when=asyncio.FIRST_COMPLETED)
    finally:
        await tasks.stop()


async def _take(listener: socket.socket, let_in: Callable[[socket.socket], object]) -> None:
    loop = asyncio.get_running_loop()
    failures, in_a_row = _Failures(listener), 0
    for number in itertools.count(1):
        try:
            caller, _ = await loop.sock_accept(listener)
        except OSError as error:
            if not _listens(listener):
                return
            failures.note(error)
            in_a_row += 1
            is_of_a_caller = trouble_in(error) is Trouble.RESET and in_a_row <= HANG_UPS_IN_A_ROW
            await asyncio.sleep(0 if is_of_a_caller else PAUSE_AFTER_FAILURE)
            continue
        in_a_row = 0
        _send_at_once(caller)
        let_in(caller)
        if number % TAKEN_AT_ONCE == 0:
            await asyncio.sleep(0)


async def _is_closed(listener: socket.socket) -> None:
    while listener.fileno() != -1:  # noqa: ASYNC110 - nothing tells of it
        await asyncio.sleep(LOOK_EVERY)


def _listens(listener: socket.socket) -> bool:
    try:
        return listener.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN) != 0
    except OSError:
        return False


def _send_at_once(caller: socket.socket) -> None:
    """Without Nagle's delay, which costs an answer in two parts 40 ms.

    asyncio turns it off too, but only on a socket that names its protocol; those that Windows accepts name none.
    """
    with suppress(OSError):  # it has gone, which its conversation will find out
        caller.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)


class _Failures:
    """Accepts that failed: the first is told, the others together once a minute."""

    def __init__(self, listener: socket.socket) -> None:
        self._port = listener.getsockname()[1]
        self._untold = 0
        self._tell_at = float("-inf")

    def note(self, error: OSError) -> None:
        self._untold += 1
        now = asyncio.get_running_loop().time()
        if now < self._tell_at:
            return
        log.warning("callers could not be let in", port=self._port, number=self._untold, cause=cause_of(error))
        self._untold, self._tell_at = 0, now + SAID_EVERY


def hear_a_failed_accept_once(loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
    """An exception handler for the loop that serves.

    Windows' loop has a task of its own wait for each accept, whose failure nobody can collect: asyncio would print
    it as an exception that was never retrieved, with its trace, beside what was done about it.
    """
    if not is_of_a_failed_accept(context):
        loop.default_exception_handler(context)


def is_of_a_failed_accept(context: dict[str, Any]) -> bool:
    task = context.get("future")
    work = task.get_coro() if isinstance(task, asyncio.Task) else None
    return isinstance(context.get("exception"), OSError) and getattr(work, "__name__", "") == "accept_coro"
