"""Takes in what a phone's inbox showed: new messages, the rents they belong to, and their pushes, in one commit."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import NamedTuple

from phonefarm.application.messages.owners import Settled, settle_by_hand, settle_untold
from phonefarm.application.messages.reading import NOTHING_NEW, Context, LastLook, take_in
from phonefarm.application.messages.reading import Intake as Intake
from phonefarm.application.model import timeline
from phonefarm.application.model.events import Announcer
from phonefarm.application.model.read_models import Topic
from phonefarm.application.ports.dispatch import PushDispatcher
from phonefarm.application.ports.records.phones import ReadingMark
from phonefarm.application.ports.storage import Result, Storage, UnitOfWork
from phonefarm.application.ports.views import Views
from phonefarm.domain.errors import KnownError
from phonefarm.domain.heard import Heard
from phonefarm.domain.ids import PhoneId, SimId, SmsId
from phonefarm.domain.phones import handset_of
from phonefarm.domain.sms import CLOCK_TOLERANCE, Reading, SmsRow, fingerprinted
from phonefarm.support.clock import Clock

MARK_EVERY = timedelta(seconds=55)
"""So far the time of the last reading on the books may lag behind: it is a lower bound for what comes next."""


@dataclass(frozen=True, kw_only=True)
class _Mark:
    """The last reading of a handset whose time and clock are on the books."""

    phone_id: PhoneId
    skew: timedelta | None
    at: datetime

    def is_enough_for(self, reading: Reading) -> bool:
        """A phone whose clock cannot be measured, or was set, needs each mark: its dates alone tell little."""
        age = reading.begun_at - self.at
        if self.skew is None or reading.clock_skew is None or abs(self.skew - reading.clock_skew) > CLOCK_TOLERANCE:
            return False
        return self.phone_id == reading.phone_id and timedelta(0) <= age < MARK_EVERY


def _mark_of(reading: Reading) -> _Mark:
    return _Mark(phone_id=reading.phone_id, skew=reading.clock_skew, at=reading.begun_at)


class _Accepted(NamedTuple):
    """The last reading of a handset that was committed."""

    rows: tuple[SmsRow, ...]
    read: ReadingMark
    """Its own time and clock, which tell more of what comes next than those on the books."""
    mark: _Mark
    look: LastLook


class SmsIntake:
    def __init__(
        self,
        storage: Storage,
        announcer: Announcer,
        clock: Clock,
        dispatcher: PushDispatcher,
        withholds: Callable[[str], bool],
    ) -> None:
        """`withholds` says of a sender whether its messages must not leave this PC."""
        self._storage = storage
        self._announcer = announcer
        self._clock = clock
        self._dispatcher = dispatcher
        self._withholds = withholds
        self._last: dict[str, _Accepted] = {}

    async def reaches_known(self, reading: Reading) -> bool:
        """Whether nothing new can lie below the reading: it holds a stored row, or the phone is new to us.

        A message that is stored under another row id is a copy that a backup brought; below it may lie new ones.
        """
        rows = {fingerprint: row.row_id for row, fingerprint in fingerprinted(reading.rows)}

        def query(views: Views) -> bool:
            return not views.has_baseline(reading.phone_id) or views.knows_any(reading.phone_id, rows)

        return await self._storage.read(query)

    async def accept(self, reading: Reading, heard: Heard) -> Intake:
        """Store the unseen messages of a complete reading, queue those of open rents: all or nothing.

        `heard`: what the phone's log has announced until the reading ended. A reading that shows what the last one
        showed is not worth a commit each time, nor its time a line in each.
        """
        handset = handset_of(reading.phone_id)
        last = self._last.get(handset)
        mark = last.mark if last is not None and last.mark.is_enough_for(reading) else None
        if last is not None and mark is not None and last.rows == reading.rows:
            self._last[handset] = last._replace(look=replace(last.look, at=reading.begun_at))
            return NOTHING_NEW
        context = Context(
            now=self._clock(),
            withholds=self._withholds,
            heard=heard,
            before=last.read if last is not None and last.read.clock_skew is not None else None,
            last=None if last is None else last.look,
            is_marked=mark is not None,
        )
        reservation = self._dispatcher.reserve()
        intake = await self._storage.write(
            lambda uow: take_in(uow, reading, context, begin=reservation.places), on_done=reservation.complete
        )
        read = ReadingMark(last_read_at=reading.begun_at, clock_skew=reading.clock_skew)
        look = _look_of(reading, last, intake)
        self._last[handset] = _Accepted(reading.rows, read, mark or _mark_of(reading), look)
        self._tell(reading.phone_id, intake)
        return intake

    def _tell(self, phone_id: PhoneId, intake: Intake) -> None:
        if intake.new:
            self._announcer.changed(Topic.MESSAGES, intake.new)
            self._announcer.changed(Topic.PHONES, [phone_id])
            self._announcer.changed(Topic.OVERVIEW)
        if intake.pushes:
            self._announcer.changed(Topic.PUSHES, intake.pushes)
            self._announcer.changed(Topic.RENTS, None)
        if intake.settled:
            self._tell_settled(intake.settled)

    async def assign_known_sims(self, phone_id: PhoneId) -> None:
        """More may be known now of the phone's SIMs: messages whose SIM could not be told are judged again."""
        handset = handset_of(phone_id)
        last = self._last.get(handset)
        if last is None or not last.look.has_untold:
            return
        now = self._clock()
        settled, has_untold = await self._storage.write(
            lambda uow: settle_untold(uow, phone_id, now, self._withholds), on_done=self._wake_dispatcher
        )
        if not has_untold and self._last.get(handset) is last:  # else another reading has come in between
            self._last[handset] = last._replace(look=replace(last.look, has_untold=False))
        if settled:
            self._tell_settled(settled)

    async def assign_sim(self, sms_id: SmsId, sim_id: SimId, *, remember: bool = False) -> None:
        """The user says which SIM a held message reached; it is pushed if that SIM was rented then.

        `remember`: so do others of the phone with the same SIM mark, held ones and those to come.
        """
        now = self._clock()
        settled = await self._storage.write(
            lambda uow: settle_by_hand(uow, sms_id, sim_id, now, remember), on_done=self._wake_dispatcher
        )
        self._tell_settled(settled)

    def _wake_dispatcher(self, _result: Result[object]) -> None:
        self._dispatcher.wake()

    def _tell_settled(self, settled: Sequence[Settled]) -> None:
        self._announcer.changed(Topic.MESSAGES, [one.sms_id for one in settled])
        self._announcer.changed(Topic.PHONES, None)
        self._announcer.changed(Topic.OVERVIEW)
        pushed = [one for one in settled if one.rent_id is not None]
        if pushed:
            self._announcer.changed(Topic.PUSHES, [one.sms_id for one in pushed])
            self._announcer.changed(Topic.RENTS, [one.rent_id for one in pushed])

    async def forget_rules(self, phone_id: PhoneId) -> None:
        """Undo what was remembered of the phone's messages; what was settled stays so."""
        now = self._clock()

        def work(uow: UnitOfWork) -> None:
            if not uow.health.forget_sim_rules(phone_id):
                raise KnownError("Nothing is remembered of this phone's messages.")
            uow.journal.note(now, Topic.PHONES, phone_id, timeline.sim_rules_forgotten())

        await self._storage.write(work)
        self._announcer.changed(Topic.PHONES, [phone_id])


def _look_of(reading: Reading, last: _Accepted | None, intake: Intake) -> LastLook:
    row_ids = frozenset(row.row_id for row in reading.rows)
    highest = max(row_ids, default=0)
    return LastLook(
        row_ids=row_ids,
        at=reading.begun_at,
        highest=highest if last is None else max(highest, last.look.highest),
        has_untold=intake.has_untold,
    )
