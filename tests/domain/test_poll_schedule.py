"""When a phone's inbox is read next."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from phonefarm.domain.poll_schedule import CHASE_SECONDS, HINT_MEMORY_SECONDS, LEAST_SPACING_SECONDS, PollSchedule

POLL = 10.0


def polled(schedule: PollSchedule, at: float, found: int = 0, took: float = 0.1) -> PollSchedule:
    return schedule.on_poll(begun=at, ended=at + took, found=found, interval=POLL)


def test_without_hints_the_next_poll_is_the_safety_poll() -> None:
    assert polled(PollSchedule(next_poll=0.0), 0.0).next_poll == pytest.approx(0.1 + POLL)


def test_hint_brings_the_next_poll_forward_to_now() -> None:
    resting = polled(PollSchedule(next_poll=0.0), 0.0)

    assert resting.on_hint(5.0).next_poll == 5.0


def test_hint_never_delays_a_poll() -> None:
    assert PollSchedule(next_poll=3.0).on_hint(5.0).next_poll == 3.0


def test_missing_row_is_chased_with_backoff_and_then_left_to_the_safety_poll() -> None:
    schedule, waits = polled(PollSchedule(next_poll=0.0), 0.0).on_hint(5.0), list[float]()

    for _ in range(len(CHASE_SECONDS) + 1):
        begun = schedule.next_poll + 0.01
        schedule = polled(schedule, begun)
        waits.append(schedule.next_poll - begun - 0.1)

    assert waits == pytest.approx([*CHASE_SECONDS, POLL])


def test_chase_ends_when_the_message_is_found() -> None:
    hinted = PollSchedule(next_poll=0.0).on_hint(0.0)

    found = polled(hinted, 0.05, found=1)

    assert found.chase is None
    assert found.next_poll == pytest.approx(0.15 + POLL)


def test_hint_during_a_poll_means_another_poll_soon() -> None:
    hinted_during = PollSchedule(next_poll=0.0).on_hint(1.05)

    assert polled(hinted_during, 1.0, found=1).next_poll == pytest.approx(1.1 + LEAST_SPACING_SECONDS)


def test_chase_is_never_slower_than_the_poll() -> None:
    schedule = PollSchedule(next_poll=0.0, chase=len(CHASE_SECONDS) - 1)

    after = schedule.on_poll(begun=0.0, ended=0.1, found=0, interval=3.0)

    assert after.next_poll == pytest.approx(3.1)


def test_message_soon_after_a_hint_was_announced() -> None:
    schedule = PollSchedule(next_poll=0.0).on_hint(5.0)

    assert schedule.was_announced(5.0 + HINT_MEMORY_SECONDS)
    assert not schedule.was_announced(5.1 + HINT_MEMORY_SECONDS)
    assert not PollSchedule(next_poll=0.0).was_announced(5.0)


@given(st.lists(st.floats(0.0, 3.0), max_size=40), st.integers(0, 1))
def test_polls_keep_their_spacing_with_any_number_of_hints(hints: list[float], found: int) -> None:
    hints = sorted(hints)
    schedule, ends = PollSchedule(next_poll=0.0), list[tuple[float, float]]()

    while len(ends) < 30:
        while hints and hints[0] <= schedule.next_poll:
            schedule = schedule.on_hint(hints.pop(0))
        begun = schedule.next_poll
        schedule = polled(schedule, begun, found=found)
        ends.append((begun, begun + 0.1))

    assert all(begun - ended >= LEAST_SPACING_SECONDS - 1e-9 for (_, ended), (begun, _) in pairwise(ends))
