"""The reason of an order for which there was no number."""

from __future__ import annotations

from phonefarm.domain.allocation import Order
from phonefarm.domain.calls import Outcome
from phonefarm.domain.ids import SimId
from phonefarm.domain.order_refusals import explain_refusal
from phonefarm.domain.phones import PhoneState
from tests.builders import HOUR, NOON, a_rent, a_sim


def test_a_country_without_the_operator_names_the_operators_that_are_there() -> None:
    sims = [a_sim(str(n), country="ukraine", operator="kyivstar") for n in range(5)]
    sims += [a_sim(str(n), country="ukraine", operator="vodafone") for n in range(5, 7)] + [a_sim("9")]

    outcome, fields = explain_refusal(Order(country="Ukraine", operator="lifecell"), sims, NOON)

    assert outcome is Outcome.NO_SUCH_SIM
    assert fields == {
        "country": "Ukraine",
        "operator": "lifecell",
        "of_country": 7,
        "operators": "5 kyivstar, 2 vodafone",
    }


def test_excluded_prefixes_are_the_reason_if_they_leave_nothing() -> None:
    outcome, fields = explain_refusal(Order(excluded_prefixes=("7928", "7929")), [a_sim()], NOON)

    assert outcome is Outcome.PREFIXES_EXCLUDED
    assert (fields["sims"], fields["prefixes"]) == (1, "7928, 7929")


def test_sims_that_match_and_are_not_free_are_counted_by_what_keeps_them() -> None:
    sims = [
        a_sim("1", rent_id=a_rent().rent_id),
        a_sim("2", banned_until=NOON + HOUR),
        a_sim("3", held_back=True),
        a_sim("4", phone_state=PhoneState.GONE),
        a_sim("5", msisdn=None),
    ]

    outcome, fields = explain_refusal(Order(country="russia"), sims, NOON)

    assert outcome is Outcome.NONE_FREE
    assert {name: fields[name] for name in ("sims", "rented", "banned", "paused", "away", "other")} == {
        "sims": 5,
        "rented": 1,
        "banned": 1,
        "paused": 1,
        "away": 1,
        "other": 1,
    }


def test_a_sim_that_stands_for_several_counts_as_many() -> None:
    sim = a_sim("1", rent_id=a_rent().rent_id)

    _, fields = explain_refusal(Order(), [sim], NOON, alike={SimId("1"): 7})

    assert (fields["sims"], fields["rented"]) == (7, 7)


def test_a_number_that_has_become_free_meanwhile_leaves_the_reason_open() -> None:
    outcome, _ = explain_refusal(Order(), [a_sim()], NOON)

    assert outcome is Outcome.NO_NUMBER
