"""What the supervision of the public address needs of the world."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from phonefarm.domain.tunnels import ProbeResult


class Tunnel(Protocol):
    """One way from a public URL to the webhook port."""

    async def run(self, report_url: Callable[[str], None]) -> None:
        """Open the tunnel and keep it open; ends by raising only.

        `report_url` is called with the public URL each time the tunnel names one. Raises TunnelFailed with the cause.
        Cancelling closes the tunnel and everything that was started for it within 3 s.
        """
        ...


class Prober(Protocol):
    """Requests from outside."""

    async def probe(self, url: str, *, within: float) -> ProbeResult:
        """Ask our own probe path at the public URL with a fresh nonce, over a new connection.

        Every failure is a result; `within`: seconds.
        """
        ...


class ReportedUrl(Protocol):
    """The public URL that the user has last passed on to Onlinesim; both calls block."""

    def read(self) -> str:
        """Empty where none was ever confirmed."""
        ...

    def write(self, url: str) -> None:
        """Raises KnownError."""
        ...


class HostKeys(Protocol):
    """The keys by which SSH servers are known; all calls block."""

    def read(self, server: str) -> str:
        """The confirmed fingerprint (`SHA256:...`) of the server's key; empty where none was confirmed."""
        ...

    def write(self, server: str, fingerprint: str) -> None:
        """Raises KnownError."""
        ...
