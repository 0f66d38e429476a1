"""adbd's services on a virtual phone: shell and exec."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from phonefarm.simulation.adbd import Channel, Service
from phonefarm.simulation.profiles import Profile
from phonefarm.simulation.shell_io import Answer, ConnectionCutter, ShellProtocol

RunLine = Callable[[str, Answer], Awaitable[int]]


def find_service(name: str, profile: Profile, cutter: ConnectionCutter, run: RunLine) -> Service | None:
    """The service that the host opens as `name`, or None if the phone has no such service."""
    kind, colon, line = name.partition(":")
    protocol = _protocol(kind, profile)
    if not colon or protocol is None:
        return None

    async def serve(channel: Channel) -> None:
        # An endless log stream is no answer: an armed cut waits for the next real one.
        answer = Answer(channel, protocol, ConnectionCutter() if line.startswith("logcat") else cutter)
        await answer.exit(await run(line, answer))

    return serve


def _protocol(kind: str, profile: Profile) -> ShellProtocol | None:
    word, *options = kind.split(",")
    if word == "exec" and not options:
        return ShellProtocol.EXEC
    if word != "shell":
        return None
    if "v2" in options:
        return ShellProtocol.V2 if profile.has_shell_v2 else None
    return ShellProtocol.V1_PTY if profile.has_pty and "raw" not in options else ShellProtocol.V1
