"""One run from one seed: minutes with crashes and faults, a phase without faults, then the check of the invariants."""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import timedelta
from decimal import Decimal

import structlog
from sqlalchemy import select

from bench.seeded.disk import Disk, Storage
from bench.seeded.market import FaultRates, SeededMarket
from bench.seeded.phones import SeededBridge, SeededPhone
from bench.seeded.virtual_loop import VirtualLoop, run_virtually
from phonefarm.adapters.storage.tables import pushes, rents, sms
from phonefarm.application.messages.intake import SmsIntake
from phonefarm.application.messages.push_worker import PushWorker
from phonefarm.application.model.events import Announcer
from phonefarm.application.phones.health import PhoneHealth
from phonefarm.application.phones.watch import PhoneWatch
from phonefarm.application.ports.storage import StorageFailing
from phonefarm.application.sims.inventory import SimInventory
from phonefarm.application.trade.rentals import Rentals
from phonefarm.domain.allocation import Order
from phonefarm.domain.errors import KnownError
from phonefarm.domain.ids import RentId
from phonefarm.domain.networks import Network, NetworkNames
from phonefarm.domain.pushes import PushState
from phonefarm.domain.rents import FinishStatus
from phonefarm.domain.sms import SmsStanding
from phonefarm.support.tasks import Tasks

PHONES = 3
FAULTY_SECONDS = 150.0
FAULT_FREE_SECONDS = 90.0
SPACING = timedelta(seconds=10)
BOUNDARY_SECONDS = 1.0
"""An SMS within this time of its rent's start or end may count as inside or outside."""
_NAMES = NetworkNames({"25001": Network(country="russia", operator="mts")}, {"250": "russia"})
_ENDS_WITH_THE_RENT = (PushState.REFUSED.value, PushState.RENT_OVER.value)


@dataclass(kw_only=True)
class SentSms:
    text: str
    msisdn: str
    at: float
    rent_id: int | None
    """The rent that was open on the number at the time, by the market."""


@dataclass(kw_only=True)
class RunResult:
    """The result of a run; a successful one has no faults."""

    seed: int
    sent: int = 0
    taken: int = 0
    crashes: int = 0
    attempts: int = 0
    uncertain: int = 0
    repeats: int = 0
    """Messages that the market accepted more than once, each for an allowed reason."""
    faults: list[str] = field(default_factory=list)


class FarmProcess:
    """The farm from one start to its crash."""

    def __init__(self, disk: Disk, bridge: SeededBridge, market: SeededMarket, loop: VirtualLoop, seed: int) -> None:
        self.bugs: list[str] = []
        clock = loop.clock
        announcer = Announcer()
        self._tasks = Tasks(lambda name, error: self.bugs.append(f"bug in {name}: {error!r}"))
        self.storage = Storage(disk, random.Random(seed), self._tasks)
        self.rentals = Rentals(
            self.storage, announcer, clock, selling=lambda: True, tasks=self._tasks, retire_after_sale=False
        )
        self.pushes = PushWorker(
            self.storage, market, announcer, clock, self._tasks, spacing=SPACING, report_market=lambda *_: None
        )
        intake = SmsIntake(self.storage, announcer, clock, self.pushes, withholds=lambda sender: False)
        inventory = SimInventory(self.storage, announcer, _NAMES, clock)
        self._watch = PhoneWatch(
            self.storage,
            [bridge],
            inventory,
            intake,
            PhoneHealth(self.storage, announcer, clock),
            announcer,
            clock,
            self._tasks,
            poll_seconds=10,
            rent_poll_seconds=5,
            report_server=lambda *_: None,
        )

    async def start(self) -> None:
        await self.pushes.recover()
        await self._watch.start()
        self._tasks.keep_going(self.pushes.run, "pushes")

    async def kill(self) -> None:
        """Crash: nothing more is committed, and all tasks are cancelled."""
        self.storage.kill()
        await self._tasks.stop(5.0)


