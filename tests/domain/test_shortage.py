"""The expected numbers, the shortage of them, and its cause."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from phonefarm.domain.phones import PhoneState
from phonefarm.domain.shortage import USUAL_FOR, Cause, SimNow, shortage, working_numbers
from phonefarm.domain.sims import SimStanding
from tests.builders import at

NOW = at(3600)


def a_sim_now(place: int, cause: Cause | None = None, **changes: Any) -> SimNow:
    whole: dict[str, Any] = {
        "sim_id": f"sim{place}",
        "number": f"7928000000{place}",
        "phone_id": f"phone{place}",
        "cause": cause,
        "since": None if cause is None else at(place),
    }
    return SimNow(**(whole | changes))


def a_farm(working: int, lost: int, cause: Cause = PhoneState.GONE, **changes: Any) -> list[SimNow]:
    return [a_sim_now(place) for place in range(working)] + [
        a_sim_now(working + place, cause, **changes) for place in range(lost)
    ]


def test_five_of_eight_unplugged_is_a_shortage_since_the_one_that_made_it_half() -> None:
    found = shortage(a_farm(3, 5), NOW)

    assert found is not None
    assert (found.working, found.usual, found.cause) == (3, 8, PhoneState.GONE)
    assert found.phones == ("phone3", "phone4", "phone5", "phone6", "phone7")
    assert found.since == at(6)


def test_more_than_half_working_is_no_shortage() -> None:
    assert shortage(a_farm(5, 4), NOW) is None


def test_half_working_is_a_shortage() -> None:
    assert shortage(a_farm(4, 4), NOW) is not None


def test_nothing_working_is_a_shortage_since_the_last_loss() -> None:
    found = shortage(a_farm(0, 4), NOW)

    assert found is not None
    assert (found.working, found.since) == (0, at(3))


def test_phones_that_were_removed_long_ago_are_not_expected() -> None:
    later = at(10) + USUAL_FOR

    assert shortage(a_farm(2, 6), later - timedelta(seconds=10)) is not None
    assert shortage(a_farm(2, 6), later) is None


def test_nothing_for_sale_stays_a_shortage_however_long_it_lasts() -> None:
    found = shortage(a_farm(0, 3), at(0) + 4 * USUAL_FOR)

    assert found is not None
    assert (found.cause, found.since) == (PhoneState.GONE, at(2))


@pytest.mark.parametrize("cause", [SimStanding.HELD_BACK, SimStanding.NO_NUMBER, SimStanding.NO_COUNTRY])
def test_sims_that_the_user_withholds_or_never_offered_are_no_loss(cause: SimStanding) -> None:
    assert shortage(a_farm(1, 7, cause), NOW) is None


@pytest.mark.parametrize("cause", [SimStanding.HELD_BACK, SimStanding.NO_NUMBER, SimStanding.NO_COUNTRY])
def test_such_sims_are_the_cause_if_nothing_at_all_is_for_sale(cause: SimStanding) -> None:
    found = shortage(a_farm(0, 7, cause), NOW)

    assert found is not None
    assert found.cause is cause


def test_most_common_cause_is_named() -> None:
    sims = [*a_farm(1, 2, SimStanding.NO_NETWORK), *[a_sim_now(place, PhoneState.LOCKED) for place in (5, 6, 7)]]

    found = shortage(sims, NOW)

    assert found is not None
    assert (found.cause, found.sims) == (PhoneState.LOCKED, ("sim5", "sim6", "sim7"))


def test_farm_without_sims_has_the_cause_out() -> None:
    found = shortage([], NOW)

    assert found is not None
    assert (found.cause, found.sims) == (SimStanding.OUT, ())


def test_number_that_works_on_another_sim_is_not_lost() -> None:
    sims = [a_sim_now(1), a_sim_now(2, SimStanding.NO_NETWORK, number="79280000001")]

    assert working_numbers(sims) == 1
    assert shortage(sims, NOW) is None
