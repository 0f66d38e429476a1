"""Which SIM of a phone a message reached; never a guess."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from phonefarm.domain.attribution import SimPlace, sim_of
from phonefarm.domain.ids import SimId


def place(sim_id: str, sub_id: int | None, is_in: bool = True) -> SimPlace:
    return SimPlace(sim_id=SimId(sim_id), sub_id=sub_id, is_in=is_in)


def test_subscription_id_tells_the_sim() -> None:
    assert sim_of(2, [place("A", 1), place("B", 2)]) == "B"


def test_subscription_id_tells_a_sim_that_was_taken_out() -> None:
    assert sim_of(1, [place("A", 1, is_in=False), place("B", 2)]) == "A"


def test_row_without_subscription_is_the_only_sims() -> None:
    assert sim_of(None, [place("A", 1)]) == "A"
    assert sim_of(None, [place("A", 1, is_in=False)]) == "A"
    assert sim_of(None, [place("A", 1, is_in=False), place("B", 2)]) == "B"


def test_row_without_subscription_on_two_sims_is_nobodys() -> None:
    assert sim_of(None, [place("A", 1), place("B", 2)]) is None


def test_unknown_subscription_is_nobodys_even_on_a_phone_with_one_sim() -> None:
    assert sim_of(7, [place("A", 1)]) is None


def test_subscription_that_two_sims_claim_is_nobodys() -> None:
    assert sim_of(1, [place("A", 1), place("B", 1)]) is None


def test_empty_phone_has_no_owner_for_a_message() -> None:
    assert sim_of(None, []) is None
    assert sim_of(1, []) is None


@given(
    st.none() | st.integers(-1, 3),
    st.lists(st.tuples(st.none() | st.integers(-1, 3), st.booleans()), max_size=4),
)
def test_a_named_sim_is_the_only_one_that_fits(sub_id: int | None, sims: list[tuple[int | None, bool]]) -> None:
    places = [place(str(number), sub, is_in) for number, (sub, is_in) in enumerate(sims)]

    found = sim_of(sub_id, places)

    if found is not None:
        rivals = [it for it in places if it.sim_id != found and it.is_in]
        assert all(rival.sub_id != sub_id for rival in rivals) if sub_id is not None else not rivals
