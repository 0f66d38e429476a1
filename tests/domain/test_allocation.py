"""One rule counts the offer and chooses the number; only numbers that can be issued are announced."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from phonefarm.domain.allocation import ANY, Order, choose, count_offer, folded, issue_key, on_offer
from phonefarm.domain.ids import Msisdn, RentId
from phonefarm.domain.phones import PhoneState
from phonefarm.domain.sims import Sim, SlotState
from tests.builders import HOUR, MINUTE, NOON, NUMBER, OTHER_NUMBER, a_sim

ANYTHING = Order()


def numbers_offered(counts: dict[str, dict[str, int]]) -> int:
    """All numbers that are announced to the market."""
    return sum(operators[ANY] for operators in counts.values())


def chosen(offer: Sequence[Sim], order: Order) -> Sim | None:
    return choose(sorted(offer, key=issue_key), order, lambda sim: True)


def test_fewest_recent_failures_come_first() -> None:
    failed = a_sim("A", unused_in_a_row=1, last_rented_at=None)
    fine = a_sim("B", unused_in_a_row=0, last_rented_at=NOON)

    assert chosen([failed, fine], ANYTHING) == fine


def test_of_equals_the_longest_idle_comes_first() -> None:
    recent = a_sim("A", last_rented_at=NOON - MINUTE)
    idle = a_sim("B", last_rented_at=NOON - HOUR)

    assert chosen([recent, idle], ANYTHING) == idle


def test_a_number_never_rented_is_the_longest_idle() -> None:
    rented_before = a_sim("A", last_rented_at=NOON - 1000 * HOUR)
    never = a_sim("B", last_rented_at=None)

    assert chosen([rented_before, never], ANYTHING) == never


@pytest.mark.parametrize("spelling", ["russia", "Russia", " RUSSIA ", "rus_sia", "rus-sia"])
def test_names_are_compared_without_case_blanks_and_dashes(spelling: str) -> None:
    assert chosen([a_sim()], Order(country=spelling, operator="M T_S")) is not None


def test_number_of_another_country_is_never_given() -> None:
    assert chosen([a_sim(country="ukraine")], Order(country="russia")) is None


def test_operator_name_must_match_completely() -> None:
    assert chosen([a_sim(operator="mts")], Order(operator="mt")) is None
    assert chosen([a_sim(operator="")], Order(operator="mts")) is None


@pytest.mark.parametrize("prefix", ["7", "7928", NUMBER])
def test_excluded_prefix_leaves_the_number_out(prefix: str) -> None:
    assert chosen([a_sim()], Order(excluded_prefixes=("46950", prefix))) is None


@pytest.mark.parametrize("prefix", ["928", "79281234568", f"{NUMBER}0"])
def test_prefix_counts_from_the_dial_code_on(prefix: str) -> None:
    assert chosen([a_sim()], Order(excluded_prefixes=(prefix,))) is not None


def test_number_that_two_sims_share_is_offered_once() -> None:
    twins = [a_sim("A"), a_sim("B")]

    assert numbers_offered(count_offer(on_offer(twins, NOON, frozenset()))) == 1


def test_number_that_is_rented_on_a_twin_is_not_offered() -> None:
    assert on_offer([a_sim("A", rent_id=RentId(1)), a_sim("B")], NOON, frozenset({NUMBER})) == []


def test_any_is_the_sum_and_contains_sims_of_unknown_operators() -> None:
    offer = [a_sim("A"), a_sim("B", operator="beeline"), a_sim("C", operator="")]

    assert count_offer(offer) == {"russia": {ANY: 3, "mts": 1, "beeline": 1}}


def test_operator_named_any_does_not_change_the_sum() -> None:
    assert count_offer([a_sim(operator="Any")]) == {"russia": {ANY: 1}}


def test_known_country_without_numbers_keeps_its_zero() -> None:
    assert count_offer([], ["russia", "germany"]) == {"russia": {ANY: 0}, "germany": {ANY: 0}}


def test_spellings_that_an_order_does_not_distinguish_are_counted_together() -> None:
    offer = [a_sim("A", country="United Kingdom", operator="O2"), a_sim("B", country="united_kingdom", operator="o2")]

    assert count_offer(offer, ["unitedkingdom"]) == {"unitedkingdom": {ANY: 2, "O2": 2}}


# What holds for every farm --------------------------------------------------

COUNTRIES = ["russia", "Russia", "united_kingdom", "united kingdom", "germany", ""]
OPERATORS = ["mts", "MTS", "beeline", "", "any"]
NUMBERS = [Msisdn(f"79{n}") for n in (11, 12, 13, 21, 22)] + [Msisdn("4930"), Msisdn("4470")]

sims = st.builds(
    a_sim,
    st.uuids().map(str),
    msisdn=st.sampled_from([*NUMBERS, None]),
    country=st.sampled_from(COUNTRIES),
    operator=st.sampled_from(OPERATORS),
    phone_state=st.sampled_from([PhoneState.READY, PhoneState.READY, PhoneState.READY, PhoneState.GONE]),
    slot_state=st.sampled_from([SlotState.READY, SlotState.READY, SlotState.OUT, SlotState.PIN]),
    held_back=st.booleans(),
    unused_in_a_row=st.integers(0, 2),
    banned_until=st.sampled_from([None, NOON - HOUR, NOON, NOON + HOUR]),
    last_rented_at=st.sampled_from([None, NOON - HOUR]),
)
farms = st.lists(sims, max_size=12)
orders = st.builds(
    Order,
    country=st.sampled_from([None, "russia", "RUSSIA", "unitedkingdom", "france"]),
    operator=st.sampled_from([None, "mts", "Beeline"]),
    excluded_prefixes=st.lists(st.sampled_from(["7", "791", "7912", "49", "4470", "1"]), max_size=2).map(tuple),
)


def issue_all(farm: Sequence[Sim], order: Order) -> list[Sim]:
    """Issue numbers for the same order, each from a new offer, until there is none."""
    current, issued, rented = list(farm), list[Sim](), set[Msisdn]()
    while (sim := chosen(on_offer(current, NOON, frozenset(rented)), order)) is not None:
        assert sim.msisdn is not None
        rented.add(sim.msisdn)
        issued.append(sim)
        current[current.index(sim)] = replace(sim, rent_id=RentId(len(issued)))
    return issued


@given(farms)
def test_exactly_the_announced_numbers_can_be_issued(farm: list[Sim]) -> None:
    counts = count_offer(on_offer(farm, NOON, frozenset()))

    assert len(issue_all(farm, ANYTHING)) == numbers_offered(counts)


@given(farms)
def test_each_countrys_and_operators_count_can_be_issued(farm: list[Sim]) -> None:
    counts = count_offer(on_offer(farm, NOON, frozenset()))

    for country, operators in counts.items():
        assert len(issue_all(farm, Order(country=country))) == operators[ANY]
        for operator, number in operators.items():
            if operator != ANY:
                assert len(issue_all(farm, Order(country=country, operator=operator))) >= number


@given(farms, orders)
def test_no_number_is_issued_twice_or_against_the_order(farm: list[Sim], order: Order) -> None:
    issued = issue_all(farm, order)

    numbers = [sim.msisdn or "" for sim in issued]
    assert len(numbers) == len(set(numbers))
    assert not any(number.startswith(prefix) for number in numbers for prefix in order.excluded_prefixes)
    if order.country is not None:
        assert {folded(sim.country) for sim in issued} <= {folded(order.country)}
    if order.operator is not None:
        assert {folded(sim.operator) for sim in issued} <= {folded(order.operator)}


@given(farms)
def test_any_is_never_less_than_its_operators(farm: list[Sim]) -> None:
    for operators in count_offer(on_offer(farm, NOON, frozenset({OTHER_NUMBER}))).values():
        assert operators[ANY] >= sum(number for name, number in operators.items() if name != ANY)
