"""From an empty data folder to the first rented number and its SMS: what a new user does, step by step, in seconds.

The farm, its adb server, the webhooks behind their public URL and the push channel are the real ones; phones and market
are virtual. Each step goes through the desk, as in the window, and ends when the farm itself says that it is done. The
time that a person needs to read and type is not in it.
"""

from __future__ import annotations

import argparse
import json
import os
import tempfile
import time
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from bench._environment import KEY
from phonefarm.adapters.adb.adb_server import find_adb
from phonefarm.adapters.secrets.memory_store import MemoryStore
from phonefarm.application.desk.farm_desk import FarmDesk
from phonefarm.application.model.row_queries import SIMS
from phonefarm.application.model.setup_state import StepName, StepState
from phonefarm.commands.demo.private_adb import private_adb_server
from phonefarm.config.own_environment import PREFIX, take_own_environment
from phonefarm.config.settings import load_settings
from phonefarm.runtime.engine_thread import EngineThread
from phonefarm.simulation.farm import VirtualFarm
from phonefarm.simulation.market import Market
from phonefarm.simulation.market_record import RentRecord
from phonefarm.simulation.simulation_thread import SimulationThread
from phonefarm.support.logs import SecretFilter, set_up_logs

PHONES = 3
WITHIN_SECONDS = 60.0
POLL_SECONDS = 0.05
TEXT = "Your code is 4821"

T = TypeVar("T")


@dataclass(frozen=True)
class Step:
    name: str
    seconds: float


class NewUser:
    """Takes the steps one after the other, and measures each."""

    def __init__(self, engine: EngineThread, phones: SimulationThread[VirtualFarm], market: SimulationThread[Market]):
        self._engine = engine
        self._phones = phones
        self._market = market
        self.steps: list[Step] = []

    def take(self, name: str, act: Callable[[], T]) -> T:
        begun = time.monotonic()
        result = act()
        self.steps.append(Step(name, time.monotonic() - begun))
        return result

    def enter_key(self) -> None:
        self._save(api_key=KEY)
        self._until_done(StepName.KEY)

    def enter_push_url(self) -> None:
        self._save(push_url=self._market.sim.push_url)
        test = self._ask(lambda desk: desk.test_push_url())
        assert test.is_right, f"the test push was answered with {test.answer}"
        self._until_done(StepName.PUSH_URL)

    def enter_public_address(self) -> None:
        self._save(tunnel="url", public_url=f"http://{self._engine.farm.listeners.webhooks_address}")
        self._ask(lambda desk: desk.test_public_address())
        self._ask(lambda desk: desk.confirm_public_url())
        self._until_done(StepName.PUBLIC_ADDRESS)
        self._market.sim.target_url = self._ask(lambda desk: desk.public_address()).url

    def connect_phones(self, adb_port: int) -> None:
        self._phones.run(lambda farm: farm.connect_to("127.0.0.1", adb_port))
        self._until_done(StepName.PHONES)

    def import_numbers(self, table: Path) -> None:
        table.write_text(self._phones.sim.numbers_csv(), encoding="utf-8")
        drafts = self._ask(lambda desk: desk.preview_numbers(str(table)))
        assert drafts, "the table of numbers is empty"
        assert not [draft.problem for draft in drafts if draft.problem]
        self._ask(lambda desk: desk.import_numbers(str(table)))
        self._until_done(StepName.NUMBERS)

    def confirm(self) -> None:
        self._ask(lambda desk: desk.confirm_own_sims(is_confirmed=True))

    def send_test_sms(self) -> None:
        sims = self._ask(lambda desk: desk.rows(SIMS))
        result = self._ask(lambda desk: desk.test_sms(sims[0].sim_id))
        assert result.failed_link is None, f"the test SMS stopped at {result.failed_link}"
        self._until_done(StepName.TEST_SMS)

    def wait_for_order(self) -> RentRecord:
        rent = self._market.run(lambda market: market.order())
        assert rent is not None, "no number was issued"
        self._until_done(StepName.FIRST_ORDER)
        return rent

    def wait_for_sms(self, rent: RentRecord) -> None:
        self._phones.run(lambda farm: farm.deliver(rent.msisdn, "Telegram", TEXT))

        def is_delivered() -> bool:
            pushes = self._market.sim.record.pushes
            return any(push.rent_id == rent.rent_id and push.is_accepted for push in pushes)

        _until(is_delivered, "the SMS at the market")

    def _save(self, **changes: str) -> None:
        problems = self._ask(lambda desk: desk.save_settings(changes))
        assert not problems, [found.problem for found in problems]

    def _until_done(self, name: StepName) -> None:
        _until(lambda: self._state_of(name) is StepState.DONE, f"the step {name}")

    def _state_of(self, name: StepName) -> StepState:
        return self._ask(lambda desk: desk.setup()).step(name).state

    def _ask(self, question: Callable[[FarmDesk], Coroutine[Any, Any, T]]) -> T:
        return self._engine.ask(question, within=WITHIN_SECONDS)


def _until(condition: Callable[[], bool], what: str) -> None:
    deadline = time.monotonic() + WITHIN_SECONDS
    while not condition():
        if time.monotonic() > deadline:
            raise TimeoutError(f"{what} did not come within {WITHIN_SECONDS:g} s")
        time.sleep(POLL_SECONDS)


def play(folder: Path, phones: int = PHONES) -> list[Step]:
    """All steps in an empty `folder`."""
    with (
        private_adb_server(find_adb(), folder) as adb,
        SimulationThread(lambda: VirtualFarm(phones)) as virtual_phones,
        SimulationThread(lambda: Market("", KEY)) as market,
    ):
        os.environ |= {
            f"{PREFIX}DATA_DIR": str(folder / "data"),
            f"{PREFIX}LISTEN": "127.0.0.1:0",
            f"{PREFIX}ADMIN_LISTEN": "127.0.0.1:0",
            f"{PREFIX}ADB_SERVERS": f"127.0.0.1:{adb}",
        }
        take_own_environment()
        engine = EngineThread(load_settings(), SecretFilter(), MemoryStore(None))
        user = NewUser(engine, virtual_phones, market)
        try:
            user.take("start with an empty data folder", engine.start)
            user.take("key", user.enter_key)
            user.take("push URL, tested", user.enter_push_url)
            user.take("public address, probed", user.enter_public_address)
            user.take(f"{phones} phones ready", lambda: user.connect_phones(adb))
            user.take("numbers of a file", lambda: user.import_numbers(folder / "numbers.csv"))
            user.take("own SIMs confirmed", user.confirm)
            user.take("test SMS through the chain", user.send_test_sms)
            rent = user.take("first order", user.wait_for_order)
            user.take("its SMS at the market", lambda: user.wait_for_sms(rent))
        finally:
            engine.stop()
    return user.steps


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--phones", type=int, default=PHONES)
    parser.add_argument("--json", action="store_true", help="print the steps as JSON")
    arguments = parser.parse_args()
    set_up_logs(None, SecretFilter(), to_stderr=False)
    with tempfile.TemporaryDirectory(prefix="phonefarm-first-sale-", ignore_cleanup_errors=True) as folder:
        steps = play(Path(folder), arguments.phones)
    if arguments.json:
        print(json.dumps([{"step": step.name, "seconds": round(step.seconds, 3)} for step in steps], indent=2))
        return
    for step in steps:
        print(f"{step.seconds:8.2f} s  {step.name}")
    print(f"{sum(step.seconds for step in steps):8.2f} s  all steps, without the time of a person")


if __name__ == "__main__":
    main()
