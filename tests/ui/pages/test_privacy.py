"""Blocked senders are edited and tested; texts of a number are erased after confirmation."""

from __future__ import annotations

import pytest

from phonefarm.application.model.read_models import BlockedSender, SettingProblem, SmsStanding, Topic
from tests.fakes.desk import FakeDesk
from tests.fakes.farms import BLOCKED, Farm
from tests.ui.live import Live, WindowRunner, until
from ui.dialogs.senders_dialog import SendersDialog
from ui.pages.settings.page import SettingsPage
from ui.style.tokens import DARK, LIGHT, Tone, contrast


@pytest.fixture
def desk(busy: Farm) -> FakeDesk:
    return FakeDesk(farm=busy)


async def senders_dialog(live: Live) -> SendersDialog:
    live.window.go(Topic.SETTINGS)
    await live.window.wait_until_idle()
    page = live.window.pages[Topic.SETTINGS]
    assert isinstance(page, SettingsPage)
    next(b for b in page.findChildren(type(page.save)) if b.text() == "Edit senders…").click()
    return await shown_dialog(live)


async def shown_dialog(live: Live) -> SendersDialog:
    def shown() -> list[SendersDialog]:
        return [found for found in live.window.findChildren(SendersDialog) if found.isVisible()]

    await until(shown)
    return shown()[0]


def test_sender_is_tested_against_the_table(runner: WindowRunner, desk: FakeDesk) -> None:
    async def scenario(live: Live) -> None:
        dialog = await senders_dialog(live)
        dialog.sender_field.setText("SBERBANK")
        assert dialog.answer.text() == "withheld by Sber*"
        dialog.sender_field.setText("Telegram")
        assert dialog.answer.text() == "not withheld"
        dialog.add_line(("tele*", "mine"))
        assert dialog.answer.text() == "withheld by tele*"
        dialog.table.selectRow(dialog.table.rowCount() - 1)
        dialog.remove_selected()
        assert dialog.answer.text() == "not withheld"

    runner.live(desk, scenario)


def test_search_hides_lines_and_removes_none(runner: WindowRunner, desk: FakeDesk) -> None:
    async def scenario(live: Live) -> None:
        dialog = await senders_dialog(live)
        dialog.search.setText("PAYM")
        seen = [row for row in range(dialog.table.rowCount()) if not dialog.table.isRowHidden(row)]
        assert [dialog.pair_at(row)[1] for row in seen] == ["payment", "payment"]
        assert dialog.senders() == list(BLOCKED)

    runner.live(desk, scenario)


def test_senders_are_refused_marked_kept_and_reset(runner: WindowRunner, desk: FakeDesk) -> None:
    desk.farm.blocked = [BlockedSender(pattern="900", what="bank")]

    async def scenario(live: Live) -> None:
        dialog = await senders_dialog(live)
        dialog.add_line(("*", ""))
        live.desk.problems = [SettingProblem(name="1", problem="this would withhold every message")]
        dialog.yes.click()
        await until(lambda: "Line 2" in dialog.problem.text())
        assert not dialog.item(1, 0).icon().isNull()
        assert dialog.item(0, 0).icon().isNull()
        ground = live.theme.tokens
        assert contrast(dialog.item(1, 0).foreground().color().name(), ground.panel) >= 4.5

        live.desk.problems = []
        dialog.reset.click()
        dialog.yes.click()
        await until(lambda: len(live.desk.commands) == 2)
        assert live.desk.commands[-1] == ("save_blocked_senders", BLOCKED)
        await until(lambda: live.notices and live.notices[-1].tone is Tone.OK)

    runner.live(desk, scenario)


def test_marks_are_readable_in_both_themes() -> None:
    for tokens in (LIGHT, DARK):
        assert contrast(tokens.bad.text, tokens.panel) >= 4.5
        assert contrast(tokens.bad.text, tokens.selection) >= 4.5


@pytest.mark.parametrize("topic", [Topic.SIMS, Topic.MESSAGES])
def test_texts_of_a_number_are_erased_after_confirmation(runner: WindowRunner, desk: FakeDesk, topic: Topic) -> None:
    numbered = {
        Topic.SIMS: {key: sim.msisdn for key, sim in desk.farm.sims.items() if sim.msisdn},
        Topic.MESSAGES: {key: sms.msisdn for key, sms in desk.farm.messages.items() if sms.msisdn},
    }[topic]
    key, msisdn = next(iter(numbered.items()))

    async def scenario(live: Live) -> None:
        await live.do(topic, [key], "Erase texts of this number…")
        question = await live.question()
        assert not question.yes.isDefault()
        assert live.desk.commands == []
        await live.answer(question)
        await until(lambda: live.desk.commands == [("erase_number", msisdn)])
        await until(lambda: any("texts erased" in notice.text for notice in live.notices))

    runner.live(desk, scenario)


def test_withheld_messages_have_a_filter_and_lead_to_the_block_list(runner: WindowRunner, desk: FakeDesk) -> None:
    withheld = [key for key, sms in desk.farm.messages.items() if sms.standing is SmsStanding.WITHHELD]

    async def scenario(live: Live) -> None:
        page = await live.open(Topic.MESSAGES)
        page.head.filter_chosen.emit([f.name for f in page.spec.filters].index("withheld"))
        assert page.table.rowCount() == len(withheld)
        assert page.table.index(0, 2).data() == "(text not kept)"
        assert page.table.columns[2].tone is not None
        assert page.table.columns[2].tone(page.table.row_at(0)) is Tone.IDLE
        await live.do(Topic.MESSAGES, [withheld[0]], "Blocked senders…")
        assert (await shown_dialog(live)).answer.text() == "withheld by Sber*"

    runner.live(desk, scenario)
