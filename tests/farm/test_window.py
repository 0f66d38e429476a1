"""The real window with the real engine: it shows arriving SMS, and its commands take effect."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from phonefarm.adapters.secrets.memory_store import MemoryStore
from phonefarm.application.model.read_models import PushState, RentState, SimStanding, Topic
from phonefarm.application.model.row_queries import SIMS
from phonefarm.config.settings import load_settings
from phonefarm.runtime.engine_thread import EngineThread
from phonefarm.support.logs import SecretFilter
from tests.farm.app_process import KEY
from tests.farm.harness import Harness
from tests.farm.harness import until as until_by_then
from tests.ui.live import Live, WindowRunner, until
from ui.listing.list_page import ListPage
from ui.shell.offscreen_fonts import set_font_dir

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
set_font_dir(os.environ)

pytestmark = [pytest.mark.farm, pytest.mark.qt_log_ignore("propagateSizeHints")]


@pytest.fixture
def engine(harness: Harness) -> Iterator[EngineThread]:
    settings = load_settings(
        data_dir=harness.folder / "window-data",
        api_key=SecretStr(KEY),
        listen="127.0.0.1:0",
        admin_listen="127.0.0.1:0",
        push_url=harness.market.sim.push_url,
        adb_servers=f"127.0.0.1:{harness.adb_port}",
        numbers_file=str(harness.folder / "numbers.csv"),
        push_retry_seconds=0.5,
    )
    running = EngineThread(settings, SecretFilter(), MemoryStore(KEY))
    running.start()
    try:
        harness.market.sim.target_url = f"http://{running.farm.listeners.webhooks_address}"
        wait_until_ready = len(harness.farm.sim.phones)
        until_by_then(lambda: running.ask(lambda desk: desk.overview()).counts.phones_ready == wait_until_ready, 40)
        yield running
    finally:
        running.stop()


@pytest.fixture
def runner(qapp: QApplication, tmp_path: Path) -> Iterator[WindowRunner]:
    runner = WindowRunner(qapp, tmp_path)
    yield runner
    runner.close()


def block_this_thread_until(condition: Callable[[], bool]) -> None:
    """Block the window's thread like a slow slot."""
    until_by_then(condition, 10)


def state_of(page: ListPage[Any], rent_id: int) -> RentState | None:
    row = page.table.row_of(str(rent_id))
    return None if row is None else row.state


def rows_of(page: ListPage[Any]) -> list[Any]:
    table = page.table
    return [row for place in range(table.rowCount()) if (row := table.row_at(place)) is not None]


def test_the_window_shows_an_sms_on_its_way_from_phone_to_market(
    harness: Harness, engine: EngineThread, runner: WindowRunner
) -> None:
    rent = harness.order()

    async def watch(live: Live) -> None:
        rents = await live.open(Topic.RENTS)
        await until(lambda: rents.table.row_of(str(rent.rent_id)) is not None)
        before = state_of(rents, rent.rent_id)
        await harness.farm.await_on_simulation(lambda farm: farm.deliver(rent.msisdn, "Telegram", "your code is 4242"))
        await until(lambda: state_of(rents, rent.rent_id) is RentState.ACTIVE)
        messages = await live.open(Topic.MESSAGES)
        await until(lambda: [row.push_state for row in rows_of(messages)] == [PushState.DELIVERED])
        assert before is RentState.WAITING
        assert [row.text for row in rows_of(messages)] == ["your code is 4242"]

    runner.live_on(engine, watch)

    assert harness.texts(rent) == ["your code is 4242"]


async def hold_back(live: Live, sim_id: str) -> None:
    await live.link.ask(lambda desk: desk.hold_back(sim_id, "inventory"))


def test_a_sim_held_back_in_the_window_is_not_issued_until_released(
    harness: Harness, engine: EngineThread, runner: WindowRunner
) -> None:
    async def hold_all_back(live: Live) -> None:
        sims = await live.open(Topic.SIMS)
        for row in rows_of(sims):
            await hold_back(live, row.sim_id)
        await until(lambda: {row.standing for row in rows_of(sims)} == {SimStanding.HELD_BACK})

    runner.live_on(engine, hold_all_back)

    assert harness.market.run(lambda market: market.order()) is None
    assert harness.market.run(lambda market: market.services()) != {}
    sims = engine.ask(lambda desk: desk.rows(SIMS))
    engine.ask(lambda desk: desk.release(sims[0].sim_id))
    assert harness.order().msisdn == sims[0].msisdn


def test_pause_button_empties_the_offer_and_an_open_rent_still_gets_its_sms(
    harness: Harness, engine: EngineThread, runner: WindowRunner
) -> None:
    rent = harness.order()

    async def pause(live: Live) -> None:
        QTest.mouseClick(live.window.sale_bar.switch, Qt.MouseButton.LeftButton)
        await until(lambda: live.window.sale_bar.text().startswith("Paused by you since "))
        await harness.farm.await_on_simulation(lambda farm: farm.deliver(rent.msisdn, "Telegram", "while paused"))

    async def resume(live: Live) -> None:
        QTest.mouseClick(live.window.sale_bar.switch, Qt.MouseButton.LeftButton)
        await until(lambda: live.window.sale_bar.text().startswith("For sale "))

    runner.live_on(engine, pause)

    assert harness.market.run(lambda market: market.order()) is None
    harness.until_texts(rent, "while paused")
    runner.live_on(engine, resume)
    assert harness.order().msisdn != rent.msisdn


def test_a_window_that_stalls_does_not_delay_the_push(
    harness: Harness, engine: EngineThread, runner: WindowRunner
) -> None:
    rent = harness.order()

    async def stall(live: Live) -> None:
        stored = await harness.farm.await_on_simulation(
            lambda farm: farm.deliver(rent.msisdn, "Telegram", "while it stalls")
        )
        block_this_thread_until(lambda: bool(harness.texts(rent)))
        assert stored.body == "while it stalls"

    runner.live_on(engine, stall)

    assert harness.texts(rent) == ["while it stalls"]
