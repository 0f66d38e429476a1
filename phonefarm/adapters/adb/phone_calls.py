"""Runs several commands on one phone in one shell call, and prefetches answers."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Protocol, TypeVar

import structlog

from phonefarm.adapters.adb.provider import find_denial
from phonefarm.adapters.adb.script import AnswerCut, Script, Section
from phonefarm.adapters.adb.shell import ShellAnswer
from phonefarm.adapters.adb.smart_socket import printable
from phonefarm.application.ports.world import NotUnderstood, PhoneUnreachable, SmsWithheld
from phonefarm.support.daemon_threads import in_own_thread

log = structlog.get_logger(__name__)

T = TypeVar("T")

MAX_ANSWER_BYTES = 2 * 1024 * 1024
"""For commands about the phone itself; Samsung's dumps are the longest, at some hundred kilobytes."""
MAX_WINDOW_BYTES = 8 * 1024 * 1024
"""For texts: fifty rows as hex."""
OFF_LOOP_BYTES = 128 * 1024
"""Larger answers are parsed on a thread; up to this size it takes a few milliseconds."""


@dataclass(frozen=True, kw_only=True)
class Answers:
    """The output of the commands of one call; stderr is that of all commands together."""

    sections: Sequence[Section]
    stderr: str
    phone_clock: float | None
    clock_seen_at: float | None
    """Loop time at which the phone's clock arrived."""
    asked_at: float
    """Loop time at which the first command was sent; later events may be missing from the answers."""


PREFETCH_LIFETIME_SECONDS = 5.0
"""A prefetched answer that is older is discarded."""


@dataclass(frozen=True, kw_only=True)
class _Prefetched:
    """A prefetched answer."""

    section: Section
    asked_at: float
    good_until: float
    phone_clock: float | None
    clock_seen_at: float | None


class CommandRunner(Protocol):
    """A shell on one phone; see `Shell`. Timeouts in seconds; raises PhoneUnreachable and ServerDown."""

    @property
    def separates_stderr(self) -> bool: ...

    async def run(self, command: str, *, within: float) -> ShellAnswer: ...

    def lines(self, command: str) -> AsyncGenerator[str, None]: ...


async def run_off_loop(work: Callable[[], T], size: int) -> T:
    """Run `work` on an answer of `size` bytes; on a thread if it is large, so that it does not block the event loop."""
    return work() if size <= OFF_LOOP_BYTES else await in_own_thread(work, "parsing of a large answer")


class PhoneCalls:
    """Runs commands on one phone, several per shell call."""

    def __init__(self, serial: str, shell: CommandRunner) -> None:
        self.serial = serial
        self.shell = shell
        self._prefetched: dict[str, _Prefetched] = {}

    async def run(self, *commands: str, within: float, max_bytes: int = MAX_ANSWER_BYTES) -> Answers:
        """The answers of all commands, from `prefetch` if it has them, else from one shell call.

        `max_bytes`: limit of all answers together.
        """
        if not self._prefetched:
            return await self._ask(commands, within=within, max_bytes=max_bytes)
        now = asyncio.get_running_loop().time()
        found = {
            command: prefetched
            for command in commands
            if (prefetched := self._prefetched.pop(command, None)) is not None and now <= prefetched.good_until
        }
        missing = [command for command in commands if command not in found]
        fetched = await self._ask(missing, within=within, max_bytes=max_bytes) if missing else None
        return _merge_answers(commands, found, fetched)

    async def prefetch(self, *commands: str, within: float) -> None:
        """Run in one call the commands that several `run` calls need next. Each answer is used once and expires soon.

        Prefetches nothing from a shell that mixes stdout with stderr, since stderr could not be assigned to commands,
        nor if the call fails: one command that hangs must not affect the others.
        """
        if not self.shell.separates_stderr:
            return
        try:
            fetched = await self._ask(commands, within=within, max_bytes=MAX_WINDOW_BYTES, marks_stderr=True)
        except PhoneUnreachable as error:
            log.info("prefetch failed, commands run one by one", phone=printable(self.serial), cause=str(error))
            return
        good_until = asyncio.get_running_loop().time() + PREFETCH_LIFETIME_SECONDS
        self._prefetched |= {
            command: _Prefetched(
                section=section,
                asked_at=fetched.asked_at,
                good_until=good_until,
                phone_clock=fetched.phone_clock,
                clock_seen_at=fetched.clock_seen_at,
            )
            for command, section in zip(commands, fetched.sections, strict=True)
        }

    def prefetched_text(self, command: str) -> str:
        """The prefetched output of `command`, which stays available; empty if there is none."""
        prefetched = self._prefetched.get(command)
        return "" if prefetched is None else prefetched.section.text

    def discard_prefetched(self) -> None:
        """Call it when the prefetched answers may be outdated."""
        self._prefetched.clear()

    async def _ask(
        self, commands: Sequence[str], *, within: float, max_bytes: int, marks_stderr: bool = False
    ) -> Answers:
        asked_at = asyncio.get_running_loop().time()
        script = Script(commands, marks_stderr=marks_stderr)
        answer = await self.shell.run(script.command, within=within)
        size = len(answer.stdout) + len(answer.stderr)
        if size > max_bytes:
            raise PhoneUnreachable(f"Phone {printable(self.serial)} answered {size} bytes, more than any phone does.")
        stderr = answer.stderr.decode("utf-8", "replace")
        try:
            clock, sections = await run_off_loop(partial(_split, script, answer.stdout), size)
            if marks_stderr:
                parts = script.split_stderr(stderr)
                sections = [replace(section, stderr=part) for section, part in zip(sections, parts, strict=True)]
        except AnswerCut as error:
            raise PhoneUnreachable(f"Phone {printable(self.serial)}: the answer was cut.") from error
        return Answers(
            sections=sections,
            stderr=stderr,
            phone_clock=clock,
            clock_seen_at=answer.first_output_at,
            asked_at=asked_at,
        )

    def unreadable_error(self, what: str) -> NotUnderstood:
        """For a complete answer that is not understood; `what` must not quote it."""
        return NotUnderstood(f"Phone {printable(self.serial)} gave an answer that is not understood: {what}.")

    def withheld_error(self, why: str) -> SmsWithheld:
        """Has only the cause; the next step depends on the make and is worded with the phone's state."""
        return SmsWithheld(f"Phone {printable(self.serial)} keeps its SMS from adb: {why}.")

    def raise_if_denied(self, *texts: str) -> None:
        """Raise SmsWithheld if a query's output reports a missing permission; old shells print it on stdout."""
        if (words := find_denial(*texts)) is not None:
            raise self.withheld_error(words)


def _split(script: Script, stdout: bytes) -> tuple[float | None, list[Section]]:
    return script.split(stdout.decode("utf-8", "replace"))


def _merge_answers(commands: Sequence[str], found: Mapping[str, _Prefetched], fetched: Answers | None) -> Answers:
    """Prefetched and new answers in the sequence of `commands`; their times are the earliest ones."""
    new_sections = iter(fetched.sections if fetched is not None else ())
    sections = [found[command].section if command in found else next(new_sections) for command in commands]
    stderr = "".join(prefetched.section.stderr for prefetched in found.values())
    stderr += fetched.stderr if fetched is not None else ""
    if not found:
        assert fetched is not None
        return replace(fetched, sections=sections, stderr=stderr)
    first = next(iter(found.values()))
    return Answers(
        sections=sections,
        stderr=stderr,
        phone_clock=first.phone_clock,
        clock_seen_at=first.clock_seen_at,
        asked_at=first.asked_at,
    )
