"""The window never says that all is well while nothing can be sold; counts include their total."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from phonefarm.application.desk.shortages import lasting_shortage, sims_now
from phonefarm.application.model.read_models import Attention, AttentionKind, PhoneState, Shortage, SimStanding, Topic
from tests.fakes.desk import FakeDesk
from tests.fakes.farms import Farm, calm_farm, empty_farm, refresh_attention
from tests.ui.live import Live, WindowRunner
from ui.pages.overview.start_page import StartPage
from ui.style.tokens import Tone
from ui.text import words
from ui.widgets.basics import Label


def unplug(farm: Farm, count: int) -> Farm:
    """The first phones were unplugged an hour ago."""
    begun = farm.now - timedelta(hours=1)
    for key in list(farm.phones)[:count]:
        farm.phones[key] = replace(farm.phones[key], state=PhoneState.GONE, since=begun)
    for key, sim in farm.sims.items():
        is_gone = sim.phone_id in farm.phones and farm.phones[sim.phone_id].state is PhoneState.GONE
        if is_gone and sim.standing is SimStanding.ON_OFFER:
            farm.sims[key] = replace(sim, standing=SimStanding.AWAY, standing_since=begun)
    refresh_attention(farm)
    return farm


def test_all_phones_unplugged_means_nothing_for_sale(runner: WindowRunner) -> None:
    farm = calm_farm()
    whole = len(farm.phones)
    unplug(farm, whole)

    async def scenario(live: Live) -> None:
        sentence = live.window.top_line.attention.sentence()
        assert sentence.startswith(f"Nothing is for sale: {whole} phones are unplugged. Plug them in again")
        assert f"0 of {whole}" in live.window.rail.item(Topic.PHONES).accessibleName()
        overview = live.window.pages[Topic.OVERVIEW]
        assert isinstance(overview, StartPage)
        assert f"0 of {whole}" in [label.text() for label in overview.findChildren(Label)]

    runner.live(FakeDesk(farm=farm), scenario)


def test_phone_counts_include_the_total(runner: WindowRunner) -> None:
    farm = calm_farm()
    whole = len(farm.phones)
    unplug(farm, 2)

    async def scenario(live: Live) -> None:
        page = await live.open(Topic.PHONES)
        assert f"{whole - 2} of {whole}" in live.window.rail.item(Topic.PHONES).accessibleName()
        assert page._summary().startswith(f"{whole - 2} of {whole} ready")

    runner.live(FakeDesk(farm=farm), scenario)


def test_new_farm_asks_for_phones_instead_of_saying_all_well(runner: WindowRunner) -> None:
    async def scenario(live: Live) -> None:
        bar = live.window.top_line.attention
        assert bar.sentence().startswith("No phones yet: connect them by USB")
        assert bar.property("tone") == "idle"

    runner.live(FakeDesk(farm=empty_farm()), scenario)


@pytest.mark.parametrize("state", [PhoneState.STARTING, PhoneState.GONE])
def test_starting_or_just_unplugged_phones_are_not_called_well(runner: WindowRunner, state: PhoneState) -> None:
    farm = calm_farm()
    farm.sims = {key: replace(sim, standing=SimStanding.AWAY) for key, sim in farm.sims.items()}
    farm.phones = {key: replace(phone, state=state, since=farm.now) for key, phone in farm.phones.items()}

    async def scenario(live: Live) -> None:
        assert live.window.top_line.attention.sentence() == "Nothing is for sale at the moment"

    runner.live(FakeDesk(farm=farm), scenario)


@pytest.mark.parametrize("cause", [*PhoneState, *SimStanding])
@pytest.mark.parametrize("count", [1, 3])
@pytest.mark.parametrize("working", [0, 2])
def test_every_cause_of_a_shortage_is_a_sentence_that_fits(
    cause: PhoneState | SimStanding, count: int, working: int
) -> None:
    keys = tuple(f"key{place}" for place in range(count))
    lack = Shortage(working=working, usual=working + count, cause=cause, sims=keys, phones=keys, since=None)
    kind = AttentionKind.FEW_WORK if working else AttentionKind.NOTHING_WORKS
    need = Attention(kind=kind, subject="", since=calm_farm().now, topic=Topic.PHONES, key="", shortage=lack)

    sentence = words.attention_sentence(need)

    assert sentence.startswith(f"Only 2 of {2 + count} numbers work: " if working else "Nothing is for sale: ")
    assert "%n" not in sentence
    assert "{" not in sentence
    assert len(sentence) <= 130
    assert words.attention_tone(need) is Tone.BAD


def test_shortage_is_reported_after_a_minute() -> None:
    farm = unplug(calm_farm(), 1000)
    sims = sims_now(farm.sims.values(), farm.phones.values())
    begun = [replace(sim, since=farm.now if sim.cause is not None else None) for sim in sims]

    shortage, started_at = lasting_shortage(begun, None, farm.now)
    assert (shortage, started_at) == (None, farm.now)

    shortage, started_at = lasting_shortage(begun, started_at, farm.now + timedelta(minutes=1))
    assert shortage is not None
    assert shortage.since == farm.now
