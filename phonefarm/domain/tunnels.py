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
"""After a failed probe: two in a row are a dead tunnel, and it must be found within 30 s."""
FAILURES_OF_A_DEAD_TUNNEL = 2
ANSWER_IS_FRESH = timedelta(seconds=60)
"""Without an answer for longer, nobody may call all well."""
LONGEST_START = timedelta(seconds=45)
"""A tunnel that names no URL, or whose new URL does not answer, gets so long: a new name must reach the DNS."""
LONG_UP = timedelta(seconds=60)
"""A tunnel that was up for so long begins anew with the shortest delay."""

_DELAYS = tuple(timedelta(seconds=seconds) for seconds in (1, 2, 5, 10, 20, 30))


class TunnelKind(StrEnum):
    """How Onlinesim reaches the webhooks; the values stand in settings.toml."""

    NONE = "none"
    """The user has named no public address, so that phonefarm cannot check any."""
    URL = "url"
    """A URL of the user's own: a server in front, or a tunnel that somebody else keeps."""
    SSH = "ssh"
    """A reverse forward over SSH to a server of the user's."""
    CLOUDFLARED = "cloudflared"
    CLOUDFLARED_NAMED = "cloudflared named"
    NGROK = "ngrok"
    TUNA = "tuna"
    LOCALTONET = "localtonet"
    COMMAND = "command"
    """Any program that prints its URL."""


class TunnelFailed(KnownError):
    """The tunnel has ended or could not be opened; `health` says why."""

    def __init__(self, found: Health) -> None:
        super().__init__(found.kind.value)
        self.health = found


def tunnel_failed(kind: HealthKind, **fields: str | int | float) -> TunnelFailed:
    return TunnelFailed(health(kind, **fields))


def restart_delay(failures: int) -> timedelta:
    """How long to wait before the next start, after so many failures in a row (at least one)."""
    return _DELAYS[min(failures, len(_DELAYS)) - 1]


@dataclass(frozen=True, kw_only=True)
class ProbeResult:
    """How one request from outside to our own probe path ended."""

    is_answered: bool
    """Whether this very process has answered: it alone knows the proof of the nonce."""
    health: Health
    seconds: float = 0.0


def probe_url(base: str, path: str) -> str:
    return base.rstrip("/") + path


def public_url_problem(text: str) -> str | None:
    """Why a text cannot be the public address, or None: https, a host, no path that Onlinesim would have to know."""
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
