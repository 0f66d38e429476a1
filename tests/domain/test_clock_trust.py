"""Phones have their time from the network: enough of them that agree outweigh this PC's clock."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from phonefarm.domain.clock_trust import EARLIEST, clock_problem

NOW = datetime(2027, 3, 14, 12, tzinfo=UTC)
SECOND, MINUTE, HOUR = timedelta(seconds=1), timedelta(minutes=1), timedelta(hours=1)


def test_clock_without_witnesses_is_believed() -> None:
    assert clock_problem(NOW, []) is None
    assert clock_problem(NOW, [HOUR, HOUR]) is None


@pytest.mark.parametrize("now", [datetime(1980, 1, 1, tzinfo=UTC), EARLIEST - SECOND])
def test_clock_before_this_version_was_made_is_not_believed(now: datetime) -> None:
    assert "set it" in (clock_problem(now, []) or "")


@pytest.mark.parametrize(
    ("skews", "said"),
    [
        ([HOUR, HOUR + 2 * SECOND, HOUR - 3 * SECOND], "60 min behind the clocks of 3 phones"),
        ([-HOUR, -HOUR, -HOUR, timedelta(0)], "60 min ahead of the clocks of 3 phones"),
    ],
)
def test_phones_that_agree_outweigh_the_pc(skews: list[timedelta], said: str) -> None:
    assert said in (clock_problem(NOW, skews) or "")


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
def test_phones_that_agree_with_the_pc_or_not_with_each_other_outweigh_nothing(skews: list[timedelta]) -> None:
    assert clock_problem(NOW, skews) is None
