"""`logcat`: follows the phone's log until the host closes the stream."""

from __future__ import annotations

import asyncio
import re
from dataclasses import dataclass

from phonefarm.simulation.handset import Handset
from phonefarm.simulation.radio_log import LogLine
from phonefarm.simulation.shell_io import ShellIo

FIRST_SDK_WITH_REGEX = 24


class UsageError(Exception):
    pass


@dataclass(frozen=True, kw_only=True)
class Options:
    style: str = "threadtime"
    regex: str = ""
    last_lines: int | None = None
    tags: frozenset[str] = frozenset()
    """The only tags to print, if the filter ends with `*:S`; empty for all."""
    dumps_and_exits: bool = False
    clears: bool = False

    def matches(self, line: LogLine) -> bool:
        return (not self.tags or line.tag in self.tags) and re.search(self.regex, line.tag_and_text) is not None


def parse(words: list[str], sdk: int) -> Options:
    style, regex, last, dump, clears = "threadtime", "", None, False, False
    filters: set[str] = set()
    rest = [part for word in words for part in (word.split("=", 1) if word.startswith("--") else [word])]
    while rest:
        flag = rest.pop(0)
        if flag in ("-b", "-v", "-T", "-t", "-e", "--regex", "--buffer", "--format") and not rest:
            raise UsageError(f"logcat: option requires an argument -- {flag.lstrip('-')}")
        match flag:
            case "-b" | "--buffer":
                rest.pop(0)
            case "-v" | "--format":
                style = rest.pop(0)
            case "-T" | "-t":
                last, dump = int(rest.pop(0)), dump or flag == "-t"
            case "-e" | "--regex" if sdk >= FIRST_SDK_WITH_REGEX:
                regex = rest.pop(0)
            case "-d":
                dump = True
            case "-c":
                clears = True
            case _ if flag.startswith("-"):
                raise UsageError(f"logcat: unrecognized option '{flag}'")
            case _:
                filters.add(flag)
    if style == "epoch" and sdk < FIRST_SDK_WITH_REGEX:
        raise UsageError('Invalid parameter "epoch" to -v')
    tags = {name.partition(":")[0] for name in filters - {"*:S"}} if "*:S" in filters else set()
    return Options(style=style, regex=regex, last_lines=last, tags=frozenset(tags), dumps_and_exits=dump, clears=clears)


async def logcat(handset: Handset, words: list[str], io: ShellIo) -> int:
    try:
        options = parse(words, handset.profile.sdk)
    except UsageError as error:
        await io.stderr(f"{error}\n")
        return 255
    if options.clears:
        handset.log.clear()
        return 0
    reader = handset.log.open_reader(options.last_lines, options.matches)
    try:
        await io.stdout("--------- beginning of radio\n")
        await _follow(reader, options, io)
    finally:
        handset.log.close_reader(reader)
    return 0


async def _follow(reader: asyncio.Queue[LogLine], options: Options, io: ShellIo) -> None:
    while not (options.dumps_and_exits and reader.empty()):
        lines = [await reader.get()]
        while not reader.empty():
            lines.append(reader.get_nowait())
        await io.stdout("".join(line.formatted(options.style) for line in lines))
