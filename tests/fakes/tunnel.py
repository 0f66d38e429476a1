"""A tunnel that lives, lies, dies and hangs as a test says, and the outside that it leads from."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

from phonefarm.domain.health import HealthKind, health
from phonefarm.domain.tunnels import ProbeResult, TunnelFailed, tunnel_failed


class FakeTunnel:
    """Each start gives the next of `urls` after `start_seconds`, unless it is told to fail."""

    def __init__(self, *urls: str, start_seconds: float = 2.0) -> None:
        self.urls = list(urls)
        self.start_seconds = start_seconds
        self.starts: list[float] = []
        """The loop's time of each."""
        self.failing: TunnelFailed | None = None
        """Raised by each start while it is set."""
        self.url: str | None = None
        """At which it is open now."""
        self.leads_nowhere = False
        """The process lives, and nothing comes through; a new start heals it."""
        self.heals = True
        self._ends: asyncio.Event | None = None
        self.cause = tunnel_failed(HealthKind.SSH_ENDED, server="me@host:22", cause="connection lost")

    async def run(self, report_url: Callable[[str], None]) -> None:
        self.starts.append(asyncio.get_running_loop().time())
        self._ends = asyncio.Event()
        try:
            await asyncio.sleep(self.start_seconds)
            if self.failing is not None:
                raise self.failing
            self.url = self.urls.pop(0) if len(self.urls) > 1 else self.urls[0]
            if self.heals:
                self.leads_nowhere = False
            report_url(self.url)
            await self._ends.wait()
            raise self.cause
        finally:
            self.url = None

    def die(self) -> None:
        assert self._ends is not None
        self._ends.set()


class FakeOutside:
    """Fulfils `Prober`: what is seen of the tunnel from outside."""

    def __init__(self, tunnel: FakeTunnel | None = None) -> None:
        self.tunnel = tunnel
        self.is_up = True
        self.hangs = False
        self.probes: list[tuple[float, str]] = []
        """The loop's time and the URL of each."""

    async def probe(self, url: str, *, within: float) -> ProbeResult:
        self.probes.append((asyncio.get_running_loop().time(), url))
        if self.hangs or (self.tunnel is not None and self.tunnel.leads_nowhere):
            await asyncio.sleep(within)
            return _silent(f"no answer within {within:g} s")
        if not self.is_up or (self.tunnel is not None and self.tunnel.url != url):
            return _silent("connection refused")
        answers = health(HealthKind.PUBLIC_ADDRESS_ANSWERS, milliseconds=40)
        return ProbeResult(is_answered=True, health=answers, seconds=0.04)


def _silent(cause: str) -> ProbeResult:
    return ProbeResult(is_answered=False, health=health(HealthKind.PUBLIC_ADDRESS_SILENT, cause=cause))


class KeptTexts:
    """Fulfils `ReportedUrl` and `HostKeys` in memory."""

    def __init__(self) -> None:
        self.reported = ""
        self.keys: dict[str, str] = {}

    def reported_url(self) -> _ReportedUrl:
        return _ReportedUrl(self)

    def host_keys(self) -> _HostKeys:
        return _HostKeys(self)


class _ReportedUrl:
    def __init__(self, kept: KeptTexts) -> None:
        self._kept = kept

    def read(self) -> str:
        return self._kept.reported

    def write(self, url: str) -> None:
        self._kept.reported = url


class _HostKeys:
    def __init__(self, kept: KeptTexts) -> None:
        self._kept = kept

    def read(self, server: str) -> str:
        return self._kept.keys.get(server, "")

    def write(self, server: str, fingerprint: str) -> None:
        self._kept.keys[server] = fingerprint


class InlineExecutor(ThreadPoolExecutor):
    """Runs at once: on a loop of virtual time nobody can wait for a thread."""

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        future: Future[Any] = Future()
        try:
            future.set_result(fn(*args, **kwargs))
        except BaseException as error:  # noqa: BLE001 - carried to the caller
            future.set_exception(error)
        return future
