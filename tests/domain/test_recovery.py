"""The recovery ladder: the mildest step that is due, and none that harms working phones."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from phonefarm.domain.phones import PhoneState
from phonefarm.domain.recovery import AGAIN_AFTER, FIRST_AFTER, IN_TROUBLE, Server, Step, Trouble, next_step
from tests.builders import HOUR, NOON, SECOND


def trouble(**changes: Any) -> Trouble:
    whole: dict[str, Any] = {"state": PhoneState.OFFLINE, "since": NOON}
    return Trouble(**(whole | changes))


def server(**changes: Any) -> Server:
    whole: dict[str, Any] = {"phones_at_work": 0, "may_restart": True, "restarted_at": None, "can_reset_usb": True}
    return Server(**(whole | changes))


def steps_during(server: Server, state: PhoneState, minutes: int) -> list[tuple[Step, int]]:
    """The steps during `minutes` of trouble, each with its second."""
    tried: dict[Step, datetime] = {}
    steps = []
    for second in range(minutes * 60):
        now = NOON + second * SECOND
        step = next_step(trouble(state=state, tried=tried), server, now)
        if step is not None:
            steps.append((step, second))
            tried = tried | {step: now}
            if step is Step.RESTART_ADB:
                server = Server(
                    phones_at_work=server.phones_at_work,
                    may_restart=server.may_restart,
                    restarted_at=now,
                    can_reset_usb=server.can_reset_usb,
                )
    return steps


def test_steps_come_mildest_first() -> None:
    assert steps_during(server(), PhoneState.OFFLINE, 2 + 1)[:4] == [
        (Step.RECONNECT, 15),
        (Step.RECONNECT_OFFLINE, 40),
        (Step.RESET_USB, 75),
        (Step.RESTART_ADB, 120),
    ]


def test_reachable_phone_gets_no_reconnect_offline() -> None:
    steps = {step for step, _ in steps_during(server(), PhoneState.FAILING, 30)}

    assert steps == {Step.RECONNECT, Step.RESET_USB, Step.RESTART_ADB}


def test_adb_is_never_restarted_while_a_phone_works() -> None:
    steps = {step for step, _ in steps_during(server(phones_at_work=1), PhoneState.OFFLINE, 120)}

    assert Step.RESTART_ADB not in steps


def test_adb_of_another_pc_is_never_restarted_and_a_port_that_is_not_ours_never_reset() -> None:
    steps = {step for step, _ in steps_during(server(may_restart=False, can_reset_usb=False), PhoneState.OFFLINE, 120)}

    assert steps == {Step.RECONNECT, Step.RECONNECT_OFFLINE}


def test_adb_is_restarted_once_for_all_phones_until_its_cool_down_is_over() -> None:
    just_restarted = server(restarted_at=NOON)

    assert next_step(trouble(since=NOON - HOUR, tried=dict.fromkeys(Step, NOON)), just_restarted, NOON) is None
    restarts = [second for step, second in steps_during(server(), PhoneState.OFFLINE, 65) if step is Step.RESTART_ADB]
    assert restarts == [120, 120 + 1800, 120 + 3600]


@pytest.mark.parametrize("state", [state for state in PhoneState if state not in IN_TROUBLE])
def test_state_that_reconnecting_cannot_repair_gets_no_step(state: PhoneState) -> None:
    assert next_step(trouble(state=state), server(), NOON + HOUR) is None


@given(
    tried=st.dictionaries(st.sampled_from(Step), st.integers(0, 7200)),
    second=st.integers(0, 7200),
    state=st.sampled_from(sorted(IN_TROUBLE)),
)
def test_no_step_is_taken_before_its_time_or_within_its_cool_down(
    tried: dict[Step, int], second: int, state: PhoneState
) -> None:
    now = NOON + second * SECOND
    at = {step: NOON + when * SECOND for step, when in tried.items()}

    step = next_step(trouble(state=state, tried=at), server(restarted_at=at.get(Step.RESTART_ADB)), now)

    if step is not None:
        assert now - NOON >= FIRST_AFTER[step]
        assert step not in at or now - at[step] >= AGAIN_AFTER[step]


def test_hurry_shortens_all_waits() -> None:
    soon = NOON + 2 * SECOND

    assert next_step(trouble(), server(), soon) is None
    assert next_step(trouble(), server(), soon, hurry=10) is Step.RECONNECT
    tried = {Step.RECONNECT: NOON}
    assert next_step(trouble(tried=tried), server(), NOON + SECOND, hurry=60) is Step.RECONNECT_OFFLINE
