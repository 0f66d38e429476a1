"""One run from one seed: minutes of a farm's life with crashes and faults, a quiet end, and the judgement."""

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
from bench.seeded.market import SeededMarket, Weather
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
TROUBLED_SECONDS = 150.0
QUIET_SECONDS = 90.0
SPACING = timedelta(seconds=10)
AT_THE_EDGE = 1.0
"""An SMS that came within so many seconds of its rent's begin or end may fall on either side of it."""
_NAMES = NetworkNames({"25001": Network(country="russia", operator="mts")}, {"250": "russia"})
_ENDS_WITH_THE_RENT = (PushState.REFUSED.value, PushState.RENT_OVER.value)


@dataclass(kw_only=True)
class SentSms:
    text: str
    msisdn: str
    at: float
    rent_id: int | None
    """The market's rent that was open on the number just then."""


@dataclass(kw_only=True)
class Verdict:
    """What came of a run; a good one has no faults."""

    seed: int
    sent: int = 0
    taken: int = 0
    crashes: int = 0
    attempts: int = 0
    uncertain: int = 0
    repeats: int = 0
    """Messages that the market took more often than once, each for a reason that is allowed."""
    faults: list[str] = field(default_factory=list)


class Life:
    """The farm from one start to the crash that ends it."""

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

    async def die(self) -> None:
        """Nothing that runs gets anywhere any more, and nothing of it reaches the disk."""
        self.storage.die()
        await self._tasks.stop(5.0)


