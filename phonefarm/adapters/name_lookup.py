"""Resolves a host name on a thread of its own, since the system's lookup may hang for a minute."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable, Sequence
from functools import partial

import aiohappyeyeballs
import structlog

from phonefarm.support.daemon_threads import in_own_thread
from phonefarm.support.deadlines import ended_within
from phonefarm.support.tasks import Tasks

log = structlog.get_logger(__name__)

LOOKUP_TIMEOUT_SECONDS = 5.0
CACHED_LOOKUP_TIMEOUT_SECONDS = 1.0
"""While an earlier result is cached; it is used if the new lookup takes longer."""
_HAPPY_EYEBALLS_DELAY_SECONDS = 0.25

Address = aiohappyeyeballs.AddrInfoType
"""An entry of the result of `socket.getaddrinfo`."""
LookUp = Callable[[str, int], Sequence[Address]]


def system_lookup(host: str, port: int) -> Sequence[Address]:
    return socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, proto=socket.IPPROTO_TCP)


class NameLookup:
    """The addresses of one host and port, from the cache if a new lookup fails or is slow.

    Concurrent calls share one lookup, so a lookup that hangs occupies one thread.
    """

    def __init__(self, host: str, port: int, look_up: LookUp = system_lookup) -> None:
        self._host = host
        self._port = port
        self._literal = _literal_addresses(host, port)
        self._look_up = look_up
        self._tasks = Tasks()
        self._lookup: asyncio.Task[None] | None = None
        self._started_at = 0.0
        self._cached: Sequence[Address] = ()
        self._error: OSError | None = None

    async def connect(self) -> socket.socket:
        """A socket connected to the first address that answers (happy eyeballs). Raises OSError."""
        return await aiohappyeyeballs.start_connection(
            list(await self.addresses()), happy_eyeballs_delay=_HAPPY_EYEBALLS_DELAY_SECONDS
        )

    async def addresses(self) -> Sequence[Address]:
        """Raises OSError if the lookup fails and nothing is cached."""
        if self._literal:
            return self._literal
        lookup = self._start_or_join_lookup()
        if self._cached:
            elapsed = asyncio.get_running_loop().time() - self._started_at
            is_new = elapsed < CACHED_LOOKUP_TIMEOUT_SECONDS and await ended_within(
                (lookup,), CACHED_LOOKUP_TIMEOUT_SECONDS
            )
        else:
            is_new = await ended_within((lookup,), LOOKUP_TIMEOUT_SECONDS)
        if not is_new and not self._cached:
            raise socket.gaierror(socket.EAI_AGAIN, "the lookup of its name takes too long")
        if is_new and self._error is not None and not self._cached:
            raise self._error
        if not is_new or self._error is not None:
            log.warning("a name cannot be looked up: the cached address is used")
        return self._cached

    def _start_or_join_lookup(self) -> asyncio.Task[None]:
        if self._lookup is None or self._lookup.done():
            self._started_at = asyncio.get_running_loop().time()
            self._lookup = self._tasks.start(self._run_lookup(), "name lookup")
        return self._lookup

    async def _run_lookup(self) -> None:
        try:
            found = await in_own_thread(partial(self._look_up, self._host, self._port), "name lookup")
        except (OSError, UnicodeError) as error:  # UnicodeError: not a valid host name
            self._error = error if isinstance(error, OSError) else socket.gaierror(socket.EAI_NONAME, "no host name")
        else:
            self._cached, self._error = found, None


def _literal_addresses(host: str, port: int) -> Sequence[Address]:
    """The address if `host` is one already; empty for a name."""
    try:
        return socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, proto=socket.IPPROTO_TCP, flags=socket.AI_NUMERICHOST
        )
    except (OSError, UnicodeError):
        return ()
