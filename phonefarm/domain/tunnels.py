"""Public addresses: how a probe from outside may end, and when a tunnel is restarted."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from urllib.parse import urlsplit

from phonefarm.domain.errors import KnownError
from phonefarm.domain.health import Health, HealthKind, health
from phonefarm.domain.hosts import is_loopback

PROBE_EVERY = timedelta(seconds=15)
PROBE_AGAIN = timedelta(seconds=3)
"""After a failed probe, so that a dead tunnel is detected within 30 s."""
FAILURES_OF_A_DEAD_TUNNEL = 2
ANSWER_IS_FRESH = timedelta(seconds=60)
"""Without an answer for longer, the public address does not count as working."""
LONGEST_START = timedelta(seconds=45)
"""Time limit for a new tunnel to report its URL, and for a new URL to answer: its name must reach the DNS."""
LONG_UP = timedelta(seconds=60)
"""After a tunnel that was open for this long, the backoff starts again with its shortest delay."""

_DELAYS = tuple(timedelta(seconds=seconds) for seconds in (1, 2, 5, 10, 20, 30))


class TunnelKind(StrEnum):
    """How Onlinesim reaches the webhooks. The values are those of settings.toml."""

    NONE = "none"
    """No public address is set, so phonefarm checks none."""
    URL = "url"
    """The user's own URL: a reverse proxy, or a tunnel that phonefarm does not run."""
    SSH = "ssh"
    """A reverse forward over SSH to the user's server."""
    CLOUDFLARED = "cloudflared"
    CLOUDFLARED_NAMED = "cloudflared named"
    NGROK = "ngrok"
    TUNA = "tuna"
    LOCALTONET = "localtonet"
    COMMAND = "command"
    """Any program that prints its URL."""


class TunnelFailed(KnownError):
    """The tunnel has ended or could not be opened, for the reason in `health`."""

    def __init__(self, found: Health) -> None:
        super().__init__(found.kind.value)
        self.health = found


def tunnel_failed(kind: HealthKind, **fields: str | int | float) -> TunnelFailed:
    return TunnelFailed(health(kind, **fields))


def restart_delay(failures: int) -> timedelta:
    """Backoff before the next start; `failures` in a row, at least one."""
    return _DELAYS[min(failures, len(_DELAYS)) - 1]


@dataclass(frozen=True, kw_only=True)
class ProbeResult:
    """The result of one request from outside to our probe path."""

    is_answered: bool
    """Whether this process has answered, by its proof of the nonce."""
    health: Health
    seconds: float = 0.0


def probe_url(base: str, path: str) -> str:
    return base.rstrip("/") + path


def public_url_problem(text: str) -> str | None:
    """Why a text cannot be the public address; None if it can."""
    try:
        parts = urlsplit(text)
        port_is_valid = parts.port != 0
    except ValueError:
        return "must be a web address such as https://farm.example.com"
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.username or parts.password:
        return "must be a web address such as https://farm.example.com"
    if not text.isprintable() or " " in text or parts.query or parts.fragment or not port_is_valid:
        return "must be a web address such as https://farm.example.com, without anything behind it"
    if parts.scheme == "http" and not is_loopback(parts.hostname):
        return "must start with https: the key travels with each call"
    return None
