"""The SIMs page: signal, standing and next step of each SIM."""

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
def test_signal_has_a_text(field: Farm, signal: int | None, kind: str, roaming: bool, note: str, text: str) -> None:
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
def test_sim_that_receives_nothing_is_coloured_and_has_a_next_step(
    field: Farm, standing: SimStanding, tone: Tone
) -> None:
    sim = sim_where(field, lambda sim: sim.standing is standing)

    assert SIM_STANDINGS[standing].tone is tone
    assert sim_advice(sim).tone is tone
    assert sim_advice(sim).text in sim_tooltip(sim)
    assert sim_advice(sim).text.endswith(".")


def test_step_of_a_sim_whose_phone_is_not_ready_is_the_phones(field: Farm) -> None:
    sim = sim_where(field, lambda sim: sim.standing is SimStanding.AWAY and sim.remedy is Remedy.UNLOCK_ONCE)

    assert sim_advice(sim).text.startswith("On its phone: Unlock it once")


def test_details_show_network_code_and_signal(field: Farm) -> None:
    sim = sim_where(field, lambda sim: sim.standing is SimStanding.NO_COUNTRY)

    facts = {fact.name: fact.value for fact in sim_facts(sim, field.now)}

    assert facts["Network code"] == "25062"
    assert facts["Signal"] == signal_text(sim)


def test_no_standing_is_in_two_groups() -> None:
    assert not NEEDS_ACTION & UNREACHED


def test_filters_count_the_field_farm(runner: WindowRunner, field: Farm) -> None:
    async def scenario(live: Live) -> None:
        page = await live.open(Topic.SIMS)
        counts = {f.name: page.table.index_of_rows.count(f) for f in page.spec.filters}
        assert counts["need"] == sum(sim.standing in NEEDS_ACTION for sim in field.sims.values())
        assert f"{counts['need']} need action" in live.window.rail.item(Topic.SIMS).accessibleName()
        assert counts["unreached"] == sum(sim.standing in UNREACHED for sim in field.sims.values())
        assert counts["rented"] == 60

    runner.live(FakeDesk(farm=field), scenario)
