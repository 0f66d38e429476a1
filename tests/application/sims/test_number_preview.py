"""Numbers are looked at before they are taken: bad ones are named, and nothing changes."""

from __future__ import annotations

import pytest

from phonefarm.application.ports.records.numbers import LineProblem, NumberEntry
from phonefarm.application.sims.number_preview import NO_NUMBER, TWICE, NumberPreview
from phonefarm.domain.ids import Msisdn
from tests.application.stored_farm import NAMES, StoredFarm
from tests.builders import ICCID, NUMBER, OTHER_ICCID, OTHER_NUMBER, a_seen_sim

GERMAN = Msisdn("4915112345678")


@pytest.fixture
def preview(farm: StoredFarm) -> NumberPreview:
    return NumberPreview(farm.storage, NAMES, farm.read_table, farm.clock)


async def two_sims(farm: StoredFarm) -> None:
    await farm.seat(a_seen_sim(msisdn=None), a_seen_sim(OTHER_ICCID, slot=1, sub_id=2, msisdn=OTHER_NUMBER))


async def test_numbers_that_can_be_taken_have_no_problem(farm: StoredFarm, preview: NumberPreview) -> None:
    await two_sims(farm)

    assert await preview.typed({ICCID: "+7 928 123-45-67"}) == {}


@pytest.mark.parametrize(
    ("text", "cause"),
    [
        ("12", NO_NUMBER),
        ("", NO_NUMBER),
        (GERMAN, "germany"),
        (OTHER_NUMBER, "Belongs to another SIM"),
    ],
)
async def test_what_cannot_be_taken_is_named(farm: StoredFarm, preview: NumberPreview, text: str, cause: str) -> None:
    await two_sims(farm)

    problems = await preview.typed({ICCID: text})

    assert cause in problems[ICCID]


async def test_number_for_two_sims_is_a_problem_of_both(farm: StoredFarm, preview: NumberPreview) -> None:
    await two_sims(farm)

    assert await preview.typed({ICCID: NUMBER, OTHER_ICCID: NUMBER}) == {ICCID: TWICE, OTHER_ICCID: TWICE}


async def test_two_sims_may_swap_their_numbers(farm: StoredFarm, preview: NumberPreview) -> None:
    await farm.seat(a_seen_sim(), a_seen_sim(OTHER_ICCID, slot=1, sub_id=2, msisdn=OTHER_NUMBER))

    assert await preview.typed({ICCID: OTHER_NUMBER, OTHER_ICCID: NUMBER}) == {}


async def test_sim_that_is_rented_keeps_its_number(farm: StoredFarm, preview: NumberPreview) -> None:
    await farm.seat(a_seen_sim())
    await farm.rent()

    problems = await preview.typed({ICCID: OTHER_NUMBER})

    assert "when it is finished" in problems[ICCID]


async def test_file_shows_good_and_bad_lines_in_their_sequence(farm: StoredFarm, preview: NumberPreview) -> None:
    await two_sims(farm)
    farm.tables["numbers.csv"] = [
        NumberEntry(iccid=OTHER_ICCID, msisdn=GERMAN, line=4),
        NumberEntry(iccid=ICCID, msisdn=NUMBER, line=2),
    ]
    farm.bad_lines = (LineProblem(line=3, problem="the ICCID is missing"),)

    drafts = await preview.table("numbers.csv")

    assert [(draft.line, bool(draft.problem)) for draft in drafts] == [(2, False), (3, True), (4, True)]
    assert drafts[1].problem == "The ICCID is missing."
    assert (await farm.one_sim(ICCID)).msisdn == ""
