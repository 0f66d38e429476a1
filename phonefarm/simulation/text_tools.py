"""`grep`, `head` and `test` like toybox."""

from __future__ import annotations

import re

from phonefarm.simulation.files import exists
from phonefarm.simulation.shell_io import ShellIo

_FLAGS_WITH_VALUE = ("-e", "-m")


async def grep(words: list[str], stdin: str, io: ShellIo) -> int:
    """Filter stdin; supports -E -F -e -i -v -o -c -q -m."""
    flags, patterns, max_lines = _parse_grep(words)
    if not patterns:
        await io.stderr("grep: need pattern\n")
        return 2
    pattern = re.compile(
        "|".join(f"(?:{_to_python_regex(text, flags)})" for text in patterns), re.I if "i" in flags else 0
    )
    matching = [line for line in stdin.splitlines(keepends=True) if (pattern.search(line) is None) == ("v" in flags)][
        :max_lines
    ]
    if "c" in flags:
        await io.stdout(f"{len(matching)}\n")
    elif "o" in flags:
        await io.stdout("".join(f"{found.group()}\n" for line in matching for found in pattern.finditer(line)))
    elif "q" not in flags:
        await io.stdout("".join(matching))
    return 0 if matching else 1


def _parse_grep(words: list[str]) -> tuple[set[str], list[str], int | None]:
    flags: set[str] = set()
    patterns: list[str] = []
    max_lines: int | None = None
    rest = list(words)
    while rest:
        word = rest.pop(0)
        if word in _FLAGS_WITH_VALUE and rest:
            value = rest.pop(0)
            max_lines = int(value) if word == "-m" else max_lines
            patterns += [value] if word == "-e" else []
        elif word.startswith("-") and len(word) > 1:
            flags |= set(word[1:])
        elif not patterns:
            patterns.append(word)
    return flags, patterns, max_lines


def _to_python_regex(pattern: str, flags: set[str]) -> str:
    if "F" in flags:
        return re.escape(pattern)
    if "E" in flags:
        return pattern
    # In a basic regular expression, bare operators are literal and escaped ones are operators.
    return re.sub(r"\\?[|+?(){}]", lambda found: found[0][1:] if len(found[0]) == 2 else f"\\{found[0]}", pattern)


async def head(words: list[str], stdin: str, io: ShellIo) -> int:
    count = next((int(word.lstrip("-n")) for word in words if word.lstrip("-n").isdigit()), 10)
    await io.stdout("".join(stdin.splitlines(keepends=True)[:count]))
    return 0


def test(words: list[str]) -> int:
    match words:
        case ["-n", text] | [text]:
            return 0 if text else 1
        case ["-z", text]:
            return 1 if text else 0
        case ["-e" | "-f" | "-d" | "-r", path]:
            return 0 if exists(path) else 1
        case [left, "=" | "==", right]:
            return 0 if left == right else 1
        case [left, "!=", right]:
            return 0 if left != right else 1
        case [left, "-eq", right]:
            return 0 if left.strip() == right.strip() else 1
        case _:
            return 1
