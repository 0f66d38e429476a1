"""Three unused rents in a row withhold a number for 24 hours."""

from __future__ import annotations

import pytest

from phonefarm.domain.bans import BAN_LENGTH, Streak, after_finish, one_more_failure_bans
from phonefarm.domain.rents import FinishStatus
from tests.builders import HOUR, NOON

NEUTRAL = [FinishStatus.NOT_ORDERED, FinishStatus.DEPRECATED, FinishStatus.REFUNDED]


def fail(streak: Streak) -> Streak:
    return after_finish(streak, FinishStatus.CANCELLED, 0, NOON)


def test_third_unused_rent_in_a_row_bans_for_24_hours() -> None:
    fresh = Streak(unused_in_a_row=0)

    assert fail(fresh) == Streak(unused_in_a_row=1)
    assert fail(fail(fresh)) == Streak(unused_in_a_row=2)
    assert fail(fail(fail(fresh))) == Streak(unused_in_a_row=0, banned_until=NOON + BAN_LENGTH)
    assert BAN_LENGTH == 24 * HOUR


@pytest.mark.parametrize("accepted", [0, 1])
def test_sold_rent_resets_the_count(accepted: int) -> None:
    assert after_finish(Streak(unused_in_a_row=2), FinishStatus.SOLD, accepted, NOON) == Streak(unused_in_a_row=0)


@pytest.mark.parametrize("status", list(FinishStatus))
def test_accepted_sms_resets_the_count_however_the_rent_ends(status: FinishStatus) -> None:
    assert after_finish(Streak(unused_in_a_row=2), status, 1, NOON) == Streak(unused_in_a_row=0)


@pytest.mark.parametrize("status", NEUTRAL)
def test_other_ends_without_sms_do_not_count(status: FinishStatus) -> None:
    streak = Streak(unused_in_a_row=2)

    assert after_finish(streak, status, 0, NOON) == streak


def test_third_failure_does_not_shorten_a_longer_ban() -> None:
    by_hand = Streak(unused_in_a_row=2, banned_until=NOON + 240 * HOUR)

    assert fail(by_hand).banned_until == NOON + 240 * HOUR


def test_no_end_of_a_rent_lifts_a_ban() -> None:
    banned = Streak(unused_in_a_row=0, banned_until=NOON + HOUR)

    for status in FinishStatus:
        assert after_finish(banned, status, 0, NOON).banned_until == NOON + HOUR


def test_warning_comes_with_the_second_failure() -> None:
    assert [one_more_failure_bans(count) for count in range(4)] == [False, False, True, False]