class Run:
    def __init__(self, seed: int) -> None:
        self.seed = seed
        self.loop = VirtualLoop()
        self.chance = random.Random(seed)
        self.verdict = Verdict(seed=seed)
        self.disk = Disk()
        self.phones = [self._phone(number) for number in range(PHONES)]
        self.bridge = SeededBridge(self.phones, random.Random(seed + 1), self.loop.clock)
        self.market = SeededMarket(random.Random(seed + 2))
        self.sent: list[SentSms] = []
        self.begun: dict[int, float] = {}
        self.ended: dict[int, float] = {}
        self.in_flight_at_crashes: Counter[str] = Counter()
        self.life: Life | None = None
        self._crashed = asyncio.Event()

    def judged(self) -> Verdict:
        """Live through it; the same seed lives through the same."""
        random.seed(self.seed)  # the farm's own jitter
        try:
            run_virtually(self._live(), self.loop)
        finally:
            self.disk.close()
        return self.verdict

    def _phone(self, number: int) -> SeededPhone:
        slots = self.chance.choice((1, 2))
        return SeededPhone(
            serial=f"SEED{number}",
            msisdns=tuple(f"7928{number}{slot}{self.chance.randint(10_000, 99_999)}" for slot in range(slots)),
            skew=self.chance.choice((0.0, self.chance.uniform(-90, 90), 3600.0, -7200.0)),
            hints=self.chance.random() < 0.8,
        )

    async def _live(self) -> None:
        await self._begin_life()
        background = [self._orders(), self._messages(), self._cables(), self._weather(), self._crashes()]
        async with asyncio.TaskGroup() as group:
            for work in background:
                group.create_task(work)
        await self._grow_quiet()
        await asyncio.sleep(QUIET_SECONDS)
        self._judge()
        assert self.life is not None
        await self.life.die()

    async def _begin_life(self) -> None:
        """Started again and again while the disk is full: a farm does not start on one that takes nothing."""
        while True:
            self.life = life = Life(self.disk, self.bridge, self.market, self.loop, self.chance.randrange(2**32))
            life.storage.on_crash = self._crashed.set
            try:
                return await life.start()
            except StorageFailing:
                await life.die()
                await asyncio.sleep(5)

    # What happens to it -----------------------------------------------------------

    def _troubled(self) -> bool:
        return self.loop.time() < TROUBLED_SECONDS

    async def _orders(self) -> None:
        while self._troubled():
            await asyncio.sleep(self.chance.uniform(2, 25))
            assert self.life is not None
            if self.chance.random() < 0.2:
                await self._release_orphans()
            if self.market.open_rents and self.chance.random() < 0.3:
                await self._finish(self.chance.choice(sorted(self.market.open_rents)))
            else:
                await self._order()

    async def _order(self) -> None:
        life = self.life
        assert life is not None
        begun = self.loop.time()
        try:
            async with asyncio.timeout(10):
                issued = await life.rentals.issue(Order(), Decimal(320), self.loop.clock())
        except (StorageFailing, TimeoutError):
            return
        if issued is None:
            return
        if issued.msisdn in self.market.open_rents.values():
            self.market.broken.append(f"{issued.msisdn} was issued twice")
        if self.chance.random() < 0.1:
            return  # the answer is lost: the market knows of no rent
        self.market.open_rents[issued.rent_id] = issued.msisdn
        self.begun[issued.rent_id] = begun
        try:
            async with asyncio.timeout(10):
                await life.rentals.answered(issued.rent_id)
        except (StorageFailing, TimeoutError):
            return

    async def _release_orphans(self) -> None:
        """The user frees numbers whose rents the market does not know."""
        open_here = self.disk.query(
            lambda connection: list(
                connection.execute(select(rents.c.rent_id).where(rents.c.finished_at.is_(None))).scalars()
            )
        )
        for rent_id in sorted(set(open_here) - self.market.open_rents.keys() - self.ended.keys()):
            assert self.life is not None
            with suppress(KnownError, TimeoutError):
                async with asyncio.timeout(10):
                    await self.life.rentals.release_orphan(RentId(rent_id))

    async def _finish(self, rent_id: int) -> None:
        """Repeated until the farm has heard of it, as the market does."""
        self.ended[rent_id] = self.loop.time()
        del self.market.open_rents[rent_id]
        for _ in range(40):
            life = self.life
            assert life is not None
            try:
                async with asyncio.timeout(10):
                    await life.rentals.finish(RentId(rent_id), FinishStatus.SOLD, Decimal(320))
            except (StorageFailing, TimeoutError):
                await asyncio.sleep(5)
                continue
            return

    async def _messages(self) -> None:
        numbers = [(phone, msisdn) for phone in self.phones for msisdn in phone.msisdns]
        for number in range(10_000):
            await asyncio.sleep(self.chance.expovariate(1 / 6))
            if not self._troubled():
                return
            phone, msisdn = self.chance.choice(numbers)
            rented = next((rent for rent, taken in self.market.open_rents.items() if taken == msisdn), None)
            text = f"text {number} of seed {self.seed}"
            self.sent.append(SentSms(text=text, msisdn=msisdn, at=self.loop.time(), rent_id=rented))
            phone.receive(msisdn, text, self.loop.clock())

    async def _cables(self) -> None:
        while self._troubled():
            await asyncio.sleep(self.chance.uniform(5, 60))
            if self.chance.random() < 0.15:
                self.bridge.down = True
                self.bridge.change()
                await asyncio.sleep(self.chance.uniform(1, 15))
                self.bridge.down = False
            else:
                phone = self.chance.choice(self.phones)
                phone.plugged = False
                self.bridge.change()
                await asyncio.sleep(self.chance.uniform(0.5, 40))
                phone.plugged = True
            self.bridge.change()

    async def _weather(self) -> None:
        while self._troubled():
            kind = self.chance.random()
            if kind < 0.4:
                self.market.weather = Weather()
            elif kind < 0.6:
                self.market.weather = Weather(down=1.0)
            else:
                self.market.weather = Weather(down=0.1, error=0.15, lost=0.1, too_many=0.1, soft=0.05, slow=0.1)
            await asyncio.sleep(self.chance.uniform(5, 40))
            if self.chance.random() < 0.1 and self.life is not None:
                life = self.life
                life.storage.failing = True
                await asyncio.sleep(self.chance.uniform(0.5, 10))
                life.storage.failing = False

    async def _crashes(self) -> None:
        """Killed at a commit, or at any moment; started again a little later."""
        while self._troubled():
            await asyncio.sleep(self.chance.uniform(5, 70))
            life = self.life
            assert life is not None
            self._crashed.clear()
            if self.chance.random() < 0.7:
                life.storage.crash_at_commit = self.disk.commits + self.chance.randint(1, 12)
                try:
                    async with asyncio.timeout(60):
                        await self._crashed.wait()
                except TimeoutError:
                    life.storage.crash_at_commit = None
                    continue
            self._note_in_flight()
            await life.die()
            self.verdict.faults += life.bugs
            self.verdict.crashes += 1
            await asyncio.sleep(self.chance.uniform(0.1, 15))
            await self._begin_life()

    def _note_in_flight(self) -> None:
        """Attempts that the disk knows as begun: the only ones that may be repeated for the crash."""
        begun = self.disk.query(
            lambda connection: list(
                connection.execute(
                    select(sms.c.body)
                    .join(pushes, pushes.c.sms_id == sms.c.sms_id)
                    .where(pushes.c.state == PushState.SENDING.value)
                ).scalars()
            )
        )
        self.in_flight_at_crashes.update(begun)

    async def _grow_quiet(self) -> None:
        self.market.weather = Weather()
        self.bridge.down = False
        for phone in self.phones:
            phone.plugged = True
        assert self.life is not None
        self.life.storage.failing = False
        self.life.storage.crash_at_commit = None
        self.bridge.change()

    # Judgement ----------------------------------------------------------------------

    def _judge(self) -> None:
        assert self.life is not None
        verdict = self.verdict
        verdict.faults += self.life.bugs + self.market.broken
        verdict.sent = len(self.sent)
        verdict.attempts = self.market.attempts
        taken = Counter(take.text for take in self.market.takes)
        verdict.taken = len(taken)
        known = self._on_the_books()
        for message in self.sent:
            self._judge_message(message, taken[message.text], known.get(message.text))
        rents_by_text = {take.text: take.rent_id for take in self.market.takes}
        by_text = {message.text: message for message in self.sent}
        for text, rent_id in rents_by_text.items():
            if by_text[text].rent_id != rent_id and not self._is_at_the_edge(by_text[text], rent_id):
                verdict.faults.append(f"{text!r} came at {by_text[text].at:.1f} and was shown to rent {rent_id}")
        verdict.uncertain = self.disk.query(
            lambda connection: sum(connection.execute(select(pushes.c.uncertain)).scalars())
        )

    def _on_the_books(self) -> dict[str, tuple[str, str | None]]:
        rows = self.disk.query(
            lambda connection: connection.execute(
                select(sms.c.body, sms.c.standing, pushes.c.state).outerjoin(pushes, pushes.c.sms_id == sms.c.sms_id)
            ).all()
        )
        counted = Counter(row.body for row in rows)
        self.verdict.faults += [
            f"{text!r} is {times} times on the books" for text, times in counted.items() if times > 1
        ]
        return {row.body: (row.standing, row.state) for row in rows}

    def _judge_message(self, message: SentSms, times: int, known: tuple[str, str | None] | None) -> None:
        faults = self.verdict.faults
        if known is None:
            faults.append(f"{message.text!r} is not on the books")
            return
        standing, state = known
        allowed = 1 + self.in_flight_at_crashes[message.text] + self.market.lost_answers.get(message.text, 0)
        if times > allowed:
            faults.append(f"{message.text!r} was taken {times} times, {allowed} are explained")
        self.verdict.repeats += times > 1
        if message.rent_id is None or times:
            return
        if self._is_at_the_edge(message, message.rent_id):
            return
        is_over = state in _ENDS_WITH_THE_RENT and message.rent_id in self.ended
        if standing == SmsStanding.HELD.value or state == PushState.PARKED.value or is_over:
            return  # the user sees it, and why
        faults.append(f"{message.text!r} of rent {message.rent_id} was lost: {standing}, {state}")

    def _is_at_the_edge(self, message: SentSms, rent_id: int) -> bool:
        begin, end = self.begun.get(rent_id), self.ended.get(rent_id)
        edges = [moment for moment in (begin, end) if moment is not None]
        # The farm hears of an end when FINISH reaches it, and repeats of FINISH take as long as a crash lasts.
        return any(abs(message.at - edge) <= AT_THE_EDGE for edge in edges) or (end is not None and message.at > end)


def judged(seed: int) -> Verdict:
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(50))
    return Run(seed).judged()
