"""The market reaches the webhooks through a real SSH tunnel, and a tunnel that breaks is found and healed."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from phonefarm.adapters.secrets.key_file import KeyFile
from phonefarm.adapters.tunnel.kept_texts import HostKeysFile
from phonefarm.adapters.tunnel.ssh_forward import SshIdentity
from phonefarm.runtime.public_access import SSH_KEY_FILE
from tests.adapters.tunnel.ssh_server import SSHD, SshServer, free_port
from tests.farm.harness import Harness, until

pytestmark = [
    pytest.mark.farm,
    pytest.mark.skipif(sys.platform == "win32" or SSHD is None, reason="no OpenSSH server is installed"),
]

FOUND_SECONDS, HEALED_SECONDS = 30.0, 60.0


@dataclass(frozen=True, kw_only=True)
class TunnelHarness:
    harness: Harness
    server: SshServer
    public_url: str

    def check(self) -> dict[str, str]:
        check: dict[str, str] = self.harness.app.health()["checks"]["tunnel"]
        return check

    def until_check(self, status: str, within: float) -> None:
        until(lambda: self.check()["status"] == status, within, f"tunnel {status}")


@pytest.fixture
def through_ssh(harness: Harness, tmp_path: Path) -> Iterator[TunnelHarness]:
    folder = tmp_path / "sshd"
    folder.mkdir()
    server = SshServer(folder)
    port = free_port()
    public_url = f"http://127.0.0.1:{port}"
    name = f"{server.user}@127.0.0.1:{server.port}"
    data = tmp_path / "data"
    data.mkdir(exist_ok=True)
    server.authorize(SshIdentity(KeyFile(data / SSH_KEY_FILE)).public_line())
    HostKeysFile(data).write(name, server.fingerprint)
    harness.app.set(TUNNEL="ssh", SSH_SERVER=name, SSH_FORWARD=f"127.0.0.1:{port}", PUBLIC_URL=public_url)
    server.start()
    yield TunnelHarness(harness=harness, server=server, public_url=public_url)
    server.resume()
    server.stop()


def test_order_and_sms_pass_through_the_tunnel_and_a_dead_one_is_healed(through_ssh: TunnelHarness) -> None:
    harness = through_ssh.harness
    harness.open_app()
    harness.market.sim.target_url = through_ssh.public_url
    through_ssh.until_check("pass", 20)

    rent = harness.order()
    harness.send(rent.msisdn, "your code is 4242")
    harness.until_texts(rent, "your code is 4242")

    died_at = time.monotonic()
    through_ssh.server.pause()  # it is there, and nothing comes through
    through_ssh.until_check("fail", FOUND_SECONDS)
    through_ssh.server.resume()
    through_ssh.until_check("pass", HEALED_SECONDS - (time.monotonic() - died_at))
    assert harness.order().msisdn != rent.msisdn


def test_server_with_another_key_is_not_trusted(through_ssh: TunnelHarness) -> None:
    through_ssh.server.stop()
    through_ssh.server.new_host_key()
    through_ssh.server.start()

    through_ssh.harness.open_app()

    through_ssh.until_check("fail", 20)
    assert through_ssh.server.fingerprint in through_ssh.check()["detail"]
