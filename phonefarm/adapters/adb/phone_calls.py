"""Scripts run on one phone, their answers split; what cannot be split becomes an error of the world."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable, Sequence
from dataclasses import dataclass
from typing import Protocol, TypeVar

from phonefarm.adapters.adb.provider import denial
from phonefarm.adapters.adb.script import AnswerCut, Script, Section
from phonefarm.adapters.adb.shell import ShellAnswer
from phonefarm.adapters.adb.smart_socket import shown
from phonefarm.application.interfaces import NotUnderstood, PhoneUnreachable, SmsWithheld
from phonefarm.daemon_threads import in_own_thread

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


class RunsCommands(Protocol):
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

    async def run(self, *commands: str, within: float, most: int = LARGEST_ANSWER) -> Answers:
        """`most`: bytes that the answers may have together."""
        script = Script(commands)
        answer = await self.shell.run(script.command, within=within)
        size = len(answer.stdout) + len(answer.stderr)
        if size > most:
            raise PhoneUnreachable(f"Phone {shown(self.serial)} answered {size} bytes, more than any phone does.")
        try:
            clock, sections = await off_the_loop(lambda: script.split(answer.stdout.decode("utf-8", "replace")), size)
        except AnswerCut as error:
            raise PhoneUnreachable(f"Phone {shown(self.serial)}: the answer was cut.") from error
        return Answers(
            sections=sections,
            stderr=answer.stderr.decode("utf-8", "replace"),
            phone_clock=clock,
            clock_seen_at=answer.first_output_at,
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
