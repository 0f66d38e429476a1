"""Random walks over farm states: all numbers on offer can be ordered at once."""

from __future__ import annotations

import random

import pytest

from bench import offer
from bench.offer import Farm, Record, walk
from phonefarm.domain.allocation import ANY, count_offer

POLLS = 30_000


def test_every_announced_number_can_be_issued_through_tens_of_thousands_of_polls() -> None:
    """A million of them: python3 farm.py bench offer."""
    record = walk(POLLS, seed=7)

    assert record.faults == []
    assert record.polls == POLLS
    assert record.announced == record.issued > POLLS


def test_an_offer_that_counts_one_too_many_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    def count_one_too_many(*farm: object) -> dict[str, dict[str, int]]:
        counts = count_offer(*farm)  # type: ignore[arg-type]
        return {country: {**operators, ANY: operators[ANY] + 1} for country, operators in counts.items()}

    monkeypatch.setattr(offer, "count_offer", count_one_too_many)

    assert "announced" in walk(POLLS, seed=7).faults[0]


def test_choice_that_ignores_the_phone_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        Farm, "_sims_on_offer", lambda farm: [sim for sim in farm.sims if sim.msisdn and not sim.rent_id]
    )

    assert walk(POLLS, seed=7).faults


def test_a_farm_without_sims_announces_nothing() -> None:
    record = Record()

    offer.check_offer(Farm.of(random.Random(1), 0), record)

    assert (record.announced, record.faults) == (0, [])
