"""The path to the first sale by mouse and keyboard: each step on its own, left and taken up again."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from PySide6.QtCore import QMimeData, QPointF, Qt, QUrl
from PySide6.QtGui import QDropEvent, QGuiApplication
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QLineEdit, QTableWidgetItem

from phonefarm.application.model.read_models import KnownError, PhoneState, Remedy, SettingProblem, Topic, TunnelKind
from phonefarm.application.model.setup_state import (
    Link,
    LinkResult,
    NumberDraft,
    PushAnswer,
    SmsChainResult,
    StepName,
)
from tests.fakes.desk import FakeDesk
from tests.fakes.desk_settings import a_setting
from tests.fakes.desk_setup import ALL_BUT_AN_ORDER, NOTHING, PUSH_URL, RIGHT_PUSH, SOLD
from tests.fakes.farms import Farm
from tests.ui.live import Live, WindowRunner, until
from tests.ui.setup_path import opened, setup_of, start_of, type_into
from ui.pages.settings.page import SettingsPage
from ui.pages.setup.address_step import AddressStep
from ui.pages.setup.key_step import KeyStep
from ui.pages.setup.number_grid import NUMBER, PROBLEM
from ui.pages.setup.numbers_step import NumbersStep
from ui.pages.setup.phones_step import PhonesStep
from ui.pages.setup.push_step import PushStep
from ui.pages.setup.sms_step import SmsStep
from ui.style.tokens import Tone

SECRET = "0123456789abcdef"


@dataclass
class KeepingDesk(FakeDesk):
    """Shows settings as they were saved."""

    async def save_settings(self, changes: Mapping[str, str], *, key_in_file: bool = False) -> Sequence[SettingProblem]:
        problems = await super().save_settings(changes, key_in_file=key_in_file)
        if not problems:
            self.fields = [replace(one, value=changes.get(one.name, one.value)) for one in self.fields]
        return problems


@pytest.fixture
def desk(farm: Farm) -> FakeDesk:
    """Nothing is set up."""
    desk = KeepingDesk(farm=farm, path=NOTHING)
    desk.fields = [
        a_setting(),
        a_setting(name="tunnel", value="none"),
        a_setting(name="public_url"),
        a_setting(name="ssh_server"),
        a_setting(name="ssh_forward", value="127.0.0.1:8080"),
        a_setting(name="tunnel_name"),
        a_setting(name="tunnel_command"),
        a_setting(name="tunnel_url_pattern"),
    ]
    return desk


def saved(live: Live) -> list[dict[str, str]]:
    return [command[1] for command in live.desk.commands if command[0] == "save_settings"]


def names(live: Live) -> list[str]:
    return [command[0] for command in live.desk.commands]


# The path as a whole ----------------------------------------------------------


def test_with_nothing_set_up_the_first_page_is_the_path(runner: WindowRunner, desk: FakeDesk) -> None:
    async def scenario(live: Live) -> None:
        page = await setup_of(live)

        assert start_of(live).is_setup_shown
        assert page.summary.whole_text() == "0 of 7 done · about 6 minutes left"
        assert page.open_row is page.rows[StepName.KEY]
        assert {row.chip.text() for row in page.rows.values()} == {"in progress", "waiting"}

    runner.live(desk, scenario)


def test_farm_that_has_sold_sees_its_overview(runner: WindowRunner, desk: FakeDesk) -> None:
    desk.path = SOLD

    async def scenario(live: Live) -> None:
        await setup_of(live)
        assert not start_of(live).is_setup_shown

    runner.live(desk, scenario)


def test_path_goes_at_the_first_sale_and_asks_no_more(runner: WindowRunner, desk: FakeDesk) -> None:
    desk.path = ALL_BUT_AN_ORDER

    async def scenario(live: Live) -> None:
        await setup_of(live)
        assert start_of(live).is_setup_shown

        live.desk.path = SOLD
        live.engine.announce(Topic.OVERVIEW)

        await until(lambda: not start_of(live).is_setup_shown)

    runner.live(desk, scenario)


def test_path_is_opened_again_from_the_settings(runner: WindowRunner, desk: FakeDesk) -> None:
    desk.path = SOLD

    async def scenario(live: Live) -> None:
        await setup_of(live)
        live.window.go(Topic.SETTINGS)
        await live.window.wait_until_idle()
        settings = live.window.pages[Topic.SETTINGS]
        assert isinstance(settings, SettingsPage)

        QTest.mouseClick(settings.setup.open, Qt.MouseButton.LeftButton)

        assert start_of(live).is_setup_shown
        QTest.mouseClick(start_of(live).setup.overview_button, Qt.MouseButton.LeftButton)
        assert not start_of(live).is_setup_shown

    runner.live(desk, scenario)


def test_steps_are_walked_opened_and_closed_by_the_keyboard(runner: WindowRunner, desk: FakeDesk) -> None:
    async def scenario(live: Live) -> None:
        page = await setup_of(live)
        key, push = page.rows[StepName.KEY], page.rows[StepName.PUSH_URL]
        key.head.setFocus()

        QTest.keyClick(key.head, Qt.Key.Key_Down)
        assert push.head.hasFocus()
        QTest.keyClick(push.head, Qt.Key.Key_Return)
        assert (key.is_open, push.is_open) == (False, True)
        assert isinstance(push.body, PushStep)
        assert push.body.url.hasFocus()

        QTest.keyClick(push.body.url, Qt.Key.Key_Escape)
        assert page.open_row is None
        assert push.head.hasFocus()
        QTest.keyClick(push.head, Qt.Key.Key_Up)
        assert key.head.hasFocus()

    runner.live(desk, scenario)


def test_step_that_was_left_open_stays_so_on_another_page(runner: WindowRunner, desk: FakeDesk) -> None:
    async def scenario(live: Live) -> None:
        await opened(live, StepName.NUMBERS, NumbersStep)
        live.window.go(Topic.RENTS)
        await live.window.wait_until_idle()

        live.window.go(Topic.OVERVIEW)
        await live.window.wait_until_idle()

        page = await setup_of(live)
        assert page.open_row is page.rows[StepName.NUMBERS]

    runner.live(desk, scenario)


def test_confirmation_is_kept_at_once_and_names_the_country(runner: WindowRunner, desk: FakeDesk) -> None:
    async def scenario(live: Live) -> None:
        page = await setup_of(live)
        assert "rules of Russia" in page.confirmation.text()
        assert "Confirm at the top" in page.rows[StepName.FIRST_ORDER].fact.whole_text()

        page.confirmation.setFocus()
        QTest.keyClick(page.confirmation, Qt.Key.Key_Space)

        await until(lambda: "Waiting for the first order" in page.rows[StepName.FIRST_ORDER].fact.whole_text())
        assert live.desk.commands == [("confirm_own_sims", True)]

    runner.live(desk, scenario)


def test_rule_of_the_country_is_told(runner: WindowRunner, desk: FakeDesk) -> None:
    async def scenario(live: Live) -> None:
        page = await setup_of(live)
        QTest.mouseClick(page.rules, Qt.MouseButton.LeftButton)
        question = await live.question()
        assert question.windowTitle() == "What the rules say"
        question.reject()

    runner.live(desk, scenario)


# 1: the key ---------------------------------------------------------------------


def test_key_is_kept_when_the_field_is_left_and_shown_nowhere(runner: WindowRunner, desk: FakeDesk) -> None:
    async def scenario(live: Live) -> None:
        body = await opened(live, StepName.KEY, KeyStep)
        assert body.key.echoMode() is QLineEdit.EchoMode.Password

        type_into(body.key, SECRET)

        await until(lambda: saved(live))
        assert saved(live) == [{"api_key": SECRET}]
        assert body.key.text() == ""

    runner.live(desk, scenario)


def test_key_of_a_wrong_form_says_so_below_the_field(runner: WindowRunner, desk: FakeDesk) -> None:
    desk.problems = [SettingProblem(name="api_key", problem="must be the key as Onlinesim shows it")]

    async def scenario(live: Live) -> None:
        body = await opened(live, StepName.KEY, KeyStep)
        type_into(body.key, "not a key")
        await until(lambda: not body.problem.isHidden())
        assert body.problem.text() == "This must be the key as Onlinesim shows it."

    runner.live(desk, scenario)


def test_key_goes_to_a_protected_file_where_there_is_no_keyring(runner: WindowRunner, desk: FakeDesk) -> None:
    desk.problems = [SettingProblem(name="api_key", problem="no keyring", offers_key_file=True)]

    async def scenario(live: Live) -> None:
        body = await opened(live, StepName.KEY, KeyStep)
        type_into(body.key, SECRET)
        await until(lambda: body.cause.words())
        assert "keyring of this PC does not take the key" in body.cause.words()

        QTest.mouseClick(body.keep_in_file, Qt.MouseButton.LeftButton)

        await until(lambda: ("save_settings", {"api_key": SECRET}, "key in file") in live.desk.commands)

    runner.live(desk, scenario)


# 2: the push URL ------------------------------------------------------------------


def test_push_url_is_kept_and_tested_at_once(runner: WindowRunner, desk: FakeDesk) -> None:
    desk.path = replace(NOTHING, key_place="keyring")

    async def scenario(live: Live) -> None:
        body = await opened(live, StepName.PUSH_URL, PushStep)

        type_into(body.url, PUSH_URL)

        await until(lambda: "test_push_url" in names(live))
        assert saved(live) == [{"push_url": PUSH_URL}]
        await until(lambda: [check.tone for check in body.checks.checks] == [Tone.OK] * 3)
        assert "NO_OPERATION in 212 ms" in body.checks.checks[2].value

    runner.live(desk, scenario)


@pytest.mark.parametrize(
    ("answer", "detail", "cause"),
    [
        (PushAnswer.HOST_UNKNOWN, "", "No such host"),
        (PushAnswer.CERTIFICATE, "", "certificate"),
        (PushAnswer.KEY_REFUSED, "401", "HTTP 401: the key is refused"),
        (PushAnswer.ERROR, "404", "HTTP 404"),
        (PushAnswer.SILENT, "no answer within 10 s", "No answer within 10 s"),
        (PushAnswer.TAKEN, "", "another URL"),
    ],
)
def test_each_failure_of_the_test_push_has_its_cause_and_its_remedy(
    runner: WindowRunner, desk: FakeDesk, answer: PushAnswer, detail: str, cause: str
) -> None:
    desk.fields[0] = a_setting(value=PUSH_URL, source="file")
    desk.push_test = replace(RIGHT_PUSH, answer=answer, detail=detail)
    desk.path = replace(NOTHING, key_place="keyring", push_url=PUSH_URL)

    async def scenario(live: Live) -> None:
        body = await opened(live, StepName.PUSH_URL, PushStep)
        await until(body.send_test.isEnabled)

        QTest.mouseClick(body.send_test, Qt.MouseButton.LeftButton)

        await until(lambda: body.cause.words())
        assert cause in body.cause.words()
        assert len(body.cause.words()) > len(cause) + 20

    runner.live(desk, scenario)


def test_push_url_that_is_refused_is_not_tested(runner: WindowRunner, desk: FakeDesk) -> None:
    desk.problems = [SettingProblem(name="push_url", problem="must start with https")]

    async def scenario(live: Live) -> None:
        body = await opened(live, StepName.PUSH_URL, PushStep)
        type_into(body.url, "http://onlinesim.example/push")
        await until(lambda: body.problem.text() == "This must start with https.")
        assert "test_push_url" not in names(live)

    runner.live(desk, scenario)


# 3: the public address --------------------------------------------------------------


def test_url_of_ones_own_is_kept_with_its_tunnel(runner: WindowRunner, desk: FakeDesk) -> None:
    async def scenario(live: Live) -> None:
        body = await opened(live, StepName.PUBLIC_ADDRESS, AddressStep)
        await live.window.wait_until_idle()
        body.kind.setCurrentIndex(body.kind.findData(TunnelKind.URL))
        body.kind.activated.emit(body.kind.currentIndex())
        assert not body.lines["public_url"].isHidden()
        assert saved(live) == []  # half of it would be refused

        type_into(body.lines["public_url"], "https://farm.example.com")

        await until(lambda: saved(live))
        assert saved(live) == [{"tunnel": "url", "public_url": "https://farm.example.com"}]

    runner.live(desk, scenario)


def test_tunnel_that_is_chosen_starts_and_none_of_those_on_the_way(runner: WindowRunner, desk: FakeDesk) -> None:
    async def scenario(live: Live) -> None:
        body = await opened(live, StepName.PUBLIC_ADDRESS, AddressStep)
        await live.window.wait_until_idle()
        body.kind.setFocus()
        for _ in range(body.kind.findData(TunnelKind.NGROK)):
            QTest.keyClick(body.kind, Qt.Key.Key_Down)

        await until(lambda: saved(live))
        assert saved(live) == [{"tunnel": "ngrok"}]

    runner.live(desk, scenario)


def test_quick_tunnel_says_what_it_is_not_good_for(runner: WindowRunner, desk: FakeDesk) -> None:
    async def scenario(live: Live) -> None:
        body = await opened(live, StepName.PUBLIC_ADDRESS, AddressStep)
        body.kind.setCurrentIndex(body.kind.findData(TunnelKind.CLOUDFLARED))
        body.kind.activated.emit(body.kind.currentIndex())
        assert "new address at each start" in body.hint.text()

    runner.live(desk, scenario)


# 4: phones ----------------------------------------------------------------------------


def test_phone_that_waits_for_a_click_comes_first_with_it(runner: WindowRunner, desk: FakeDesk) -> None:
    phone_id, row = next(iter(desk.farm.phones.items()))
    desk.farm.phones[phone_id] = replace(
        row, label="Pixel 6a", make="Google", state=PhoneState.UNAUTHORIZED, remedy=Remedy.CONFIRM_DEBUGGING
    )

    async def scenario(live: Live) -> None:
        body = await opened(live, StepName.PHONES, PhonesStep)
        await until(lambda: body.lines)
        assert body.lines[0].text() == "Pixel 6a"
        assert "Allow USB debugging" in body.advice.text()
        assert "Build number" in body.picture.accessibleName()

    runner.live(desk, scenario)


def test_picture_is_that_of_the_make_of_the_chosen_phone(runner: WindowRunner, desk: FakeDesk) -> None:
    first, second = list(desk.farm.phones)[:2]
    for phone_id, make in ((first, "Google"), (second, "Xiaomi")):
        row = desk.farm.phones[phone_id]
        desk.farm.phones[phone_id] = replace(
            row, label=make, make=make, state=PhoneState.UNAUTHORIZED, remedy=Remedy.CONFIRM_DEBUGGING
        )

    async def scenario(live: Live) -> None:
        body = await opened(live, StepName.PHONES, PhonesStep)
        await until(lambda: body.lines)
        xiaomi = next(line for line in body.lines if line.text() == "Xiaomi")

        xiaomi.setFocus()
        QTest.keyClick(xiaomi, Qt.Key.Key_Space)

        assert body.name.text() == "Xiaomi"
        assert "OS version" in body.picture.accessibleName()

    runner.live(desk, scenario)


def test_without_a_phone_the_step_says_how_to_connect_one(runner: WindowRunner, desk: FakeDesk) -> None:
    desk.farm.phones.clear()

    async def scenario(live: Live) -> None:
        body = await opened(live, StepName.PHONES, PhonesStep)
        assert body.name.text() == "No phone is connected"
        QTest.mouseClick(body.open_page, Qt.MouseButton.LeftButton)
        assert live.window.page is live.window.pages[Topic.PHONES]

    runner.live(desk, scenario)


# 5: numbers ---------------------------------------------------------------------------


async def grid_of(live: Live) -> NumbersStep:
    body = await opened(live, StepName.NUMBERS, NumbersStep)
    await until(lambda: body.grid.lines)
    return body


def cell(body: NumbersStep, row: int, column: int) -> QTableWidgetItem:
    item = body.grid.item(row, column)
    assert item is not None
    return item


def sims_of(body: NumbersStep, count: int) -> list[str]:
    return [line.sim.sim_id for line in body.grid.lines[:count]]


def test_typed_number_is_taken_by_a_button_only(runner: WindowRunner, desk: FakeDesk) -> None:
    async def scenario(live: Live) -> None:
        body = await grid_of(live)
        (sim_id,) = sims_of(body, 1)
        assert not body.take.isEnabled()

        body.grid.setFocus()
        body.grid.setCurrentCell(0, NUMBER)
        QTest.keyClick(body.grid, Qt.Key.Key_F2)
        editor = body.grid.findChild(QLineEdit)
        assert editor is not None
        editor.selectAll()
        QTest.keyClicks(editor, "+79995550001")
        QTest.keyClick(editor, Qt.Key.Key_Return)

        await until(lambda: body.take.text() == "Take 1 number")
        assert "set_number" not in names(live)
        QTest.mouseClick(body.take, Qt.MouseButton.LeftButton)
        await until(lambda: ("set_number", sim_id, "+79995550001") in live.desk.commands)

    runner.live(desk, scenario)


def test_pasted_column_shows_bad_lines_in_red_and_takes_the_good_ones(runner: WindowRunner, desk: FakeDesk) -> None:
    async def scenario(live: Live) -> None:
        body = await grid_of(live)
        one, two, three = sims_of(body, 3)
        live.desk.number_problems = {two: "No phone number."}
        QGuiApplication.clipboard().setText("Ann\t+79995550001\nBob\t12\nEve\t+79995550003\n")
        body.grid.setFocus()
        body.grid.setCurrentCell(0, NUMBER)

        QTest.keyClick(body.grid, Qt.Key.Key_V, Qt.KeyboardModifier.ControlModifier)

        await until(lambda: body.grid.problems == {two: "No phone number."})
        assert cell(body, 1, PROBLEM).text() == "No phone number."
        assert cell(body, 1, NUMBER).foreground().color() == live.theme.ink(Tone.BAD)
        assert body.take.text() == "Take 2 numbers"
        QTest.mouseClick(body.take, Qt.MouseButton.LeftButton)
        await until(lambda: names(live).count("set_number") == 2)
        assert [command[1:] for command in live.desk.commands if command[0] == "set_number"] == [
            (one, "+79995550001"),
            (three, "+79995550003"),
        ]

    runner.live(desk, scenario)


def test_undo_takes_all_drafts_back(runner: WindowRunner, desk: FakeDesk) -> None:
    async def scenario(live: Live) -> None:
        body = await grid_of(live)
        body.grid.put({sims_of(body, 1)[0]: "+79995550001"})
        await until(body.take.isEnabled)

        QTest.mouseClick(body.undo, Qt.MouseButton.LeftButton)

        assert body.grid.drafts() == {}
        assert not body.take.isEnabled()

    runner.live(desk, scenario)


def test_dropped_file_is_looked_at_before_it_is_taken(runner: WindowRunner, desk: FakeDesk, tmp_path: Path) -> None:
    file = tmp_path / "numbers.csv"
    desk.drafts = [
        NumberDraft(line=2, iccid="8970", msisdn="79995550001"),
        NumberDraft(line=3, iccid="", msisdn="", problem="The ICCID is missing."),
    ]

    async def scenario(live: Live) -> None:
        body = await grid_of(live)
        data = QMimeData()
        data.setUrls([QUrl.fromLocalFile(str(file))])
        drop = QDropEvent(
            QPointF(5, 5),
            Qt.DropAction.CopyAction,
            data,
            Qt.MouseButton.LeftButton,
            Qt.KeyboardModifier.NoModifier,
        )

        body.grid.dropEvent(drop)

        await until(lambda: not body.file_said.isHidden())
        assert body.file_said.text() == "1 line of the file can be taken.\nLine 3: The ICCID is missing."
        assert "import_numbers" not in names(live)
        QTest.mouseClick(body.file_take, Qt.MouseButton.LeftButton)
        await until(lambda: ("import_numbers", str(file)) in live.desk.commands)

    runner.live(desk, scenario)


def test_file_that_is_left_changes_nothing(runner: WindowRunner, desk: FakeDesk) -> None:
    desk.drafts = [NumberDraft(line=2, iccid="8970", msisdn="79995550001")]

    async def scenario(live: Live) -> None:
        body = await grid_of(live)
        body.preview_file("numbers.csv")
        await until(lambda: not body.file_drop.isHidden())

        QTest.mouseClick(body.file_drop, Qt.MouseButton.LeftButton)

        assert body.file_said.isHidden()
        assert "import_numbers" not in names(live)

    runner.live(desk, scenario)


def test_numbers_found_in_messages_are_offered(runner: WindowRunner, busy: Farm) -> None:
    async def scenario(live: Live) -> None:
        body = await grid_of(live)
        found = [line for line in body.grid.lines if line.found and not line.sim.msisdn]
        assert found

        QTest.mouseClick(body.use_found, Qt.MouseButton.LeftButton)

        await until(body.take.isEnabled)
        assert body.grid.drafts() == {line.sim.sim_id: f"+{line.found}" for line in found}

    runner.live(FakeDesk(farm=busy, path=NOTHING), scenario)


# 6: the test SMS ------------------------------------------------------------------------


async def chain_of(live: Live) -> SmsStep:
    body = await opened(live, StepName.TEST_SMS, SmsStep)
    await until(body.send.isEnabled)
    return body


def test_test_sms_makes_every_link_green(runner: WindowRunner, desk: FakeDesk) -> None:
    desk.path = replace(NOTHING, can_test=True)

    async def scenario(live: Live) -> None:
        body = await chain_of(live)

        QTest.mouseClick(body.send, Qt.MouseButton.LeftButton)

        await until(lambda: [check.tone for check in body.checks.checks] == [Tone.OK] * len(Link))
        assert ("test_sms", body.sim.currentData()) in live.desk.commands
        page = await setup_of(live)
        await until(lambda: page.rows[StepName.TEST_SMS].chip.text() == "done")

    runner.live(desk, scenario)


def test_broken_link_is_red_with_its_cause_and_those_behind_it_are_not_reached(
    runner: WindowRunner, desk: FakeDesk
) -> None:
    desk.path = replace(NOTHING, can_test=True)
    desk.chain = SmsChainResult(
        sim_id="",
        links=(
            LinkResult(link=Link.READ, is_passed=True),
            LinkResult(link=Link.INTAKE, is_passed=False, cause="The sender is blocked."),
        ),
    )

    async def scenario(live: Live) -> None:
        body = await chain_of(live)

        QTest.keyClick(body.send, Qt.Key.Key_Space)

        await until(lambda: body.cause.words() == "The sender is blocked.")
        assert [check.tone for check in body.checks.checks] == [Tone.OK, Tone.BAD, None, None, None]

    runner.live(desk, scenario)


def test_without_a_number_the_test_says_which_steps_it_needs(runner: WindowRunner, desk: FakeDesk) -> None:
    desk.farm.sims.clear()

    async def scenario(live: Live) -> None:
        body = await opened(live, StepName.TEST_SMS, SmsStep)
        await live.window.wait_until_idle()
        assert not body.send.isEnabled()
        assert "steps 4 and 5" in body.why_not.text()

    runner.live(desk, scenario)


# Failures ---------------------------------------------------------------------------------


def test_refused_command_becomes_a_notice_and_the_step_goes_on(runner: WindowRunner, desk: FakeDesk) -> None:
    desk.path = replace(NOTHING, can_test=True)

    async def scenario(live: Live) -> None:
        body = await chain_of(live)
        live.desk.refusal = KnownError("This SIM is in no phone now.")

        QTest.mouseClick(body.send, Qt.MouseButton.LeftButton)

        await until(lambda: live.notices)
        assert live.notices[0].text == "This SIM is in no phone now."
        page = await setup_of(live)
        await until(lambda: page.rows[StepName.TEST_SMS].chip.text() == "in progress")

    runner.live(desk, scenario)
