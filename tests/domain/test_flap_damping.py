"""A flapping phone is damped until it stays connected; one that was unplugged once is not."""

from __future__ import annotations

from datetime import timedelta

from phonefarm.domain.flap_damping import (
    COUNTED_WITHIN,
    LONGEST_STEADY_AFTER,
    LOSSES_THAT_DAMP,
    STEADY_AFTER,
    FlapDamping,
)
from tests.builders import HOUR, MINUTE, NOON, SECOND


def lost(times: int, *, every: timedelta = 20 * SECOND) -> FlapDamping:
    damping = FlapDamping()
    for number in range(times):
        damping = damping.on_loss(NOON + number * every)
    return damping


def test_phone_that_left_a_few_times_is_not_damped() -> None:
    assert not lost(LOSSES_THAT_DAMP - 1).is_damped


def test_one_loss_more_within_ten_minutes_damps_it() -> None:
    assert lost(LOSSES_THAT_DAMP).is_damped


def test_losses_far_apart_do_not_damp() -> None:
    assert not lost(50, every=COUNTED_WITHIN / (LOSSES_THAT_DAMP - 1)).is_damped


def test_damping_ends_when_the_phone_stays() -> None:
    damped = lost(LOSSES_THAT_DAMP)
    last = damped.losses[-1]

    assert damped.at(last + STEADY_AFTER - SECOND).is_damped
    assert not damped.at(last + STEADY_AFTER).is_damped


def test_loss_while_damped_restarts_the_wait() -> None:
    damped = lost(LOSSES_THAT_DAMP)
    again = damped.losses[-1] + 50 * SECOND

    damped = damped.on_loss(again)

    assert damped.at(again + 50 * SECOND).is_damped


def test_second_damping_lasts_twice_as_long() -> None:
    damping = lost(LOSSES_THAT_DAMP)
    back = damping.losses[-1] + STEADY_AFTER
    damping = damping.at(back)
    for number in range(LOSSES_THAT_DAMP - 1):
        damping = damping.on_loss(back + number * SECOND)

    assert damping.is_damped
    assert damping.steady_after == 2 * STEADY_AFTER


def test_damping_ends_after_ten_minutes_without_a_loss_at_the_latest() -> None:
    assert FlapDamping(dampings=40).steady_after == LONGEST_STEADY_AFTER


def test_former_dampings_are_forgotten_after_a_quiet_hour() -> None:
    damping = lost(LOSSES_THAT_DAMP)
    damping = damping.at(damping.losses[-1] + STEADY_AFTER)

    assert damping.at(NOON + 2 * HOUR) == FlapDamping()


def test_stored_losses_are_bounded() -> None:
    assert len(lost(1000, every=SECOND / 2).losses) <= 32


def test_damping_ends_also_after_the_clock_was_set_back() -> None:
    damped = lost(LOSSES_THAT_DAMP)

    assert damped.at(NOON - MINUTE) == damped
    assert not damped.at(NOON + HOUR).is_damped
