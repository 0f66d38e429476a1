"""A server that is asked over TCP whether it answers, and is set up anew when it does not.

A failed accept costs a server nothing (see `callers`). A socket that is lost all the same is seen within a tenth of a
second and bound anew, and who is being answered, or kept for the next request, keeps its connection. Where the address
is not to be had, the server is put down first, for it may be a connection of its own that holds it on Windows, and
the address is asked for again and again. Whatever else keeps callers without an answer, the question over TCP shows.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import Callable
from typing import Any

import aiohttp
import structlog

from phonefarm.adapters.http.conversation import Limits
from phonefarm.adapters.http.server import DEFAULT_LIMITS, Server, bind
from phonefarm.domain.errors import KnownError
from phonefarm.support.deadlines import is_set_within, within
from phonefarm.support.tasks import Tasks

log = structlog.get_logger(__name__)

PROBE_EVERY = 10.0
PROBE_WITHIN = 3.0
FAILURES_BEFORE_REBIND = 2
PAUSE_BEFORE_REBIND = 0.05
"""Each is twice as long as the one before, up to the longest, until the server answers."""
LONGEST_PAUSE = 1.0

Report = Callable[[str | None], None]
"""Told None when the server answers, else what is wrong with it."""


class ProvenServer:
    """Serves `make_app()` on `listener`, and on others at the same address after that, until `run` is told to stop."""

    def __init__(
        self,
        make_app: Callable[[], Any],
        listener: socket.socket,
        what: str,
        report: Report,
        *,
        probe_path: str,
        limits: Limits = DEFAULT_LIMITS,
    ) -> None:
        self._make_app = make_app
        self._listener: socket.socket | None = listener
        self._is_away = False
        """Whether its address was asked for in vain."""
        self._pause = PAUSE_BEFORE_REBIND
        self._host, self._port = listener.getsockname()[:2]
        self._what = what
        self._report = report
        self._limits = limits
        self._probe_url = f"http://{_reachable(self._host)}:{self._port}{probe_path}"

    async def run(self, stop: asyncio.Event) -> None:
        """Return once `stop` is set and the requests under way have ended."""
        try:
            while not stop.is_set():
                if self._listener is not None or await self._is_bound_anew(stop):
                    await self._serve_once(stop)
        finally:
            self._close()

    async def _serve_once(self, stop: asyncio.Event) -> None:
        """Serve until told to stop, or until the server has ended or answers no more."""
        server, tasks = Server(self._make_app(), self._limits), Tasks()
        serving = tasks.start(self._serve(server), f"{self._what} serving")
        stopping = tasks.start(stop.wait(), f"{self._what} stopping")
        proving = tasks.start(self._answers_no_more(), f"{self._what} proving")
        try:
            await asyncio.wait((serving, stopping, proving), return_when=asyncio.FIRST_COMPLETED)
            if not stop.is_set():
                log.error("a server is set up anew", what=self._what, ended_by_itself=serving.done())
                if serving.done() and not self._is_away:
                    self._report(self._silence)
        finally:
            await tasks.stop()
            self._close()
            await server.close()

    async def _serve(self, server: Server) -> None:
        """Let callers in through one socket after another, until none can be had."""
        while self._listener is not None:
            await server.listen(self._listener)
            self._close()
            await asyncio.sleep(self._next_pause())
            self._bind()

    async def _is_bound_anew(self, stop: asyncio.Event) -> bool:
        """Try until there is a socket, or until told to stop."""
        while not await is_set_within(stop, self._next_pause()):
            self._bind()
            if self._listener is not None:
                return True
        return False

    def _next_pause(self) -> float:
        pause, self._pause = self._pause, min(2 * self._pause, LONGEST_PAUSE)
        return pause

    def _bind(self) -> None:
        """One attempt; what it comes to is logged once, not each time."""
        try:
            self._listener = bind(self._host, self._port, self._what)
        except KnownError as error:
            if not self._is_away:
                log.error("a server gets no new socket for now", what=self._what, cause=str(error))
            self._is_away = True
            self._report(str(error))
        else:
            log.warning("a server listens on a new socket", what=self._what, port=self._port)
            self._is_away = False

    async def _answers_no_more(self) -> None:
        """Ask now and every ten seconds; return after two silences in a row."""
        failures = 0
        while failures < FAILURES_BEFORE_REBIND:
            if await self._answers():
                failures, self._pause = 0, PAUSE_BEFORE_REBIND
                self._report(None)
            else:
                failures += 1
                self._report(self._silence)
            if failures < FAILURES_BEFORE_REBIND:
                await asyncio.sleep(PROBE_EVERY)

    async def _answers(self) -> bool:
        """Whether a new connection gets an answer, whatever it says."""
        try:
            async with (
                within(PROBE_WITHIN),
                aiohttp.ClientSession(
                    timeout=aiohttp.ClientTimeout(total=None),  # its own judges before it reads
                    connector=aiohttp.TCPConnector(force_close=True),
                    cookie_jar=aiohttp.DummyCookieJar(),
                    trust_env=False,
                ) as http,
                http.get(self._probe_url, allow_redirects=False) as answer,
            ):
                return answer.status < 500
        except (aiohttp.ClientError, OSError, TimeoutError) as error:
            log.warning("a server does not answer itself", what=self._what, cause=type(error).__name__)
            return False

    def _close(self) -> None:
        if self._listener is not None:
            with contextlib.suppress(OSError):
                self._listener.close()
            self._listener = None

    @property
    def _silence(self) -> str:
        return f"does not answer on port {self._port}"


def _reachable(host: str) -> str:
    """The host by which this PC reaches a server that listens on `host`."""
    name = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104 - it is compared, not bound
    return f"[{name}]" if ":" in name else name
