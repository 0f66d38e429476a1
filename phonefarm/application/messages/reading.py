"""Unit of work: compare a reading of an inbox with what is stored, and store what is new with its time and owner."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from phonefarm.application.messages.owners import (
    ASSIGN_WITHIN,
    AssignedSms,
    Owner,
    SimResolver,
    assign_known_sims,
    new_push,
)
from phonefarm.application.ports.records.messages import NewSms, SeenRow
from phonefarm.application.ports.records.phones import ReadingMark
from phonefarm.application.ports.records.pushes import NewPush
from phonefarm.application.ports.storage import UnitOfWork
from phonefarm.application.ports.world import PushMessage
from phonefarm.domain.heard import FormerRow, Heard, HeardArrival, is_rewritten
from phonefarm.domain.ids import PhoneId, SmsId
from phonefarm.domain.sms import (
    CLOCK_TOLERANCE,
    Arrival,
    Doubt,
    InboundSms,
    Newness,
    Reading,
    SmsRow,
    announced_at,
    arrival,
    corrected,
    fingerprinted,
    first_arrival,
    stated_date,
)

LATE_ROW_WITHIN = timedelta(minutes=5)
"""An announcement without a row may belong to a row that appears up to this much later."""

_LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)

Identified = tuple[SmsRow, bytes]


@dataclass(frozen=True, kw_only=True)
class Intake:
    """The result of a reading."""

    first: bool
    new: tuple[SmsId, ...]
    pushes: tuple[SmsId, ...]
    """Those of the new ones that are pushed."""
    begun: tuple[PushMessage, ...] = ()
    """Attempts to push them that were recorded as begun."""
    delayed: int = 0
    """How many came long after their announcement."""
    arrivals: tuple[datetime, ...] = ()
    """When the new ones reached the phone; empty if its clock could not be measured."""
    assigned: tuple[AssignedSms, ...] = ()
    """Older ones whose SIM is known by now."""
    has_unassigned: bool = False
    """Whether a message is left whose SIM is not known."""
    is_of_a_new_card: bool = False
    """Whether a message names a SIM that no check-up has found in the phone."""

    @property
    def queued(self) -> int:
        """How many pushes were queued: of new messages and of older ones whose SIM is known now."""
        return len(self.pushes) + sum(one.rent_id is not None for one in self.assigned)


NOTHING_NEW = Intake(first=False, new=(), pushes=())


@dataclass(frozen=True, kw_only=True)
class LastReading:
    """The last committed reading of a handset in this run of the program."""

    row_ids: frozenset[int]
    at: datetime
    """When a reading last showed these rows."""
    highest: int
    """The highest row id of any reading in this run."""
    has_unassigned: bool


@dataclass(frozen=True, kw_only=True)
class Context:
    """What a reading is judged by, besides what is stored."""

    now: datetime
    withholds: Callable[[str], bool]
    heard: Heard
    before: ReadingMark | None
    """The reading before; None: it must be read from the database."""
    last: LastReading | None
    is_marked: bool
    """Whether the stored mark is recent enough, so that this reading needs none."""


class _Stored(NamedTuple):
    """The unseen rows of a reading, as they were stored."""

    owners: list[Owner]
    """By row."""
    new: list[SmsId]
    """By row."""
    queued: list[NewPush]
    begun: list[PushMessage]


def store_reading(uow: UnitOfWork, reading: Reading, context: Context, *, begin: int) -> Intake:
    """`begin`: how many attempts to push new messages may be recorded as begun in this unit of work."""
    return _ReadingUnit(uow, reading, context, begin).run()


class _ReadingUnit:
    def __init__(self, uow: UnitOfWork, reading: Reading, context: Context, begin: int) -> None:
        self._uow = uow
        self._reading = reading
        self._context = context
        self._begin = begin
        self._phone_id: PhoneId = reading.phone_id
        self._before = context.before or uow.phones.mark_of(reading.phone_id)

    def run(self) -> Intake:
        reading = self._reading
        identified = fingerprinted(reading.rows)
        known = self._uow.messages.known(self._phone_id, [fingerprint for _, fingerprint in identified])
        unseen = [one for one in identified if one[1] not in known]
        arrivals = [self._arrival_of(row) for row, _ in unseen]
        unseen, arrivals = self._without_rewritten(unseen, arrivals)
        highest_known = max((row.row_id for row, fingerprint in identified if fingerprint in known), default=0)
        delayed = self._match_announcements(unseen, arrivals, highest_known)
        last = self._context.last
        has_unassigned = last is None or last.has_unassigned
        assigned: list[AssignedSms] = []
        if has_unassigned and self._before is not None:
            assigned, has_unassigned = self._assign_known_sims(identified)
        stored = self._store(unseen, arrivals)
        if not self._context.is_marked:
            self._uow.phones.note_reading(
                self._phone_id,
                begun_at=reading.begun_at,
                skew=reading.clock_skew,
                took=reading.ended_at - reading.begun_at,
            )
        return Intake(
            first=self._before is None,
            new=tuple(stored.new),
            pushes=tuple(push.sms_id for push in stored.queued),
            begun=tuple(stored.begun),
            delayed=delayed,
            arrivals=tuple(arrived.at for arrived in arrivals) if reading.clock_skew is not None else (),
            assigned=tuple(assigned),
            has_unassigned=has_unassigned or any(owner.doubt is Doubt.SIM for owner in stored.owners),
            is_of_a_new_card=any(
                owner.doubt is Doubt.SIM and row.sub_id is not None
                for owner, (row, _) in zip(stored.owners, unseen, strict=True)
            ),
        )

    # Time of arrival ----------------------------------------------------------

    def _arrival_of(self, row: SmsRow) -> Arrival:
        reading, before = self._reading, self._before
        if before is None or before.last_read_at is None:
            return first_arrival(row, skew=reading.clock_skew, not_after=reading.ended_at)
        return arrival(
            row,
            skew_now=reading.clock_skew,
            skew_before=before.clock_skew,
            not_before=min(before.last_read_at, reading.begun_at),  # unless our own clock was set back
            not_after=reading.ended_at,
        )

    def _match_announcements(self, unseen: Sequence[Identified], arrivals: list[Arrival], highest_known: int) -> int:
        """Give rows with unfitting dates the time of their announcement; returns how many came long after it."""
        if self._before is None or all(arrived.newness is Newness.NEW for arrived in arrivals):
            return 0
        empty = self._uow.health.empty_hints(self._phone_id)
        delayed = 0
        for place, (row, _) in enumerate(unseen):
            if arrivals[place].newness is Newness.NEW:
                continue
            announced = announced_at(row, empty, skew_now=self._reading.clock_skew, skew_before=self._before.clock_skew)
            if announced is not None:
                arrivals[place] = Arrival(at=min(announced[0], self._reading.ended_at), newness=Newness.NEW)
                empty.remove(announced[1])
                self._uow.health.remove_empty_hint(self._phone_id, announced[1])
                delayed += 1
        self._doubt_announced(unseen, arrivals, highest_known, empty)
        return delayed

    def _doubt_announced(
        self, unseen: Sequence[Identified], arrivals: list[Arrival], highest_known: int, empty: Sequence[datetime]
    ) -> None:
        """A new highest row that was announced arrived just now, whatever its dates say: the user decides on it."""
        ended_at = self._reading.ended_at
        recent = [at for at in empty if timedelta(0) <= ended_at - at <= LATE_ROW_WITHIN]
        heard = self._context.heard.without(one.at for one in arrivals if one.newness is Newness.NEW)
        unexplained = [HeardArrival(since=at, latest=at) for at in recent] + list(heard.arrivals)
        for place in reversed(range(len(unseen))):  # the highest row is the latest
            row, _ = unseen[place]
            if not unexplained or row.row_id <= highest_known:
                return
            if arrivals[place].newness is not Newness.NEW:
                at = unexplained.pop().since
                arrivals[place] = Arrival(at=min(at, ended_at), newness=Newness.DOUBTFUL)
                if at in recent:
                    self._uow.health.remove_empty_hint(self._phone_id, at)

    # Known rows that were rewritten ------------------------------------------------

    def _without_rewritten(
        self, unseen: Sequence[Identified], arrivals: Sequence[Arrival]
    ) -> tuple[list[Identified], list[Arrival]]:
        """Drop rows that are stored with other dates or another sender: the phone has rewritten them."""
        former = self._former_rows([row.row_id for row, _ in unseen])
        if not former:
            return list(unseen), list(arrivals)
        explained = [
            arrived.at
            for (row, _), arrived in zip(unseen, arrivals, strict=True)
            if row.row_id not in former and arrived.newness is Newness.NEW
        ]
        heard = self._context.heard.without(explained)
        left: list[Identified] = []
        arrivals_left: list[Arrival] = []
        for (row, fingerprint), arrived in zip(unseen, arrivals, strict=True):
            same = self._rewritten(row, former.get(row.row_id, ()), heard)
            if same is not None:
                self._uow.messages.rewrite(same.sms_id, fingerprint)
            else:
                left.append((row, fingerprint))
                arrivals_left.append(arrived)
        return left, arrivals_left

    def _former_rows(self, row_ids: Sequence[int]) -> Mapping[int, Sequence[SeenRow]]:
        last = self._context.last
        if self._before is None:
            return {}
        may_be_known = [row_id for row_id in row_ids if last is None or row_id <= last.highest]
        return self._uow.messages.stored_under_row_ids(self._phone_id, may_be_known) if may_be_known else {}

    def _rewritten(self, row: SmsRow, former: Sequence[SeenRow], heard: Heard) -> SeenRow | None:
        date = self._date_of(row)
        for seen in former:
            if seen.body is None:  # its text is not stored: compare the time
                is_same_text = date is not None and abs(date - seen.arrived_at) <= CLOCK_TOLERANCE
            else:
                is_same_text = seen.body == row.body
            shown = FormerRow(
                arrived_at=seen.arrived_at, shown_at=max(seen.arrived_at, self._last_shown_at(row.row_id))
            )
            if is_same_text and is_rewritten(shown, date, heard):
                return seen
        return None

    def _date_of(self, row: SmsRow) -> datetime | None:
        skew = self._reading.clock_skew
        if skew is None and self._before is not None:
            skew = self._before.clock_skew
        return corrected(row, skew)

    def _last_shown_at(self, row_id: int) -> datetime:
        last = self._context.last
        if last is not None:
            return last.at if row_id in last.row_ids else _LONG_AGO
        return (self._before.last_read_at if self._before else None) or _LONG_AGO

    # Owner ------------------------------------------------------------------------

    def _assign_known_sims(self, identified: Sequence[Identified]) -> tuple[list[AssignedSms], bool]:
        """Assign older messages by what their rows and the database say of SIMs by now."""
        now = self._context.now
        shown = {fingerprint: row for row, fingerprint in identified}
        for one in self._uow.messages.unassigned(self._phone_id, now - ASSIGN_WITHIN):
            row = shown.get(one.fingerprint)
            if row is not None and (row.sub_id, row.sim_mark) != (one.sub_id, one.sim_mark):
                self._uow.messages.note_sim_columns(one.sms_id, row.sub_id, row.sim_mark)
        return assign_known_sims(self._uow, self._phone_id, now, self._context.withholds)

    def _store(self, unseen: Sequence[Identified], arrivals: Sequence[Arrival]) -> _Stored:
        if not unseen:
            return _Stored([], [], [], [])
        context = self._context
        resolver = SimResolver(self._uow, self._phone_id, min(arrived.at for arrived in arrivals), context.now)
        owners = [
            resolver.owner_of(row, arrived, is_withheld=context.withholds(row.sender))
            for (row, _), arrived in zip(unseen, arrivals, strict=True)
        ]
        found = [
            _new_sms(self._phone_id, row, fingerprint, arrived, owner, context.now)
            for (row, fingerprint), arrived, owner in zip(unseen, arrivals, owners, strict=True)
        ]
        new = self._uow.messages.add(found)
        queued = [
            new_push(sms_id, owner.rent, row.sender, arrived.at, row.body)
            for sms_id, (row, _), arrived, owner in zip(new, unseen, arrivals, owners, strict=True)
            if owner.rent is not None
        ]
        begun = self._uow.pushes.add(queued, context.now, begin=self._begin) if queued else []
        return _Stored(owners, new, queued, begun)


def _new_sms(
    phone_id: PhoneId, row: SmsRow, fingerprint: bytes, arrived: Arrival, owner: Owner, now: datetime
) -> NewSms:
    sim = owner.sim
    return NewSms(
        message=InboundSms(
            phone_id=phone_id,
            sim_id=None if sim is None else sim.sim_id,
            fingerprint=fingerprint,
            row_id=row.row_id,
            sender=row.sender,
            body=row.body,
            sent_at=stated_date(row.date_sent_ms),
            arrived_at=arrived.at,
            sim_mark=row.sim_mark,
            sub_id=row.sub_id if owner.doubt is not None else None,
        ),
        standing=owner.standing,
        msisdn=(None if sim is None else sim.msisdn) or "",
        rent_id=None if owner.rent is None else owner.rent.rent_id,
        erased_at=now if owner.is_withheld else None,
        doubt=owner.doubt,
        phone_date_ms=row.date_ms if owner.doubt is Doubt.TIME else None,
    )
