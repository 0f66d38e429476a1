"""The Phones page: the list of two hundred phones, and the details of one."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from time import perf_counter

import pytest
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QPushButton

from phonefarm.application.model.read_models import (
    AttentionKind,
    Condition,
    PhoneRow,
    PhoneState,
    Remedy,
    SimRow,
    Topic,
)
from phonefarm.domain.conditions import BLOCKING
from tests.fakes.desk import FakeDesk
from tests.fakes.farms import Farm
from tests.fakes.field_farm import field_farm
from tests.ui.live import Live, WindowRunner, until
from ui.listing.list_page import ListPage
from ui.listing.list_spec import Heading
from ui.pages.phones.phone_columns import battery_tone, phone_columns, state_chips, state_text, state_tooltip
from ui.pages.phones.phone_facts import phone_advice, phone_facts
from ui.pages.phones.phone_groups import phone_shares, urgency
from ui.pages.phones.phone_sims import SimsByPhone
from ui.style.tokens import Tone
from ui.widgets.basics import Label

SLOWEST_CHANGE_SECONDS = 0.5
"""For a burst of changes to all 200 rows; usually a fifth of it on two slow cores."""


@pytest.fixture
def field() -> Farm:
    return field_farm()


def phone_where(farm: Farm, fits: Callable[[PhoneRow], object]) -> PhoneRow:
    return next(phone for phone in farm.phones.values() if fits(phone))


def phone_with(farm: Farm, condition: Condition) -> PhoneRow:
    return phone_where(farm, lambda phone: [a.condition for a in phone.conditions] == [condition])


def facts_of(farm: Farm, phone: PhoneRow) -> dict[str, str]:
    sims = SimsByPhone()
    sims.update(list(farm.sims.values()), None)
    return {fact.name: fact.value for fact in phone_facts(phone, farm.now, sims)}


async def count(page: ListPage[PhoneRow], name: str) -> int:
    place = [row_filter.name for row_filter in page.spec.filters].index(name)
    page.head.filter_chosen.emit(place)
    return page.table.rowCount()


@pytest.mark.parametrize("condition", sorted(BLOCKING))
def test_phone_with_a_blocking_condition_does_not_look_ready(field: Farm, condition: Condition) -> None:
    phone = phone_with(field, condition)

    chip = state_chips(phone).words[0]

    assert chip.tone is Tone.BAD
    assert "ready" not in state_text(phone)
    assert "not on offer" in state_tooltip(phone)
    assert phone_advice(phone).tone is Tone.BAD


@pytest.mark.parametrize("condition", sorted(set(Condition) - BLOCKING))
def test_ready_phone_with_a_condition_shows_both(field: Farm, condition: Condition) -> None:
    phone = phone_with(field, condition)

    chips = state_chips(phone)

    assert chips.words[0].text == "ready"
    assert len(chips.words) == 2
    assert chips.words[1].tone in (Tone.WARN, Tone.IDLE)
    assert chips.note


def test_filters_count_their_phones(runner: WindowRunner, field: Farm) -> None:
    phones = list(field.phones.values())
    needing = field.overview().needing(Topic.PHONES)
    well = [phone for phone in phones if phone.state is PhoneState.READY and phone.phone_id not in needing]

    async def scenario(live: Live) -> None:
        page = await live.open(Topic.PHONES)
        assert await count(page, "all") == 200
        assert await count(page, "ready") == len(well)
        assert await count(page, "gone") == 14
        assert await count(page, "trouble") == 10
        assert await count(page, "warnings") == sum(bool(phone.conditions) for phone in phones)
        assert await count(page, "need") == len(needing)

    runner.live(FakeDesk(farm=field), scenario)


def test_rail_page_and_overview_count_the_same_phones_needing_action(runner: WindowRunner, field: Farm) -> None:
    async def scenario(live: Live) -> None:
        page = await live.open(Topic.PHONES)
        shown = await count(page, "need")
        assert f"{shown} need action" in live.window.rail.item(Topic.PHONES).accessibleName()
        assert f"{shown} need action" in page._summary()
        assert f"{shown} need action" in [share.text for share in phone_shares(live.desk.farm.overview())]

    runner.live(FakeDesk(farm=field), scenario)


def test_phone_that_needs_no_action_any_more_leaves_the_filter(runner: WindowRunner, field: Farm) -> None:
    async def scenario(live: Live) -> None:
        page = await live.open(Topic.PHONES)
        before = await count(page, "need")
        fixed = next(need for need in live.desk.farm.attention if need.kind is AttentionKind.PHONE_LOCKED)
        live.desk.farm.attention = tuple(need for need in live.desk.farm.attention if need is not fixed)
        live.engine.announce(Topic.OVERVIEW)
        await until(lambda: page.table.rowCount() == before - 1)
        assert page.table.place_of(fixed.key) is None

    runner.live(FakeDesk(farm=field), scenario)


def test_the_phones_of_a_dead_hub_are_shown_alone_and_selected(runner: WindowRunner, field: Farm) -> None:
    async def scenario(live: Live) -> None:
        page = await live.open(Topic.PHONES)
        hub = next(need for need in live.desk.farm.attention if need.kind is AttentionKind.PHONES_LEFT)
        live.window.top_line.attention.show_requested.emit(hub)
        assert sorted(page.view.selected_keys()) == sorted(hub.keys)
        assert page.table.rowCount() == 12
        assert page._summary() == "only 12 of 200 are shown"
        assert await count(page, "all") == 200

    runner.live(FakeDesk(farm=field), scenario)


def test_phone_that_starts_for_hours_needs_a_restart(field: Farm) -> None:
    booting = phone_where(field, lambda phone: phone.state is PhoneState.BOOTING)
    starting = phone_where(field, lambda phone: phone.state is PhoneState.STARTING)

    assert state_chips(booting).note == "restart it"
    assert state_chips(starting).note == "passes by itself"


def test_sim_of_a_blocked_phone_shows_state_and_next_step(field: Farm) -> None:
    facts = facts_of(field, phone_with(field, Condition.STORAGE_FULL))

    assert facts["State"] == "phone takes no SMS: free its storage"
    assert facts["Signal"].endswith(("3G", "LTE", "5G", "2G", "4G"))


def test_overview_counts_phones_like_the_page(field: Farm) -> None:
    shares = phone_shares(field.overview())

    assert sum(share.count for share in shares) == 200
    assert shares[0].text == "131 ready"


def test_sort_by_state_puts_phones_needing_action_first(field: Farm) -> None:
    ordered = [phone.state for phone in sorted(field.phones.values(), key=urgency)]

    assert ordered[0] in (PhoneState.WITHHELD, PhoneState.LOCKED, PhoneState.NO_PERMISSIONS)
    assert set(ordered[-14:]) <= {PhoneState.GONE, PhoneState.DUPLICATE}


def test_advice_names_each_of_several_conditions(field: Farm) -> None:
    phone = phone_where(field, lambda phone: len(phone.conditions) > 1 and phone.state is PhoneState.READY)

    steps = phone_advice(phone).text.split("\n\n")

    assert [step.partition(":")[0] for step in steps] == ["Storage full", "Hot", "Low battery"]


def test_a_missing_udev_rule_comes_with_a_command_to_copy(runner: WindowRunner, field: Farm) -> None:
    phone = phone_where(field, lambda phone: phone.remedy is Remedy.ADD_UDEV_RULE)

    async def scenario(live: Live) -> None:
        page = await live.open(Topic.PHONES)
        page.show_keys(phone.phone_id)
        copy = next(b for b in page.details.findChildren(QPushButton) if b.text() == "Copy command")
        assert copy.isVisible()
        copy.click()
        page.show_keys(phone_with(field, Condition.HOT).phone_id)
        assert not copy.isVisible()

    runner.live(FakeDesk(farm=field), scenario)

    assert QGuiApplication.clipboard().text() == phone_advice(phone).command


def test_details_show_telemetry_measures_and_handset(field: Farm) -> None:
    phone = replace(
        phone_with(field, Condition.CLOCK_WRONG), sms_hinted=312, sms_unhinted=3, sim_rules=2, hint_to_row_seconds=0.44
    )

    facts = facts_of(field, phone)

    assert facts["Clock"] == "14 min fast"
    assert facts["Clock wrong"].startswith("14 min fast, since ")
    assert facts["Notified"] == "312 of 315 SMS"
    assert facts["Notice to SMS stored"] == "0.44 s"
    assert facts["Your SIM rules"] == "2"
    for name in ("Battery", "Free storage", "SMS app", "Running for", "Read mode", "Port", "Firmware", "Serial"):
        assert facts[name] not in ("", "–"), name


def test_phone_without_telemetry_shows_no_figures(field: Farm) -> None:
    facts = facts_of(field, phone_where(field, lambda phone: phone.state is PhoneState.UNAUTHORIZED))

    assert not {"Battery and state", "Battery", "Free storage", "Read time", "Running for"} & facts.keys()
    assert facts["Serial"]


def test_facts_come_in_groups(field: Farm) -> None:
    facts = phone_facts(phone_with(field, Condition.HOT), field.now, SimsByPhone())

    assert [fact.name for fact in facts if isinstance(fact, Heading)] == [
        "Problems", "SIMs", "Battery and state", "Reading", "Handset",
    ]  # fmt: skip


@pytest.mark.parametrize(("percent", "tone"), [(None, None), (100, None), (20, None), (19, Tone.WARN), (10, Tone.BAD)])
def test_a_low_battery_is_coloured(field: Farm, percent: int | None, tone: Tone | None) -> None:
    phone = next(iter(field.phones.values()))

    assert battery_tone(replace(phone, telemetry=replace(phone.telemetry, battery_percent=percent))) is tone


def test_signals_follow_the_sims(runner: WindowRunner, field: Farm) -> None:
    sim = next(sim for sim in field.sims.values() if sim.phone_id and sim.slot == 0 and sim.signal == 4)

    async def scenario(live: Live) -> None:
        page = await live.open(Topic.PHONES)
        signal = next(column for column in page.table.columns if column.title == "Signal")

        def text() -> str:
            row = page.table.row_of(sim.phone_id)
            assert row is not None
            return signal.text(row, field.now)

        assert text().startswith("slot 1: 4 of 4")
        live.desk.farm.sims[sim.sim_id] = replace(sim, signal=1)
        live.engine.announce(Topic.SIMS, sim.sim_id)
        await until(lambda: text().startswith("slot 1: 1 of 4"))

    runner.live(FakeDesk(farm=field), scenario)


def test_moved_sim_is_removed_from_its_phone(field: Farm) -> None:
    sim = next(sim for sim in field.sims.values() if sim.phone_id)
    there = next(phone_id for phone_id in field.phones if phone_id != sim.phone_id)
    sims = SimsByPhone()
    sims.update(list(field.sims.values()), None)

    changed = sims.update([replace(sim, phone_id=there)], frozenset({sim.sim_id}))

    assert changed == {sim.phone_id, there}
    assert sim.sim_id not in [found.sim_id for found in sims.in_phone(sim.phone_id)]
    assert sims.update([], frozenset({sim.sim_id})) == {there}


def test_sim_rules_are_forgotten_after_confirmation(runner: WindowRunner, field: Farm) -> None:
    with_rules = phone_where(field, lambda phone: phone.sim_rules).phone_id
    without = phone_where(field, lambda phone: not phone.sim_rules).phone_id

    async def scenario(live: Live) -> None:
        page = await live.open(Topic.PHONES)
        page.show_keys(without)
        assert "Forget SIM rules…" not in [b.text() for b in page.details.findChildren(QPushButton) if b.isVisible()]
        await live.do(Topic.PHONES, [with_rules], "Forget SIM rules…")
        question = await live.question()
        assert live.desk.commands == []
        await live.answer(question)
        await until(lambda: live.desk.commands)
        assert live.desk.commands == [("forget_sim_rules", with_rules)]

    runner.live(FakeDesk(farm=field), scenario)


def test_burst_of_changes_keeps_selection_and_scroll_position(runner: WindowRunner, field: Farm) -> None:
    def shaken(phone: PhoneRow) -> PhoneRow:
        return replace(phone, sms_today=phone.sms_today + 1, query_seconds=0.5)

    def weaker(sim: SimRow) -> SimRow:
        return replace(sim, signal=2)

    async def scenario(live: Live) -> None:
        page = await live.open(Topic.PHONES)
        key = page.table.key_at(120)
        assert key is not None
        page.show_keys(key)
        bar = page.view.verticalScrollBar()
        before = bar.value()
        began = perf_counter()
        page.table.upsert([shaken(phone) for phone in live.desk.farm.phones.values()])
        live.window.repaint()
        assert perf_counter() - began < SLOWEST_CHANGE_SECONDS
        live.desk.farm.phones = {k: shaken(phone) for k, phone in live.desk.farm.phones.items()}
        live.desk.farm.sims = {k: weaker(sim) for k, sim in live.desk.farm.sims.items()}
        live.engine.announce(Topic.PHONES)
        live.engine.announce(Topic.SIMS)
        await until(lambda: page.table.row_of(key) == live.desk.farm.phones[key])
        await live.window.wait_until_idle()
        assert bar.value() == before
        assert page.view.selected_keys() == [key]

    runner.live(FakeDesk(farm=field), scenario)


def test_the_advice_is_the_first_thing_in_the_details(runner: WindowRunner, field: Farm) -> None:
    phone = phone_where(field, lambda phone: phone.state is PhoneState.LOCKED)

    async def scenario(live: Live) -> None:
        page = await live.open(Topic.PHONES)
        page.show_keys(phone.phone_id)
        await live.window.wait_until_idle()
        shown = [label for label in page.details._inside.findChildren(Label) if label.isVisible() and label.text()]
        top = min(shown, key=lambda label: label.mapTo(page.details, label.rect().topLeft()).y())
        assert top.text() == "What to do"

    runner.live(FakeDesk(farm=field), scenario)


@pytest.mark.parametrize("state", [state for state in PhoneState if state is not PhoneState.READY])
def test_telemetry_of_a_phone_that_is_not_read_is_never_shown_as_current(field: Farm, state: PhoneState) -> None:
    now = field.now
    phone = next(row for row in field.phones.values() if row.telemetry.battery_percent is not None)
    telemetry = replace(phone.telemetry, battery_percent=5, is_charging=True, temperature=50.0)
    phone = replace(phone, state=state, conditions=(), telemetry=telemetry, last_read_at=now - timedelta(minutes=5))
    sims = SimsByPhone()
    sims.update(list(field.sims.values()), None)
    columns = {column.title: column for column in phone_columns(sims)}

    for title in ("Battery", "Temperature", "Signal"):
        column = columns[title]
        assert column.text(phone, now) == "–"
        assert column.sort_key(phone) is None
        assert column.tone is None or column.tone(phone) is None
    battery = columns["Battery"]
    assert battery.bolt is not None
    assert not battery.bolt(phone)
    assert battery.tooltip is not None
    assert battery.tooltip(phone) == "last known: 5\u00a0%, was charging"
    facts = phone_facts(phone, now, sims)
    assert any(fact.name.startswith("Battery and state, last known ") for fact in facts)
    assert next(fact for fact in facts if fact.name == "Battery").value == "5\u00a0%, was charging"
    assert "Signal" not in {fact.name for fact in facts}
