"""Closing the window never ends the farm silently: the user is asked once, and the tray or the task bar keeps it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QAction
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QMenu, QWidget

from phonefarm.application.model.read_models import BY_USER, KnownError, Pause, Topic
from tests.fakes.desk import FakeDesk
from tests.fakes.farms import busy_farm, empty_farm
from tests.ui.live import Live, WindowRunner, until
from ui.dialogs.close_dialog import CloseDialog, OnClose
from ui.pages.settings.page import SettingsPage
from ui.shell.background import Background
from ui.text.words import group_by_kind

Scenario = Callable[[Live, Background], Awaitable[None]]


class Stage:
    """Runs a scenario against the window with its background; notes what the tray's balloons say."""

    def __init__(self, runner: WindowRunner) -> None:
        self._runner = runner
        self.has_tray = True
        self.balloons: list[str] = []
        self.closed = 0

    def live(self, desk: FakeDesk, scenario: Scenario, *, is_hidden: bool = False) -> None:
        async def run(live: Live) -> None:
            background = Background(
                live.window, live.actions, self._runner.memory, "phonefarm", live.window, lambda: self.has_tray
            )
            background.tray.told.connect(self.balloons.append)
            live.window.closed.connect(self._note_closed)
            if is_hidden:
                live.window.hide()
            background.start(is_hidden=is_hidden)
            live.window.refresh()
            await until(lambda: background._overview is not None)
            try:
                await scenario(live, background)
            finally:
                background.close()

        self._runner.live(desk, run)

    def _note_closed(self) -> None:
        self.closed += 1


@pytest.fixture
def stage(runner: WindowRunner) -> Stage:
    return Stage(runner)


@pytest.fixture
def desk() -> FakeDesk:
    return FakeDesk(farm=busy_farm())


def asked(background: Background) -> CloseDialog:
    assert background.question is not None
    return background.question


def click(widget: QWidget) -> None:
    QTest.mouseClick(widget, Qt.MouseButton.LeftButton)


def choose(menu: QMenu, action: QAction) -> None:
    """As the mouse does."""
    menu.popup(menu.pos())
    QTest.mouseClick(menu, Qt.MouseButton.LeftButton, pos=menu.actionGeometry(action).center())


# Closing ---------------------------------------------------------------------


def test_first_close_asks_with_the_figures_and_ends_nothing(stage: Stage, desk: FakeDesk) -> None:
    async def scenario(live: Live, background: Background) -> None:
        live.window.close()

        question = asked(background)
        counts = desk.farm.overview().counts
        texts = " ".join(label.text() for label in question.findChildren(QWidget) if hasattr(label, "text"))
        assert f"{counts.rents_open} rents are open" in texts
        assert f"{counts.numbers_on_offer} numbers are free for the next order" in texts
        assert f"The {counts.rents_open} customers get no SMS" in texts
        assert question.choice is OnClose.KEEP
        assert question.yes.text() == "Keep selling"
        assert not question.remember.isChecked()
        assert live.window.isVisible()
        assert stage.closed == 0

    stage.live(desk, scenario)


def test_enter_keeps_selling_in_the_tray_and_the_next_close_asks_again(stage: Stage, desk: FakeDesk) -> None:
    async def scenario(live: Live, background: Background) -> None:
        live.window.close()
        QTest.keyClick(asked(background).keep.radio, Qt.Key.Key_Return)

        await until(lambda: not live.window.isVisible())
        background.open()
        live.window.close()
        assert background.question is not None
        assert stage.closed == 0

    stage.live(desk, scenario)


def test_escape_leaves_everything_as_it_was(stage: Stage, desk: FakeDesk) -> None:
    async def scenario(live: Live, background: Background) -> None:
        live.window.close()

        QTest.keyClick(asked(background), Qt.Key.Key_Escape)

        await until(lambda: background.question is None)
        assert live.window.isVisible()
        assert stage.closed == 0

    stage.live(desk, scenario)


