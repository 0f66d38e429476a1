"""The alerts of the Settings page, by mouse and keyboard: rules, channels, tests, notices."""

from __future__ import annotations

from dataclasses import replace
from datetime import time

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QLabel, QLineEdit
from shiboken6 import isValid

from phonefarm.application.model.alerts import (
    THRESHOLDS,
    Alert,
    AlertPolicy,
    ChannelForm,
    ChannelKind,
    Delivery,
    DeliveryFault,
    MessageKind,
    RuleKind,
)
from phonefarm.application.model.read_models import KnownError, SettingProblem, Topic
from tests.builders import NOON
from tests.fakes.desk import FakeDesk
from tests.ui.live import Live, WindowRunner, until
from ui.dialogs.channel_dialog import ChannelDialog
from ui.pages.settings.alerts import AlertsPanel
from ui.pages.settings.page import SettingsPage
from ui.style.tokens import Tone
from ui.text.words.alerts import CHANNEL_HELP, CHANNELS, FIELDS, RULES


async def alerts_of(live: Live) -> AlertsPanel:
    """The alerts, opened by a click."""
    live.window.go(Topic.SETTINGS)
    await live.window.wait_until_idle()
    page = live.window.pages[Topic.SETTINGS]
    assert isinstance(page, SettingsPage)
    QTest.mouseClick(page.alerts_part, Qt.MouseButton.LeftButton)
    assert page.alerts.isVisible()
    assert not page.save.isVisible()
    return page.alerts


def saved(live: Live) -> AlertPolicy:
    name, policy = live.desk.commands[-1]
    assert name == "save_alert_policy"
    assert isinstance(policy, AlertPolicy)
    return policy


# Rules ----------------------------------------------------------------------


def test_rules_are_switched_and_their_numbers_changed_and_saved(runner: WindowRunner, desk: FakeDesk) -> None:
    async def scenario(live: Live) -> None:
        rules = (await alerts_of(live)).rules
        assert not rules.save.isEnabled()
        assert rules.state.text() == "No changes"

        QTest.mouseClick(rules.rows[RuleKind.WRONG_KEYS].switch, Qt.MouseButton.LeftButton)
        phones, minutes = rules.rows[RuleKind.PHONES_LOST].boxes
        phones.setFocus()
        phones.selectAll()
        QTest.keyClicks(phones, "12")
        QTest.keyClick(minutes, Qt.Key.Key_Up)
        assert rules.state.text() == "Applies at once, selling goes on"
        QTest.keyClick(rules, Qt.Key.Key_S, Qt.KeyboardModifier.ControlModifier)

        await until(lambda: live.desk.commands)
        policy = saved(live)
        assert policy.values_of(RuleKind.PHONES_LOST) == (12, 4)
        assert policy.is_on(RuleKind.WRONG_KEYS)
        await until(lambda: rules.state.text().startswith("Saved "))
        assert not rules.save.isEnabled()

    runner.live(desk, scenario)


def test_an_off_rule_is_dim_and_keeps_its_values(runner: WindowRunner, desk: FakeDesk) -> None:
    async def scenario(live: Live) -> None:
        row = (await alerts_of(live)).rules.rows[RuleKind.WRONG_KEYS]

        assert [box.isEnabled() for box in row.boxes] == [False, False]
        assert [box.value() for box in row.boxes] == [20, 60]
        assert {label.property("role") for label in row._sentence.findChildren(QLabel)} == {"dim"}

    runner.live(desk, scenario)


def test_discard_takes_everything_back(runner: WindowRunner, desk: FakeDesk) -> None:
    async def scenario(live: Live) -> None:
        rules = (await alerts_of(live)).rules
        rules.quiet_begin.setTime(rules.quiet_begin.time().addSecs(-3600))
        rules.reminder.click()
        rules.recovery.click()
        assert rules.policy() == replace(
            AlertPolicy(),
            quiet=replace(AlertPolicy().quiet, begin=time(22)),
            reminds=False,
            tells_recovery=False,
        )

        rules.discard.click()

        assert rules.policy() == AlertPolicy()
        assert not rules.is_changed
        assert live.desk.commands == []

    runner.live(desk, scenario)


def test_news_do_not_undo_what_the_user_is_changing(runner: WindowRunner, desk: FakeDesk) -> None:
    async def scenario(live: Live) -> None:
        panel = await alerts_of(live)
        panel.rules.reminder.click()

        live.engine.announce(Topic.SETTINGS)
        await live.window.wait_until_idle()
        await panel.wait_until_idle()

        assert panel.rules.is_changed
        assert not panel.rules.policy().reminds

    runner.live(desk, scenario)


