"""Builds the keeper of the public address from the settings."""

from __future__ import annotations

from collections.abc import Callable

from phonefarm.adapters.secrets.key_file import KeyFile
from phonefarm.adapters.tunnel.kept_texts import HostKeysFile, ReportedUrlFile
from phonefarm.adapters.tunnel.presets import program_spec
from phonefarm.adapters.tunnel.prober import HttpProber, ProbeIdentity
from phonefarm.adapters.tunnel.program import ProgramTunnel, inherited_environment
from phonefarm.adapters.tunnel.ssh_forward import SshForward, SshIdentity, SshTarget
from phonefarm.application.access.public_address import PublicAddressKeeper, PublicAddressPlan
from phonefarm.application.model.health_board import HealthBoard
from phonefarm.application.ports.tunnels import Tunnel
from phonefarm.config.settings import Settings, parse_address, parse_ssh_server
from phonefarm.domain.hosts import is_loopback
from phonefarm.domain.tunnels import TunnelKind
from phonefarm.support.clock import Clock

SSH_KEY_FILE = "ssh-tunnel-key"


def ssh_identity(settings: Settings) -> SshIdentity:
    return SshIdentity(KeyFile(settings.data_dir / SSH_KEY_FILE))


def public_address_keeper(
    settings: Settings,
    webhooks: tuple[str, int],
    identity: ProbeIdentity,
    probe_path: str,
    board: HealthBoard,
    clock: Clock,
    steady: Callable[[], float],
    on_change: Callable[[], None],
) -> PublicAddressKeeper:
    """`webhooks`: the address that the webhook port is bound to. Raises KnownError for a command it cannot split."""
    kind = TunnelKind(settings.tunnel)
    plan = PublicAddressPlan(
        kind=kind,
        url="" if kind is TunnelKind.NONE else settings.public_url,
        tunnel=_tunnel(kind, settings, _reachable(webhooks)),
    )
    return PublicAddressKeeper(
        plan,
        HttpProber(identity, probe_path),
        ReportedUrlFile(settings.data_dir),
        HostKeysFile(settings.data_dir),
        board,
        clock,
        steady,
        on_change,
    )


def _tunnel(kind: TunnelKind, settings: Settings, webhooks: tuple[str, int]) -> Tunnel | None:
    if kind in (TunnelKind.NONE, TunnelKind.URL):
        return None
    if kind is TunnelKind.SSH:
        user, host, port = parse_ssh_server(settings.ssh_server)
        bind_host, bind_port = parse_address(settings.ssh_forward)
        target = SshTarget(user=user, host=host, port=port, bind_host=bind_host, bind_port=bind_port)
        host_keys = HostKeysFile(settings.data_dir)
        return SshForward(target, webhooks, ssh_identity(settings), host_keys, settings.public_url)
    spec = program_spec(
        kind,
        _as_text(*webhooks),
        command=settings.tunnel_command,
        pattern=settings.tunnel_url_pattern,
        name=settings.tunnel_name,
    )
    return ProgramTunnel(spec, inherited_environment, settings.public_url)


def _reachable(webhooks: tuple[str, int]) -> tuple[str, int]:
    """Where this PC itself reaches a port: one that is bound to all addresses, through loopback."""
    host, port = webhooks
    return (host, port) if is_loopback(host) or host not in ("0.0.0.0", "::", "") else ("127.0.0.1", port)  # noqa: S104


def _as_text(host: str, port: int) -> str:
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
