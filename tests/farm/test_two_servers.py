"""Two adb servers in one farm: both are read, and a hang of one affects only its own phones."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from phonefarm.simulation.farm import VirtualFarm
from phonefarm.simulation.market import Market
from phonefarm.simulation.market_record import RentRecord
from phonefarm.simulation.simulation_thread import SimulationThread
from tests.farm.app_process import KEY, AppProcess
from tests.farm.harness import Harness, until
from tests.simulation.adb_server import OwnAdbServer, own_adb_server

pytestmark = [pytest.mark.farm, pytest.mark.skipif(sys.platform == "win32", reason="signals")]

PHONES = 2


@dataclass(frozen=True, kw_only=True)
class TwoServers:
    harness: Harness
    other: OwnAdbServer
    other_farm: SimulationThread[VirtualFarm]

    def rents(self) -> list[RentRecord]:
        """Rent every number of both servers."""
        offered = self.harness.app.counts()["numbers_on_offer"]
        return [self.harness.order() for _ in range(offered)]

    def is_of_the_other(self, rent: RentRecord) -> bool:
        return any(sim.msisdn == rent.msisdn for _, _, sim in self.other_farm.sim.sims())

    def send(self, rent: RentRecord, text: str) -> None:
        farm = self.other_farm if self.is_of_the_other(rent) else self.harness.farm
        farm.run(lambda it: it.deliver(rent.msisdn, "Telegram", text))

    def until_ready(self, phones: int) -> None:
        until(lambda: self.harness.app.counts()["phones_ready"] == phones, 60, f"{phones} phones ready")


@pytest.fixture
def two_servers(tmp_path: Path) -> Iterator[TwoServers]:
    with (
        own_adb_server() as server,
        own_adb_server() as other,
        SimulationThread(lambda: VirtualFarm(PHONES, query_seconds=0.1)) as farm,
        SimulationThread(lambda: VirtualFarm(PHONES, seed=2, query_seconds=0.1)) as other_farm,
        SimulationThread(lambda: Market("", KEY)) as market,
    ):
        farm.run(lambda it: it.connect_to("127.0.0.1", server.port))
        other_farm.run(lambda it: it.connect_to("127.0.0.1", other.port))
        numbers = tmp_path / "numbers.csv"
        lines = [*farm.sim.numbers_csv().splitlines(), *other_farm.sim.numbers_csv().splitlines()[1:]]
        numbers.write_text("\n".join(lines), encoding="utf-8")
        app = AppProcess(
            tmp_path / "data",
            {
                "PUSH_URL": market.sim.push_url,
                "ADB_SERVERS": f"127.0.0.1:{server.port},127.0.0.1:{other.port}",
                "NUMBERS_FILE": str(numbers),
                "PUSH_RETRY_SECONDS": "0.5",
                "POLL_SECONDS": "2",
                "RENT_POLL_SECONDS": "1",
            },
        )
        harness = Harness(adb=server, farm=farm, market=market, app=app, folder=tmp_path)
        try:
            app.start()
            market.sim.target_url = app.webhooks
            both = TwoServers(harness=harness, other=other, other_farm=other_farm)
            both.until_ready(2 * PHONES)
            yield both
        finally:
            if app.is_running:
                app.kill()


def test_messages_of_both_servers_reach_the_market(two_servers: TwoServers) -> None:
    harness = two_servers.harness

    rents = two_servers.rents()
    for rent in rents:
        two_servers.send(rent, f"for {rent.msisdn}")

    assert {two_servers.is_of_the_other(rent) for rent in rents} == {True, False}
    for rent in rents:
        harness.until_texts(rent, f"for {rent.msisdn}")


def test_server_that_hangs_takes_its_own_phones_from_the_offer_and_no_others(two_servers: TwoServers) -> None:
    harness = two_servers.harness
    rents = two_servers.rents()
    mine = next(rent for rent in rents if not two_servers.is_of_the_other(rent))
    theirs = next(rent for rent in rents if two_servers.is_of_the_other(rent))

    os.kill(two_servers.other.process.pid, signal.SIGSTOP)
    try:
        two_servers.until_ready(PHONES)
        two_servers.send(mine, "while the other server hangs")
        two_servers.send(theirs, "kept by its phone")
        harness.until_texts(mine, "while the other server hangs")
        checks = harness.app.health()["checks"]
        assert checks["adb"]["status"] == "fail"
        assert str(two_servers.other.port) in checks["adb"]["detail"]
    finally:
        os.kill(two_servers.other.process.pid, signal.SIGCONT)

    two_servers.until_ready(2 * PHONES)
    harness.until_texts(theirs, "kept by its phone")
