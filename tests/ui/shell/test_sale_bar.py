"""The sale bar stands on every page; its button pauses all selling and resumes it, by mouse and by keyboard."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest

from phonefarm.application.model.read_models import BY_USER, KnownError, Pause, Topic
from tests.fakes.desk import FakeDesk
from tests.fakes.farms import Farm, busy_farm, empty_farm
from tests.ui.live import Live, WindowRunner, until
from ui.shell.sale_bar import HEIGHT
from ui.style.tokens import Tone


def click(live: Live) -> None:
    QTest.mouseClick(live.window.sale_bar.switch, Qt.MouseButton.LeftButton)


def end_of_double_click(live: Live) -> None:
    live.window.sale_bar._settling.stop()


def test_button_pauses_at_once_without_a_question_and_resumes(runner: WindowRunner, desk: FakeDesk) -> None:
    async def scenario(live: Live) -> None:
        bar = live.window.sale_bar
        assert bar.text().startswith("For sale ")

        click(live)
        await until(lambda: bar.switch.text() == "Resume selling")
        assert bar.text().startswith("Paused by you since ")
        assert ", nothing is for sale" in bar.text()
        assert bar.property("tone") == "warn"

        end_of_double_click(live)
        click(live)
        await until(lambda: bar.switch.text() == "Pause selling")
        assert bar.property("tone") == ""
        assert live.desk.commands == [("pause_selling",), ("resume_selling",)]

    runner.live(desk, scenario)


def test_second_click_of_a_double_click_does_not_resume(runner: WindowRunner, desk: FakeDesk) -> None:
    async def scenario(live: Live) -> None:
        click(live)
        await until(lambda: live.window.sale_bar.switch.text() == "Resume selling")

        click(live)

        assert live.desk.commands == [("pause_selling",)]

    runner.live(desk, scenario)


def test_space_on_the_focused_button_pauses(runner: WindowRunner, desk: FakeDesk) -> None:
    async def scenario(live: Live) -> None:
        live.window.sale_bar.switch.setFocus(Qt.FocusReason.TabFocusReason)

        QTest.keyClick(live.window.sale_bar.switch, Qt.Key.Key_Space)

        await until(lambda: live.desk.commands == [("pause_selling",)])

    runner.live(desk, scenario)


def test_bar_is_on_every_page_and_never_changes_its_height(runner: WindowRunner, desk: FakeDesk) -> None:
    async def scenario(live: Live) -> None:
        heights = []
        for topic in live.window.pages:
            live.window.go(topic)
            await live.window.wait_until_idle()
            assert live.window.sale_bar.isVisible()
            heights.append(live.window.sale_bar.height())
        click(live)
        await until(lambda: live.window.sale_bar.switch.text() == "Resume selling")
        heights.append(live.window.sale_bar.height())

        assert set(heights) == {HEIGHT}

    runner.live(desk, scenario)


def test_farm_that_was_paused_before_the_window_opened_says_so_and_never_that_all_is_well(
    runner: WindowRunner, desk: FakeDesk
) -> None:
    desk.paused = Pause(since=desk.farm.now, by=BY_USER)

    async def scenario(live: Live) -> None:
        assert live.window.sale_bar.switch.text() == "Resume selling"
        assert "nothing is for sale" in live.window.top_line.attention.sentence()

    runner.live(desk, scenario)


def test_pause_that_is_refused_is_told_in_a_notice(runner: WindowRunner, desk: FakeDesk) -> None:
    async def scenario(live: Live) -> None:
        live.desk.refusal = KnownError("Selling is paused, but only until phonefarm stops.")

        click(live)

        await until(lambda: live.notices)
        assert (live.notices[0].tone, live.notices[0].text) == (
            Tone.WARN,
            "Selling is paused, but only until phonefarm stops.",
        )

    runner.live(desk, scenario)


def test_pause_by_the_command_line_is_shown_as_soon_as_the_engine_tells(runner: WindowRunner, desk: FakeDesk) -> None:
    async def scenario(live: Live) -> None:
        live.desk.paused = Pause(since=live.desk.farm.now, by=BY_USER)

        live.engine.announce(Topic.OVERVIEW)

        await until(lambda: live.window.sale_bar.switch.text() == "Resume selling")

    runner.live(desk, scenario)


@pytest.mark.parametrize("make", [busy_farm, empty_farm])
def test_bar_counts_sims_and_its_parts_add_up(runner: WindowRunner, make: Callable[[], Farm]) -> None:
    farm = make()

    async def scenario(live: Live) -> None:
        overview = farm.overview()
        live.window.sale_bar.show_overview(replace(overview, attention=()), overview.at)
        free = min(overview.counts.numbers_on_offer, overview.numbers_working)
        rented = overview.numbers_working - free

        text = live.window.sale_bar.text()
        assert text.startswith(f"For sale {overview.numbers_working} of {overview.counts.sims} SIMs")
        assert (f"{free} free" in text) is (free > 0)
        assert (f"{rented} rented" in text) is (rented > 0)

    runner.live(FakeDesk(farm=farm), scenario)
