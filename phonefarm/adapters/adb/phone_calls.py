"""Scripts run on one phone, their answers split; what cannot be split becomes an error of the world."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Protocol, TypeVar

import structlog

from phonefarm.adapters.adb.provider import denial
from phonefarm.adapters.adb.script import AnswerCut, Script, Section
from phonefarm.adapters.adb.shell import ShellAnswer
from phonefarm.adapters.adb.smart_socket import shown
from phonefarm.application.ports.world import NotUnderstood, PhoneUnreachable, SmsWithheld
from phonefarm.support.daemon_threads import in_own_thread

log = structlog.get_logger(__name__)

T = TypeVar("T")

LARGEST_ANSWER = 2 * 1024 * 1024
"""Of questions about the phone itself; Samsung's dumps are the longest, some hundred kilobytes."""
LARGEST_WINDOW = 8 * 1024 * 1024
"""Of texts: fifty rows as hex."""
BIG_ANSWER = 128 * 1024
"""Understood within a few milliseconds."""


@dataclass(frozen=True, kw_only=True)
class Answers:
    """What the commands of one call printed; stderr is all of theirs together."""

    sections: Sequence[Section]
    stderr: str
    phone_clock: float | None
    clock_seen_at: float | None
    """Loop time at which the phone's clock came in."""
    asked_at: float
    """Loop time at which the first of them was sent: what happened later may not be in the answers."""


AHEAD_GOOD_FOR = 5.0
"""Seconds after which an answer that was asked for ahead is old: the question is asked anew."""


@dataclass(frozen=True, kw_only=True)
class _Ahead:
    """An answer that waits for its question."""

    section: Section
    asked_at: float
    good_until: float
    phone_clock: float | None
    clock_seen_at: float | None


class RunsCommands(Protocol):
    @property
    def keeps_stderr_apart(self) -> bool: ...

    async def run(self, command: str, *, within: float) -> ShellAnswer: ...

    def lines(self, command: str) -> AsyncGenerator[str, None]: ...


async def off_the_loop(work: Callable[[], T], size: int) -> T:
    """What `work` makes of an answer of this size: on a thread of its own where it would hold up the other phones."""
    return work() if size <= BIG_ANSWER else await in_own_thread(work, "a big answer of a phone")


class PhoneCalls:
    """The shell of one phone, with scripts."""

    def __init__(self, serial: str, shell: RunsCommands) -> None:
        self.serial = serial
        self.shell = shell
        self._ahead: dict[str, _Ahead] = {}

    async def run(self, *commands: str, within: float, most: int = LARGEST_ANSWER) -> Answers:
        """Whatever `ask_ahead` has asked for already is answered without another call.

        `most`: bytes that the answers may have together.
        """
        if not self._ahead:
            return await self._ask(commands, within=within, most=most)
        now = asyncio.get_running_loop().time()
        known = {
            command: ahead
            for command in commands
            if (ahead := self._ahead.pop(command, None)) is not None and now <= ahead.good_until
        }
        missing = [command for command in commands if command not in known]
        asked = await self._ask(missing, within=within, most=most) if missing else None
        return _joined(commands, known, asked)

    async def ask_ahead(self, *commands: str, within: float) -> None:
        """Ask in one call what will be asked one after the other in a moment; each answer serves once, and soon.

        A phone whose shell mixes stdout with stderr is asked later, as ever: whose words are whose could not be told.
        So is one that does not answer all of it: a single question that hangs must not cost the others.
        """
        if not self.shell.keeps_stderr_apart:
            return
        try:
            asked = await self._ask(commands, within=within, most=LARGEST_WINDOW, marks_stderr=True)
        except PhoneUnreachable as error:
            log.info("asked one by one", phone=shown(self.serial), cause=str(error))
            return
        good_until = asyncio.get_running_loop().time() + AHEAD_GOOD_FOR
        self._ahead |= {
            command: _Ahead(
                section=section,
                asked_at=asked.asked_at,
                good_until=good_until,
                phone_clock=asked.phone_clock,
                clock_seen_at=asked.clock_seen_at,
            )
            for command, section in zip(commands, asked.sections, strict=True)
        }

    def told_ahead(self, command: str) -> str:
        """What it printed, where it was asked ahead and its answer still waits; else nothing."""
        ahead = self._ahead.get(command)
        return "" if ahead is None else ahead.section.text

    def forget_ahead(self) -> None:
        """What was asked ahead may not hold any more."""
        self._ahead.clear()

    async def _ask(self, commands: Sequence[str], *, within: float, most: int, marks_stderr: bool = False) -> Answers:
        asked_at = asyncio.get_running_loop().time()
        script = Script(commands, marks_stderr=marks_stderr)
        answer = await self.shell.run(script.command, within=within)
        size = len(answer.stdout) + len(answer.stderr)
        if size > most:
            raise PhoneUnreachable(f"Phone {shown(self.serial)} answered {size} bytes, more than any phone does.")
        stderr = answer.stderr.decode("utf-8", "replace")
        try:
            clock, sections = await off_the_loop(lambda: script.split(answer.stdout.decode("utf-8", "replace")), size)
            if marks_stderr:
                words = script.split_stderr(stderr)
                sections = [replace(section, stderr=mine) for section, mine in zip(sections, words, strict=True)]
        except AnswerCut as error:
            raise PhoneUnreachable(f"Phone {shown(self.serial)}: the answer was cut.") from error
        return Answers(
            sections=sections,
            stderr=stderr,
            phone_clock=clock,
            clock_seen_at=answer.first_output_at,
            asked_at=asked_at,
        )

    def unreadable(self, what: str) -> NotUnderstood:
        """An answer that is whole and not understood; `what` never holds any of its text."""
        return NotUnderstood(f"Phone {shown(self.serial)} gave an answer that is not understood: {what}.")

    def withheld(self, why: str) -> SmsWithheld:
        """The cause; what to do about it depends on the make and is worded with the phone's state."""
        return SmsWithheld(f"Phone {shown(self.serial)} keeps its SMS from adb: {why}.")

    def check_denied(self, *texts: str) -> None:
        """SmsWithheld if a query's stderr (or what an old shell mixed with it) tells of a missing permission."""
        if (words := denial(*texts)) is not None:
            raise self.withheld(words)


def _joined(commands: Sequence[str], known: Mapping[str, _Ahead], asked: Answers | None) -> Answers:
    """One answer of what was asked ahead and what was asked now, in the order of the commands."""
    now = iter(asked.sections if asked is not None else ())
    sections = [known[command].section if command in known else next(now) for command in commands]
    stderr = "".join(ahead.section.stderr for ahead in known.values()) + (asked.stderr if asked is not None else "")
    if not known:
        assert asked is not None
        return replace(asked, sections=sections, stderr=stderr)
    first = next(iter(known.values()))
    return Answers(
        sections=sections,
        stderr=stderr,
        phone_clock=first.phone_clock,
        clock_seen_at=first.clock_seen_at,
        asked_at=first.asked_at,
    )
