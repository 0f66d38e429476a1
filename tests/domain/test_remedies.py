"""Whatever keeps a phone or SIM from earning has a next step for the user."""

from __future__ import annotations

import pytest

from phonefarm.domain.phones import PhoneState
from phonefarm.domain.remedies import Remedy, remedy_for_sim, remedy_for_state
from phonefarm.domain.sims import SimStanding


@pytest.mark.parametrize("state", [state for state in PhoneState if state not in ("ready", "duplicate")])
def test_every_state_in_which_a_phone_does_not_work_has_a_next_step(state: PhoneState) -> None:
    assert remedy_for_state(state, make="", detail="") is not Remedy.NONE


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
    assert remedy_for_state(PhoneState.WITHHELD, make=make, detail="") is remedy


@pytest.mark.parametrize(
    ("detail", "remedy"),
    [
        ("no permissions (missing udev rules? user is in the plugdev group)", Remedy.ADD_UDEV_RULE),
        ("no permissions (driver not installed)", Remedy.INSTALL_DRIVER),
    ],
)
def test_missing_access_is_told_apart_by_adbs_words(detail: str, remedy: Remedy) -> None:
    assert remedy_for_state(PhoneState.NO_PERMISSIONS, make="", detail=detail) is remedy


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
def test_sim_that_needs_something_says_what(standing: SimStanding) -> None:
    assert remedy_for_sim(standing) is not Remedy.NONE


@pytest.mark.parametrize("standing", [SimStanding.AWAY, SimStanding.PHONE_BLOCKED])
def test_sim_kept_back_by_its_phone_gets_the_phones_next_step(standing: SimStanding) -> None:
    assert remedy_for_sim(standing, Remedy.FREE_STORAGE) is Remedy.FREE_STORAGE


@pytest.mark.parametrize("standing", [SimStanding.ON_OFFER, SimStanding.RENTED, SimStanding.BANNED])
def test_sim_that_works_or_waits_needs_nothing(standing: SimStanding) -> None:
    assert remedy_for_sim(standing, Remedy.CHECK_CABLE) is Remedy.NONE


@pytest.mark.parametrize(
    ("state", "detail"),
    [
        (PhoneState.WITHHELD, "Phone R5 cannot be used: its Android 5.0 prints times cut to 32 bits, and so on."),
        (PhoneState.NOT_UNDERSTOOD, "Phone R5 gave an answer that is not understood: line 1 of 2 is not row 0."),
    ],
)
def test_phone_that_no_cable_and_no_setting_mends_is_said_to_be_of_no_use(state: PhoneState, detail: str) -> None:
    assert remedy_for_state(state, make="Xiaomi", detail=detail) is Remedy.USE_ANOTHER_PHONE
