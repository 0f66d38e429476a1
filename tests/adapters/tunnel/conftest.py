"""What the tests of the tunnels share: an SSH server, and webhooks that answer the probe."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from aiohttp import web

from phonefarm.adapters.tunnel.prober import NONCE, PROOF, ProbeIdentity
from tests.adapters.tunnel.ssh_server import SSHD, SshServer


@pytest.fixture
def ssh_server(tmp_path: Path) -> Iterator[SshServer]:
    if SSHD is None:
        pytest.skip("no OpenSSH server is installed")
    folder = tmp_path / "sshd"
    folder.mkdir()
    server = SshServer(folder)
    server.start()
    yield server
    server.resume()
    server.stop()


class Webhooks:
    """Answers the probe as the program does, on a port of its own."""

    def __init__(self, identity: ProbeIdentity) -> None:
        self.identity = identity
        self.port = 0
        self.status = 200
        self.body: str | None = None
        """Instead of the right answer."""

    async def answer(self, request: web.Request) -> web.Response:
        if self.body is not None:
            return web.Response(text=self.body, status=self.status)
        proof = self.identity.proof_of(request.query[NONCE])
        return web.json_response({"status": "SUCCESS", PROOF: proof}, status=self.status)


@pytest.fixture
async def webhooks() -> AsyncIterator[Webhooks]:
    hooks = Webhooks(ProbeIdentity())
    app = web.Application()
    app.router.add_get("/probe", hooks.answer)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    hooks.port = runner.addresses[0][1]
    yield hooks
    await runner.cleanup()
