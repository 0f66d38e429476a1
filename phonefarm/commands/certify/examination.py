"""The form of an examination: checks with names, run one after the other, each with its result."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from phonefarm.commands.certify.caller import NoReply


class Grade(StrEnum):
    PASSED = "passed"
    FAILED = "failed"
    SKIPPED = "skipped"


class Failed(Exception):
    """A rule was broken; says what was asked, what came, what would be right."""


class Skipped(Exception):
    """The check needs something that is not at hand; says what."""


def require(is_so: bool, what: str) -> None:
    if not is_so:
        raise Failed(what)


@dataclass(frozen=True, kw_only=True)
class Result:
    name: str
    """One sentence that is true where the check passes."""
    grade: Grade
    detail: str
    seconds: float


Check = Callable[[], Awaitable[str]]
"""Returns what it saw, for the report; raises Failed or Skipped."""


async def run_checks(checks: Sequence[tuple[str, Check]], told: Callable[[Result], None]) -> list[Result]:
    """Run every check, also after failures; `told` hears each result as it comes."""
    results = []
    for name, check in checks:
        begun = time.monotonic()
        try:
            grade, detail = Grade.PASSED, await check()
        except Skipped as reason:
            grade, detail = Grade.SKIPPED, str(reason)
        except (Failed, NoReply) as failure:
            grade, detail = Grade.FAILED, str(failure)
        result = Result(name=name, grade=grade, detail=detail, seconds=time.monotonic() - begun)
        results.append(result)
        told(result)
    return results
