"""Scheduled backups; a failing one is reported and retried."""

from __future__ import annotations

from datetime import datetime

import pytest

from phonefarm.application.model.health_board import NAMES, STORAGE, HealthBoard
from phonefarm.application.model.read_models import Verdict
from phonefarm.application.upkeep.backups import RETRY_AFTER_FAILURE, Backups, is_due
from phonefarm.domain.errors import KnownError
from phonefarm.domain.health import problem
from phonefarm.wording.health import health_text
from tests.builders import HOUR, MINUTE, NOON
from tests.fakes.clock import FakeClock

EVERY = 6 * HOUR


class Shelf:
    """A backup store that keeps only times."""

    def __init__(self) -> None:
        self.made: list[datetime] = []
        self.trouble: KnownError | None = None
        self.tidied = 0

    def remove_leftovers(self) -> None:
        self.tidied += 1

    def newest_at(self) -> datetime | None:
        return self.made[-1] if self.made else None

    def make(self, now: datetime, keep: int) -> str:
        if self.trouble is not None:
            raise self.trouble
        self.made.append(now)
        return f"the newest of {keep}"


@pytest.mark.parametrize(
    ("newest", "failed", "due"),
    [
        (None, None, True),
        (NOON - EVERY, None, True),
        (NOON - EVERY + MINUTE, None, False),
        (NOON + HOUR, None, True),
        (NOON - EVERY, NOON - MINUTE, False),
        (NOON - EVERY, NOON - RETRY_AFTER_FAILURE, True),
    ],
)
def test_backup_is_due_when_the_newest_is_old_enough_and_none_has_just_failed(
    newest: datetime | None, failed: datetime | None, due: bool
) -> None:
    assert is_due(newest, failed, NOON, EVERY) is due


async def test_failing_backup_is_a_warning_until_one_succeeds() -> None:
    shelf = Shelf()
    clock = FakeClock()
    health = HealthBoard(clock, lambda: None)
    for name in NAMES:
        health.report(name, Verdict.PASS, problem("well"))
    backups = Backups(shelf, health, clock, every=EVERY, keep=3)

    def storage() -> tuple[Verdict, str]:
        check = next(check for check in health.checks() if check.name == STORAGE)
        return check.verdict, health_text(check.health)

    shelf.trouble = KnownError("The backup could not be made: No space left on device.")
    await backups.make()
    assert storage() == (Verdict.WARN, "The backup could not be made: No space left on device.")
    shelf.trouble = None
    await backups.make()

    assert storage()[0] is Verdict.PASS
    assert shelf.made == [clock()]
