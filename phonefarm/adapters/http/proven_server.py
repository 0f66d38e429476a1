"""A server that is asked over TCP whether it answers, and is set up anew when it does not.

A listening socket can be gone while its server believes in it: the Proactor loop of Windows closes it after a single
accept that failed. Nobody would notice but the callers.
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
from phonefarm.adapters.http.server import DEFAULT_LIMITS, bind, serve_until
from phonefarm.application.deadlines import ended_within, is_set_within, within
from phonefarm.application.tasks import Tasks
from phonefarm.domain.errors import KnownError

log = structlog.get_logger(__name__)

PROBE_EVERY = 10.0
PROBE_WITHIN = 3.0
FAILURES_BEFORE_REBIND = 2
PAUSE_BEFORE_REBIND = 1.0
CLOSES_WITHIN = 4.0
"""Seconds in which a server that is put down ends its requests; then it is cut off."""

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
        self._host, self._port = listener.getsockname()[:2]
        self._what = what
        self._report = report
        self._limits = limits
        self._probe_url = f"http://{_reachable(self._host)}:{self._port}{probe_path}"

    async def run(self, stop: asyncio.Event) -> None:
        """Return once `stop` is set and the requests under way have ended."""
        try:
            while not stop.is_set():
                listener = self._listener or self._bound_anew()
                if listener is not None:
                    await self._serve_once(listener, stop)
                self._close()
                await is_set_within(stop, PAUSE_BEFORE_REBIND)
        finally:
            self._close()

    async def _serve_once(self, listener: socket.socket, stop: asyncio.Event) -> None:
        """Serve until told to stop, or until the server has ended or answers no more."""
        tasks = Tasks()
        put_down = asyncio.Event()
        serving = tasks.start(self._serve(listener, put_down), f"{self._what} serving")
        stopping = tasks.start(stop.wait(), f"{self._what} stopping")
        proving = tasks.start(self._answers_no_more(), f"{self._what} proving")
        try:
            await asyncio.wait((serving, stopping, proving), return_when=asyncio.FIRST_COMPLETED)
            if not stop.is_set():
                log.error("a server is set up anew", what=self._what, ended_by_itself=serving.done())
                if serving.done():
                    self._report(self._silence)
            proving.cancel()
            put_down.set()
            await ended_within((serving,), CLOSES_WITHIN)
        finally:
            await tasks.stop()

    async def _serve(self, listener: socket.socket, put_down: asyncio.Event) -> None:
        try:
            await serve_until(self._make_app(), listener, put_down, self._limits)
        except Exception as error:
            lost_its_socket = listener.fileno() == -1
            log.error("a server ended", what=self._what, exc_info=None if lost_its_socket else error)

    async def _answers_no_more(self) -> None:
        """Ask now and every ten seconds; return after two silences in a row."""
        failures = 0
        while failures < FAILURES_BEFORE_REBIND:
            if await self._answers():
                failures = 0
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

    def _bound_anew(self) -> socket.socket | None:
        try:
            self._listener = bind(self._host, self._port, self._what)
        except KnownError as error:
            self._report(str(error))
        return self._listener

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