def test_stop_is_chosen_by_a_click_on_its_card_and_ends_the_window(stage: Stage, desk: FakeDesk) -> None:
    async def scenario(live: Live, background: Background) -> None:
        live.window.close()
        question = asked(background)

        click(question.stop)
        assert (question.choice, question.yes.text(), question.yes.property("role")) == (
            OnClose.STOP,
            "Stop and quit",
            "danger",
        )
        click(question.yes)

        await until(lambda: stage.closed == 1)

    stage.live(desk, scenario)


def test_arrow_keys_walk_the_answers(stage: Stage, desk: FakeDesk) -> None:
    async def scenario(live: Live, background: Background) -> None:
        live.window.close()
        question = asked(background)
        await until(question.keep.radio.hasFocus)

        QTest.keyClick(question.keep.radio, Qt.Key.Key_Down)
        choices = [question.choice]
        QTest.keyClick(question.stop.radio, Qt.Key.Key_Up)
        choices.append(question.choice)

        assert choices == [OnClose.STOP, OnClose.KEEP]

    stage.live(desk, scenario)


def test_remembered_answer_is_not_asked_for_again_and_can_be_changed_in_the_settings(
    stage: Stage, desk: FakeDesk
) -> None:
    async def scenario(live: Live, background: Background) -> None:
        live.window.close()
        question = asked(background)
        click(question.remember)
        click(question.yes)
        await until(lambda: not live.window.isVisible())
        background.open()

        live.window.close()
        assert not live.window.isVisible()
        assert background.question is None

        background.open()
        page = live.window.pages[Topic.SETTINGS]
        assert isinstance(page, SettingsPage)
        assert page.close_choice.box.currentData() == OnClose.KEEP
        page.close_choice.box.setCurrentIndex(0)
        live.window.close()
        assert background.question is not None

    stage.live(desk, scenario)


def test_balloon_is_shown_at_the_first_close_only(stage: Stage, desk: FakeDesk) -> None:
    async def scenario(live: Live, background: Background) -> None:
        background.close_memory.keep(OnClose.KEEP)
        for _ in range(3):
            live.window.close()
            background.open()

        assert len(stage.balloons) == 1

    stage.live(desk, scenario)


def test_without_a_tray_the_window_is_minimised_and_the_question_says_why(stage: Stage, desk: FakeDesk) -> None:
    stage.has_tray = False

    async def scenario(live: Live, background: Background) -> None:
        live.window.close()
        question = asked(background)
        assert question.keep.radio.text() == "Keep the window minimised"
        assert "This system shows no tray icons" in question.keep.consequence.text()

        click(question.yes)

        await until(lambda: live.window.isMinimized())
        assert live.window.isVisible()
        assert (stage.closed, stage.balloons) == (0, [])

    stage.live(desk, scenario)


def test_nobody_is_threatened_with_customers_where_no_rent_is_open(stage: Stage) -> None:
    async def scenario(live: Live, background: Background) -> None:
        live.window.close()

        assert "No rent is open" in " ".join(
            label.text() for label in asked(background).findChildren(QWidget) if hasattr(label, "text")
        )
        assert "customer" not in asked(background).stop.consequence.text()
        assert asked(background).yes.text() == "Keep running"

    stage.live(FakeDesk(farm=empty_farm()), scenario)


# Tray ------------------------------------------------------------------------


def test_menu_tells_the_facts_and_pauses_and_resumes(stage: Stage, desk: FakeDesk) -> None:
    async def scenario(live: Live, background: Background) -> None:
        tray = background.tray
        assert tray.facts[0].text().startswith("For sale ")
        assert (tray.pause.isEnabled(), tray.resume.isEnabled()) == (True, False)

        choose(tray.menu, tray.pause)
        await until(lambda: tray.resume.isEnabled())
        assert not tray.pause.isEnabled()
        assert tray.facts[0].text().startswith("Paused by you since ")
        assert tray.tooltip.startswith("Paused by you, ")

        choose(tray.menu, tray.resume)
        await until(lambda: tray.pause.isEnabled())
        assert desk.commands == [("pause_selling",), ("resume_selling",)]

    stage.live(desk, scenario)


