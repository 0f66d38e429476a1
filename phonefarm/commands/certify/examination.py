"""Runs named checks one after the other and collects their results."""

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
    """A rule was violated; the message has the request, the response and the expected one."""


class Skipped(Exception):
    """The check needs something that is missing; the message names it."""


def require(condition: bool, message: str) -> None:
    """Raise Failed with the message unless the condition holds."""
    if not condition:
        raise Failed(message)


@dataclass(frozen=True, kw_only=True)
class Result:
    name: str
    """A sentence that is true if the check passes."""
    grade: Grade
    detail: str
    seconds: float


Check = Callable[[], Awaitable[str]]
"""Returns its observation for the report; raises Failed or Skipped."""


async def run_checks(checks: Sequence[tuple[str, Check]], on_result: Callable[[Result], None]) -> list[Result]:
    """Run all checks, even after failures; call `on_result` with each result at once."""
    results = []
    for name, check in checks:
        started = time.monotonic()
        try:
            grade, detail = Grade.PASSED, await check()
        except Skipped as reason:
            grade, detail = Grade.SKIPPED, str(reason)
        except (Failed, NoReply) as failure:
            grade, detail = Grade.FAILED, str(failure)
        result = Result(name=name, grade=grade, detail=detail, seconds=time.monotonic() - started)
        results.append(result)
        on_result(result)
    return results
