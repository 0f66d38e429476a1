"""A dead tunnel is found within 30 s and, where the other side lets it, healed within 60 s."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from bench.seeded.virtual_loop import VirtualLoop, run_virtually
from phonefarm.application.access.public_address import PublicAddressKeeper, PublicAddressPlan
from phonefarm.application.model.health_board import TUNNEL, HealthBoard
from phonefarm.application.model.read_models import HealthCheck, Verdict
from phonefarm.domain.errors import KnownError
from phonefarm.domain.health import HealthKind
from phonefarm.domain.tunnels import TunnelKind, tunnel_failed
from tests.fakes.tunnel import FakeOutside, FakeTunnel, InlineExecutor, KeptTexts

URL, OTHER_URL = "https://one.example.com", "https://two.example.com"
FOUND_SECONDS, HEALED_SECONDS = 30.0, 60.0


class Access:
    """A keeper of the public address on a loop of virtual time."""

    def __init__(self, loop: VirtualLoop, tunnel: FakeTunnel | None, url: str = "") -> None:
        self.loop = loop
        self.tunnel = tunnel
        self.outside = FakeOutside(tunnel)
        self.kept = KeptTexts()
        self.slept = 0.0
        self.changes = 0
        self.board = HealthBoard(loop.clock, lambda: None)
        kind = TunnelKind.COMMAND if tunnel is not None else TunnelKind.URL if url else TunnelKind.NONE
        self.keeper = PublicAddressKeeper(
            PublicAddressPlan(kind=kind, url=url, tunnel=tunnel),
            self.outside,
            self.kept.reported_url(),
            self.kept.host_keys(),
            self.board,
            loop.clock,
            lambda: loop.time() + self.slept,
            self._changed,
        )

    def _changed(self) -> None:
        self.changes += 1

    @property
    def check(self) -> HealthCheck:
        return next(check for check in self.board.checks() if check.name == TUNNEL)

    async def until(self, verdict: Verdict, within: float) -> float:
        """Seconds until the check has this verdict."""
        begun = self.loop.time()
        while self.check.verdict is not verdict:
            assert self.loop.time() - begun <= within, self.check
            await asyncio.sleep(0.1)
        return self.loop.time() - begun


def on_virtual_time(
    script: Callable[[Access], Awaitable[None]], tunnel: FakeTunnel | None = None, url: str = ""
) -> None:
    loop = VirtualLoop()
    loop.set_default_executor(InlineExecutor())
    access = Access(loop, tunnel, url)

    async def run() -> None:
        running = loop.create_task(access.keeper.run(), name="keeper")
        await script(access)
        running.cancel()

    run_virtually(run(), loop)


def test_url_of_the_tunnel_is_found_and_answers_from_outside() -> None:
    async def script(access: Access) -> None:
        await access.until(Verdict.PASS, within=10)

        address = access.keeper.address
        assert (address.url, address.restarts) == (URL, 0)
        assert address.answered_at is not None
        assert access.check.health.kind is HealthKind.PUBLIC_ADDRESS_ANSWERS

    on_virtual_time(script, FakeTunnel(URL))


@pytest.mark.parametrize("phase", [0.0, 4.0, 9.0, 14.9])
def test_tunnel_whose_process_lives_and_leads_nowhere_is_found_and_healed_in_time(phase: float) -> None:
    tunnel = FakeTunnel(URL)

    async def script(access: Access) -> None:
        await access.until(Verdict.PASS, within=10)
        await asyncio.sleep(60 + phase)

        tunnel.leads_nowhere = True
        found = await access.until(Verdict.FAIL, within=FOUND_SECONDS)
        healed = found + await access.until(Verdict.PASS, within=HEALED_SECONDS)

        assert healed <= HEALED_SECONDS
        assert len(tunnel.starts) == 2
        assert access.keeper.address.restarts == 1

    on_virtual_time(script, tunnel)


def test_tunnel_that_dies_is_started_again_after_a_second() -> None:
    tunnel = FakeTunnel(URL)

    async def script(access: Access) -> None:
        await access.until(Verdict.PASS, within=10)
        await asyncio.sleep(100)
        died_at = access.loop.time()

        tunnel.die()
        await access.until(Verdict.FAIL, within=1)
        assert access.check.health.kind is HealthKind.SSH_ENDED
        await access.until(Verdict.PASS, within=20)

        assert tunnel.starts[-1] - died_at == pytest.approx(1.0, abs=0.2)

    on_virtual_time(script, tunnel)


def test_tunnel_that_cannot_be_opened_is_tried_ever_more_rarely() -> None:
    tunnel = FakeTunnel(URL, start_seconds=0.0)
    tunnel.failing = tunnel_failed(HealthKind.TUNNEL_PROGRAM_MISSING, program="ngrok")

    async def script(access: Access) -> None:
        await asyncio.sleep(300)

        pauses = [later - earlier for earlier, later in zip(tunnel.starts, tunnel.starts[1:], strict=False)]
        assert pauses[:6] == pytest.approx([1, 2, 5, 10, 20, 30], abs=0.2)
        assert max(pauses) == pytest.approx(30, abs=0.2)
        assert access.check.health.kind is HealthKind.TUNNEL_PROGRAM_MISSING

    on_virtual_time(script, tunnel)


def test_new_name_that_has_not_reached_the_dns_is_not_taken_for_a_dead_tunnel() -> None:
    tunnel = FakeTunnel(URL)

    async def script(access: Access) -> None:
        access.outside.is_up = False
        await asyncio.sleep(30)
        access.outside.is_up = True
        await access.until(Verdict.PASS, within=10)

        assert len(tunnel.starts) == 1

    on_virtual_time(script, tunnel)


def test_tunnel_that_never_answers_is_started_again() -> None:
    tunnel = FakeTunnel(URL)

    async def script(access: Access) -> None:
        access.outside.is_up = False
        await asyncio.sleep(180)

        assert 2 <= len(tunnel.starts) <= 4

    on_virtual_time(script, tunnel)


def test_one_lost_probe_is_a_warning_and_restarts_nothing() -> None:
    tunnel = FakeTunnel(URL)

    async def script(access: Access) -> None:
        await access.until(Verdict.PASS, within=10)
        access.outside.is_up = False
        await access.until(Verdict.WARN, within=16)
        access.outside.is_up = True
        await access.until(Verdict.PASS, within=10)

        assert len(tunnel.starts) == 1

    on_virtual_time(script, tunnel)


def test_another_url_after_a_restart_is_told_and_differs_from_what_onlinesim_was_told() -> None:
    tunnel = FakeTunnel(URL, OTHER_URL)

    async def script(access: Access) -> None:
        await access.until(Verdict.PASS, within=10)
        await access.keeper.confirm_reported()
        changes = access.changes
        tunnel.die()
        await access.until(Verdict.FAIL, within=1)
        await access.until(Verdict.PASS, within=30)

        address = access.keeper.address
        assert (address.url, address.reported_url) == (OTHER_URL, URL)
        assert access.changes > changes
        await access.keeper.confirm_reported()
        assert access.kept.reported == OTHER_URL
        assert access.keeper.address.reported_url == OTHER_URL

    on_virtual_time(script, tunnel)


def test_wake_from_sleep_probes_at_once() -> None:
    async def script(access: Access) -> None:
        await access.until(Verdict.PASS, within=10)
        await asyncio.sleep(1)
        before = len(access.outside.probes)

        access.slept += 3600
        await asyncio.sleep(2)

        assert len(access.outside.probes) == before + 1

    on_virtual_time(script, FakeTunnel(URL))


def test_url_of_the_users_own_is_probed_and_nothing_is_restarted() -> None:
    async def script(access: Access) -> None:
        await access.until(Verdict.PASS, within=10)
        access.outside.is_up = False
        await access.until(Verdict.FAIL, within=FOUND_SECONDS)
        access.outside.is_up = True
        await access.until(Verdict.PASS, within=20)

        assert access.keeper.address.restarts == 0

    on_virtual_time(script, url=URL)


def test_without_a_public_address_nothing_is_probed_and_the_check_says_so() -> None:
    async def script(access: Access) -> None:
        await asyncio.sleep(100)

        assert access.outside.probes == []
        assert access.check.health.kind is HealthKind.PUBLIC_ADDRESS_MISSING
        with pytest.raises(KnownError, match="no public URL"):
            await access.keeper.test()

    on_virtual_time(script)


def test_host_key_is_used_once_the_user_has_confirmed_just_that_one() -> None:
    tunnel = FakeTunnel(URL, start_seconds=0.1)
    tunnel.failing = tunnel_failed(HealthKind.SSH_HOST_KEY_NEW, server="me@host:22", fingerprint="SHA256:abc")

    async def script(access: Access) -> None:
        await access.until(Verdict.FAIL, within=5)
        address = access.keeper.address
        assert (address.host, address.host_key) == ("me@host:22", "SHA256:abc")

        with pytest.raises(KnownError, match="does not show this key"):
            await access.keeper.confirm_host_key("SHA256:other")
        assert access.kept.keys == {}

        tunnel.failing = None
        await access.keeper.confirm_host_key("SHA256:abc")
        assert access.kept.keys == {"me@host:22": "SHA256:abc"}
        await access.until(Verdict.PASS, within=2)
        assert access.keeper.address.host_key == ""

    on_virtual_time(script, tunnel)


def test_test_of_the_user_answers_and_counts_as_a_probe() -> None:
    async def script(access: Access) -> None:
        await access.until(Verdict.PASS, within=10)

        result = await access.keeper.test()

        assert result.is_answered

    on_virtual_time(script, FakeTunnel(URL))
