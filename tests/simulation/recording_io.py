"""Runs command lines on a handset without a network and records their output."""

from __future__ import annotations

from phonefarm.simulation.handset import Handset
from phonefarm.simulation.shell import Shell


class RecordingIo:
    def __init__(self) -> None:
        self.out = ""
        self.err = ""

    async def stdout(self, text: str) -> None:
        self.out += text

    async def stderr(self, text: str) -> None:
        self.err += text


async def run_line(handset: Handset, line: str) -> tuple[str, str, int]:
    """stdout, stderr and exit code."""
    io = RecordingIo()
    code = await Shell(handset).run(line, io)
    return io.out, io.err, code
