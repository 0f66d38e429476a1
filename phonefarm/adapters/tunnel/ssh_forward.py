"""A reverse forward over SSH: a port of the user's server leads to the webhooks of this PC."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

import asyncssh
import structlog

from phonefarm.application.ports.tunnels import HostKeys
from phonefarm.domain.health import HealthKind
from phonefarm.domain.tunnels import tunnel_failed
from phonefarm.support import deadlines

log = structlog.get_logger(__name__)

CONNECT_SECONDS = 10.0
KEEPALIVE_SECONDS = 5.0
KEEPALIVES_WITHOUT_ANSWER = 2
"""A server that has gone without a word is noticed after 15 s, sooner than by two probes."""
CLOSE_SECONDS = 2.0
KEY_ALGORITHM = "ssh-ed25519"
KEY_COMMENT = "phonefarm"


class SecretText(Protocol):
    """A text in a place that only its owner can read; both calls block and raise KnownError."""

    def read_key(self) -> str | None: ...

    def write_key(self, key: str) -> None: ...


@dataclass(frozen=True, kw_only=True)
class SshTarget:
    user: str
    host: str
    port: int
    bind_host: str
    """The address on the server at which the forwarded port listens."""
    bind_port: int

    @property
    def name(self) -> str:
        return f"{self.user}@{self.host}:{self.port}"


class SshIdentity:
    """The program's own SSH key, made when it is first needed."""

    def __init__(self, kept: SecretText) -> None:
        self._kept = kept

    def key(self) -> asyncssh.SSHKey:
        """Read or make the private key. Blocks; raises KnownError."""
        text = self._kept.read_key()
        if text is not None:
            return asyncssh.import_private_key(text + "\n")
        key = asyncssh.generate_private_key(KEY_ALGORITHM, comment=KEY_COMMENT)
        self._kept.write_key(key.export_private_key().decode().strip())
        return key

    def public_line(self) -> str:
        """The line for `authorized_keys` on the server. Blocks; raises KnownError."""
        return self.key().export_public_key().decode().strip()


class SshForward:
    """Fulfils `Tunnel`; the public URL is the user's, since only the user knows the name of the server."""

    def __init__(
        self,
        target: SshTarget,
        local: tuple[str, int],
        identity: SshIdentity,
        host_keys: HostKeys,
        url: str,
        *,
        connect_seconds: float = CONNECT_SECONDS,
        keepalive_seconds: float = KEEPALIVE_SECONDS,
    ) -> None:
        """`local`: host and port of the webhooks."""
        self._connect_seconds = connect_seconds
        self._keepalive_seconds = keepalive_seconds
        self._target = target
        self._local = local
        self._identity = identity
        self._host_keys = host_keys
        self._url = url

    async def run(self, report_url: Callable[[str], None]) -> None:
        key = await asyncio.to_thread(self._identity.key)
        confirmed = await asyncio.to_thread(self._host_keys.read, self._target.name)
        connection = await self._connect(key, confirmed)
        try:
            await self._forward(connection)
            log.info("SSH tunnel open", server=self._target.name, port=self._target.bind_port)
            report_url(self._url)
            await connection.wait_closed()
        finally:
            await _close(connection)
        raise tunnel_failed(HealthKind.SSH_ENDED, server=self._target.name, cause="closed by the server")

    async def _connect(self, key: asyncssh.SSHKey, confirmed: str) -> asyncssh.SSHClientConnection:
        target, check = self._target, _HostKeyCheck(confirmed)
        try:
            async with deadlines.within(self._connect_seconds):
                return await asyncssh.connect(
                    target.host,
                    target.port,
                    username=target.user,
                    client_keys=[key],
                    client_factory=lambda: check,
                    known_hosts=_no_known_hosts,
                    config=None,
                    agent_path=None,
                    preferred_auth="publickey",
                    keepalive_interval=self._keepalive_seconds,
                    keepalive_count_max=KEEPALIVES_WITHOUT_ANSWER,
                )
        except asyncssh.HostKeyNotVerifiable as error:
            kind = HealthKind.SSH_HOST_KEY_CHANGED if confirmed else HealthKind.SSH_HOST_KEY_NEW
            raise tunnel_failed(kind, server=target.name, fingerprint=check.shown) from error
        except asyncssh.PermissionDenied as error:
            raise tunnel_failed(HealthKind.SSH_KEY_REFUSED, server=target.name) from error
        except TimeoutError as error:
            cause = f"no answer within {self._connect_seconds:g} s"
            raise tunnel_failed(HealthKind.SSH_SERVER_SILENT, server=target.name, cause=cause) from error
        except (OSError, asyncssh.Error) as error:
            raise tunnel_failed(HealthKind.SSH_SERVER_SILENT, server=target.name, cause=_cause_of(error)) from error

    async def _forward(self, connection: asyncssh.SSHClientConnection) -> None:
        target = self._target
        try:
            async with deadlines.within(self._connect_seconds):
                await connection.forward_remote_port(target.bind_host, target.bind_port, *self._local)
        except (asyncssh.Error, asyncssh.ChannelListenError, OSError) as error:
            refused = tunnel_failed(HealthKind.SSH_FORWARD_REFUSED, server=target.name, port=target.bind_port)
            raise refused from error


class _HostKeyCheck(asyncssh.SSHClient):
    """Accepts the confirmed key alone, and notes which one the server showed."""

    def __init__(self, confirmed: str) -> None:
        self._confirmed = confirmed
        self.shown = ""

    def validate_host_public_key(self, host: str, addr: str, port: int, key: asyncssh.SSHKey) -> bool:
        self.shown = key.get_fingerprint()
        return bool(self._confirmed) and self.shown == self._confirmed


def _no_known_hosts(_host: str, _addr: str, _port: int | None) -> Any:
    """Neither the user's nor the system's list: the confirmed fingerprint decides."""
    return [], [], [], [], [], [], []


async def _close(connection: asyncssh.SSHClientConnection) -> None:
    """In order, if the server takes part; else at once."""
    connection.close()
    try:
        async with deadlines.within(CLOSE_SECONDS):
            await connection.wait_closed()
    except TimeoutError:
        connection.abort()


def _cause_of(error: BaseException) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0]
