"""An outage of the market for six hours on a virtual clock: attempts keep their spacing, then everything arrives."""

from __future__ import annotations

import asyncio
import hashlib
import logging
import random
from collections import defaultdict
from datetime import timedelta
from itertools import pairwise

import pytest
import structlog

from bench.seeded.disk import Disk, Storage
from bench.seeded.virtual_loop import VirtualLoop, run_virtually
from phonefarm.application.messages.push_worker import CONCURRENCY, PushWorker
from phonefarm.application.model.events import Announcer
from phonefarm.application.model.read_models import Verdict
from phonefarm.application.ports.storage import UnitOfWork
from phonefarm.application.ports.world import PushMessage
from phonefarm.domain.ids import Msisdn, RentId
from phonefarm.domain.market_verdict import OUTAGE_SECONDS
from phonefarm.domain.pushes import Accepted, Failed, FailureKind, PushOutcome
from phonefarm.domain.sms import SmsStanding
from phonefarm.support.tasks import Tasks
from phonefarm.wording.health import health_text
from tests.builders import an_inbound_sms, queue_push, store_sms

pytestmark = pytest.mark.farm

HOUR_SECONDS = 3600.0
SPACING_SECONDS = 10.0
MAX_SPACING_SECONDS = 20.0
ATTEMPT_SECONDS = 0.4
AFTER_OUTAGE_SECONDS = 60.0


class DownMarket:
    """Refuses connections until `up_at`, then accepts all pushes; records the times of attempts and pushes."""

    def __init__(self, loop: VirtualLoop, up_at: float) -> None:
        self._loop = loop
        self._up_at = up_at
        self.tries: dict[str, list[float]] = defaultdict(list)
        self.taken: list[tuple[str, str, float]] = []
        self.in_flight = self.max_in_flight = 0

    async def push(self, message: PushMessage) -> PushOutcome:
        self.tries[message.text].append(self._loop.time())
        self.in_flight += 1
        self.max_in_flight = max(self.max_in_flight, self.in_flight)
        await asyncio.sleep(ATTEMPT_SECONDS)
        self.in_flight -= 1
        if self._loop.time() < self._up_at:
            return Failed(kind=FailureKind.UNREACHABLE, detail="no connection: Connection refused")
        self.taken.append((message.msisdn, message.text, self._loop.time()))
        return Accepted()


class Outage:
    """A farm with messages to many numbers, from the start of an outage to a minute after its end."""

    def __init__(self, *, numbers: int, seconds: float) -> None:
        self.numbers = numbers
        self.loop = VirtualLoop()
        self.disk = Disk()
        self.up_at = seconds
        self.market = DownMarket(self.loop, self.up_at)
        self.verdicts: list[tuple[float, Verdict, str]] = []
        self.bugs: list[BaseException] = []
        self._tasks = Tasks(lambda _, error: self.bugs.append(error))
        self._storage = Storage(self.disk, random.Random(1), self._tasks)

    def run(self) -> None:
        try:
            run_virtually(self._simulate(), self.loop)
        finally:
            self.disk.close()

    async def _simulate(self) -> None:
        worker = PushWorker(
            self._storage,
            self.market,
            Announcer(),
            self.loop.clock,
            self._tasks,
            spacing=timedelta(seconds=SPACING_SECONDS),
            report_market=lambda verdict, found: self.verdicts.append((self.loop.time(), verdict, health_text(found))),
        )
        self._tasks.keep_going(worker.run, "pushes")
        await self._receive_one_on_each_number("first")
        await asyncio.sleep(self.up_at * 0.75)
        await self._receive_one_on_each_number("second")
        await asyncio.sleep(self.up_at + AFTER_OUTAGE_SECONDS - self.loop.time())
        await self._tasks.stop(1.0)

    async def _receive_one_on_each_number(self, text: str) -> None:
        for number in range(self.numbers):
            msisdn = f"7928000{number:04d}"
            await self._receive(msisdn, f"{text} of {msisdn}")

    async def _receive(self, msisdn: str, text: str) -> None:
        now = self.loop.clock()
        fingerprint = hashlib.sha256(text.encode()).digest()

        def work(uow: UnitOfWork) -> None:
            sms = an_inbound_sms(fingerprint=fingerprint, row_id=1, arrived_at=now, body=text)
            sms_id = store_sms(uow, sms, SmsStanding.FOR_RENT, msisdn, RentId(1))
            queue_push(uow, sms_id, RentId(1), Msisdn(msisdn), now)

        await self._storage.write(work)


@pytest.fixture(scope="module")
def six_hours() -> Outage:
    outage = Outage(numbers=2, seconds=6 * HOUR_SECONDS)
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING))
    try:
        outage.run()
    finally:
        structlog.reset_defaults()
    return outage


def test_every_message_arrives_once_and_soon_after_the_market_is_back(six_hours: Outage) -> None:
    texts = [text for _, text, _ in six_hours.market.taken]

    assert len(texts) == len(set(texts)) == 2 * six_hours.numbers
    assert max(at for _, _, at in six_hours.market.taken) < six_hours.up_at + MAX_SPACING_SECONDS
    assert six_hours.bugs == []


def test_attempts_keep_their_spacing_all_the_time(six_hours: Outage) -> None:
    for tries in six_hours.market.tries.values():
        assert all(later - earlier >= SPACING_SECONDS for earlier, later in pairwise(tries))


def test_outage_is_reported_from_the_third_attempt_to_the_first_200(six_hours: Outage) -> None:
    during = [(at, verdict, detail) for at, verdict, detail in six_hours.verdicts if at < six_hours.up_at]
    warned = [(at, detail) for at, verdict, detail in during if verdict is Verdict.WARN]

    assert len(during) - len(warned) <= 2
    assert warned[0][0] - during[0][0] <= OUTAGE_SECONDS
    assert {detail for _, detail in warned} == {"cannot be reached (no connection: Connection refused)"}
    assert six_hours.verdicts[-1][1:] == (Verdict.PASS, "accepts messages")


def test_concurrency_is_limited_when_the_market_is_back() -> None:
    outage = Outage(numbers=100, seconds=120.0)

    outage.run()

    assert len(outage.market.taken) == 200
    assert outage.market.max_in_flight <= CONCURRENCY
    assert all(
        later - earlier >= SPACING_SECONDS
        for tries in outage.market.tries.values()
        for earlier, later in pairwise(tries)
    )


def in_order(outage: Outage) -> bool:
    arrived: dict[str, list[str]] = defaultdict(list)
    for msisdn, text, _ in outage.market.taken:
        arrived[msisdn].append(text.split()[0])
    return all(texts == ["first", "second"] for texts in arrived.values())


def test_short_outage_leaves_the_messages_of_a_number_in_their_order() -> None:
    outage = Outage(numbers=20, seconds=25.0)

    outage.run()

    assert len(outage.market.taken) == 40
    assert in_order(outage)


def test_long_outage_leaves_the_messages_of_a_number_in_their_order() -> None:
    outages = [Outage(numbers=3, seconds=300.0 + offset) for offset in range(0, 10, 2)]

    for outage in outages:
        outage.run()

    assert all(in_order(outage) for outage in outages)
