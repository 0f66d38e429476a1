"""The command lines of known tunnel programs, and where in their output the public URL stands.

None takes a secret as an argument: each keeps its token in its own configuration (`ngrok config add-authtoken`,
`tuna config save-token`, `localtonet authtoken`, `cloudflared tunnel login`).
"""

from __future__ import annotations

import re
import shlex
import sys
from dataclasses import dataclass

from phonefarm.domain.errors import KnownError
from phonefarm.domain.tunnels import TunnelKind

_ANY_URL = r"https://[A-Za-z0-9.-]+(?::[0-9]+)?"


@dataclass(frozen=True, kw_only=True)
class ProgramSpec:
    command: tuple[str, ...]
    """Program and arguments."""
    url_pattern: re.Pattern[str] | None
    """Its first group, else the whole match, is the URL; None where the user has stated it."""

    @property
    def program(self) -> str:
        return self.command[0]

    def url_in(self, line: str) -> str | None:
        if self.url_pattern is None or (match := self.url_pattern.search(line)) is None:
            return None
        return match.group(match.lastindex or 0).rstrip("/")


_PRESETS: dict[TunnelKind, tuple[tuple[str, ...], str]] = {
    TunnelKind.CLOUDFLARED: (
        ("cloudflared", "tunnel", "--no-autoupdate", "--url", "http://{address}"),
        r"https://(?!api\.)[a-z0-9-]+\.trycloudflare\.com",
    ),
    TunnelKind.NGROK: (
        ("ngrok", "http", "{address}", "--log", "stdout", "--log-format", "logfmt"),
        rf"started tunnel.*\burl=({_ANY_URL})",
    ),
    TunnelKind.TUNA: (("tuna", "http", "{address}"), rf"({_ANY_URL})\s*->"),
    TunnelKind.LOCALTONET: (("localtonet", "http", "--port", "{port}"), r"https://[A-Za-z0-9.-]+\.localto\.net"),
}


def program_spec(
    kind: TunnelKind, address: str, *, command: str = "", pattern: str = "", name: str = ""
) -> ProgramSpec:
    """The program of a kind for webhooks at `address` (host:port).

    `command` and `pattern`: the user's, for COMMAND; `name`: of a named cloudflared tunnel. Raises KnownError.
    """
    port = address.rpartition(":")[2]
    if kind is TunnelKind.COMMAND:
        return ProgramSpec(command=_filled(split_command(command), address, port), url_pattern=checked_pattern(pattern))
    if kind is TunnelKind.CLOUDFLARED_NAMED:
        return ProgramSpec(command=("cloudflared", "tunnel", "--no-autoupdate", "run", name), url_pattern=None)
    words, url = _PRESETS[kind]
    return ProgramSpec(command=_filled(words, address, port), url_pattern=re.compile(url))


def split_command(command: str) -> tuple[str, ...]:
    """A command line in words, as the system's shell would split it; raises KnownError."""
    try:
        words = shlex.split(command, posix=sys.platform != "win32")
    except ValueError as error:
        raise KnownError(f"The tunnel command cannot be understood ({error}): check its quotation marks.") from None
    if not words:
        raise KnownError("The tunnel command is empty: enter a program and its arguments.")
    return tuple(word.strip('"') if sys.platform == "win32" else word for word in words)


def checked_pattern(pattern: str) -> re.Pattern[str]:
    """The user's pattern, by default any https URL; raises KnownError."""
    try:
        return re.compile(pattern or _ANY_URL)
    except re.error as error:
        raise KnownError(f"The URL pattern is no regular expression ({error}).") from None


def _filled(words: tuple[str, ...], address: str, port: str) -> tuple[str, ...]:
    return tuple(word.replace("{address}", address).replace("{port}", port) for word in words)
