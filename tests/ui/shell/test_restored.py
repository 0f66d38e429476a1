"""After a restore the window shows a bar until the user dismisses it."""

from __future__ import annotations

from datetime import timedelta

from PySide6.QtWidgets import QPushButton

from phonefarm.application.model.read_models import PushState, Restored, Topic
from tests.fakes.desk import FakeDesk
from tests.fakes.farms import Farm
from tests.ui.live import Live, WindowRunner, until


def restored_desk(farm: Farm) -> FakeDesk:
    return FakeDesk(farm=farm, restore=Restored(at=farm.now, until=farm.now - timedelta(days=1)))


def test_bar_says_how_old_the_backup_is_and_what_to_check(runner: WindowRunner, farm: Farm) -> None:
    async def scenario(live: Live) -> None:
        await until(live.window.restored.text)
        text = live.window.restored.text()
        assert text.startswith("The backup of yesterday")
        assert "stopped" in text
        assert "held" in text

    runner.live(restored_desk(farm), scenario)


def test_dismissed_bar_does_not_come_back(runner: WindowRunner, farm: Farm) -> None:
    desk = restored_desk(farm)

    async def scenario(live: Live) -> None:
        await until(live.window.restored.text)
        live.window.restored.dismiss.click()
        assert live.window.restored.text() == ""
        await until(lambda: desk.commands)
        assert desk.commands == [("dismiss_restored",)]

    runner.live(desk, scenario)

    assert desk.restore is None


def test_button_shows_the_stopped_sms(runner: WindowRunner, busy: Farm) -> None:
    async def scenario(live: Live) -> None:
        await until(live.window.restored.text)
        page = await live.open(Topic.PUSHES)
        live.window.go(Topic.OVERVIEW)
        button = next(b for b in live.window.restored.findChildren(QPushButton) if b.text() == "Show stopped SMS")
        button.click()
        assert live.window.page is page
        places = range(page.table.rowCount())
        assert {row.state for place in places if (row := page.table.row_at(place))} == {PushState.PARKED}

    runner.live(restored_desk(busy), scenario)


def test_bar_is_hidden_without_a_restore(runner: WindowRunner, desk: FakeDesk) -> None:
    async def scenario(live: Live) -> None:
        assert live.window.restored.isHidden()

    runner.live(desk, scenario)
