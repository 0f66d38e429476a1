"""Many phones: simultaneous connects, loose cables beside good ones, and repeated deaths of adb."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Coroutine, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from phonefarm.simulation.delivery_audit import audit_deliveries, unseen_messages
from phonefarm.simulation.farm import VirtualFarm
from phonefarm.simulation.market_record import RentRecord
from phonefarm.simulation.market_record import now as moment
from phonefarm.simulation.phone import VirtualPhone
from phonefarm.simulation.scripted_market import SentSms
from tests.farm.harness import Harness, isolate_adb_servers, start_harness, until
from tests.simulation.adb_server import adb

pytestmark = pytest.mark.farm

FLEET = 60
FLAPPING = 20
AT_ONCE_SECONDS = 4.0
"""The latency limit from an SMS to its push on two busy cores while twenty phones flap."""
SENDER = "Telegram"


@pytest.fixture
def fleet(tmp_path: Path) -> Iterator[Harness]:
    with start_harness(tmp_path, phones=FLEET, query_seconds=0.05) as harness:
        yield harness


class Senders:
    """Sends SMS and records them."""

    def __init__(self, harness: Harness) -> None:
        self._stage = harness
        self.sent: list[SentSms] = []

    def send(self, rent: RentRecord, text: str) -> None:
        self._stage.send(rent.msisdn, text, SENDER)
        self.sent.append(
            SentSms(
                number=len(self.sent) + 1,
                msisdn=rent.msisdn,
                rent_id=rent.rent_id,
                sender=SENDER,
                text=text,
                delivered_at=moment(),
            )
        )

    def send_to_each(self, rents: Sequence[RentRecord], text: str) -> None:
        for rent in rents:
            self.send(rent, text)

    def all_arrived(self, within: float = 30.0) -> None:
        until(lambda: not unseen_messages(self.sent, self._stage.record), within, "every SMS at the market")


def test_sixty_phones_that_come_at_once_all_work_and_sixty_that_come_back_at_once_do_again(fleet: Harness) -> None:
    fleet.app.start()
    fleet.market.sim.target_url = fleet.app.webhooks
    # The others report neither ICCID nor number, so that the numbers file cannot list their SIMs.
    numbers = sum(not phone.profile.guards_identifiers for phone, _, _ in fleet.farm.sim.sims())
    until(lambda: fleet.app.counts()["phones_ready"] == FLEET, 30, "sixty phones ready")
    until(lambda: fleet.app.counts()["numbers_on_offer"] == numbers, 10, "every number on offer")

    fleet.farm.run(lambda farm: gather_all(farm.unplug_usb(phone) for phone in farm.phones))
    until(lambda: fleet.app.counts()["numbers_on_offer"] == 0, what="an empty offer")
    fleet.farm.run(lambda farm: gather_all(farm.replug_usb(phone) for phone in farm.phones))

    until(lambda: fleet.app.counts()["numbers_on_offer"] == numbers, 40, "every number on offer again")
    assert fleet.app.counts()["phones_ready"] == FLEET
    assert fleet.app.health()["checks"]["engine"]["status"] == "pass"


def test_messages_of_steady_phones_come_at_once_and_in_order_while_twenty_others_come_and_go(fleet: Harness) -> None:
    fleet.open_app()
    rents = [fleet.order() for _ in range(8)]
    steady = {id(fleet.phone_of(rent.msisdn)) for rent in rents}
    loose = [phone for phone in fleet.farm.sim.phones if id(phone) not in steady][:FLAPPING]
    senders = Senders(fleet)
    waits: list[float] = []

    with ThreadPoolExecutor(1) as beside:
        flapping = beside.submit(fleet.farm.run, lambda farm: flap_all(farm, loose))
        number = 0
        while not flapping.done() or number < 2 * len(rents):  # on a busy machine, phones are still connecting
            rent = rents[number % len(rents)]
            senders.send(rent, f"message {number}")
            begun = time.monotonic()
            senders.all_arrived()
            waits.append(time.monotonic() - begun)
            number += 1
        flapping.result()

    for rent in rents:
        assert fleet.texts(rent) == [sms.text for sms in senders.sent if sms.rent_id == rent.rent_id]
    assert max(waits) < AT_ONCE_SECONDS
    summary = audit_deliveries(senders.sent, fleet.record, finish_grace=0.0)
    assert summary.is_clean
    assert fleet.app.counts()["phones_ready"] >= FLEET - FLAPPING
    assert fleet.app.health()["checks"]["engine"]["status"] == "pass"


def test_adb_killed_again_and_again_under_traffic_loses_repeats_and_misdirects_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with start_harness(tmp_path, phones=12, query_seconds=0.05) as harness, isolate_adb_servers(harness, monkeypatch):
        harness.open_app()
        rents = [harness.order() for _ in range(6)]
        senders = Senders(harness)

        for kill in range(3):
            senders.send_to_each(rents, f"just before kill {kill}")
            end_adb(harness)
            senders.send_to_each(rents, f"right after kill {kill}")
            until(lambda: harness.app.counts()["phones_ready"] == 12, 40, "all phones ready again")
            senders.send_to_each(rents, f"when all was well again, {kill}")

        senders.all_arrived()
        until(lambda: harness.app.counts()["pushes_waiting"] == 0, what="an empty queue")
        summary = audit_deliveries(senders.sent, harness.record, finish_grace=0.0)
        assert summary.is_clean
        assert summary.delivered == len(senders.sent) == 54
        assert len(harness.record.pushes) == 54
        for rent in rents:
            assert harness.texts(rent) == [sms.text for sms in senders.sent if sms.rent_id == rent.rent_id]


def end_adb(harness: Harness) -> None:
    """Kill the adb server: the first one is our child process, those that the app started are not."""
    if harness.adb.process.poll() is None:
        harness.adb.process.kill()
        harness.adb.process.wait(5)
    else:
        adb(harness.adb.environment, "kill-server")


async def flap_all(farm: VirtualFarm, loose: Sequence[VirtualPhone]) -> None:
    await gather_all(farm.flap(phone, times=4, on_seconds=0.6, off_seconds=0.4) for phone in loose)


async def gather_all(acts: Iterable[Coroutine[object, object, None]]) -> None:
    await asyncio.gather(*acts)
