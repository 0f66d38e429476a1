"""The SIMs page: signal, standing and the next step of each card."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from phonefarm.application.model.read_models import Remedy, SimRow, SimStanding, Topic
from tests.fakes.desk import FakeDesk
from tests.fakes.farms import Farm
from tests.fakes.field_farm import field_farm
from tests.ui.live import Live, WindowRunner
from ui.listing.common_columns import network_note, signal_text
from ui.pages.sims.page import NEEDS_ACTION, UNREACHED
from ui.pages.sims.sim_facts import sim_advice, sim_facts, sim_tooltip
from ui.style.tokens import Tone
from ui.table.delegates import signal_tone
from ui.text.words import SIM_STANDINGS


@pytest.fixture
def field() -> Farm:
    return field_farm()


def sim_where(farm: Farm, fits: Callable[[SimRow], object]) -> SimRow:
    return next(sim for sim in farm.sims.values() if fits(sim))


@pytest.mark.parametrize(
    ("signal", "kind", "roaming", "note", "text"),
    [
        (3, "LTE", False, "LTE", "3 of 4, LTE"),
        (0, "NR", True, "5G roaming", "0 of 4, 5G roaming"),
        (1, "HSPA+", False, "3G", "1 of 4, 3G"),
        (2, "IWLAN", False, "IWLAN", "2 of 4, IWLAN"),
        (None, "", False, "", "–"),
    ],
)
def test_bars_network_and_roaming_are_said_in_words_too(
    field: Farm, signal: int | None, kind: str, roaming: bool, note: str, text: str
) -> None:
    sim = replace(next(iter(field.sims.values())), signal=signal, network_type=kind, is_roaming=roaming)

    assert network_note(sim) == note
    assert signal_text(sim) == text


def test_only_weak_signals_are_coloured() -> None:
    assert [signal_tone(level) for level in range(5)] == [Tone.BAD, Tone.WARN, None, None, None]


@pytest.mark.parametrize(
    ("standing", "tone"),
    [
        (SimStanding.PIN, Tone.WARN),
        (SimStanding.PUK, Tone.BAD),
        (SimStanding.CARD_LOCKED, Tone.BAD),
        (SimStanding.CARD_FAULT, Tone.BAD),
        (SimStanding.AIRPLANE, Tone.WARN),
        (SimStanding.PHONE_BLOCKED, Tone.BAD),
    ],
)
def test_what_keeps_a_card_silent_is_coloured_and_says_the_next_step(
    field: Farm, standing: SimStanding, tone: Tone
) -> None:
    sim = sim_where(field, lambda sim: sim.standing is standing)

    assert SIM_STANDINGS[standing].tone is tone
    assert sim_advice(sim).tone is tone
    assert sim_advice(sim).text in sim_tooltip(sim)
    assert sim_advice(sim).text.endswith(".")


def test_the_step_of_a_card_that_waits_for_its_phone_is_the_phone_s(field: Farm) -> None:
    sim = sim_where(field, lambda sim: sim.standing is SimStanding.AWAY and sim.remedy is Remedy.UNLOCK_ONCE)

    assert sim_advice(sim).text.startswith("On its phone: Unlock it once")


def test_the_details_tell_network_code_and_signal(field: Farm) -> None:
    sim = sim_where(field, lambda sim: sim.standing is SimStanding.NO_COUNTRY)

    facts = {fact.name: fact.value for fact in sim_facts(sim, field.now)}

    assert facts["Network code"] == "25062"
    assert facts["Signal"] == signal_text(sim)


def test_no_standing_is_in_two_groups() -> None:
    assert not NEEDS_ACTION & UNREACHED


def test_the_filters_count_the_field(runner: WindowRunner, field: Farm) -> None:
    async def scenario(live: Live) -> None:
        page = await live.open(Topic.SIMS)
        counts = {f.name: page.table.index_of_rows.count(f) for f in page.spec.filters}
        assert counts["need"] == sum(sim.standing in NEEDS_ACTION for sim in field.sims.values())
        assert f"{counts['need']} need action" in live.window.rail.item(Topic.SIMS).accessibleName()
        assert counts["unreached"] == sum(sim.standing in UNREACHED for sim in field.sims.values())
        assert counts["rented"] == 60

    runner.live(FakeDesk(farm=field), scenario)
