"""A port of a real OpenSSH server leads to the webhooks; each way it may fail is named."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from phonefarm.adapters.secrets.key_file import KeyFile
from phonefarm.adapters.tunnel.kept_texts import HostKeysFile
from phonefarm.adapters.tunnel.prober import HttpProber
from phonefarm.adapters.tunnel.ssh_forward import SshForward, SshIdentity, SshTarget
from phonefarm.domain.health import HealthKind
from phonefarm.domain.tunnels import TunnelFailed
from phonefarm.support.deadlines import within
from tests.adapters.tunnel.conftest import Webhooks
from tests.adapters.tunnel.ssh_server import SshServer, free_port

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="OpenSSH's server is Debian's")

ENDS_SECONDS = 30.0


class Way:
    """A forward through the SSH server, whose public URL is the forwarded port itself."""

    def __init__(self, server: SshServer, webhooks: Webhooks, folder: Path) -> None:
        self.identity = SshIdentity(KeyFile(folder / "tunnel-key"))
        self.host_keys = HostKeysFile(folder)
        port = free_port()
        self.url = f"http://127.0.0.1:{port}"
        self.target = SshTarget(
            user=server.user, host="127.0.0.1", port=server.port, bind_host="127.0.0.1", bind_port=port
        )
        self.tunnel = SshForward(
            self.target,
            ("127.0.0.1", webhooks.port),
            self.identity,
            self.host_keys,
            self.url,
            connect_seconds=2.0,
            keepalive_seconds=0.3,
        )
        self.prober = HttpProber(webhooks.identity, "/probe")

    def confirm(self, server: SshServer) -> None:
        self.host_keys.write(self.target.name, server.fingerprint)

    @asynccontextmanager
    async def opened(self) -> AsyncIterator[asyncio.Task[None]]:
        """The tunnel's task, once the forward is open."""
        opened = asyncio.Event()
        running = asyncio.get_running_loop().create_task(self.tunnel.run(lambda _url: opened.set()), name="tunnel")
        waiting = asyncio.get_running_loop().create_task(opened.wait(), name="opened")
        try:
            async with within(ENDS_SECONDS):
                await asyncio.wait((running, waiting), return_when=asyncio.FIRST_COMPLETED)
            assert opened.is_set(), running.exception()
            yield running
        finally:
            for task in (running, waiting):
                task.cancel()
            await asyncio.gather(running, waiting, return_exceptions=True)

    async def failure(self) -> TunnelFailed:
        """How a start of the tunnel fails."""
        with pytest.raises(TunnelFailed) as caught:
            async with within(ENDS_SECONDS):
                await self.tunnel.run(lambda _url: None)
        return caught.value


@pytest.fixture
def way(ssh_server: SshServer, webhooks: Webhooks, tmp_path: Path) -> Way:
    way = Way(ssh_server, webhooks, tmp_path)
    ssh_server.authorize(way.identity.public_line())
    way.confirm(ssh_server)
    return way


async def test_forwarded_port_answers_the_probe_and_closes_with_the_tunnel(way: Way) -> None:
    async with way.opened():
        result = await way.prober.probe(way.url, within=5)
        assert result.is_answered, result

    after = await way.prober.probe(way.url, within=5)
    assert after.health.kind is HealthKind.PUBLIC_ADDRESS_SILENT


async def test_key_is_made_once_and_only_its_owner_can_read_it(way: Way, tmp_path: Path) -> None:
    again = SshIdentity(KeyFile(tmp_path / "tunnel-key"))

    assert again.public_line() == way.identity.public_line()
    assert way.identity.public_line().startswith("ssh-ed25519 ")
    assert (tmp_path / "tunnel-key").stat().st_mode & 0o077 == 0


async def test_host_key_that_nobody_has_confirmed_is_shown_and_not_trusted(
    way: Way, ssh_server: SshServer, tmp_path: Path
) -> None:
    (tmp_path / "ssh-host-keys.json").unlink()

    failure = await way.failure()

    assert failure.health.kind is HealthKind.SSH_HOST_KEY_NEW
    assert failure.health.fields["fingerprint"] == ssh_server.fingerprint


async def test_changed_host_key_is_refused(way: Way, ssh_server: SshServer) -> None:
    ssh_server.stop()
    ssh_server.new_host_key()
    ssh_server.start()

    failure = await way.failure()

    assert failure.health.kind is HealthKind.SSH_HOST_KEY_CHANGED
    assert failure.health.fields["fingerprint"] == ssh_server.fingerprint


async def test_server_that_does_not_know_our_key_is_named(way: Way, ssh_server: SshServer) -> None:
    ssh_server.authorize("")

    assert (await way.failure()).health.kind is HealthKind.SSH_KEY_REFUSED


async def test_server_that_forbids_forwarding_is_named(way: Way, ssh_server: SshServer) -> None:
    ssh_server.stop()
    ssh_server.forbid_forwarding()
    ssh_server.start()

    assert (await way.failure()).health.kind is HealthKind.SSH_FORWARD_REFUSED


async def test_server_that_is_away_is_named(way: Way, ssh_server: SshServer) -> None:
    ssh_server.stop()

    assert (await way.failure()).health.kind is HealthKind.SSH_SERVER_SILENT


async def test_server_that_hangs_at_the_first_word_is_given_up(way: Way, ssh_server: SshServer) -> None:
    ssh_server.pause()

    assert (await way.failure()).health.kind is HealthKind.SSH_SERVER_SILENT


async def test_tunnel_ends_with_the_server(way: Way, ssh_server: SshServer) -> None:
    async with way.opened() as running:
        ssh_server.stop()
        with pytest.raises(TunnelFailed) as caught:
            async with within(ENDS_SECONDS):
                await running

    assert caught.value.health.kind is HealthKind.SSH_ENDED


async def test_server_that_hangs_later_is_noticed_by_its_silence(way: Way, ssh_server: SshServer) -> None:
    async with way.opened() as running:
        ssh_server.pause()
        with pytest.raises(TunnelFailed) as caught:
            async with within(ENDS_SECONDS):
                await running

    assert caught.value.health.kind is HealthKind.SSH_ENDED
