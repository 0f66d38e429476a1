"""Where a host is: looked up on a thread of its own, for the system's lookup may hang for a minute."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable, Sequence
from typing import Any

import aiohappyeyeballs
import structlog

from phonefarm.support.daemon_threads import in_own_thread
from phonefarm.support.deadlines import ended_within
from phonefarm.support.tasks import Tasks

log = structlog.get_logger(__name__)

LOOKUP_SECONDS = 5.0
KNOWN_AFTER_SECONDS = 1.0
"""Where an address is known, a lookup that takes longer is not waited for."""
_FIRST_ADDRESS_SECONDS = 0.25

Address = tuple[int, int, int, str, tuple[Any, ...]]
LookUp = Callable[[str, int], Sequence[Address]]


def system_lookup(host: str, port: int) -> Sequence[Address]:
    return socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, proto=socket.IPPROTO_TCP)


class NameLookup:
    """The addresses of one host and port; of a name, the last good ones where it cannot be looked up anew.

    A lookup that hangs holds one thread, whoever asks meanwhile.
    """

    def __init__(self, host: str, port: int, look_up: LookUp = system_lookup) -> None:
        self._host = host
        self._port = port
        self._literal = _literal(host, port)
        self._look_up = look_up
        self._tasks = Tasks()
        self._lookup: asyncio.Task[None] | None = None
        self._begun_at = 0.0
        self._known: Sequence[Address] = ()
        self._error: OSError | None = None

    async def connected(self) -> socket.socket:
        """A socket that is connected to the first address that answers. Raises OSError."""
        return await aiohappyeyeballs.start_connection(
            list(await self.addresses()), happy_eyeballs_delay=_FIRST_ADDRESS_SECONDS
        )

    async def addresses(self) -> Sequence[Address]:
        """Raises OSError where none is known and none can be found out."""
        if self._literal:
            return self._literal
        lookup = self._lookup_under_way()
        if self._known:
            passed = asyncio.get_running_loop().time() - self._begun_at
            is_new = passed < KNOWN_AFTER_SECONDS and await ended_within((lookup,), KNOWN_AFTER_SECONDS)
        else:
            is_new = await ended_within((lookup,), LOOKUP_SECONDS)
        if not is_new and not self._known:
            raise socket.gaierror(socket.EAI_AGAIN, "the lookup of its name takes too long")
        if is_new and self._error is not None and not self._known:
            raise self._error
        if not is_new or self._error is not None:
            log.warning("a name cannot be looked up: its last address is used")
        return self._known

    def _lookup_under_way(self) -> asyncio.Task[None]:
        if self._lookup is None or self._lookup.done():
            self._begun_at = asyncio.get_running_loop().time()
            self._lookup = self._tasks.start(self._find_out(), "looking a name up")
        return self._lookup

    async def _find_out(self) -> None:
        try:
            found = await in_own_thread(lambda: self._look_up(self._host, self._port), "name lookup")
        except (OSError, UnicodeError) as error:  # a name that cannot be one is nobody's bug
            self._error = error if isinstance(error, OSError) else socket.gaierror(socket.EAI_NONAME, "no host name")
        else:
            self._known, self._error = found, None


def _literal(host: str, port: int) -> Sequence[Address]:
    """The address that a host already is; empty for a name."""
    try:
        return socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, proto=socket.IPPROTO_TCP, flags=socket.AI_NUMERICHOST
        )
    except (OSError, UnicodeError):
        return ()
