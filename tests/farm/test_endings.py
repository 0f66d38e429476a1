"""The system ends the farm during its work: nothing is lost, and nothing is sent twice."""

from __future__ import annotations

import pytest
from pydantic import SecretStr

from phonefarm.commands.headless import run_headless
from phonefarm.config.settings import load_settings
from phonefarm.runtime.engine_thread import EngineThread
from phonefarm.support.logs import SecretFilter
from tests.fakes.ending_system import LAST_CALLS, System
from tests.farm.app_process import KEY
from tests.farm.harness import Harness, until

pytestmark = pytest.mark.farm

TEXTS = [f"message {number}" for number in range(8)]


@pytest.mark.parametrize("last_call", LAST_CALLS)
def test_messages_in_flight_when_the_system_ends_the_farm_reach_the_market_once(
    harness: Harness, last_call: str
) -> None:
    settings = load_settings(
        data_dir=harness.folder / "data",
        api_key=SecretStr(KEY),
        listen="127.0.0.1:0",
        admin_listen="127.0.0.1:0",
        push_url=harness.market.sim.push_url,
        adb_servers=f"127.0.0.1:{harness.adb_port}",
        numbers_file=str(harness.folder / "numbers.csv"),
        push_retry_seconds=0.5,
    )
    first, second = System(LAST_CALLS[last_call]), System(LAST_CALLS[last_call])

    def wait_until_ready(engine: EngineThread) -> None:
        harness.market.sim.target_url = f"http://{engine.farm.listeners.webhooks_address}"
        phones = len(harness.farm.sim.phones)
        until(lambda: engine.ask(lambda desk: desk.overview()).counts.phones_ready == phones, 40, "all phones ready")

    def end_in_the_middle(engine: EngineThread) -> None:
        wait_until_ready(engine)
        rent = harness.order()
        for text in TEXTS:
            harness.send(rent.msisdn, text)
        until(lambda: bool(harness.texts(rent)), what="the first of them at the market")
        first.end()

    def end_when_all_are_there(engine: EngineThread) -> None:
        wait_until_ready(engine)
        (rent,) = harness.record.rents.values()
        harness.until_texts(rent, *TEXTS)
        second.end()

    run_headless(settings, SecretFilter(), end_in_the_middle, first.endings)
    run_headless(settings, SecretFilter(), end_when_all_are_there, second.endings)

    first.answered.result(20)
    assert [push.body["text"] for push in harness.record.pushes] == TEXTS
    assert harness.record.violations == []
