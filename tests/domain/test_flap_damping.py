"""A phone that comes and goes is damped until it stays; one that was unplugged is not."""

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


def test_losses_far_apart_never_damp() -> None:
    assert not lost(50, every=COUNTED_WITHIN / (LOSSES_THAT_DAMP - 1)).is_damped


def test_damped_phone_that_stays_is_steady_again() -> None:
    damped = lost(LOSSES_THAT_DAMP)
    last = damped.losses[-1]

    assert damped.at(last + STEADY_AFTER - SECOND).is_damped
    assert not damped.at(last + STEADY_AFTER).is_damped


def test_loss_while_damped_begins_the_proof_anew() -> None:
    damped = lost(LOSSES_THAT_DAMP)
    again = damped.losses[-1] + 50 * SECOND

    damped = damped.on_loss(again)

    assert damped.at(again + 50 * SECOND).is_damped


def test_phone_that_is_damped_again_must_stay_twice_as_long() -> None:
    damping = lost(LOSSES_THAT_DAMP)
    back = damping.losses[-1] + STEADY_AFTER
    damping = damping.at(back)
    for number in range(LOSSES_THAT_DAMP - 1):
        damping = damping.on_loss(back + number * SECOND)

    assert damping.is_damped
    assert damping.steady_after == 2 * STEADY_AFTER


def test_proof_never_takes_longer_than_ten_minutes() -> None:
    assert FlapDamping(dampings=40).steady_after == LONGEST_STEADY_AFTER


def test_quiet_hour_makes_the_past_forgotten() -> None:
    damping = lost(LOSSES_THAT_DAMP)
    damping = damping.at(damping.losses[-1] + STEADY_AFTER)

    assert damping.at(NOON + 2 * HOUR) == FlapDamping()


def test_losses_that_are_kept_are_bounded() -> None:
    assert len(lost(1000, every=SECOND / 2).losses) <= 32


def test_clock_that_is_set_back_damps_nothing_for_ever() -> None:
    damped = lost(LOSSES_THAT_DAMP)

    assert damped.at(NOON - MINUTE) == damped
    assert not damped.at(NOON + HOUR).is_damped
