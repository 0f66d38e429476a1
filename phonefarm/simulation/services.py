"""adbd's services on a virtual phone: the shell in its three forms."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from phonefarm.simulation.adbd import Channel, Service
from phonefarm.simulation.profiles import Profile
from phonefarm.simulation.shell_io import Answer, Form, Scissors

RunLine = Callable[[str, Answer], Awaitable[int]]


def service_named(name: str, profile: Profile, scissors: Scissors, run: RunLine) -> Service | None:
    """The service behind `name` as the host asks for it, or None where this phone has no such service."""
    kind, colon, line = name.partition(":")
    form = _form(kind, profile)
    if not colon or form is None:
        return None

    async def serve(channel: Channel) -> None:
        # A log that streams for ever is not an answer: a cut that was ordered waits for a real one.
        answer = Answer(channel, form, Scissors() if line.startswith("logcat") else scissors)
        await answer.exit(await run(line, answer))

    return serve


def _form(kind: str, profile: Profile) -> Form | None:
    word, *options = kind.split(",")
    if word == "exec" and not options:
        return Form.EXEC
    if word != "shell":
        return None
    if "v2" in options:
        return Form.V2 if profile.has_shell_v2 else None
    return Form.V1_PTY if profile.has_pty and "raw" not in options else Form.V1
