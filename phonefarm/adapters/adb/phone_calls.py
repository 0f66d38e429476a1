"""Scripts run on one phone, their answers split; what cannot be split becomes an error of the world."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass
from typing import Protocol

from phonefarm.adapters.adb.provider import denial
from phonefarm.adapters.adb.script import AnswerCut, Script, Section
from phonefarm.adapters.adb.shell import ShellAnswer
from phonefarm.adapters.adb.smart_socket import shown
from phonefarm.application.interfaces import NotUnderstood, PhoneUnreachable, SmsWithheld


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


class PhoneCalls:
    """The shell of one phone, with scripts."""

    def __init__(self, serial: str, shell: RunsCommands) -> None:
        self.serial = serial
        self.shell = shell

    async def run(self, *commands: str, within: float) -> Answers:
        script = Script(commands)
        answer = await self.shell.run(script.command, within=within)
        try:
            clock, sections = script.split(answer.stdout.decode("utf-8", "replace"))
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
