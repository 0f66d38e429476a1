"""A server that probes itself over TCP and is restarted when it does not answer.

A failed accept does no harm (see `accept_loop`). A lost listening socket is noticed within 0.1 s and bound again; open
connections are kept. If the address is taken, the server is closed first, since on Windows one of its own connections
may hold the port; binding is then retried with backoff. The probe over TCP finds every other failure.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import Callable

import aiohttp
import structlog

from phonefarm.adapters.asgi import Application
from phonefarm.adapters.http.http_connection import Limits
from phonefarm.adapters.http.server import DEFAULT_LIMITS, Server, bind
from phonefarm.domain.errors import KnownError
from phonefarm.support.deadlines import is_set_within, within
from phonefarm.support.tasks import Tasks

log = structlog.get_logger(__name__)

PROBE_INTERVAL_SECONDS = 10.0
PROBE_TIMEOUT_SECONDS = 3.0
FAILURES_BEFORE_RESTART = 2
FIRST_BACKOFF_SECONDS = 0.05
"""Before binding again; doubles up to the maximum, until the server answers."""
MAX_BACKOFF_SECONDS = 1.0

Report = Callable[[str | None], None]
"""Called with None when the server answers, else with what is wrong."""


class SupervisedServer:
    """Serves `make_app()` on `listener`, later on new sockets at the same address, until `run` is stopped."""

    def __init__(
        self,
        make_app: Callable[[], Application],
        listener: socket.socket,
        what: str,
        report: Report,
        *,
        probe_path: str,
        limits: Limits = DEFAULT_LIMITS,
    ) -> None:
        self._make_app = make_app
        self._listener: socket.socket | None = listener
        self._bind_failed = False
        """Whether the last attempt to bind failed."""
        self._backoff = FIRST_BACKOFF_SECONDS
        self._host, self._port = listener.getsockname()[:2]
        self._what = what
        self._report = report
        self._limits = limits
        self._probe_url = f"http://{_local_address_of(self._host)}:{self._port}{probe_path}"

    async def run(self, stop: asyncio.Event) -> None:
        """Return once `stop` is set and the requests in flight have ended."""
        try:
            while not stop.is_set():
                if self._listener is not None or await self._rebind_until(stop):
                    await self._serve_once(stop)
        finally:
            self._close()

    async def _serve_once(self, stop: asyncio.Event) -> None:
        """Serve until `stop` is set, the server has ended, or it no longer answers."""
        server, tasks = Server(self._make_app(), self._limits), Tasks()
        serving = tasks.start(self._serve(server), f"{self._what} serving")
        stopping = tasks.start(stop.wait(), f"{self._what} stopping")
        probing = tasks.start(self._probe_until_dead(), f"{self._what} probing")
        try:
            await asyncio.wait((serving, stopping, probing), return_when=asyncio.FIRST_COMPLETED)
            if not stop.is_set():
                log.error("restarting a server", what=self._what, ended_by_itself=serving.done())
                if serving.done() and not self._bind_failed:
                    self._report(self._no_answer)
        finally:
            await tasks.stop()
            self._close()
            await server.close()

    async def _serve(self, server: Server) -> None:
        """Accept connections on one socket after another, until binding fails."""
        while self._listener is not None:
            await server.listen(self._listener)
            self._close()
            await asyncio.sleep(self._next_backoff())
            self._bind()

    async def _rebind_until(self, stop: asyncio.Event) -> bool:
        """Whether a socket was bound before `stop` was set."""
        while not await is_set_within(stop, self._next_backoff()):
            self._bind()
            if self._listener is not None:
                return True
        return False

    def _next_backoff(self) -> float:
        backoff, self._backoff = self._backoff, min(2 * self._backoff, MAX_BACKOFF_SECONDS)
        return backoff

    def _bind(self) -> None:
        """One attempt; a series of failures is logged once."""
        try:
            self._listener = bind(self._host, self._port, self._what)
        except KnownError as error:
            if not self._bind_failed:
                log.error("a server cannot bind its port again", what=self._what, cause=str(error))
            self._bind_failed = True
            self._report(str(error))
        else:
            log.warning("a server listens on a new socket", what=self._what, port=self._port)
            self._bind_failed = False

    async def _probe_until_dead(self) -> None:
        """Probe now and at each interval; return after `FAILURES_BEFORE_RESTART` failures in a row."""
        failures = 0
        while failures < FAILURES_BEFORE_RESTART:
            if await self._answers_probe():
                failures, self._backoff = 0, FIRST_BACKOFF_SECONDS
                self._report(None)
            else:
                failures += 1
                self._report(self._no_answer)
            if failures < FAILURES_BEFORE_RESTART:
                await asyncio.sleep(PROBE_INTERVAL_SECONDS)

    async def _answers_probe(self) -> bool:
        """Whether a new connection gets a response below 500."""
        try:
            async with (
                within(PROBE_TIMEOUT_SECONDS),
                aiohttp.ClientSession(
                    timeout=aiohttp.ClientTimeout(total=None),  # aiohttp's own fires before it reads what has arrived
                    connector=aiohttp.TCPConnector(force_close=True),
                    cookie_jar=aiohttp.DummyCookieJar(),
                    trust_env=False,
                ) as http,
                http.get(self._probe_url, allow_redirects=False) as answer,
            ):
                return answer.status < 500
        except (aiohttp.ClientError, OSError, TimeoutError) as error:
            log.warning("a server does not answer its own probe", what=self._what, cause=type(error).__name__)
            return False

    def _close(self) -> None:
        if self._listener is not None:
            with contextlib.suppress(OSError):
                self._listener.close()
            self._listener = None

    @property
    def _no_answer(self) -> str:
        return f"does not answer on port {self._port}"


def _local_address_of(host: str) -> str:
    """The address at which this PC reaches a server that listens on `host`."""
    name = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104 - compared, not bound
    return f"[{name}]" if ":" in name else name
