"""Kills, stops and double starts lose no message and repeat none."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import time
from typing import Self

import pytest

from phonefarm.simulation.answers import Outcome
from phonefarm.simulation.delivery_audit import audit_deliveries, unseen_messages
from phonefarm.simulation.market import Market
from phonefarm.simulation.scripted_market import ScriptedMarket, TrafficProfile
from tests.farm.harness import Harness, until

pytestmark = pytest.mark.farm

BUSY = TrafficProfile(
    seconds_between_orders=0.15, seconds_between_strays=0.5, shortest_rent=60, longest_rent=90, most_rents=30
)
FAULT_RATES = {Outcome.ERROR_500: 0.1, Outcome.CUT: 0.05, Outcome.ANSWER_LOST: 0.05}


def test_a_kill_in_the_middle_of_traffic_loses_nothing_and_repeats_only_what_was_uncertain(harness: Harness) -> None:
    harness.open_app()
    harness.market.call(lambda market: market.policy.chances.update(FAULT_RATES))
    with _Traffic(harness) as traffic:
        script = traffic.script
        until(lambda: len(harness.record.pushes) >= 5, 30, "traffic")
        harness.app.kill()
        received = len(script.sent)
        until(lambda: len(script.sent) > received, 30, "messages while the app is dead")
        harness.open_app()
        rent = next(rent for rent in harness.record.rents.values() if rent.is_open)
        harness.send(rent.msisdn, "sent when the app was back")
        until(lambda: "sent when the app was back" in harness.texts(rent), 60, "traffic again")

    until(lambda: not unseen_messages(script.sent, harness.record), 30, "every message at the market")
    until(lambda: harness.app.counts()["pushes_waiting"] == 0, 30, "an empty queue")
    summary = audit_deliveries(script.sent, harness.record, finish_grace=0.0)
    assert (summary.lost, summary.misdirected) == (0, 0)
    # An attempt that was killed between the market's 200 and our commit is uncertain, repeated once and counted.
    assert summary.repeated_after_200 <= harness.app.counts()["pushes_uncertain"]
    assert harness.record.violations == []
    open_rents = sum(rent.is_open for rent in harness.record.rents.values())
    assert harness.app.counts()["rents_open"] >= open_rents > 0


def test_a_clean_stop_is_quick_and_the_next_start_continues(harness: Harness) -> None:
    harness.open_app()
    rent = harness.order()
    harness.send(rent.msisdn, "before the stop")
    harness.until_texts(rent, "before the stop")
    begun = time.monotonic()

    code = harness.app.stop()

    took = time.monotonic() - begun
    harness.send(rent.msisdn, "while it was stopped")
    harness.open_app()
    harness.until_texts(rent, "before the stop", "while it was stopped")
    assert code == 0
    assert took < 5
    assert harness.app.counts()["rents_open"] == 1
    assert len(harness.record.pushes) == 2


def test_a_second_app_on_the_same_folder_ends_with_an_error(harness: Harness) -> None:
    harness.app.start()

    second = subprocess.run(
        [sys.executable, "-m", "phonefarm", "serve"],
        env=harness.app.environment(),
        capture_output=True,
        text=True,
        timeout=40,
        check=False,
    )

    assert second.returncode == 1
    assert "Another phonefarm is running" in second.stderr
    assert len(second.stderr.strip().splitlines()) == 1


class _Traffic:
    """Scripted traffic: endless orders, SMS to rented numbers and stray ones."""

    def __init__(self, harness: Harness) -> None:
        self._harness = harness
        numbers = [sim.msisdn for _, _, sim in harness.farm.sim.sims()]
        self.script = ScriptedMarket(harness.market.sim, self._deliver, numbers=numbers, seed=7, traffic=BUSY)
        self._running: asyncio.Task[None] | None = None

    def __enter__(self) -> Self:
        self._harness.market.call(self._start_script)
        return self

    def __exit__(self, *_: object) -> None:
        self._harness.market.run(self._stop_script)

    async def _deliver(self, msisdn: str, sender: str, text: str) -> None:
        await self._harness.farm.await_on_simulation(lambda farm: farm.deliver(msisdn, sender, text))

    def _start_script(self, _market: Market) -> None:
        self._running = asyncio.get_running_loop().create_task(self.script.run(3600))

    async def _stop_script(self, _market: Market) -> None:
        assert self._running is not None
        self._running.cancel()
        await asyncio.wait([self._running])
