"""The output of a shell command: adb's stream in one of its protocols, or a pipe."""

from __future__ import annotations

from enum import Enum
from typing import Protocol

from phonefarm.simulation import packets
from phonefarm.simulation.adbd import Channel


class ShellIo(Protocol):
    async def stdout(self, text: str) -> None: ...

    async def stderr(self, text: str) -> None: ...


class ShellProtocol(Enum):
    V2 = "shell v2"
    V1 = "shell"
    V1_PTY = "shell with a terminal"
    EXEC = "exec"


class Pipe:
    """Collects stdout for the next command; passes stderr on."""

    def __init__(self, behind: ShellIo) -> None:
        self._behind = behind
        self.text = ""

    async def stdout(self, text: str) -> None:
        self.text += text

    async def stderr(self, text: str) -> None:
        await self._behind.stderr(text)


class ConnectionCutter:
    """Cuts the connection once within an answer, after `after_bytes` bytes of stdout; None disarms it."""

    def __init__(self) -> None:
        self.after_bytes: int | None = None

    def bytes_before_cut(self, sent: int, adding: int) -> int | None:
        """How many of the `adding` bytes to send before the cut; None if no cut is due."""
        if self.after_bytes is None or sent + adding <= self.after_bytes:
            return None
        remaining, self.after_bytes = self.after_bytes - sent, None
        return max(remaining, 0)


class Answer:
    """Writes a command's output and exit code to the host's stream."""

    def __init__(self, channel: Channel, protocol: ShellProtocol, cutter: ConnectionCutter) -> None:
        self._channel = channel
        self._protocol = protocol
        self._cutter = cutter
        self._sent = 0

    async def stdout(self, text: str) -> None:
        data = text.encode("utf-8", "surrogateescape")
        if self._protocol is ShellProtocol.V1_PTY:
            data = data.replace(b"\n", b"\r\n")
        if not data:
            return
        before_cut = self._cutter.bytes_before_cut(self._sent, len(data))
        if before_cut is not None:
            await self._cut_after(data[:before_cut])
        self._sent += len(data)
        await self._channel.write(self._framed(packets.FRAME_STDOUT, data))

    async def stderr(self, text: str) -> None:
        if self._protocol is ShellProtocol.V2:
            await self._channel.write(packets.frame(packets.FRAME_STDERR, text.encode()))
        else:
            await self.stdout(text)

    async def exit(self, code: int) -> None:
        if self._sent and self._cutter.bytes_before_cut(self._sent, 1) is not None:
            await self._cut_after(b"")
        if self._protocol is ShellProtocol.V2:
            await self._channel.write(packets.frame(packets.FRAME_EXIT, bytes([code & 0xFF])))

    async def _cut_after(self, data: bytes) -> None:
        if data:
            await self._channel.write(self._framed(packets.FRAME_STDOUT, data))
        await self._channel.cut()
        raise ConnectionResetError("connection cut by the test")

    def _framed(self, kind: int, data: bytes) -> bytes:
        return packets.frame(kind, data) if self._protocol is ShellProtocol.V2 else data
