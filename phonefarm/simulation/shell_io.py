"""What a shell command writes to: the host's stream in one of adb's three forms, or a pipe."""

from __future__ import annotations

from enum import Enum
from typing import Protocol

from phonefarm.simulation import packets
from phonefarm.simulation.adbd import Channel


class ShellIo(Protocol):
    async def stdout(self, text: str) -> None: ...

    async def stderr(self, text: str) -> None: ...


class Form(Enum):
    V2 = "shell v2"
    V1 = "shell"
    V1_PTY = "shell with a terminal"
    EXEC = "exec"


class Pipe:
    """Collects stdout for the next command; stderr goes past it."""

    def __init__(self, behind: ShellIo) -> None:
        self._behind = behind
        self.text = ""

    async def stdout(self, text: str) -> None:
        self.text += text

    async def stderr(self, text: str) -> None:
        await self._behind.stderr(text)


class Scissors:
    """Cuts the connection inside one answer, once armed."""

    def __init__(self) -> None:
        self.after: int | None = None

    def room(self, sent: int, adding: int) -> int | None:
        """How many of the `adding` bytes still pass before the cut; None where no cut is due."""
        if self.after is None or sent + adding <= self.after:
            return None
        room, self.after = self.after - sent, None
        return max(room, 0)


class Answer:
    """A command's answer on its way to the host."""

    def __init__(self, channel: Channel, form: Form, scissors: Scissors) -> None:
        self._channel = channel
        self._form = form
        self._scissors = scissors
        self._sent = 0

    async def stdout(self, text: str) -> None:
        data = text.encode("utf-8", "surrogateescape")
        if self._form is Form.V1_PTY:
            data = data.replace(b"\n", b"\r\n")
        if not data:
            return
        room = self._scissors.room(self._sent, len(data))
        if room is not None:
            await self._cut_after(data[:room])
        self._sent += len(data)
        await self._channel.write(self._framed(packets.FRAME_STDOUT, data))

    async def stderr(self, text: str) -> None:
        if self._form is Form.V2:
            await self._channel.write(packets.frame(packets.FRAME_STDERR, text.encode()))
        else:
            await self.stdout(text)

    async def exit(self, code: int) -> None:
        if self._sent and self._scissors.room(self._sent, 1) is not None:
            await self._cut_after(b"")
        if self._form is Form.V2:
            await self._channel.write(packets.frame(packets.FRAME_EXIT, bytes([code & 0xFF])))

    async def _cut_after(self, data: bytes) -> None:
        if data:
            await self._channel.write(self._framed(packets.FRAME_STDOUT, data))
        await self._channel.cut()
        raise ConnectionResetError("cut as ordered")

    def _framed(self, kind: int, data: bytes) -> bytes:
        return packets.frame(kind, data) if self._form is Form.V2 else data
