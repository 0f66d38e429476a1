"""Which SIM of a phone a message reached, without guessing."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from phonefarm.domain.attribution import NOTICED_WITHIN, SimPlace, sim_of
from phonefarm.domain.ids import SimId
from tests.builders import NOON, SECOND, at


def place(sim_id: str, sub_id: int | None, since: float = -3600, until: float | None = None) -> SimPlace:
    """A card's stay, in seconds from noon."""
    return SimPlace(sim_id=SimId(sim_id), sub_id=sub_id, since=at(since), until=None if until is None else at(until))


def test_subscription_id_identifies_the_sim() -> None:
    assert sim_of(2, [place("A", 1), place("B", 2)], NOON) == "B"


def test_subscription_id_identifies_a_sim_that_was_taken_out() -> None:
    assert sim_of(1, [place("A", 1, until=-600), place("B", 2)], NOON) == "A"


def test_row_without_subscription_belongs_to_the_only_sim() -> None:
    assert sim_of(None, [place("A", 1)], NOON) == "A"
    assert sim_of(None, [place("A", 1, until=-600)], NOON) == "A"


def test_row_without_subscription_belongs_to_the_sim_of_that_time() -> None:
    swapped = [place("A", None, until=0), place("B", None, since=0)]

    assert sim_of(None, swapped, at(60)) == "B"
    assert sim_of(None, swapped, NOON - NOTICED_WITHIN - SECOND) == "A"


def test_row_without_subscription_from_the_time_of_a_swap_is_ambiguous() -> None:
    swapped = [place("A", None, until=0), place("B", None, since=0)]

    assert sim_of(None, swapped, at(-30)) is None


def test_row_without_subscription_on_two_sims_is_ambiguous() -> None:
    assert sim_of(None, [place("A", 1), place("B", 2)], NOON) is None


def test_unknown_subscription_has_no_sim_even_on_a_phone_with_one_sim() -> None:
    assert sim_of(7, [place("A", 1)], NOON) is None


def test_subscription_of_two_sims_is_ambiguous() -> None:
    assert sim_of(1, [place("A", 1), place("B", 1)], NOON) is None


def test_subscription_reused_after_a_reset_belongs_to_the_present_card() -> None:
    assert sim_of(1, [place("A", 1, until=-7200), place("B", 1)], NOON) == "B"


def test_message_on_a_phone_without_sims_has_no_sim() -> None:
    assert sim_of(None, [], NOON) is None
    assert sim_of(1, [], NOON) is None


@given(
    st.none() | st.integers(-1, 3),
    st.lists(st.tuples(st.none() | st.integers(-1, 3), st.booleans()), max_size=4),
)
def test_returned_sim_is_the_only_possible_one(sub_id: int | None, sims: list[tuple[int | None, bool]]) -> None:
    places = [place(str(number), sub, until=None if is_in else -600) for number, (sub, is_in) in enumerate(sims)]

    found = sim_of(sub_id, places, NOON)

    if found is not None:
        rivals = [it for it in places if it.sim_id != found and it.until is None]
        assert all(rival.sub_id != sub_id for rival in rivals) if sub_id is not None else not rivals
