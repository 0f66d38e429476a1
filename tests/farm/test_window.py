"""The real window over the real engine: the user watches the SMS arrive, and orders are carried out."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr
from PySide6.QtWidgets import QApplication

from phonefarm.adapters.secrets.memory_store import MemoryStore
from phonefarm.application.model.read_models import PushState, RentState, SimStanding, Topic
from phonefarm.application.model.row_queries import SIMS
from phonefarm.config.settings import load_settings
from phonefarm.runtime.engine_thread import EngineThread
from phonefarm.support.logs import SecretFilter
from tests.farm.app_process import KEY
from tests.farm.stage import Stage
from tests.farm.stage import until as until_by_then
from tests.ui.live import Live, WindowRunner, until
from ui.listing.list_page import ListPage
from ui.shell.offscreen_fonts import set_font_dir

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
set_font_dir(os.environ)

pytestmark = [pytest.mark.farm, pytest.mark.qt_log_ignore("propagateSizeHints")]


@pytest.fixture
def engine(stage: Stage) -> Iterator[EngineThread]:
    settings = load_settings(
        data_dir=stage.folder / "window-data",
        api_key=SecretStr(KEY),
        listen="127.0.0.1:0",
        admin_listen="127.0.0.1:0",
        push_url=stage.market.sim.push_url,
        adb_servers=f"127.0.0.1:{stage.adb_port}",
        numbers_file=str(stage.folder / "numbers.csv"),
        push_retry_seconds=0.5,
    )
    running = EngineThread(settings, SecretFilter(), MemoryStore(KEY))
    running.start()
    try:
        stage.market.sim.target_url = f"http://{running.farm.listeners.webhooks_address}"
        ready = len(stage.farm.sim.phones)
        until_by_then(lambda: running.ask(lambda desk: desk.overview()).counts.phones_ready == ready, 40)
        yield running
    finally:
        running.stop()


@pytest.fixture
def runner(qapp: QApplication, tmp_path: Path) -> Iterator[WindowRunner]:
    runner = WindowRunner(qapp, tmp_path)
    yield runner
    runner.close()


def block_this_thread_until(is_so: Callable[[], bool]) -> None:
    """What a careless slot would do to the window."""
    until_by_then(is_so, 10)


def state_of(page: ListPage[Any], rent_id: int) -> RentState | None:
    row = page.table.row_of(str(rent_id))
    return None if row is None else row.state


def rows_of(page: ListPage[Any]) -> list[Any]:
    table = page.table
    return [row for place in range(table.rowCount()) if (row := table.row_at(place)) is not None]


def test_the_window_shows_an_sms_on_its_way_from_phone_to_market(
    stage: Stage, engine: EngineThread, runner: WindowRunner
) -> None:
    rent = stage.order()

    async def watch(live: Live) -> None:
        rents = await live.open(Topic.RENTS)
        await until(lambda: rents.table.row_of(str(rent.rent_id)) is not None)
        before = state_of(rents, rent.rent_id)
        await stage.farm.hand_over(lambda farm: farm.deliver(rent.msisdn, "Telegram", "your code is 4242"))
        await until(lambda: state_of(rents, rent.rent_id) is RentState.ACTIVE)
        messages = await live.open(Topic.MESSAGES)
        await until(lambda: [row.push_state for row in rows_of(messages)] == [PushState.DELIVERED])
        assert before is RentState.WAITING
        assert [row.text for row in rows_of(messages)] == ["your code is 4242"]

    runner.live_on(engine, watch)

    assert stage.texts(rent) == ["your code is 4242"]


def test_a_sim_held_back_in_the_window_is_not_issued_until_released(
    stage: Stage, engine: EngineThread, runner: WindowRunner
) -> None:
    async def hold_all_back(live: Live) -> None:
        sims = await live.open(Topic.SIMS)
        for row in rows_of(sims):
            await live.link.ask(lambda desk, sim_id=row.sim_id: desk.hold_back(sim_id, "inventory"))  # type: ignore[misc]
        await until(lambda: {row.standing for row in rows_of(sims)} == {SimStanding.HELD_BACK})

    runner.live_on(engine, hold_all_back)

    assert stage.market.run(lambda market: market.order()) is None
    assert stage.market.run(lambda market: market.services()) != {}
    sims = engine.ask(lambda desk: desk.rows(SIMS))
    engine.ask(lambda desk: desk.release(sims[0].sim_id))
    assert stage.order().msisdn == sims[0].msisdn


def test_a_window_that_stalls_does_not_delay_the_push(stage: Stage, engine: EngineThread, runner: WindowRunner) -> None:
    rent = stage.order()

    async def stall(live: Live) -> None:
        stored = await stage.farm.hand_over(lambda farm: farm.deliver(rent.msisdn, "Telegram", "while it stalls"))
        block_this_thread_until(lambda: bool(stage.texts(rent)))
        assert stored.body == "while it stalls"

    runner.live_on(engine, stall)

    assert stage.texts(rent) == ["while it stalls"]
