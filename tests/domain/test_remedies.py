"""Everything that keeps a phone or SIM from earning has a next step for the user."""

from __future__ import annotations

from datetime import timedelta

import pytest

from phonefarm.domain.conditions import Condition
from phonefarm.domain.phones import PhoneState, StateCause, status_from_adb
from phonefarm.domain.remedies import PASSES_WITHIN, Remedy, remedy_for_phone, remedy_for_sim, remedy_for_state
from phonefarm.domain.sims import SimStanding

NO_TIME = timedelta(0)


@pytest.mark.parametrize("state", [state for state in PhoneState if state not in ("ready", "duplicate")])
def test_every_state_in_which_a_phone_does_not_work_has_a_next_step(state: PhoneState) -> None:
    assert remedy_for_state(state, cause=StateCause.NONE, make="", lasting=NO_TIME) is not Remedy.NONE


@pytest.mark.parametrize(
    ("make", "remedy"),
    [
        ("Xiaomi", Remedy.ALLOW_SMS_XIAOMI),
        ("POCO", Remedy.ALLOW_SMS_XIAOMI),
        ("realme", Remedy.ALLOW_SMS_COLOROS),
        ("OnePlus", Remedy.ALLOW_SMS_COLOROS),
        ("samsung", Remedy.ALLOW_SMS_SAMSUNG),
        ("HUAWEI", Remedy.ALLOW_SMS_HUAWEI),
        ("Fairphone", Remedy.ALLOW_SMS),
    ],
)
def test_withheld_sms_are_allowed_by_each_makes_own_option(make: str, remedy: Remedy) -> None:
    assert remedy_for_state(PhoneState.WITHHELD, cause=StateCause.NONE, make=make, lasting=NO_TIME) is remedy


@pytest.mark.parametrize(
    ("detail", "remedy"),
    [
        ("no permissions (missing udev rules? user is in the plugdev group)", Remedy.ADD_UDEV_RULE),
        ("no permissions (driver not installed)", Remedy.INSTALL_DRIVER),
    ],
)
def test_missing_driver_and_missing_permission_have_different_remedies(detail: str, remedy: Remedy) -> None:
    state, _, cause = status_from_adb(detail)

    assert remedy_for_state(state, cause=cause, make="", lasting=NO_TIME) is remedy


@pytest.mark.parametrize(
    "standing",
    [
        SimStanding.NO_NUMBER,
        SimStanding.NO_COUNTRY,
        SimStanding.PIN,
        SimStanding.PUK,
        SimStanding.CARD_LOCKED,
        SimStanding.CARD_FAULT,
        SimStanding.AIRPLANE,
        SimStanding.NO_NETWORK,
        SimStanding.OUT,
    ],
)
def test_sim_with_a_problem_has_its_own_next_step(standing: SimStanding) -> None:
    assert remedy_for_sim(standing) is not Remedy.NONE


@pytest.mark.parametrize("standing", [SimStanding.AWAY, SimStanding.PHONE_BLOCKED])
def test_sim_of_a_phone_with_a_problem_gets_the_phones_next_step(standing: SimStanding) -> None:
    assert remedy_for_sim(standing, Remedy.FREE_STORAGE) is Remedy.FREE_STORAGE


@pytest.mark.parametrize("standing", [SimStanding.ON_OFFER, SimStanding.RENTED, SimStanding.BANNED])
def test_sim_that_works_or_waits_needs_nothing(standing: SimStanding) -> None:
    assert remedy_for_sim(standing, Remedy.CHECK_CABLE) is Remedy.NONE


@pytest.mark.parametrize("state", [PhoneState.WITHHELD, PhoneState.NOT_UNDERSTOOD])
def test_unsupported_phone_must_be_replaced(state: PhoneState) -> None:
    remedy = remedy_for_state(state, cause=StateCause.UNSUPPORTED, make="Xiaomi", lasting=NO_TIME)

    assert remedy is Remedy.USE_ANOTHER_PHONE


@pytest.mark.parametrize("detail", ["driver", "cannot be used", "is not understood"])
def test_detail_text_does_not_decide_the_remedy(detail: str) -> None:
    assert status_from_adb(f"offline {detail}").cause is StateCause.NONE


@pytest.mark.parametrize(("state", "grace"), PASSES_WITHIN.items())
def test_transient_state_that_lasts_too_long_needs_a_restart(state: PhoneState, grace: timedelta) -> None:
    at_last = remedy_for_state(state, cause=StateCause.NONE, make="", lasting=grace)

    assert remedy_for_state(state, cause=StateCause.NONE, make="", lasting=grace * 0.99) is Remedy.WAIT
    assert at_last is Remedy.RESTART_PHONE


def test_ready_phone_gets_the_next_step_of_its_most_urgent_condition() -> None:
    conditions = [Condition.STORAGE_FULL, Condition.HOT]

    assert remedy_for_phone(Remedy.NONE, PhoneState.READY, conditions) is Remedy.FREE_STORAGE
    assert remedy_for_phone(Remedy.CHECK_CABLE, PhoneState.OFFLINE, conditions) is Remedy.CHECK_CABLE
    assert remedy_for_phone(Remedy.NONE, PhoneState.READY, []) is Remedy.NONE
