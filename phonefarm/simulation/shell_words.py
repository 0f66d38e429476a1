"""Parser of the shell's command lines: quotes, expansions, pipes and separators."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

_VARIABLE = re.compile(r"\$(?:\{(\w+)\}|(\w+|\?))")
_OPERATORS = ("&&", "||", ";", "|", "\n")


class ShellSyntaxError(Exception):
    pass


@dataclass
class Word:
    """Pieces of text, each with a flag whether its variables are to be expanded."""

    pieces: list[tuple[str, bool]] = field(default_factory=list)

    def expanded(self, variables: Mapping[str, str]) -> str:
        return "".join(
            _VARIABLE.sub(lambda found: variables.get(found[1] or found[2], ""), text) if expands else text
            for text, expands in self.pieces
        )


@dataclass
class Command:
    """One command and the operator before it (empty for the first)."""

    after: str
    words: list[Word] = field(default_factory=list)


def parse(line: str) -> list[Command]:
    return _Parser(line).parse()


class _Parser:
    def __init__(self, line: str) -> None:
        self._line = line
        self._position = 0
        self._commands = [Command("")]
        self._word: Word | None = None

    def parse(self) -> list[Command]:
        while self._position < len(self._line):
            self._step()
        self._end_word()
        return [command for command in self._commands if command.words]

    def _step(self) -> None:
        char = self._line[self._position]
        operator = next((text for text in _OPERATORS if self._line.startswith(text, self._position)), None)
        if operator is not None:
            self._end_word()
            self._commands.append(Command(";" if operator == "\n" else operator))
            self._position += len(operator)
        elif char in " \t":
            self._end_word()
            self._position += 1
        elif char == "'":
            end = self._find_closing("'", self._position + 1)
            self._add(self._line[self._position + 1 : end], expands=False)
            self._position = end + 1
        elif char == '"':
            self._double_quoted()
        elif char == "\\":
            self._add(self._line[self._position + 1 : self._position + 2], expands=False)
            self._position += 2
        else:
            end = self._position + 1
            while end < len(self._line) and self._line[end] not in " \t\n;|&'\"\\":
                end += 1
            self._add(self._line[self._position : end], expands=True)
            self._position = end

    def _double_quoted(self) -> None:
        self._add("", expands=True)
        self._position += 1
        while self._position < len(self._line):
            char = self._line[self._position]
            if char == '"':
                self._position += 1
                return
            if char == "\\" and self._line[self._position + 1 : self._position + 2] in tuple('$"\\`'):
                self._add(self._line[self._position + 1], expands=False)
                self._position += 2
                continue
            end = self._position + 1
            while end < len(self._line) and self._line[end] not in '"\\':
                end += 1
            self._add(self._line[self._position : end], expands=True)
            self._position = end
        raise ShellSyntaxError("no closing quote")

    def _find_closing(self, quote: str, start: int) -> int:
        end = self._line.find(quote, start)
        if end < 0:
            raise ShellSyntaxError("no closing quote")
        return end

    def _add(self, text: str, *, expands: bool) -> None:
        if self._word is None:
            self._word = Word()
        self._word.pieces.append((text, expands))

    def _end_word(self) -> None:
        if self._word is not None:
            self._commands[-1].words.append(self._word)
            self._word = None
