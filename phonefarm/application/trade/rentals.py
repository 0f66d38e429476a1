"""The life of a rent: the offer, the issue of a number, the end; and the user's commands about numbers."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import assert_never

import structlog

from phonefarm.application.model import timeline
from phonefarm.application.model.events import Announcer
from phonefarm.application.model.read_models import Topic
from phonefarm.application.ports.records.sims import SimRecords
from phonefarm.application.ports.storage import Storage, StorageFailing, UnitOfWork
from phonefarm.application.ports.views import Views
from phonefarm.domain.allocation import ANY, Order, choose, count_offer, matching_names, on_offer
from phonefarm.domain.bans import Streak, after_finish
from phonefarm.domain.errors import KnownError
from phonefarm.domain.ids import Msisdn, RentId, SimId
from phonefarm.domain.rents import (
    ANSWER_WITHIN,
    Close,
    Contradiction,
    FinishStatus,
    Rent,
    RentState,
    Repeat,
    Reverse,
    finish,
    rent_state,
)
from phonefarm.domain.sims import Sim
from phonefarm.support.clock import Clock
from phonefarm.support.tasks import Tasks

log = structlog.get_logger(__name__)

SOLD_ONCE = "a rent of it was sold"
"""The reason of numbers that the setting retires after a sale."""


@dataclass(frozen=True, kw_only=True)
class Issued:
    """A number that was issued, and its rent."""

    rent_id: RentId
    msisdn: Msisdn


class Rentals:
    """Issues numbers for market orders and ends their rents.

    `selling`: whether anything may be sold now; otherwise nothing is on offer.
    """

    def __init__(
        self,
        storage: Storage,
        announcer: Announcer,
        clock: Clock,
        *,
        selling: Callable[[], bool],
        retire_after_sale: bool,
        tasks: Tasks | None = None,
        steady: Clock | None = None,
    ) -> None:
        """`steady`: a clock that is never set, for the deadlines of orders."""
        self._storage = storage
        self._announcer = announcer
        self._clock = clock
        self._steady = steady or clock
        self._selling = selling
        self._tasks = tasks or Tasks()
        self._retire_after_sale = retire_after_sale
        self._countries: tuple[str, ...] = ()
        """The countries of the last offer, which are listed with 0 while nothing is on offer."""

    @property
    def selling(self) -> bool:
        return self._selling()

    async def offer(self) -> dict[str, dict[str, int]]:
        """How many numbers can be issued now, by country and operator, with `any` as the sum."""
        try:
            offer = await self._storage.read(self._count)
        except StorageFailing as error:
            log.error("nothing is offered: the database cannot be read", cause=str(error))
        else:
            self._countries = tuple(offer)
            if self._selling():
                return offer
        return {country: {ANY: 0} for country in self._countries}

    async def issue(self, order: Order, expected: Decimal, received_at: datetime) -> Issued | None:
        """Take a number for an order in one commit; None if there is none, or if it is too late to answer.

        `received_at`: by the steady clock. If the caller is cancelled, the rent is withdrawn. Raises StorageFailing.
        """
        if not self._selling():
            return None
        issuing = self._tasks.start(self._issue_in_time(order, expected, received_at), "order")
        try:
            issued: Issued | StorageFailing | None = await asyncio.shield(issuing)
        except asyncio.CancelledError:
            issuing.add_done_callback(self._withdraw_when_issued)
            raise
        if isinstance(issued, StorageFailing):
            raise issued
        return issued

    async def _issue_in_time(
        self, order: Order, expected: Decimal, received_at: datetime
    ) -> Issued | StorageFailing | None:
        try:
            issued = await self._storage.write(
                lambda uow: self._store_rent(uow, order, expected, received_at), urgent=True
            )
        except StorageFailing as error:
            return error
        if issued is None:
            return None
        if self._steady() > received_at + ANSWER_WITHIN:
            await self.withdraw(issued.rent_id)
            return None
        self._rent_changed(issued.rent_id)
        return issued

    def _withdraw_when_issued(self, issuing: asyncio.Task[Issued | StorageFailing | None]) -> None:
        if issuing.cancelled() or issuing.exception() is not None:
            return
        if isinstance(issued := issuing.result(), Issued):
            self._tasks.start(self.withdraw(issued.rent_id), f"withdrawing {issued.rent_id}")

    async def withdraw(self, rent_id: RentId) -> None:
        """Close a rent whose order was never answered, so that the market cannot know of it."""
        now = self._clock()

        def work(uow: UnitOfWork) -> None:
            uow.rents.close(rent_id, None, Decimal(0), False, now)
            uow.pushes.make_due_for_last_chance(rent_id, now)
            uow.journal.note(now, Topic.RENTS, rent_id, timeline.withdrawn())

        try:
            await self._storage.write(work)
        except StorageFailing as error:
            log.error("a late order cannot be withdrawn: it stays as a possible orphan", cause=str(error))
        log.warning("an order came too late and was withdrawn", rent_id=rent_id)
        self._rent_changed(rent_id)

    async def answered(self, rent_id: RentId) -> None:
        """The answer to GET_NUMBER was sent completely: the market knows the rent."""
        now = self._clock()

        def work(uow: UnitOfWork) -> None:
            uow.rents.mark_answered(rent_id)
            uow.journal.note(now, Topic.RENTS, rent_id, timeline.answered())

        await self._storage.write(work)
        self._announcer.changed(Topic.RENTS, [rent_id])

    async def answer_lost(self, rent_id: RentId) -> None:
        """The answer to GET_NUMBER broke off: the market may or may not know the rent."""
        now = self._clock()
        await self._storage.write(lambda uow: uow.journal.note(now, Topic.RENTS, rent_id, timeline.answer_lost()))
        self._rent_changed(rent_id)

    async def finish(self, rent_id: RentId, status: FinishStatus, total: Decimal | None) -> bool:
        """Apply a FINISH_ACTIVATION; idempotent. Returns False for an unknown rent."""
        changed = await self._storage.write(lambda uow: self._end(uow, rent_id, status, total))
        if changed:
            self._rent_changed(rent_id)
            self._announcer.changed(Topic.PUSHES, None)
            self._announcer.changed(Topic.BANS, None)
        return changed is not None

    async def release_orphan(self, rent_id: RentId) -> None:
        """Free the number of a rent whose answer may not have reached the market. Raises KnownError for other rents."""
        now = self._clock()

        def work(uow: UnitOfWork) -> None:
            rent = uow.rents.get(rent_id)
            if rent is None or rent_state(rent, now) is not RentState.POSSIBLE_ORPHAN:
                raise KnownError("Only an unconfirmed rent can be released: any other rent is ended by the market.")
            uow.rents.close(rent_id, None, Decimal(0), False, now)
            uow.pushes.make_due_for_last_chance(rent_id, now)
            uow.journal.note(now, Topic.RENTS, rent_id, timeline.released())

        await self._storage.write(work)
        self._rent_changed(rent_id)

    async def set_ban(self, sim_id: SimId, length: timedelta) -> None:
        if not timedelta(minutes=1) <= length <= timedelta(days=366):
            raise KnownError("A ban lasts between a minute and a year.")
        now = self._clock()

        def work(uow: UnitOfWork) -> None:
            _get_sim(uow.sims, sim_id)
            uow.sims.set_ban(sim_id, now, now + length)
            hours = length / timedelta(hours=1)
            uow.journal.note(now, Topic.SIMS, sim_id, timeline.banned_by_hand(hours))

        await self._storage.write(work)
        self._sim_changed(sim_id)

    async def lift_ban(self, sim_id: SimId) -> None:
        now = self._clock()

        def work(uow: UnitOfWork) -> None:
            if not uow.sims.lift_ban(sim_id):
                raise KnownError("This SIM is not banned.")
            uow.journal.note(now, Topic.SIMS, sim_id, timeline.ban_lifted())

        await self._storage.write(work)
        self._sim_changed(sim_id)

    async def end_bans(self) -> None:
        """Lift the bans that have expired."""
        now = self._clock()

        def work(uow: UnitOfWork) -> list[SimId]:
            ended = uow.sims.bans_ended(now)
            for sim_id in ended:
                uow.sims.lift_ban(sim_id)
                uow.journal.note(now, Topic.SIMS, sim_id, timeline.ban_ended())
            return ended

        for sim_id in await self._storage.write(work):
            self._sim_changed(sim_id)

    async def hold_back(self, sim_id: SimId, reason: str | None) -> None:
        """Withhold a SIM from the offer for a reason; None releases it."""
        now = self._clock()
        why = None if reason is None else (reason.strip()[:200] or "paused by hand")

        def work(uow: UnitOfWork) -> None:
            _get_sim(uow.sims, sim_id)
            uow.sims.hold(sim_id, why, now)
            happening = timeline.resumed() if why is None else timeline.paused(why)
            uow.journal.note(now, Topic.SIMS, sim_id, happening)

        await self._storage.write(work)
        self._sim_changed(sim_id)

    def _count(self, views: Views) -> dict[str, dict[str, int]]:
        at = self._clock()
        stock = views.stock(at)
        return count_offer(on_offer(stock.sims, at, stock.rented), stock.countries, stock.alike)

    def _store_rent(self, uow: UnitOfWork, order: Order, expected: Decimal, received_at: datetime) -> Issued | None:
        now = self._clock()
        if self._steady() > received_at + ANSWER_WITHIN:
            return None
        sim = choice(uow, order, now)
        if sim is None or sim.msisdn is None or sim.phone_id is None:
            return None
        rent = Rent(
            rent_id=RentId(uow.next_id()),
            sim_id=sim.sim_id,
            msisdn=sim.msisdn,
            phone_id=sim.phone_id,
            country=sim.country,
            operator=sim.operator,
            expected=expected,
            ordered_at=now,
            answered=False,
        )
        uow.rents.add(rent)
        uow.sims.note_rented(sim.sim_id, now)
        uow.journal.note(now, Topic.RENTS, rent.rent_id, timeline.ordered(order.country, order.operator, expected))
        return Issued(rent_id=rent.rent_id, msisdn=rent.msisdn)

    def _end(self, uow: UnitOfWork, rent_id: RentId, status: FinishStatus, total: Decimal | None) -> bool | None:
        """Returns whether the FINISH changed anything; None for an unknown rent."""
        rent = uow.rents.get(rent_id)
        if rent is None:
            return None
        now = self._clock()
        match finish(rent, status, total):
            case Close() as end:
                uow.rents.close(rent_id, end.status, end.credited, end.is_estimate, rent.finished_at or now)
                if rent.finished_at is None:
                    uow.pushes.make_due_for_last_chance(rent_id, now)
                    _count_failure(uow, rent, status, now)
                    self._retire(uow, rent, status, now)
                else:
                    log.warning("the market knew of a rent released as an orphan", rent_id=rent_id, status=int(status))
                uow.journal.note(now, Topic.RENTS, rent_id, timeline.finished(status, end.credited))
                return True
            case Reverse():
                uow.rents.reverse(rent_id, now)
                uow.journal.note(now, Topic.RENTS, rent_id, timeline.refunded(rent.credited))
                return True
            case Repeat():
                return False
            case Contradiction(first=first):
                log.warning("contradictory finish", rent_id=rent_id, first=int(first), second=int(status))
                return False
            case _ as never:
                assert_never(never)

    def _retire(self, uow: UnitOfWork, rent: Rent, status: FinishStatus, now: datetime) -> None:
        """Withhold a sold number if the setting says so; a reason of the user's own is kept."""
        sim = uow.sims.get(rent.sim_id)
        if not self._retire_after_sale or status is not FinishStatus.SOLD or sim is None or sim.held_back:
            return
        uow.sims.hold(rent.sim_id, SOLD_ONCE, now)
        uow.journal.note(now, Topic.SIMS, rent.sim_id, timeline.paused_after_sale())

    def _rent_changed(self, rent_id: RentId) -> None:
        self._announcer.changed(Topic.RENTS, [rent_id])
        self._announcer.changed(Topic.SIMS, None)
        self._announcer.changed(Topic.PHONES, None)
        self._announcer.changed(Topic.OVERVIEW)

    def _sim_changed(self, sim_id: SimId) -> None:
        for topic in (Topic.SIMS, Topic.BANS):
            self._announcer.changed(topic, [sim_id])
        self._announcer.changed(Topic.OVERVIEW)