class Run:
    def __init__(self, seed: int) -> None:
        self.seed = seed
        self.loop = VirtualLoop()
        self.rng = random.Random(seed)
        self.result = RunResult(seed=seed)
        self.disk = Disk()
        self.phones = [self._phone(number) for number in range(PHONES)]
        self.bridge = SeededBridge(self.phones, random.Random(seed + 1), self.loop.clock)
        self.market = SeededMarket(random.Random(seed + 2))
        self.sent: list[SentSms] = []
        self.started: dict[int, float] = {}
        self.ended: dict[int, float] = {}
        self.in_flight_at_crashes: Counter[str] = Counter()
        self.process: FarmProcess | None = None
        self._crashed = asyncio.Event()

    def execute(self) -> RunResult:
        """Run and return the result; the same seed gives the same result."""
        random.seed(self.seed)  # the farm's own jitter
        try:
            run_virtually(self._simulate(), self.loop)
        finally:
            self.disk.close()
        return self.result

    def _phone(self, number: int) -> SeededPhone:
        slots = self.rng.choice((1, 2))
        return SeededPhone(
            serial=f"SEED{number}",
            msisdns=tuple(f"7928{number}{slot}{self.rng.randint(10_000, 99_999)}" for slot in range(slots)),
            skew=self.rng.choice((0.0, self.rng.uniform(-90, 90), 3600.0, -7200.0)),
            hints=self.rng.random() < 0.8,
        )

    async def _simulate(self) -> None:
        await self._start_process()
        background = [
            self._run_orders(),
            self._send_messages(),
            self._disturb_cables(),
            self._vary_faults(),
            self._crash_repeatedly(),
        ]
        async with asyncio.TaskGroup() as group:
            for work in background:
                group.create_task(work)
        await self._end_faults()
        await asyncio.sleep(FAULT_FREE_SECONDS)
        self._check_invariants()
        assert self.process is not None
        await self.process.kill()

    async def _start_process(self) -> None:
        """Start the farm; retry while the disk is full, as a farm cannot start then."""
        while True:
            self.process = process = FarmProcess(
                self.disk, self.bridge, self.market, self.loop, self.rng.randrange(2**32)
            )
            process.storage.on_crash = self._crashed.set
            try:
                return await process.start()
            except StorageFailing:
                await process.kill()
                await asyncio.sleep(5)

    # Events -----------------------------------------------------------------------

    def _is_faulty_phase(self) -> bool:
        return self.loop.time() < FAULTY_SECONDS

    async def _run_orders(self) -> None:
        while self._is_faulty_phase():
            await asyncio.sleep(self.rng.uniform(2, 25))
            assert self.process is not None
            if self.rng.random() < 0.2:
                await self._release_orphans()
            if self.market.open_rents and self.rng.random() < 0.3:
                await self._finish(self.rng.choice(sorted(self.market.open_rents)))
            else:
                await self._place_order()

    async def _place_order(self) -> None:
        process = self.process
        assert process is not None
        started = self.loop.time()
        try:
            async with asyncio.timeout(10):
                issued = await process.rentals.issue(Order(), Decimal(320), self.loop.clock())
        except (StorageFailing, TimeoutError):
            return
        if issued is None:
            return
        if issued.msisdn in self.market.open_rents.values():
            self.market.violations.append(f"{issued.msisdn} was issued twice")
        if self.rng.random() < 0.1:
            return  # the answer is lost, so the market knows no rent
        self.market.open_rents[issued.rent_id] = issued.msisdn
        self.started[issued.rent_id] = started
        try:
            async with asyncio.timeout(10):
                await process.rentals.answered(issued.rent_id)
        except (StorageFailing, TimeoutError):
            return

    async def _release_orphans(self) -> None:
        """The user releases rents that the market does not know."""
        open_here = self.disk.query(
            lambda connection: list(
                connection.execute(select(rents.c.rent_id).where(rents.c.finished_at.is_(None))).scalars()
            )
        )
        for rent_id in sorted(set(open_here) - self.market.open_rents.keys() - self.ended.keys()):
            assert self.process is not None
            with suppress(KnownError, TimeoutError):
                async with asyncio.timeout(10):
                    await self.process.rentals.release_orphan(RentId(rent_id))

    async def _finish(self, rent_id: int) -> None:
        """Finish a rent, and repeat the call until it succeeds, like the market."""
        self.ended[rent_id] = self.loop.time()
        del self.market.open_rents[rent_id]
        for _ in range(40):
            process = self.process
            assert process is not None
            try:
                async with asyncio.timeout(10):
                    await process.rentals.finish(RentId(rent_id), FinishStatus.SOLD, Decimal(320))
            except (StorageFailing, TimeoutError):
                await asyncio.sleep(5)
                continue
            return

    async def _send_messages(self) -> None:
        numbers = [(phone, msisdn) for phone in self.phones for msisdn in phone.msisdns]
        for number in range(10_000):
            await asyncio.sleep(self.rng.expovariate(1 / 6))
            if not self._is_faulty_phase():
                return
            phone, msisdn = self.rng.choice(numbers)
            rented = next((rent for rent, taken in self.market.open_rents.items() if taken == msisdn), None)
            text = f"text {number} of seed {self.seed}"
            self.sent.append(SentSms(text=text, msisdn=msisdn, at=self.loop.time(), rent_id=rented))
            phone.receive(msisdn, text, self.loop.clock())

    async def _disturb_cables(self) -> None:
        while self._is_faulty_phase():
            await asyncio.sleep(self.rng.uniform(5, 60))
            if self.rng.random() < 0.15:
                self.bridge.down = True
                self.bridge.notify_change()
                await asyncio.sleep(self.rng.uniform(1, 15))
                self.bridge.down = False
            else:
                phone = self.rng.choice(self.phones)
                phone.plugged = False
                self.bridge.notify_change()
                await asyncio.sleep(self.rng.uniform(0.5, 40))
                phone.plugged = True
            self.bridge.notify_change()

    async def _vary_faults(self) -> None:
        while self._is_faulty_phase():
            kind = self.rng.random()
            if kind < 0.4:
                self.market.fault_rates = FaultRates()
            elif kind < 0.6:
                self.market.fault_rates = FaultRates(down=1.0)
            else:
                self.market.fault_rates = FaultRates(down=0.1, error=0.15, lost=0.1, too_many=0.1, soft=0.05, slow=0.1)
            await asyncio.sleep(self.rng.uniform(5, 40))
            if self.rng.random() < 0.1 and self.process is not None:
                process = self.process
                process.storage.failing = True
                await asyncio.sleep(self.rng.uniform(0.5, 10))
                process.storage.failing = False

    async def _crash_repeatedly(self) -> None:
        """Kill the farm at a commit or at any moment, and restart it later."""
        while self._is_faulty_phase():
            await asyncio.sleep(self.rng.uniform(5, 70))
            process = self.process
            assert process is not None
            self._crashed.clear()
            if self.rng.random() < 0.7:
                process.storage.crash_at_commit = self.disk.commits + self.rng.randint(1, 12)
                try:
                    async with asyncio.timeout(60):
                        await self._crashed.wait()
                except TimeoutError:
                    process.storage.crash_at_commit = None
                    continue
            self._record_in_flight()
            await process.kill()
            self.result.faults += process.bugs
            self.result.crashes += 1
            await asyncio.sleep(self.rng.uniform(0.1, 15))
            await self._start_process()

    def _record_in_flight(self) -> None:
        """Record the attempts stored as started: only these may be repeated after the crash."""
        started = self.disk.query(
            lambda connection: list(
                connection.execute(
                    select(sms.c.body)
                    .join(pushes, pushes.c.sms_id == sms.c.sms_id)
                    .where(pushes.c.state == PushState.SENDING.value)
                ).scalars()
            )
        )
        self.in_flight_at_crashes.update(started)

    async def _end_faults(self) -> None:
        self.market.fault_rates = FaultRates()
        self.bridge.down = False
        for phone in self.phones:
            phone.plugged = True
        assert self.process is not None
        self.process.storage.failing = False
        self.process.storage.crash_at_commit = None
        self.bridge.notify_change()

    # Check of the invariants --------------------------------------------------------

    def _check_invariants(self) -> None:
        assert self.process is not None
        result = self.result
        result.faults += self.process.bugs + self.market.violations
        result.sent = len(self.sent)
        result.attempts = self.market.attempts
        taken = Counter(push.text for push in self.market.accepted_pushes)
        result.taken = len(taken)
        known = self._stored_messages()
        for message in self.sent:
            self._check_message(message, taken[message.text], known.get(message.text))
        rents_by_text = {push.text: push.rent_id for push in self.market.accepted_pushes}
        by_text = {message.text: message for message in self.sent}
        for text, rent_id in rents_by_text.items():
            if by_text[text].rent_id != rent_id and not self._is_at_boundary(by_text[text], rent_id):
                result.faults.append(f"{text!r} came at {by_text[text].at:.1f} and was shown to rent {rent_id}")
        result.uncertain = self.disk.query(
            lambda connection: sum(connection.execute(select(pushes.c.uncertain)).scalars())
        )

    def _stored_messages(self) -> dict[str, tuple[str, str | None]]:
        rows = self.disk.query(
            lambda connection: connection.execute(
                select(sms.c.body, sms.c.standing, pushes.c.state).outerjoin(pushes, pushes.c.sms_id == sms.c.sms_id)
            ).all()
        )
        counted = Counter(row.body for row in rows)
        self.result.faults += [
            f"{text!r} is {times} times in the database" for text, times in counted.items() if times > 1
        ]
        return {row.body: (row.standing, row.state) for row in rows}

    def _check_message(self, message: SentSms, times: int, known: tuple[str, str | None] | None) -> None:
        faults = self.result.faults
        if known is None:
            faults.append(f"{message.text!r} is not in the database")
            return
        standing, state = known
        allowed = 1 + self.in_flight_at_crashes[message.text] + self.market.lost_answers.get(message.text, 0)
        if times > allowed:
            faults.append(f"{message.text!r} was taken {times} times, {allowed} are explained")
        self.result.repeats += times > 1
        if message.rent_id is None or times:
            return
        if self._is_at_boundary(message, message.rent_id):
            return
        is_over = state in _ENDS_WITH_THE_RENT and message.rent_id in self.ended
        if standing == SmsStanding.HELD.value or state == PushState.PARKED.value or is_over:
            return  # shown to the user with its reason
        faults.append(f"{message.text!r} of rent {message.rent_id} was lost: {standing}, {state}")

    def _is_at_boundary(self, message: SentSms, rent_id: int) -> bool:
        begin, end = self.started.get(rent_id), self.ended.get(rent_id)
        edges = [moment for moment in (begin, end) if moment is not None]
        # A rent ends at the farm when FINISH arrives, which a crash delays.
        return any(abs(message.at - edge) <= BOUNDARY_SECONDS for edge in edges) or (
            end is not None and message.at > end
        )


def run_seed(seed: int) -> RunResult:
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(50))
    return Run(seed).execute()
