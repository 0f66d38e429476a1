"""The standing of a SIM: the first reason that keeps its number from the offer."""

from __future__ import annotations

from typing import Any

import pytest

from phonefarm.domain.ids import Msisdn, RentId
from phonefarm.domain.phones import PhoneState
from phonefarm.domain.sims import SimStanding, SlotState, standing
from tests.builders import HOUR, NOON, NUMBER, OTHER_NUMBER, SECOND, a_sim

# Every cause at once; each line of the order takes the first one away.
ALL_CAUSES: dict[str, Any] = {
    "rent_id": RentId(1),
    "banned_until": NOON + HOUR,
    "held_back": True,
    "slot_state": SlotState.OUT,
    "phone_state": PhoneState.GONE,
    "msisdn": None,
    "country": "",
}
ORDER: list[tuple[SimStanding, dict[str, Any]]] = [
    (SimStanding.RENTED, {}),
    (SimStanding.BANNED, {"rent_id": None}),
    (SimStanding.HELD_BACK, {"banned_until": None}),
    (SimStanding.OUT, {"held_back": False}),
    (SimStanding.AWAY, {"slot_state": SlotState.PIN}),
    (SimStanding.PIN, {"phone_state": PhoneState.READY}),
    (SimStanding.NO_NETWORK, {"slot_state": SlotState.NO_NETWORK}),
    (SimStanding.NO_NUMBER, {"slot_state": SlotState.READY}),
    (SimStanding.NO_COUNTRY, {"msisdn": NUMBER}),
    (SimStanding.SAME_NUMBER, {"country": "russia"}),
]


def test_most_important_of_several_reasons_decides() -> None:
    causes = dict(ALL_CAUSES)

    for expected, relief in ORDER:
        causes |= relief
        assert standing(a_sim(**causes), NOON, {NUMBER}) is expected


def test_sim_without_a_reason_against_it_is_on_offer() -> None:
    assert standing(a_sim(), NOON, {OTHER_NUMBER}) is SimStanding.ON_OFFER


def test_sim_in_no_phone_is_out() -> None:
    assert standing(a_sim(phone_id=None), NOON) is SimStanding.OUT


@pytest.mark.parametrize("state", [state for state in PhoneState if state is not PhoneState.READY])
def test_only_a_ready_phone_offers_its_sims(state: PhoneState) -> None:
    assert standing(a_sim(phone_state=state), NOON) is SimStanding.AWAY


def test_ban_ends_exactly_at_its_end() -> None:
    sim = a_sim(banned_until=NOON)

    assert standing(sim, NOON - SECOND) is SimStanding.BANNED
    assert standing(sim, NOON) is SimStanding.ON_OFFER


def test_own_rent_is_rented_and_not_same_number() -> None:
    assert standing(a_sim(rent_id=RentId(5)), NOON, {NUMBER}) is SimStanding.RENTED


def test_numbers_are_compared_completely() -> None:
    assert standing(a_sim(), NOON, {Msisdn(NUMBER[:-1])}) is SimStanding.ON_OFFER
