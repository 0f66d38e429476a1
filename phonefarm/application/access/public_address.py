"""Keeps the way from Onlinesim to the webhooks open: runs the tunnel, probes it from outside, restarts what is dead."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

import structlog

from phonefarm.application.model.health_board import TUNNEL, HealthBoard
from phonefarm.application.model.read_models import PublicAddress, Verdict
from phonefarm.application.ports.tunnels import HostKeys, Prober, ReportedUrl, Tunnel
from phonefarm.domain.errors import KnownError
from phonefarm.domain.health import Health, HealthKind, health, problem
from phonefarm.domain.tunnels import (
    FAILURES_OF_A_DEAD_TUNNEL,
    LONG_UP,
    LONGEST_START,
    PROBE_AGAIN,
    PROBE_EVERY,
    ProbeResult,
    TunnelFailed,
    TunnelKind,
    restart_delay,
)
from phonefarm.support.clock import Clock
from phonefarm.support.deadlines import is_set_within

log = structlog.get_logger(__name__)

PROBE_SECONDS = 5.0
SLICE_SECONDS = 1.0
"""A rest is taken in slices, so that the end of this PC's sleep is noticed."""
SLEPT_SECONDS = 5.0
"""A slice that took so much longer than itself: this PC was asleep, or the program stopped."""


@dataclass(frozen=True, kw_only=True)
class PublicAddressPlan:
    """What the settings say of the public address."""

    kind: TunnelKind
    url: str
    """The user's own; empty where the tunnel names it."""
    tunnel: Tunnel | None


