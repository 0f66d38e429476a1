"""Stores what readings of inboxes bring: new messages, their rents and their pushes, in one commit."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import NamedTuple

from phonefarm.application.messages.owners import AssignedSms, assign_as_user_says, assign_known_sims
from phonefarm.application.messages.reading import NOTHING_NEW, Context, LastReading, store_reading
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

MOST_MARK_AGE = timedelta(seconds=55)
"""The stored last_read_at may be this old: treat it as a lower bound for what arrives next."""


@dataclass(frozen=True, kw_only=True)
class _Mark:
    """The last reading of a handset whose time and clock skew are stored."""

    phone_id: PhoneId
    skew: timedelta | None
    at: datetime

    def is_enough_for(self, reading: Reading) -> bool:
        """A phone whose clock cannot be measured, or was set, needs a mark per reading: dates alone prove little."""
        age = reading.begun_at - self.at
        if self.skew is None or reading.clock_skew is None or abs(self.skew - reading.clock_skew) > CLOCK_TOLERANCE:
            return False
        return self.phone_id == reading.phone_id and timedelta(0) <= age < MOST_MARK_AGE


def _mark_of(reading: Reading) -> _Mark:
    return _Mark(phone_id=reading.phone_id, skew=reading.clock_skew, at=reading.begun_at)


class _Committed(NamedTuple):
    """The last reading of a handset that was committed."""

    rows: tuple[SmsRow, ...]
    read: ReadingMark
    """Its time and clock skew, which are newer than the stored ones."""
    mark: _Mark
    reading: LastReading


class SmsIntake:
    def __init__(
        self,
        storage: Storage,
        announcer: Announcer,
        clock: Clock,
        dispatcher: PushDispatcher,
        withholds: Callable[[str], bool],
    ) -> None:
        """`withholds`: whether the messages of a sender must not leave this PC."""
        self._storage = storage
        self._announcer = announcer
        self._clock = clock
        self._dispatcher = dispatcher
        self._withholds = withholds
        self._last: dict[str, _Committed] = {}

    async def reaches_known(self, reading: Reading) -> bool:
        """Whether nothing new can lie below the reading: it contains a stored row, or the phone was never read.

        A message that is stored under another row id is a copy from a backup: new ones may lie below it.
        """
        rows = {fingerprint: row.row_id for row, fingerprint in fingerprinted(reading.rows)}

        def query(views: Views) -> bool:
            return not views.has_baseline(reading.phone_id) or views.knows_any(reading.phone_id, rows)

        return await self._storage.read(query)

    async def accept(self, reading: Reading, heard: Heard) -> Intake:
        """Store the unseen messages of a complete reading and queue those of open rents: all or nothing.

        `heard`: what the phone's log has announced until the reading ended. Unchanged readings are not committed.
        """
        handset = handset_of(reading.phone_id)
        last = self._last.get(handset)
        mark = last.mark if last is not None and last.mark.is_enough_for(reading) else None
        if last is not None and mark is not None and last.rows == reading.rows:
            self._last[handset] = last._replace(reading=replace(last.reading, at=reading.begun_at))
            return NOTHING_NEW
        context = Context(
            now=self._clock(),
            withholds=self._withholds,
            heard=heard,
            before=last.read if last is not None and last.read.clock_skew is not None else None,
            last=None if last is None else last.reading,
            is_marked=mark is not None,
        )
        reservation = self._dispatcher.reserve()
        intake = await self._storage.write(
            lambda uow: store_reading(uow, reading, context, begin=reservation.places), on_done=reservation.complete
        )
        read = ReadingMark(last_read_at=reading.begun_at, clock_skew=reading.clock_skew)
        last_reading = _last_reading_of(reading, last, intake)
        self._last[handset] = _Committed(reading.rows, read, mark or _mark_of(reading), last_reading)
        self._announce(reading.phone_id, intake)
        return intake

    def _announce(self, phone_id: PhoneId, intake: Intake) -> None:
        if intake.new:
            self._announcer.changed(Topic.MESSAGES, intake.new)
            self._announcer.changed(Topic.PHONES, [phone_id])
            self._announcer.changed(Topic.OVERVIEW)
        if intake.pushes:
            self._announcer.changed(Topic.PUSHES, intake.pushes)
            self._announcer.changed(Topic.RENTS, None)
        if intake.assigned:
            self._announce_assigned(intake.assigned)

    async def assign_known_sims(self, phone_id: PhoneId) -> None:
        """More may be known of the phone's SIMs by now: try again to assign messages whose SIM was unknown."""
        handset = handset_of(phone_id)
        last = self._last.get(handset)
        if last is None or not last.reading.has_unassigned:
            return
        now = self._clock()
        assigned, has_unassigned = await self._storage.write(
            lambda uow: assign_known_sims(uow, phone_id, now, self._withholds), on_done=self._wake_dispatcher
        )
        if not has_unassigned and self._last.get(handset) is last:  # else another reading came in between
            self._last[handset] = last._replace(reading=replace(last.reading, has_unassigned=False))
        if assigned:
            self._announce_assigned(assigned)

    async def assign_sim(self, sms_id: SmsId, sim_id: SimId, *, remember: bool = False) -> None:
        """The user says which SIM received a held message; it is pushed if that SIM was rented at that time.

        `remember`: assign the phone's other messages with the same SIM mark alike, held and future ones.
        """
        now = self._clock()
        assigned = await self._storage.write(
            lambda uow: assign_as_user_says(uow, sms_id, sim_id, now, remember), on_done=self._wake_dispatcher
        )
        self._announce_assigned(assigned)

    def _wake_dispatcher(self, _result: Result[object]) -> None:
        self._dispatcher.wake()

    def _announce_assigned(self, assigned: Sequence[AssignedSms]) -> None:
        self._announcer.changed(Topic.MESSAGES, [one.sms_id for one in assigned])
        self._announcer.changed(Topic.PHONES, None)
        self._announcer.changed(Topic.OVERVIEW)
        pushed = [one for one in assigned if one.rent_id is not None]
        if pushed:
            self._announcer.changed(Topic.PUSHES, [one.sms_id for one in pushed])
            self._announcer.changed(Topic.RENTS, [one.rent_id for one in pushed])

    async def forget_rules(self, phone_id: PhoneId) -> None:
        """Delete the phone's rules that `assign_sim` has remembered; assigned messages stay assigned."""
        now = self._clock()

        def work(uow: UnitOfWork) -> None:
            if not uow.health.forget_sim_rules(phone_id):
                raise KnownError("Nothing is remembered of this phone's messages.")
            uow.journal.note(now, Topic.PHONES, phone_id, timeline.sim_rules_forgotten())

        await self._storage.write(work)
        self._announcer.changed(Topic.PHONES, [phone_id])


def _last_reading_of(reading: Reading, last: _Committed | None, intake: Intake) -> LastReading:
    row_ids = frozenset(row.row_id for row in reading.rows)
    highest = max(row_ids, default=0)
    return LastReading(
        row_ids=row_ids,
        at=reading.begun_at,
        highest=highest if last is None else max(highest, last.reading.highest),
        has_unassigned=intake.has_unassigned,
    )