def test_menu_opens_the_window(stage: Stage, desk: FakeDesk) -> None:
    async def scenario(live: Live, background: Background) -> None:
        assert not live.window.isVisible()

        choose(background.tray.menu, background.tray.open)

        await until(lambda: live.window.isVisible())

    stage.live(desk, scenario, is_hidden=True)


def test_cause_in_the_menu_opens_the_window_on_its_rows(stage: Stage, desk: FakeDesk) -> None:
    async def scenario(live: Live, background: Background) -> None:
        tray = background.tray
        needs = desk.farm.overview().attention
        assert tray.needs_action.text() == f"Needs action: {len(group_by_kind(needs))}"

        choose(tray.causes, tray.causes.actions()[0])

        await until(lambda: live.window.isVisible())
        assert live.window.page.topic is needs[0].topic

    stage.live(desk, scenario, is_hidden=True)


def test_stop_in_the_menu_asks_first(stage: Stage, desk: FakeDesk) -> None:
    async def scenario(live: Live, background: Background) -> None:
        background.close_memory.keep(OnClose.KEEP)

        choose(background.tray.menu, background.tray.quit)

        await until(lambda: background.question is not None)
        assert asked(background).choice is OnClose.STOP
        assert stage.closed == 0
        QTest.keyClick(asked(background).stop.radio, Qt.Key.Key_Return)
        await until(lambda: stage.closed == 1)

    stage.live(desk, scenario, is_hidden=True)


def test_pause_that_fails_behind_a_closed_window_is_told_at_the_tray(stage: Stage, desk: FakeDesk) -> None:
    async def scenario(live: Live, background: Background) -> None:
        desk.refusal = KnownError("Selling is paused, but only until phonefarm stops.")

        choose(background.tray.menu, background.tray.pause)

        await until(lambda: stage.balloons == ["Selling is paused, but only until phonefarm stops."])

    stage.live(desk, scenario, is_hidden=True)


def test_hidden_start_shows_no_window_and_without_a_tray_a_minimised_one(stage: Stage, desk: FakeDesk) -> None:
    async def in_tray(live: Live, background: Background) -> None:
        assert not live.window.isVisible()

    async def minimised(live: Live, background: Background) -> None:
        assert live.window.isMinimized()

    stage.live(desk, in_tray, is_hidden=True)
    stage.has_tray = False
    stage.live(desk, minimised, is_hidden=True)


def test_paused_farm_says_so_at_the_tray_from_the_start(stage: Stage, desk: FakeDesk) -> None:
    desk.paused = Pause(since=desk.farm.now, by=BY_USER)

    async def scenario(live: Live, background: Background) -> None:
        assert background.tray.facts[1].text().endswith("rents go on, their SMS are delivered")
        assert background.tray.resume.isEnabled()

    stage.live(desk, scenario)


# Settings --------------------------------------------------------------------


def test_switch_of_the_settings_page_starts_phonefarm_at_login(stage: Stage, desk: FakeDesk) -> None:
    async def scenario(live: Live, background: Background) -> None:
        live.window.go(Topic.SETTINGS)
        await live.window.wait_until_idle()
        page = live.window.pages[Topic.SETTINGS]
        assert isinstance(page, SettingsPage)
        switch = page.start_at_login.switch
        await until(switch.isEnabled)
        assert (switch.isChecked(), switch.text()) == (False, "Off")

        switch.setFocus()
        QTest.keyClick(switch, Qt.Key.Key_Space)

        await until(lambda: switch.text() == "On")
        assert desk.at_login
        await until(switch.isEnabled)
        desk.refusal = KnownError("A policy of this PC may forbid it.")
        QTest.keyClick(switch, Qt.Key.Key_Space)
        await until(lambda: live.notices)
        await until(lambda: switch.isEnabled() and switch.isChecked())

    stage.live(desk, scenario)
