"""Runs several commands in one shell call and splits their output at marks that no output can contain."""

from __future__ import annotations

import re
import secrets
from collections.abc import Sequence
from dataclasses import dataclass, field


class AnswerCut(Exception):
    """A mark is missing: the answer is incomplete."""


@dataclass(frozen=True, kw_only=True)
class Section:
    """The output of one command of a script."""

    text: str = field(repr=False)
    exit_code: int
    stderr: str = ""
    """Empty unless the script marks stderr."""


class Script:
    """Commands joined by marks with a nonce of this call, so that no stored text can imitate them.

    `marks_stderr`: mark stderr too, for a shell that separates it.
    """

    def __init__(self, commands: Sequence[str], nonce: str | None = None, *, marks_stderr: bool = False) -> None:
        self._nonce = nonce or secrets.token_hex(8)
        self._count = len(commands)
        marked = []
        for place, command in enumerate(commands):
            also = f"; echo {self._mark(place)} >&2" if marks_stderr else ""
            marked.append(f"{command}; echo {self._mark(place)}:$?{also}")
        self.command = f"echo S:$EPOCHREALTIME; {'; '.join(marked)}"

    def split(self, stdout: str) -> tuple[float | None, list[Section]]:
        """The phone's Unix time when the call began (None if it cannot print it), and one section per command."""
        clock = _CLOCK.search(stdout)  # an old shell's linker may print warnings first
        if clock is None:
            raise AnswerCut
        rest = stdout[clock.end() :]
        sections = []
        start = 0
        for place in range(self._count):
            end, after, code = _find_mark(rest, self._mark(place), start)
            sections.append(Section(text=rest[start:end], exit_code=code))
            start = after
        if start != len(rest):
            raise AnswerCut
        return (float(f"{clock[1]}.{clock[2]}") if clock[1] else None), sections

    def split_stderr(self, stderr: str) -> list[str]:
        """The stderr of each command of a script that marks it."""
        parts = []
        for place in range(self._count):
            part, mark, stderr = stderr.partition(f"{self._mark(place)}\n")
            if not mark:
                raise AnswerCut
            parts.append(part)
        return parts

    def _mark(self, place: int) -> str:
        return f"E:{self._nonce}:{place}"


def _find_mark(text: str, mark: str, start: int) -> tuple[int, int, int]:
    """Where the mark begins and its line ends, and its exit code. Compiling a regex per mark would be slower."""
    while (place := text.find(mark, start)) >= 0:
        code = _CODE.match(text, place + len(mark))
        if code is not None:
            return place, code.end(), int(code[1])
        start = place + 1
    raise AnswerCut


_CODE = re.compile(r":([0-9]{1,9})\n")
_CLOCK = re.compile(r"^S:(?:([0-9]{1,12})[.,]([0-9]{1,9}))?\n", re.MULTILINE)