def test_the_wheel_changes_no_number_without_focus(runner: WindowRunner, desk: FakeDesk) -> None:
    async def scenario(live: Live) -> None:
        rules = (await alerts_of(live)).rules

        for row in rules.rows.values():
            for box in row.boxes:
                assert box.focusPolicy() is Qt.FocusPolicy.StrongFocus

    runner.live(desk, scenario)


def test_what_was_told_can_be_marked_as_seen(runner: WindowRunner, desk: FakeDesk) -> None:
    async def scenario(live: Live) -> None:
        panel = await alerts_of(live)
        assert panel.summary.text() == "Last 30 days: 34 alerts"

        panel.seen.click()

        await until(lambda: ("mark_alerts_seen",) in live.desk.commands)

    runner.live(desk, scenario)


def test_without_a_channel_it_says_that_nobody_is_called(runner: WindowRunner, desk: FakeDesk) -> None:
    desk.alerts = replace(desk.alerts, channels=desk.alerts.channels[:1], open_causes=0)

    async def scenario(live: Live) -> None:
        panel = await alerts_of(live)

        assert panel.summary.text() == "Nobody is called. Add a channel"
        assert panel.summary.property("ink") == "warn"
        assert not panel.seen.isVisible()

    runner.live(desk, scenario)


# Channels -------------------------------------------------------------------


def test_each_channel_says_how_it_did(runner: WindowRunner, desk: FakeDesk) -> None:
    async def scenario(live: Live) -> None:
        channels = (await alerts_of(live)).channels
        texts = {channel_id: widget.state.text() for channel_id, widget in channels.widgets.items()}

        assert texts["t1"].startswith("Test arrived ")
        assert texts["t1"].endswith("in 0.6 s")
        assert "refuses the password (535). Many providers want an app password here." in texts["m1"]
        assert texts["n1"] == "Off"
        assert channels.widgets["m1"].property("tone") == "bad"
        assert not channels.widgets["n1"].test.isEnabled()
        assert channels._summary.text() == "3 on, 1 fails"

    runner.live(desk, scenario)


@pytest.mark.parametrize(
    ("delivery", "said", "tone"),
    [
        (Delivery(seconds=0.58), "Arrived in 0.6 s", ""),
        (
            Delivery(seconds=0.2, fault=DeliveryFault.REJECTED, fields={"code": 400}),
            "Telegram does not know the chat (400). Write something to the bot first, and check the chat's id.",
            "bad",
        ),
    ],
)
def test_a_test_answers_in_its_row(
    runner: WindowRunner, desk: FakeDesk, delivery: Delivery, said: str, tone: str
) -> None:
    desk.delivery = delivery

    async def scenario(live: Live) -> None:
        widget = (await alerts_of(live)).channels.widgets["t1"]

        QTest.mouseClick(widget.test, Qt.MouseButton.LeftButton)

        await until(lambda: widget.state.text() == said)
        assert widget.property("tone") == tone
        assert widget.test.isEnabled()
        assert live.desk.commands == [("test_alert_channel", "t1")]

    runner.live(desk, scenario)


def test_a_test_that_the_engine_refuses_leaves_the_row_as_it_was(runner: WindowRunner, desk: FakeDesk) -> None:
    async def scenario(live: Live) -> None:
        widget = (await alerts_of(live)).channels.widgets["t1"]
        before = widget.state.text()
        live.desk.refusal = KnownError("This channel was removed meanwhile.")

        widget.test.click()

        await until(lambda: live.notices)
        await until(lambda: widget.state.text() == before)
        assert widget.test.isEnabled()

    runner.live(desk, scenario)


def test_a_channel_is_switched_off_at_once(runner: WindowRunner, desk: FakeDesk) -> None:
    async def scenario(live: Live) -> None:
        widget = (await alerts_of(live)).channels.widgets["t1"]
        widget.switch.setFocus()

        QTest.keyClick(widget.switch, Qt.Key.Key_Space)

        await until(lambda: ("switch_alert_channel", "t1", False) in live.desk.commands)

    runner.live(desk, scenario)


async def dialog_of(panel: AlertsPanel, kind: ChannelKind) -> ChannelDialog:
    """Opened by the menu of the button."""
    action = next(action for action in panel.channels.menu.actions() if action.text() == CHANNELS[kind])
    action.trigger()
    await until(lambda: panel.dialog is not None and panel.dialog.isVisible())
    assert panel.dialog is not None
    return panel.dialog