class PublicAddressKeeper:
    """`run` until cancelled. One tunnel at a time; the probes decide whether it is alive, not its process."""

    def __init__(
        self,
        plan: PublicAddressPlan,
        prober: Prober,
        reported: ReportedUrl,
        host_keys: HostKeys,
        board: HealthBoard,
        clock: Clock,
        steady: Callable[[], float],
        on_change: Callable[[], None],
    ) -> None:
        """`steady`: seconds of a clock that nobody sets and that goes on during sleep; `on_change`: rows changed."""
        self._plan = plan
        self._prober = prober
        self._reported_url = reported
        self._host_keys = host_keys
        self._board = board
        self._clock = clock
        self._steady = steady
        self._on_change = on_change
        self._url = plan.url
        self._named_at = steady()
        """When the URL was named that is probed now."""
        self._is_open = plan.tunnel is None
        """Whether there is something to probe: a tunnel that is being opened cannot answer."""
        self._answered_url = ""
        """The last URL that has answered a probe."""
        self._reported = ""
        self._verdict = Verdict.WARN
        self._health = health(HealthKind.NOT_STARTED)
        self._answered_at: datetime | None = None
        self._restarts = 0
        self._failed_probes = 0
        self._failure: TunnelFailed | None = None
        self._probe_wanted = asyncio.Event()
        self._restart_wanted = asyncio.Event()

    @property
    def address(self) -> PublicAddress:
        """What is known now."""
        failure = None if self._failure is None else self._failure.health
        asked = failure is not None and failure.kind in (
            HealthKind.SSH_HOST_KEY_NEW,
            HealthKind.SSH_HOST_KEY_CHANGED,
        )
        return PublicAddress(
            kind=self._plan.kind,
            verdict=self._verdict,
            health=self._health,
            url=self._url,
            reported_url=self._reported,
            answered_at=self._answered_at,
            restarts=self._restarts,
            host_key=str(failure.fields["fingerprint"]) if asked and failure is not None else "",
            host=str(failure.fields["server"]) if asked and failure is not None else "",
        )

    async def run(self) -> None:
        self._reported = await asyncio.to_thread(self._reported_url.read)
        if self._plan.kind is TunnelKind.NONE:
            self._report(Verdict.PASS, health(HealthKind.PUBLIC_ADDRESS_MISSING))
            return
        self._report(Verdict.WARN, health(HealthKind.TUNNEL_STARTING))
        async with asyncio.TaskGroup() as group:
            if self._plan.tunnel is not None:
                group.create_task(self._keep_tunnel(self._plan.tunnel), name="tunnel")
            group.create_task(self._keep_probing(), name="probing the public address")

    # What the user may do ------------------------------------------------------------

    async def test(self) -> ProbeResult:
        """Probe now, for a user who waits for the answer; raises KnownError where there is nothing to probe."""
        if not self._url:
            raise KnownError("There is no public URL yet: choose a tunnel, or enter a URL of your own.")
        result = await self._prober.probe(self._url, within=PROBE_SECONDS)
        self._note(result)
        return result

    async def confirm_reported(self) -> None:
        """The user has passed the present URL on to Onlinesim; raises KnownError."""
        if not self._url:
            raise KnownError("There is no public URL yet.")
        url = self._url
        await asyncio.to_thread(self._reported_url.write, url)
        self._reported = url
        self._on_change()

    async def confirm_host_key(self, fingerprint: str) -> None:
        """The user trusts the SSH server that shows this key; raises KnownError where another key is shown now."""
        address = self.address
        if not address.host_key or address.host_key != fingerprint:
            raise KnownError("The server does not show this key now: compare the fingerprint again.")
        await asyncio.to_thread(self._host_keys.write, address.host, fingerprint)
        log.info("SSH host key confirmed", server=address.host, fingerprint=fingerprint)
        self.restart()

    def restart(self) -> None:
        """Close the tunnel, if it is open, and open it at once."""
        self._restart_wanted.set()

    # The tunnel ----------------------------------------------------------------------

    async def _keep_tunnel(self, tunnel: Tunnel) -> None:
        failures = 0
        while True:
            self._restart_wanted.clear()
            begun = self._steady()
            failure = await self._run_once(tunnel)
            was_up = self._steady() - begun >= LONG_UP.total_seconds()
            failures = 1 if was_up or failure is None else failures + 1
            self._is_open = False
            self._failure = failure
            self._restarts += 1
            if failure is not None:
                log.warning("tunnel ended", kind=failure.health.kind.value, **failure.health.fields)
                self._report(Verdict.FAIL, failure.health)
            delay = restart_delay(failures).total_seconds()
            await self._rest(delay, self._restart_wanted)

    async def _run_once(self, tunnel: Tunnel) -> TunnelFailed | None:
        """Run the tunnel until it ends or a restart is wanted (None)."""
        running = asyncio.get_running_loop().create_task(self._run(tunnel), name="tunnel run")
        wanted = asyncio.get_running_loop().create_task(self._restart_wanted.wait(), name="tunnel restart")
        try:
            await asyncio.wait((running, wanted), return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in (running, wanted):
                task.cancel()
            await asyncio.gather(running, wanted, return_exceptions=True)
        return None if running.cancelled() else running.result()

    async def _run(self, tunnel: Tunnel) -> TunnelFailed:
        try:
            await tunnel.run(self._use_url)
        except TunnelFailed as error:
            return error
        except KnownError as error:
            return TunnelFailed(problem(str(error)))
        raise AssertionError("a tunnel ends by raising only")

    def _use_url(self, url: str) -> None:
        """The tunnel is open at `url`, the one before or another."""
        self._failure = None
        self._failed_probes = 0
        self._is_open = True
        self._named_at = self._steady()
        if url != self._url:
            log.warning("the public URL is another now: tell Onlinesim", url=url)
            self._url = url
            self._on_change()
        self._probe_wanted.set()

    # The probes ----------------------------------------------------------------------

    async def _keep_probing(self) -> None:
        while True:
            self._probe_wanted.clear()
            if self._url and self._is_open:
                self._note(await self._prober.probe(self._url, within=PROBE_SECONDS))
            pause = PROBE_AGAIN if self._failed_probes else PROBE_EVERY
            await self._rest(pause.total_seconds(), self._probe_wanted)

    def _note(self, result: ProbeResult) -> None:
        if result.is_answered:
            self._failed_probes = 0
            self._answered_url = self._url
            self._answered_at = self._clock()
            self._report(Verdict.PASS, result.health)
            return
        if not self._is_open:
            return  # a tunnel that is not open has a cause of its own
        self._failed_probes += 1
        if self._is_starting() or self._failed_probes < FAILURES_OF_A_DEAD_TUNNEL:
            if self._verdict is not Verdict.FAIL:  # only an answer ends a failure
                self._report(Verdict.WARN, result.health)
        else:
            self._report(Verdict.FAIL, result.health)
            if self._plan.tunnel is not None and self._failed_probes >= FAILURES_OF_A_DEAD_TUNNEL:
                log.warning("the tunnel is dead, whatever its process says", cause=result.health.kind.value)
                self._failed_probes = 0
                self.restart()

    def _is_starting(self) -> bool:
        """Whether a new name may not have reached the DNS yet."""
        return (
            self._plan.tunnel is not None
            and self._url != self._answered_url
            and self._steady() - self._named_at < LONGEST_START.total_seconds()
        )

    def _report(self, verdict: Verdict, found: Health) -> None:
        if (verdict, found) != (self._verdict, self._health):
            self._verdict, self._health = verdict, found
            self._on_change()
        self._board.report(TUNNEL, verdict, found)

    async def _rest(self, seconds: float, until: asyncio.Event) -> None:
        """Until the event, or the time has passed, or this PC wakes up from sleep."""
        end = self._steady() + seconds
        while (left := end - self._steady()) > 0:
            begun = self._steady()
            slice_seconds = min(left, SLICE_SECONDS)
            if await is_set_within(until, slice_seconds):
                return
            if self._steady() - begun > slice_seconds + SLEPT_SECONDS:
                log.info("this PC was asleep: the public address is probed at once")
                return
