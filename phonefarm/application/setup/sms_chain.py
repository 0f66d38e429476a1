"""The test of the whole chain: a made-up message goes from the parser to the body of its push, and leaves no trace.

Invariant: rent, message and push of the test exist inside one unit of work only, which is always rolled back. So no
offer, count, ban, credit or push to the market can come of them, whatever happens meanwhile.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Protocol

from phonefarm.application.messages.reading import Context, store_reading
from phonefarm.application.model.setup_state import Link, LinkResult
from phonefarm.application.ports.setup import PushWriter, SampleInbox
from phonefarm.application.ports.storage import Storage, UnitOfWork
from phonefarm.application.ports.world import PushMessage
from phonefarm.domain.errors import KnownError
from phonefarm.domain.heard import NOTHING_HEARD
from phonefarm.domain.ids import Msisdn, PhoneId, RentId, SimId
from phonefarm.domain.push_tests import TEST_SENDER
from phonefarm.domain.pushes import PushState
from phonefarm.domain.rents import Rent
from phonefarm.domain.sms import Reading, SmsRow
from phonefarm.support.clock import Clock

TEST_SMS = "phonefarm test SMS. Code: 123456. Проверка 测试"
"""With letters of several scripts, which a wrong encoding would spoil."""
READ_SECONDS = 0.1


class Withholds(Protocol):
    def __call__(self, sender: str, /) -> bool: ...


@dataclass(frozen=True, kw_only=True)
class _Walked:
    links: tuple[LinkResult, ...]
    message: PushMessage | None
    """The push as the outbox hands it out; None where the walk ended before."""


class _RollBack(KnownError):
    """Ends the unit of work, so that nothing of it is kept."""

    def __init__(self, walked: _Walked) -> None:
        super().__init__("the test SMS is rolled back")
        self.walked = walked


class SmsChain:
    """Walks the chain; keeps nothing between two runs."""

    def __init__(
        self, storage: Storage, inbox: SampleInbox, writer: PushWriter, withholds: Withholds, clock: Clock
    ) -> None:
        """`withholds` says of a sender whether its messages must not leave this PC."""
        self._storage = storage
        self._inbox = inbox
        self._writer = writer
        self._withholds = withholds
        self._clock = clock

    async def run(self, sim_id: SimId) -> tuple[LinkResult, ...]:
        """The links up to the body of the push; raises KnownError for a SIM that cannot be tested now."""
        now = self._clock()
        walked = await self._rolled_back(sim_id, now)
        if walked.message is None:
            return walked.links
        return (*walked.links, self._write_body(walked.message))

    async def _rolled_back(self, sim_id: SimId, now: datetime) -> _Walked:
        def work(uow: UnitOfWork) -> None:
            raise _RollBack(self._walk(uow, sim_id, now))

        try:
            await self._storage.write(work)
        except _RollBack as rolled_back:
            return rolled_back.walked
        raise AssertionError("the unit of work of the test is never committed")

    def _walk(self, uow: UnitOfWork, sim_id: SimId, now: datetime) -> _Walked:
        phone_id, msisdn, sub_id = _place_of(uow, sim_id)
        mark = uow.phones.mark_of(phone_id)
        if mark is None:
            raise KnownError("The inbox of this phone has not been read yet: wait until the phone is ready.")
        arrived_at = now + (mark.clock_skew or timedelta(0))
        try:
            row = self._inbox.read(sub_id=sub_id, sender=TEST_SENDER, text=TEST_SMS, at=arrived_at)
        except KnownError as error:
            return _Walked(links=(_failed(Link.READ, str(error)),), message=None)
        read = LinkResult(link=Link.READ, is_passed=True)
        rent_id = _open_rent(uow, sim_id, phone_id, msisdn, now)
        reading = _reading_of(row, phone_id, now, mark.clock_skew)
        context = Context(
            now=now, withholds=self._withholds, heard=NOTHING_HEARD, before=None, last=None, is_marked=True
        )
        intake = store_reading(uow, reading, context, begin=0)
        if not intake.new:
            return _Walked(links=(read, _failed(Link.INTAKE, "The message was not taken for a new one.")), message=None)
        if not intake.pushes:
            cause = "The message could not be given to the SIM that is rented: its phone does not say which SIM it is."
            if self._withholds(TEST_SENDER):
                cause = f"The sender “{TEST_SENDER}” is on your list of blocked senders."
            return _Walked(links=(read, _failed(Link.INTAKE, cause)), message=None)
        taken = LinkResult(link=Link.INTAKE, is_passed=True)
        queued = uow.pushes.get(intake.pushes[0])
        if queued is None or queued.state is not PushState.WAITING or queued.rent_id != rent_id:
            return _Walked(links=(read, taken, _failed(Link.OUTBOX, "The push was not queued.")), message=None)
        message = PushMessage(sms_id=intake.pushes[0], rent_id=rent_id, msisdn=msisdn, sender=row.sender, text=row.body)
        return _Walked(links=(read, taken, LinkResult(link=Link.OUTBOX, is_passed=True)), message=message)

    def _write_body(self, message: PushMessage) -> LinkResult:
        try:
            size = self._writer.body_size(message)
        except KnownError as error:
            return _failed(Link.BODY, str(error))
        return LinkResult(link=Link.BODY, is_passed=size > 0, cause="" if size else "The body of the push is empty.")


def _place_of(uow: UnitOfWork, sim_id: SimId) -> tuple[PhoneId, Msisdn, int | None]:
    """Where the SIM sits, its number, and the subscription id of its messages; raises KnownError."""
    sim = uow.sims.get(sim_id)
    if sim is None or sim.phone_id is None:
        raise KnownError("This SIM is in no phone now: choose another one.")
    if sim.rent_id is not None:
        raise KnownError(f"Rent {sim.rent_id} is open on this SIM: choose another one, or wait until it is finished.")
    if sim.msisdn is None:
        raise KnownError("This SIM has no number yet: enter it first.")
    if uow.rents.is_open_on(sim.msisdn):
        raise KnownError("The number of this SIM is rented on another SIM: one of the two numbers is wrong.")
    seat = next((seat for seat in uow.sims.on_phone(sim.phone_id) if seat.sim_id == sim_id and seat.is_in), None)
    if seat is None:
        raise KnownError("This SIM is in no phone now: choose another one.")
    return sim.phone_id, sim.msisdn, seat.place.sub_id


def _open_rent(uow: UnitOfWork, sim_id: SimId, phone_id: PhoneId, msisdn: Msisdn, now: datetime) -> RentId:
    rent_id = RentId(uow.next_id())
    uow.rents.add(
        Rent(
            rent_id=rent_id,
            sim_id=sim_id,
            msisdn=msisdn,
            phone_id=phone_id,
            country="",
            operator="",
            expected=Decimal(0),
            ordered_at=now - timedelta(seconds=READ_SECONDS),
            answered=True,
        )
    )
    return rent_id


def _reading_of(row: SmsRow, phone_id: PhoneId, now: datetime, skew: timedelta | None) -> Reading:
    return Reading(
        phone_id=phone_id,
        rows=(row,),
        begun_at=now,
        ended_at=now + timedelta(seconds=READ_SECONDS),
        clock_skew=skew or timedelta(0),
    )


def _failed(link: Link, cause: str) -> LinkResult:
    return LinkResult(link=link, is_passed=False, cause=cause)
