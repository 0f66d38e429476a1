"""Several commands in one shell call, their answers kept apart by marks that no answer can hold."""

from __future__ import annotations

import re
import secrets
from collections.abc import Sequence
from dataclasses import dataclass, field


class AnswerCut(Exception):
    """A mark is missing: the answer is not whole."""


@dataclass(frozen=True, kw_only=True)
class Section:
    """What one command of a script printed on stdout."""

    text: str = field(repr=False)
    exit_code: int
    stderr: str = ""
    """Its own words there; empty where the script does not tell whose they are."""


class Script:
    """Commands joined by marks; the marks hold a nonce of this call, so no stored text can fake them.

    `marks_stderr`: on a shell that keeps stderr apart, each command's words there are its own, too.
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
        """The phone's clock as the call began (None if it did not say) and one section a command."""
        clock = _CLOCK.search(stdout)  # an old shell's linker may warn before the script's first word
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
        """The words of each command of a script that marks them."""
        words = []
        for place in range(self._count):
            mine, mark, stderr = stderr.partition(f"{self._mark(place)}\n")
            if not mark:
                raise AnswerCut
            words.append(mine)
        return words

    def _mark(self, place: int) -> str:
        return f"E:{self._nonce}:{place}"


def _find_mark(text: str, mark: str, start: int) -> tuple[int, int, int]:
    """Where the mark begins and its line ends, and the exit code on it. No pattern is built for it: that costs more."""
    while (place := text.find(mark, start)) >= 0:
        code = _CODE.match(text, place + len(mark))
        if code is not None:
            return place, code.end(), int(code[1])
        start = place + 1
    raise AnswerCut


_CODE = re.compile(r":([0-9]{1,9})\n")
_CLOCK = re.compile(r"^S:(?:([0-9]{1,12})[.,]([0-9]{1,9}))?\n", re.MULTILINE)
