"""The harness of the farm tests: a real adb server, virtual phones, a virtual market and the app as a process."""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from phonefarm.simulation.farm import VirtualFarm
from phonefarm.simulation.market import Market
from phonefarm.simulation.market_record import MarketRecord, RentRecord
from phonefarm.simulation.phone import VirtualPhone
from phonefarm.simulation.simulation_thread import SimulationThread
from tests.farm.app_process import KEY, AppProcess
from tests.simulation.adb_server import OwnAdbServer, adb, own_adb_server

POLL_SECONDS = 0.05


def until(condition: Callable[[], bool], within: float = 20.0, what: str = "the awaited state") -> None:
    """Wait until the condition holds; fail with `what` after `within` seconds."""
    deadline = time.monotonic() + within
    while not condition():
        assert time.monotonic() < deadline, f"{what} did not come within {within:g} s"
        time.sleep(POLL_SECONDS)


@dataclass(frozen=True, kw_only=True)
class Harness:
    adb: OwnAdbServer
    farm: SimulationThread[VirtualFarm]
    market: SimulationThread[Market]
    app: AppProcess
    folder: Path

    @property
    def adb_port(self) -> int:
        return self.adb.port

    @property
    def record(self) -> MarketRecord:
        return self.market.sim.record

    def open_app(self) -> None:
        """Start the app and wait until all plugged and authorized phones are ready."""
        self.app.start()
        self.market.sim.target_url = self.app.webhooks
        wait_until_ready = sum(phone.is_plugged and phone.is_authorized for phone in self.farm.sim.phones)
        until(lambda: self.app.counts()["phones_ready"] == wait_until_ready, 40, "all phones ready")

    def order(self) -> RentRecord:
        rent = self.market.run(lambda market: market.order())
        assert rent is not None, "no number was issued"
        return rent

    def send(self, msisdn: str, text: str, sender: str = "Telegram") -> None:
        self.farm.run(lambda farm: farm.deliver(msisdn, sender, text))

    def phone_of(self, msisdn: str) -> VirtualPhone:
        return self.farm.sim.find(msisdn)[0]

    def texts(self, rent: RentRecord) -> list[str]:
        """The texts that the market accepted for a rent, in order of arrival."""
        return [
            str(push.body["text"]) for push in self.record.pushes if push.rent_id == rent.rent_id and push.is_accepted
        ]

    def until_count(self, rent: RentRecord, count: int) -> None:
        until(lambda: len(self.texts(rent)) == count, what=f"{count} texts at the market")

    def until_texts(self, rent: RentRecord, *texts: str, within: float = 20.0) -> None:
        until(lambda: self.texts(rent) == list(texts), within, f"{texts} at the market")


@contextlib.contextmanager
def isolate_adb_servers(harness: Harness, patch: pytest.MonkeyPatch) -> Iterator[Harness]:
    """Isolate adb servers that the app starts, like the first one, and kill them at the end."""
    for name in [name for name in os.environ if name.startswith(("ADB", "ANDROID"))]:
        patch.delenv(name)
    for name, value in harness.adb.environment.items():
        patch.setenv(name, value)
    try:
        yield harness
    finally:
        if harness.app.is_running:
            harness.app.kill()
        adb(harness.adb.environment, "kill-server")


@contextlib.contextmanager
def start_harness(folder: Path, *, phones: int = 3, query_seconds: float = 0.1) -> Iterator[Harness]:
    """Start everything but the app, whose folder and settings are ready."""
    with (
        own_adb_server() as server,
        SimulationThread(lambda: VirtualFarm(phones, query_seconds=query_seconds)) as farm,
        SimulationThread(lambda: Market("", KEY)) as market,
    ):
        farm.run(lambda it: it.connect_to("127.0.0.1", server.port))
        numbers = folder / "numbers.csv"
        numbers.write_text(farm.sim.numbers_csv(), encoding="utf-8")
        app = AppProcess(
            folder / "data",
            {
                "PUSH_URL": market.sim.push_url,
                "ADB_SERVERS": f"127.0.0.1:{server.port}",
                "NUMBERS_FILE": str(numbers),
                "PUSH_RETRY_SECONDS": "0.5",
                "POLL_SECONDS": "2",
                "RENT_POLL_SECONDS": "1",
            },
        )
        try:
            yield Harness(adb=server, farm=farm, market=market, app=app, folder=folder)
        finally:
            if app.is_running:
                app.kill()
