"""A phone's shell whose answers come from a function of the test."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncGenerator, Callable

from phonefarm.adapters.adb.shell import ShellAnswer

Answer = str | tuple[str, str]
"""stdout, or (stdout, stderr)."""

_SCRIPT = re.compile(
    r"(?P<command>.*?); echo (?P<mark>E:[0-9a-f]+:\d+):\$\?(?P<apart>; echo E:[0-9a-f]+:\d+ >&2)?(?:; |$)", re.DOTALL
)


class ScriptedShell:
    separates_stderr = True

    def __init__(self, answers: Callable[[str], Answer], *, clock: str = "1700000000.250000") -> None:
        self._answers = answers
        self._clock = clock
        self.commands: list[str] = []
        self.calls = 0

    async def run(self, command: str, *, within: float) -> ShellAnswer:
        self.calls += 1
        start, _, rest = command.partition("; ")
        assert start == "echo S:$EPOCHREALTIME"
        stdout, stderr = f"S:{self._clock}\n", ""
        for found in _SCRIPT.finditer(rest):
            self.commands.append(found["command"])
            answer = self._answers(found["command"])
            out, err = (answer, "") if isinstance(answer, str) else answer
            stdout += f"{out}{found['mark']}:0\n"
            stderr += f"{err}{found['mark']}\n" if found["apart"] else err
        return ShellAnswer(
            stdout=stdout.encode("utf-8", "surrogateescape"),
            stderr=stderr.encode(),
            exit_code=0,
            first_output_at=asyncio.get_running_loop().time(),
        )

    async def lines(self, command: str) -> AsyncGenerator[str, None]:
        yield ""
