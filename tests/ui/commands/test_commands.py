"""Every command of the user reaches the desk, and its outcome the user."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any, TypeVar

import pytest
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QComboBox, QLineEdit, QSpinBox

from phonefarm.application.model.read_models import (
    KnownError,
    PhoneState,
    PushState,
    RentState,
    SimStanding,
    SmsStanding,
    Topic,
)
from tests.fakes.desk import FakeDesk
from tests.fakes.farms import Farm
from tests.ui.live import Live, WindowRunner, until
from ui.commands.number_commands import NumberCommands
from ui.dialogs.number_dialogs import NetworkDialog
from ui.pages.pushes import PushesPage
from ui.style.tokens import Tone

Row = TypeVar("Row")


@pytest.fixture
def desk(busy: Farm) -> FakeDesk:
    return FakeDesk(farm=busy)


def key_where(rows: dict[str, Row], fits: Callable[[Row], object]) -> str:
    return next(key for key, row in rows.items() if fits(row))


def keys_where(rows: dict[str, Row], fits: Callable[[Row], object], count: int) -> list[str]:
    return [key for key, row in rows.items() if fits(row)][:count]


async def expect_commands(live: Live, *commands: tuple[Any, ...]) -> None:
    await until(lambda: len(live.desk.commands) >= len(commands))
    assert live.desk.commands == list(commands)
    await until(lambda: live.notices)
    assert live.notices[-1].tone is Tone.OK


def test_a_ban_is_lifted(runner: WindowRunner, desk: FakeDesk) -> None:
    sim_id = next(iter(desk.farm.bans))

    async def scenario(live: Live) -> None:
        await live.do(Topic.BANS, [sim_id], "Lift ban")
        await expect_commands(live, ("lift_ban", sim_id))

    runner.live(desk, scenario)


def test_a_ban_is_set_for_the_hours_chosen(runner: WindowRunner, desk: FakeDesk) -> None:
    sim_id = key_where(desk.farm.sims, lambda sim: sim.standing is SimStanding.ON_OFFER)

    async def scenario(live: Live) -> None:
        await live.do(Topic.SIMS, [sim_id], "Ban…")
        question = await live.question()
        assert isinstance(question.field, QSpinBox)
        question.field.setValue(6)
        await live.answer(question)
        await expect_commands(live, ("set_ban", sim_id, timedelta(hours=6)))

    runner.live(desk, scenario)


def test_several_sims_are_paused_with_one_reason(runner: WindowRunner, desk: FakeDesk) -> None:
    sim_ids = keys_where(desk.farm.sims, lambda sim: sim.standing is SimStanding.ON_OFFER, 2)

    async def scenario(live: Live) -> None:
        await live.do(Topic.SIMS, sim_ids, "Pause…")
        question = await live.question()
        assert isinstance(question.field, QLineEdit)
        question.field.setText("  bad signal ")
        await live.answer(question)
        await until(lambda: len(live.desk.commands) == 2)
        assert sorted(live.desk.commands) == sorted(("hold_back", sim_id, "bad signal") for sim_id in sim_ids)

    runner.live(desk, scenario)


def test_paused_sim_is_resumed(runner: WindowRunner, desk: FakeDesk) -> None:
    sim_id = key_where(desk.farm.sims, lambda sim: sim.standing is SimStanding.HELD_BACK)

    async def scenario(live: Live) -> None:
        await live.do(Topic.SIMS, [sim_id], "Resume")
        await expect_commands(live, ("release", sim_id))

    runner.live(desk, scenario)


def test_number_is_entered(runner: WindowRunner, desk: FakeDesk) -> None:
    sim_id = key_where(desk.farm.sims, lambda sim: sim.standing is SimStanding.NO_NUMBER)

    async def scenario(live: Live) -> None:
        await live.do(Topic.SIMS, [sim_id], "Edit number…")
        question = await live.question()
        assert isinstance(question.field, QLineEdit)
        assert not question.yes.isEnabled()
        question.field.setText("+7 928 144-60-23")
        assert question.yes.isEnabled()
        await live.answer(question)
        await expect_commands(live, ("set_number", sim_id, "+7 928 144-60-23"))

    runner.live(desk, scenario)


def test_a_phone_is_named(runner: WindowRunner, desk: FakeDesk) -> None:
    phone_id = next(iter(desk.farm.phones))

    async def scenario(live: Live) -> None:
        await live.do(Topic.PHONES, [phone_id], "Name…")
        question = await live.question()
        assert isinstance(question.field, QLineEdit)
        question.field.setText("window sill")
        await live.answer(question)
        await expect_commands(live, ("name_phone", phone_id, "window sill"))

    runner.live(desk, scenario)


def test_a_phone_is_reconnected(runner: WindowRunner, desk: FakeDesk) -> None:
    phone_id = key_where(desk.farm.phones, lambda phone: phone.state is PhoneState.OFFLINE)

    async def scenario(live: Live) -> None:
        await live.do(Topic.PHONES, [phone_id], "Reconnect")
        await expect_commands(live, ("reconnect_phone", phone_id))

    runner.live(desk, scenario)


def test_several_stopped_pushes_are_resent(runner: WindowRunner, desk: FakeDesk) -> None:
    keys = keys_where(desk.farm.pushes, lambda push: push.state is PushState.PARKED, 3)

    async def scenario(live: Live) -> None:
        await live.do(Topic.PUSHES, keys, "Send again")
        await until(lambda: len(live.desk.commands) == 3)
        assert sorted(live.desk.commands) == sorted(("resend_push", int(key)) for key in keys)

    runner.live(desk, scenario)


def test_push_is_dropped_after_confirmation(runner: WindowRunner, desk: FakeDesk) -> None:
    key = key_where(desk.farm.pushes, lambda push: push.state is PushState.WAITING)

    async def scenario(live: Live) -> None:
        await live.do(Topic.PUSHES, [key], "Stop sending…")
        first = await live.question()
        first.reject()
        assert live.desk.commands == []
        await until(lambda: not first.isVisible())

        await live.do(Topic.PUSHES, [key], "Stop sending…")
        await live.answer(await live.question())
        await expect_commands(live, ("drop_push", int(key)))

    runner.live(desk, scenario)


def test_unconfirmed_rent_is_released_after_a_warning(runner: WindowRunner, desk: FakeDesk) -> None:
    key = key_where(desk.farm.rents, lambda rent: rent.state is RentState.POSSIBLE_ORPHAN)

    async def scenario(live: Live) -> None:
        await live.do(Topic.RENTS, [key], "Release…")
        question = await live.question()
        assert question.no.isDefault()
        await live.answer(question)
        await expect_commands(live, ("release_orphan", int(key)))

    runner.live(desk, scenario)


def test_held_message_is_assigned_to_a_sim_of_its_phone(runner: WindowRunner, desk: FakeDesk) -> None:
    key = key_where(desk.farm.messages, lambda message: message.standing is SmsStanding.HELD)
    here = {s.sim_id for s in desk.farm.sims.values() if s.phone_id == desk.farm.messages[key].phone_id}

    async def scenario(live: Live) -> None:
        await live.do(Topic.MESSAGES, [key], "Choose SIM…")
        question = await live.question()
        assert isinstance(question.field, QComboBox)
        assert not question.yes.isEnabled()
        assert {question.field.itemData(place) for place in range(question.field.count())} == here
        question.field.setCurrentIndex(0)
        chosen = question.field.itemData(0)
        await live.answer(question)
        await expect_commands(live, ("assign_sim", int(key), chosen))

    runner.live(desk, scenario)


def test_assignment_of_a_held_message_can_be_remembered(runner: WindowRunner, desk: FakeDesk) -> None:
    key = key_where(desk.farm.messages, lambda message: message.standing is SmsStanding.HELD)

    async def scenario(live: Live) -> None:
        await live.do(Topic.MESSAGES, [key], "Choose SIM…")
        question = await live.question()
        assert isinstance(question.field, QComboBox)
        assert question.option is not None
        assert question.option.text() == "Also for later messages of this phone that are marked the same way"
        assert not question.option.isChecked()
        question.option.setChecked(True)
        question.field.setCurrentIndex(0)
        chosen = question.field.itemData(0)
        await live.answer(question)
        await expect_commands(live, ("assign_sim", int(key), chosen, "remember"))

    runner.live(desk, scenario)


def test_a_number_is_copied(runner: WindowRunner, desk: FakeDesk) -> None:
    key = key_where(desk.farm.rents, lambda rent: rent.state is RentState.ACTIVE)

    async def scenario(live: Live) -> None:
        await live.do(Topic.RENTS, [key], "Copy number")

    runner.live(desk, scenario)

    assert QGuiApplication.clipboard().text() == f"+{desk.farm.rents[key].msisdn}"


@pytest.mark.parametrize(
    ("topic", "fits", "refused"),
    [
        (Topic.RENTS, lambda rent: rent.state is RentState.ACTIVE, "Release…"),
        (Topic.PUSHES, lambda push: push.state is PushState.DELIVERED, "Send again"),
        (Topic.PUSHES, lambda push: push.state is PushState.DELIVERED, "Stop sending…"),
        (Topic.SIMS, lambda sim: sim.standing is SimStanding.ON_OFFER, "Resume"),
        (Topic.SIMS, lambda sim: sim.standing is SimStanding.ON_OFFER, "Lift ban"),
        (Topic.SIMS, lambda sim: sim.rent_id is not None, "Edit number…"),
        (Topic.MESSAGES, lambda message: message.standing is SmsStanding.FOR_RENT, "Choose SIM…"),
        (Topic.PHONES, lambda phone: phone.state is PhoneState.GONE, "Reconnect"),
    ],
)
def test_action_that_does_not_apply_is_disabled(
    runner: WindowRunner, desk: FakeDesk, topic: Topic, fits: Callable[[Any], bool], refused: str
) -> None:
    rows: dict[str, Any] = getattr(desk.farm, topic.value)

    async def scenario(live: Live) -> None:
        page = await live.open(topic)
        page.show_keys(key_where(rows, fits))
        entries = {entry.text(): entry.isEnabled() for entry in page.selected.make_menu().actions()}
        assert entries[refused] is False
        assert any(entries.values())

    runner.live(desk, scenario)


def test_refused_command_becomes_a_notice(runner: WindowRunner, desk: FakeDesk) -> None:
    sim_id = next(iter(desk.farm.bans))

    async def scenario(live: Live) -> None:
        await live.open(Topic.BANS)
        live.desk.failure = KnownError("the ban ended a moment ago")
        await live.do(Topic.BANS, [sim_id], "Lift ban")
        await until(lambda: live.notices)
        assert live.notices[0].tone is Tone.WARN
        assert live.window.notices.text() == "the ban ended a moment ago"

    runner.live(desk, scenario)


def test_refused_command_does_not_stop_the_others(runner: WindowRunner, desk: FakeDesk) -> None:
    keys = keys_where(desk.farm.pushes, lambda push: push.state is PushState.PARKED, 2)
    tried: list[int] = []

    class Moody(FakeDesk):
        async def resend_push(self, sms_id: int) -> None:
            tried.append(sms_id)
            if len(tried) == 1:
                raise KnownError("Onlinesim has it already")

    async def scenario(live: Live) -> None:
        await live.do(Topic.PUSHES, keys, "Send again")
        await until(lambda: live.notices)
        assert live.notices[0].text == "1 of 2 was refused: Onlinesim has it already"

    runner.live(Moody(farm=desk.farm), scenario)

    assert len(tried) == 2


def test_all_refused_pushes_are_resent_under_their_filter_after_confirmation(
    runner: WindowRunner, desk: FakeDesk
) -> None:
    refused = keys_where(desk.farm.pushes, lambda push: push.state is PushState.REFUSED, 1000)

    async def scenario(live: Live) -> None:
        page = await live.open(Topic.PUSHES)
        assert isinstance(page, PushesPage)
        assert page.resend_refused.isHidden()
        page.show_filter("refused")
        assert page.resend_parked.isHidden()
        page.resend_refused.click()
        question = await live.question()
        assert live.desk.commands == []
        await live.answer(question)
        await until(lambda: len(live.desk.commands) == len(refused))
        assert sorted(live.desk.commands) == sorted(("resend_push", int(key)) for key in refused)

    runner.live(desk, scenario)


def test_all_stopped_pushes_are_resent_by_one_button(runner: WindowRunner, desk: FakeDesk) -> None:
    parked = keys_where(desk.farm.pushes, lambda push: push.state is PushState.PARKED, 1000)

    async def scenario(live: Live) -> None:
        page = await live.open(Topic.PUSHES)
        assert isinstance(page, PushesPage)
        assert page.resend_parked.isEnabled()
        page.resend_parked.click()
        await until(lambda: len(live.desk.commands) == len(parked))
        assert sorted(live.desk.commands) == sorted(("resend_push", int(key)) for key in parked)

        desk.farm.pushes = {}
        live.window.refresh()
        await until(lambda: not page.resend_parked.isEnabled())

    runner.live(desk, scenario)


@pytest.mark.parametrize(
    ("topic", "rows", "action"),
    [(Topic.SIMS, "sims", "Edit number…"), (Topic.SIMS, "sims", "Pause…"), (Topic.PHONES, "phones", "Name…")],
)
def test_refused_input_stays_in_its_dialog_with_the_problem(
    runner: WindowRunner, desk: FakeDesk, topic: Topic, rows: str, action: str
) -> None:
    known = getattr(desk.farm, rows)
    key = key_where(known, lambda row: topic is Topic.PHONES or row.standing is SimStanding.ON_OFFER)

    async def scenario(live: Live) -> None:
        await live.do(topic, [key], action)
        question = await live.question()
        assert isinstance(question.field, QLineEdit)
        question.field.setText("12")
        live.desk.refusal = KnownError("This is no phone number: too short.")
        await live.answer(question)
        await until(lambda: question.problem.text() == "This is no phone number: too short.")
        assert question.isVisible()
        assert question.problem.isVisible()
        layout = question.layout()
        assert layout is not None
        assert question.height() >= layout.totalHeightForWidth(question.width())
        assert question.field.text() == "12"
        assert question.yes.isEnabled()
        assert live.notices == []

        live.desk.refusal = None
        question.field.setText("+7 928 144-60-23")
        assert not question.problem.isVisible()
        question.finished.connect(lambda: closed.append(1))
        await live.answer(question)
        await until(lambda: closed)
        assert live.desk.commands[-1][-1] == "+7 928 144-60-23"

    closed: list[int] = []
    runner.live(desk, scenario)


def test_refusal_that_comes_after_the_dialog_was_closed_is_a_notice(runner: WindowRunner, desk: FakeDesk) -> None:
    sim_id = key_where(desk.farm.sims, lambda sim: sim.standing is SimStanding.ON_OFFER)

    async def scenario(live: Live) -> None:
        await live.do(Topic.SIMS, [sim_id], "Edit number…")
        question = await live.question()
        assert isinstance(question.field, QLineEdit)
        question.field.setText("12")
        live.desk.refusal = KnownError("too short")
        question.yes.click()
        question.reject()

        await until(lambda: [notice.text for notice in live.notices] == ["too short"])

    runner.live(desk, scenario)


def test_refused_name_of_a_network_stays_in_its_dialog(runner: WindowRunner, desk: FakeDesk) -> None:
    async def scenario(live: Live) -> None:
        commands = NumberCommands(live.actions, live.window, live.theme)
        commands.name_network(live.desk.farm.networks[0].mcc_mnc)
        await until(lambda: live.window.findChildren(NetworkDialog))
        dialog = live.window.findChildren(NetworkDialog)[0]
        dialog.country.setText("atlantis")
        live.desk.refusal = KnownError("No such country.")

        dialog.yes.click()

        await until(lambda: dialog.problem.text() == "No such country.")
        assert dialog.isVisible()
        assert dialog.country.text() == "atlantis"

    runner.live(desk, scenario)