def choice(uow: UnitOfWork, order: Order, now: datetime) -> Sim | None:
    """The SIM for an order, found lazily: most orders need only a few SIMs of the farm."""
    countries = matching_names(order.country, uow.rents.countries())
    operators = None if order.operator is None else matching_names(order.operator, uow.rents.operators())
    return choose(uow.sims.in_issue_order(now, countries, operators), order, lambda sim: _is_on_offer(uow, sim, now))


def _is_on_offer(uow: UnitOfWork, sim: Sim, now: datetime) -> bool:
    """Whether `on_offer` of the whole farm would contain the SIM; only SIMs with the same number matter."""
    assert sim.msisdn is not None
    rented = frozenset({sim.msisdn}) if uow.rents.is_open_on(sim.msisdn) else frozenset()
    return sim in on_offer(uow.sims.with_number(sim.msisdn), now, rented)


def _get_sim(sims: SimRecords, sim_id: SimId) -> Sim:
    sim = sims.get(sim_id)
    if sim is None:
        raise KnownError("This SIM is not in the database any more.")
    return sim


def _count_failure(uow: UnitOfWork, rent: Rent, status: FinishStatus, now: datetime) -> None:
    sim = uow.sims.get(rent.sim_id)
    if sim is None:
        return
    before = Streak(unused_in_a_row=sim.unused_in_a_row, banned_until=sim.banned_until)
    after = after_finish(before, status, rent.accepted_sms, now)
    if after == before:
        return
    uow.sims.set_streak(rent.sim_id, after, now)
    if after.banned_until != before.banned_until:
        uow.journal.note(now, Topic.SIMS, rent.sim_id, timeline.banned_by_rule())