def enter(dialog: ChannelDialog, **values: str) -> None:
    for name, value in values.items():
        dialog.fields[name].setFocus()
        dialog.fields[name].selectAll()
        QTest.keyClicks(dialog.fields[name], value)


def test_a_channel_is_added_by_its_form(runner: WindowRunner, desk: FakeDesk) -> None:
    async def scenario(live: Live) -> None:
        dialog = await dialog_of(await alerts_of(live), ChannelKind.TELEGRAM)
        assert dialog.fields["token"].echoMode() is QLineEdit.EchoMode.Password

        enter(dialog, token="1:abc", chat="-42", name="Farm chat")
        QTest.mouseClick(dialog.yes, Qt.MouseButton.LeftButton)

        await until(lambda: live.desk.commands)
        form = ChannelForm(kind=ChannelKind.TELEGRAM, name="Farm chat", values={"token": "1:abc", "chat": "-42"})
        assert live.desk.commands == [("save_alert_channel", form)]
        await until(lambda: not isValid(dialog) or not dialog.isVisible())

    runner.live(desk, scenario)


def test_a_form_that_is_wrong_is_told_at_its_fields_and_keeps_what_was_entered(
    runner: WindowRunner, desk: FakeDesk
) -> None:
    desk.problems = [SettingProblem(name="chat", problem="A chat is a number.")]

    async def scenario(live: Live) -> None:
        dialog = await dialog_of(await alerts_of(live), ChannelKind.TELEGRAM)
        enter(dialog, token="1:abc", chat="my chat")

        dialog.yes.click()

        await until(lambda: dialog._problems["chat"].isVisible())
        assert dialog._problems["chat"].text() == "A chat is a number."
        assert dialog.fields["chat"].text() == "my chat"
        assert dialog.yes.isEnabled()
        dialog.reject()

    runner.live(desk, scenario)


def test_a_changed_channel_shows_everything_but_its_secret(runner: WindowRunner, desk: FakeDesk) -> None:
    async def scenario(live: Live) -> None:
        panel = await alerts_of(live)
        panel.channels.widgets["m1"].change.click()
        await until(lambda: panel.dialog is not None and panel.dialog.isVisible())
        dialog = panel.dialog
        assert dialog is not None

        assert dialog.fields["server"].text() == "smtp.example.org:587"
        assert dialog.fields["password"].text() == ""
        assert "kept" in dialog.fields["password"].placeholderText()
        dialog.yes.click()

        await until(lambda: live.desk.commands)
        _, form = live.desk.commands[0]
        assert (form.channel_id, form.values["password"]) == ("m1", "")

    runner.live(desk, scenario)


def test_a_channel_is_removed_after_a_question(runner: WindowRunner, desk: FakeDesk) -> None:
    async def scenario(live: Live) -> None:
        panel = await alerts_of(live)
        panel.channels.widgets["t1"].change.click()
        await until(lambda: panel.dialog is not None and panel.dialog.isVisible())
        assert panel.dialog is not None
        panel.dialog.remove.click()
        await until(lambda: panel.removal is not None)
        assert live.desk.commands == []

        assert panel.removal is not None
        panel.removal.yes.click()

        await until(lambda: ("remove_alert_channel", "t1") in live.desk.commands)

    runner.live(desk, scenario)


# Notices --------------------------------------------------------------------


def test_an_alert_of_the_desktop_is_a_notice_and_a_signal_for_the_tray(runner: WindowRunner, desk: FakeDesk) -> None:
    alert = Alert(at=NOON, kind=MessageKind.FIRST, title="The tunnel is down", body="12:00", stops_sales=True)

    async def scenario(live: Live) -> None:
        heard = list[Alert]()
        live.window.alerts.arrived.connect(heard.append)
        await until(lambda: live.desk.alert_listeners)

        live.engine.loop.call_soon_threadsafe(live.desk.alert, alert)

        await until(lambda: heard)
        assert heard == [alert]
        assert (live.notices[-1].tone, live.notices[-1].text) == (Tone.BAD, "The tunnel is down. 12:00")
        live.window.stop()
        await until(lambda: not live.desk.alert_listeners)

    runner.live(desk, scenario)


# Words ----------------------------------------------------------------------


def test_every_rule_and_every_kind_of_channel_has_its_words() -> None:
    assert set(RULES) == set(THRESHOLDS)
    for kind, template in RULES.items():
        assert [f"{{{place}}}" in template for place in range(3)] == [
            place < len(THRESHOLDS[kind]) for place in range(3)
        ]
    assert set(CHANNELS) == set(CHANNEL_HELP) == set(ChannelKind)
    assert FIELDS["recipient"] == "To"
