"""Enough phones that agree outweigh this PC's clock, since they have their time from the network."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from phonefarm.domain.clock_trust import EARLIEST, clock_problem
from phonefarm.domain.health import HealthKind, health

NOW = datetime(2027, 3, 14, 12, tzinfo=UTC)
SECOND, MINUTE, HOUR = timedelta(seconds=1), timedelta(minutes=1), timedelta(hours=1)


def test_clock_is_trusted_without_enough_phones() -> None:
    assert clock_problem(NOW, []) is None
    assert clock_problem(NOW, [HOUR, HOUR]) is None


@pytest.mark.parametrize("now", [datetime(1980, 1, 1, tzinfo=UTC), EARLIEST - SECOND])
def test_clock_before_the_release_of_this_version_is_not_trusted(now: datetime) -> None:
    assert clock_problem(now, []) == health(HealthKind.CLOCK_TOO_EARLY, date=f"{now:%Y-%m-%d}")


@pytest.mark.parametrize(
    ("skews", "kind"),
    [
        ([HOUR, HOUR + 2 * SECOND, HOUR - 3 * SECOND], HealthKind.CLOCK_BEHIND),
        ([-HOUR, -HOUR, -HOUR, timedelta(0)], HealthKind.CLOCK_AHEAD),
    ],
)
def test_phones_that_agree_outweigh_the_pc(skews: list[timedelta], kind: HealthKind) -> None:
    assert clock_problem(NOW, skews) == health(kind, minutes=60, phones=3)


@pytest.mark.parametrize(
    "skews",
    [
        [timedelta(0), 2 * SECOND, -SECOND],
        [4 * MINUTE, 4 * MINUTE, 4 * MINUTE],
        [HOUR, -HOUR, 2 * HOUR, 30 * MINUTE],
        [HOUR, HOUR, timedelta(0), timedelta(0)],
        [HOUR, HOUR, timedelta(0)],
    ],
)
def test_phones_that_agree_with_the_pc_or_disagree_are_no_problem(skews: list[timedelta]) -> None:
    assert clock_problem(NOW, skews) is None
