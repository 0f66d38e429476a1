"""The use cases over a real database, with short ways to bring a farm into a state."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from phonefarm.application.messages.intake import Intake, SmsIntake
from phonefarm.application.model.events import Announcer
from phonefarm.application.model.read_models import (
    Counts,
    MessageRow,
    PhoneRow,
    PushRow,
    PushState,
    RentRow,
    SimRow,
    Topic,
)
from phonefarm.application.model.row_queries import MESSAGES, PHONES, PUSHES, RENTS, SIMS
from phonefarm.application.model.timeline import TimelineEntry
from phonefarm.application.phones.health import PhoneHealth
from phonefarm.application.ports.records.numbers import LineProblem, NumberEntry, NumberTable
from phonefarm.application.ports.storage import Storage, UnitOfWork
from phonefarm.application.sims.inventory import Network, NetworkNames, SimInventory
from phonefarm.application.sims.numbering import Numbering
from phonefarm.application.trade.rentals import Issued, Rentals
from phonefarm.domain.allocation import Order
from phonefarm.domain.dial_codes import DialCodes
from phonefarm.domain.heard import NOTHING_HEARD
from phonefarm.domain.ids import Msisdn, PhoneId, RentId, SimId, SmsId
from phonefarm.domain.number_patterns import NumberPattern
from phonefarm.domain.phones import PhoneState
from phonefarm.domain.rents import FinishStatus
from phonefarm.domain.sims import SeenSim
from phonefarm.domain.sms import SmsRow, SmsStanding
from tests.builders import PHONE, a_reading, a_row, a_seen_sim, an_inbound_sms, ms, queue_push, store_sms
from tests.fakes.clock import FakeClock
from tests.fakes.push_dispatcher import QuietDispatcher

NAMES = NetworkNames(
    {
        "25001": Network(country="russia", operator="mts"),
        "25099": Network(country="russia", operator="beeline"),
        "26201": Network(country="germany", operator="telekom"),
        "25501": Network(country="ukraine", operator="vodafone"),
    },
    {"250": "russia", "262": "germany"},
    {"250": "RU", "262": "DE"},
    DialCodes([("russia", "7"), ("kazakhstan", "77"), ("germany", "49"), ("ukraine", "380")]),
)
PATTERNS = (NumberPattern(text="Ваш номер {number}"), NumberPattern(text="Your number is {number}"))
CANCELLED = FinishStatus.CANCELLED


def withhold_nothing(_sender: str) -> bool:
    return False


class StoredFarm:
    """A farm without an engine; every step uses the same use cases as the engine."""

    def __init__(self, storage: Storage, *, selling: bool = True, retire_after_sale: bool = False) -> None:
        self.clock = FakeClock()
        self.storage = storage
        self.announcer = Announcer()
        self.selling = selling
        self.rentals = Rentals(
            storage, self.announcer, self.clock, selling=lambda: self.selling, retire_after_sale=retire_after_sale
        )
        self.inventory = SimInventory(storage, self.announcer, NAMES, self.clock)
        self.tables: dict[str, list[NumberEntry]] = {}
        self.bad_lines: tuple[LineProblem, ...] = ()
        self.numbering = Numbering(
            storage, self.announcer, self.inventory, NAMES, PATTERNS, self.read_table, self.clock
        )
        self.dispatcher = QuietDispatcher()
        self.intake = SmsIntake(storage, self.announcer, self.clock, self.dispatcher, withholds=withhold_nothing)
        self.health = PhoneHealth(storage, self.announcer, self.clock)
        self._inbox: dict[PhoneId, list[SmsRow]] = {}

    async def read_table(self, path: str) -> NumberTable:
        return NumberTable(entries=tuple(self.tables[path]), problems=self.bad_lines)

    # Steps ------------------------------------------------------------------

    async def phone(self, phone: PhoneId = PHONE, state: PhoneState = PhoneState.READY) -> None:
        now = self.clock()
        await self.storage.write(lambda uow: uow.phones.note(phone, state, "", now))

    async def seat(self, *sims: SeenSim, phone: PhoneId = PHONE, inbox: Sequence[SmsRow] = ()) -> None:
        """A ready phone that holds `sims` and whose inbox was read for the first time."""
        await self.phone(phone)
        await self.inventory.take_stock(phone, sims)
        await self.look(*inbox, phone=phone)

    async def phones_with_sims(self, count: int, **changes: Any) -> list[Msisdn]:
        """`count` phones, each with one SIM with its own number."""
        numbers = [Msisdn(f"7928{1000000 + n}") for n in range(count)]
        for n, number in enumerate(numbers):
            phone = PhoneId(f"phone{n}@127.0.0.1:5037")
            await self.phone(phone)
            await self.inventory.take_stock(phone, [a_seen_sim(f"89{n:018d}", msisdn=number, **changes)])
        return numbers

    async def look(self, *rows: SmsRow, phone: PhoneId = PHONE, **changes: Any) -> Intake:
        """Read the phone's inbox, which contains `rows` and all earlier rows."""
        inbox = self._inbox.setdefault(phone, [])
        inbox += rows
        return await self.intake.accept(a_reading(inbox, at=self.clock(), phone_id=phone, **changes), NOTHING_HEARD)

    async def sms(self, row_id: int = 100, phone: PhoneId = PHONE, **changes: Any) -> Intake:
        """A message arrives, and a second later the inbox is read."""
        row = a_row(row_id, date_ms=ms(self.clock()), **changes)
        self.clock.forward(1)
        return await self.look(row, phone=phone)

    async def issue(self, order: Order | None = None, expected: int = 320) -> Issued | None:
        return await self.rentals.issue(order or Order(), Decimal(expected), self.clock())

    async def rent(self, order: Order | None = None) -> RentId:
        """Issue a number, with its answer sent."""
        issued = await self.issue(order)
        assert issued is not None
        await self.rentals.answered(issued.rent_id)
        return issued.rent_id

    async def fail_rent(self) -> RentId:
        """A rent that the market cancels after 20 minutes without an SMS."""
        rent_id = await self.rent()
        self.clock.forward(1200)
        await self.rentals.finish(rent_id, CANCELLED, None)
        return rent_id

    async def queue(self, number: int, rent_id: int = 1, msisdn: str = "79281234567", text: str = "") -> SmsId:
        """Store a message with a push directly; `number` makes it distinct."""
        now = self.clock()

        def work(uow: UnitOfWork) -> SmsId:
            print_of = number.to_bytes(32, "big")
            sms = an_inbound_sms(fingerprint=print_of, row_id=number, arrived_at=now, body=text or f"text {number}")
            sms_id = store_sms(uow, sms, SmsStanding.FOR_RENT, msisdn, RentId(rent_id))
            queue_push(uow, sms_id, RentId(rent_id), Msisdn(msisdn), now)
            return sms_id

        return await self.storage.write(work)

    async def deliver_all(self) -> list[SmsId]:
        """The market accepts all due pushes."""
        now = self.clock()

        def work(uow: UnitOfWork) -> list[SmsId]:
            begun = uow.pushes.claim(now, 100)
            return uow.pushes.deliver({message.sms_id: now for message in begun}, "HTTP 200")

        return await self.storage.write(work)

    # Queries -------------------------------------------------------------------

    async def phones(self) -> dict[str, PhoneRow]:
        rows = await self.storage.read(lambda views: views.rows(PHONES, None, self.clock()))
        return {row.phone_id: row for row in rows}

    async def sims(self) -> dict[str, SimRow]:
        rows = await self.storage.read(lambda views: views.rows(SIMS, None, self.clock()))
        return {row.sim_id: row for row in rows}

    async def one_sim(self, sim_id: str) -> SimRow:
        return (await self.sims())[sim_id]

    async def rents(self) -> dict[RentId, RentRow]:
        rows = await self.storage.read(lambda views: views.rows(RENTS, None, self.clock()))
        return {RentId(row.rent_id): row for row in rows}

    async def one_rent(self, rent_id: int) -> RentRow:
        return (await self.rents())[RentId(rent_id)]

    async def messages(self) -> list[MessageRow]:
        """All messages, oldest id first."""
        rows = await self.storage.read(lambda views: views.rows(MESSAGES, None, self.clock()))
        return sorted(rows, key=lambda row: row.sms_id)

    async def pushes(self) -> list[PushRow]:
        rows = await self.storage.read(lambda views: views.rows(PUSHES, None, self.clock()))
        return sorted(rows, key=lambda row: row.sms_id)

    async def push_state(self, sms_id: int) -> PushState:
        return next(push.state for push in await self.pushes() if push.sms_id == sms_id)

    async def is_push(self, sms_id: int, state: PushState) -> bool:
        return await self.push_state(sms_id) is state

    async def counts(self) -> Counts:
        return await self.storage.read(lambda views: views.counts(self.clock()))

    async def timeline(self, topic: Topic, key: object) -> list[TimelineEntry]:
        return await self.storage.read(lambda views: views.timeline(topic, str(key)))

    async def on_offer(self) -> int:
        """The sum of GET_SERVICES."""
        return sum(operators["any"] for operators in (await self.rentals.offer()).values())

    async def hold(self, sim_id: str) -> None:
        await self.rentals.hold_back(SimId(sim_id), "test")
