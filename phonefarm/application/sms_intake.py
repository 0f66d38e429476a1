"""Takes in what a phone's inbox showed: new messages, the rents they belong to, and their pushes, in one commit."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NamedTuple

from phonefarm.application.events import Announcer
from phonefarm.application.interfaces import Clock
from phonefarm.application.read_models import StoryKind, Topic
from phonefarm.application.records import NewPush, NewSms, ReadingMark, SimOnPhone, SimRule, StoredSms
from phonefarm.application.storage import Outbox, Queue, Storage, UnitOfWork
from phonefarm.application.views import Views
from phonefarm.domain.attribution import sat_there, sim_of, tells_something
from phonefarm.domain.errors import KnownError
from phonefarm.domain.ids import PhoneId, RentId, SimId, SmsId
from phonefarm.domain.phones import handset_of
from phonefarm.domain.sms import (
    CLOCK_TOLERANCE,
    Arrival,
    InboundSms,
    Newness,
    Reading,
    RentSpan,
    SmsRow,
    SmsStanding,
    announced_at,
    arrival,
    fingerprinted,
    first_arrival,
    from_ms,
    rent_at,
)


@dataclass(frozen=True, kw_only=True)
class Intake:
    """What a reading brought."""

    first: bool
    new: tuple[SmsId, ...]
    pushes: tuple[SmsId, ...]
    delayed: int = 0
    """How many came long after they had been announced."""
    arrivals: tuple[datetime, ...] = ()
    """When the new ones reached the phone; empty where its clock could not be measured."""


@dataclass(frozen=True, kw_only=True)
class _Owner:
    """Whose a message is, as far as can be told."""

    standing: SmsStanding
    sim: SimOnPhone | None = None
    rent: RentSpan | None = None
    """The rent it is pushed for."""
    is_withheld: bool = False
    """Its sender is on the block list: its text is not kept."""


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


@dataclass(frozen=True, kw_only=True)
class _Settled:
    sms_id: SmsId
    rent_id: RentId | None


class SmsIntake:
    def __init__(
        self,
        storage: Storage,
        announcer: Announcer,
        clock: Clock,
        outbox: Outbox,
        withholds: Callable[[str], bool],
    ) -> None:
        """`withholds` says of a sender whether its messages must not leave this PC."""
        self._storage = storage
        self._announcer = announcer
        self._clock = clock
        self._outbox = outbox
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

    async def accept(self, reading: Reading) -> Intake:
        """Store the unseen messages of a complete reading, queue those of open rents: all or nothing.

        A reading that shows what the last one showed is not worth a commit each time, nor its time a line in each.
        """
        handset = handset_of(reading.phone_id)
        last = self._last.get(handset)
        mark = last.mark if last is not None and last.mark.is_enough_for(reading) else None
        if last is not None and mark is not None and last.rows == reading.rows:
            return Intake(first=False, new=(), pushes=())
        before = last.read if last is not None and last.read.clock_skew is not None else None
        intake = await self._outbox.commit(
            lambda uow, queue: _take_in(
                uow, queue, reading, self._clock(), self._withholds, before, is_marked=mark is not None
            )
        )
        read = ReadingMark(last_read_at=reading.begun_at, clock_skew=reading.clock_skew)
        self._last[handset] = _Accepted(reading.rows, read, mark or _mark_of(reading))
        if intake.new:
            self._announcer.changed(Topic.MESSAGES, intake.new)
            self._announcer.changed(Topic.PHONES, [reading.phone_id])
            self._announcer.changed(Topic.OVERVIEW)
        if intake.pushes:
            self._announcer.changed(Topic.PUSHES, intake.pushes)
            self._announcer.changed(Topic.RENTS, None)
        return intake

    async def settle(self, sms_id: SmsId, sim_id: SimId, *, remember: bool = False) -> None:
        """The user says which SIM a held message reached; it is pushed if that SIM was rented then.

        `remember`: so do others of the phone with the same SIM mark, held ones and those to come.
        """
        now = self._clock()
        settled = await self._outbox.commit(lambda uow, queue: _settle_held(uow, queue, sms_id, sim_id, now, remember))
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
            title = "Its messages are not settled by rule any more"
            uow.journal.note(now, Topic.PHONES, phone_id, StoryKind.USER_ACTION, title)

        await self._storage.write(work)
        self._announcer.changed(Topic.PHONES, [phone_id])


def _take_in(
    uow: UnitOfWork,
    queue: Queue,
    reading: Reading,
    now: datetime,
    withholds: Callable[[str], bool],
    before: ReadingMark | None,
    *,
    is_marked: bool,
) -> Intake:
    """`before`: the reading before, None where the books must be asked; `is_marked`: they need no mark of this one."""
    before = before or uow.phones.mark_of(reading.phone_id)
    identified = fingerprinted(reading.rows)
    known = uow.messages.known(reading.phone_id, [fingerprint for _, fingerprint in identified])
    unseen = [(row, fingerprint) for row, fingerprint in identified if fingerprint not in known]
    arrivals, delayed = _arrivals(uow, reading, before, [row for row, _ in unseen])
    new: list[SmsId] = []
    queued: list[NewPush] = []
    if unseen:
        books = _PhoneBooks(uow, reading.phone_id, min(arrived.at for arrived in arrivals), now)
        owners = [
            books.owner_of(row, arrived, is_withheld=withholds(row.sender))
            for (row, _), arrived in zip(unseen, arrivals, strict=True)
        ]
        found = [
            _new_sms(reading.phone_id, row, fingerprint, arrived, owner, now)
            for (row, fingerprint), arrived, owner in zip(unseen, arrivals, owners, strict=True)
        ]
        new = uow.messages.add(found)
        queued = [
            _new_push(sms_id, owner.rent, row.sender, arrived.at, row.body)
            for sms_id, (row, _), arrived, owner in zip(new, unseen, arrivals, owners, strict=True)
            if owner.rent is not None
        ]
        if queued:
            queue(queued)
    if not is_marked:
        uow.phones.note_reading(
            reading.phone_id,
            begun_at=reading.begun_at,
            skew=reading.clock_skew,
            took=reading.ended_at - reading.begun_at,
        )
    return Intake(
        first=before is None,
        new=tuple(new),
        pushes=tuple(push.sms_id for push in queued),
        delayed=delayed,
        arrivals=tuple(arrived.at for arrived in arrivals) if reading.clock_skew is not None else (),
    )


def _arrivals(
    uow: UnitOfWork, reading: Reading, mark: ReadingMark | None, rows: Sequence[SmsRow]
) -> tuple[list[Arrival], int]:
    """When each of the unseen rows reached the phone; and how many came long after they had been announced."""
    arrivals = [_arrival_of(row, reading, mark) for row in rows]
    if mark is None or all(arrived.newness is Newness.NEW for arrived in arrivals):
        return arrivals, 0
    announcements = uow.health.empty_hints(reading.phone_id)
    delayed = 0
    for place, row in enumerate(rows):
        if arrivals[place].newness is Newness.NEW:
            continue
        kept_back = announced_at(row, announcements, skew_now=reading.clock_skew, skew_before=mark.clock_skew)
        if kept_back is not None:
            arrivals[place] = Arrival(at=min(kept_back[0], reading.ended_at), newness=Newness.NEW)
            announcements.remove(kept_back[1])
            uow.health.settle_empty_hint(reading.phone_id, kept_back[1])
            delayed += 1
    return arrivals, delayed


def _arrival_of(row: SmsRow, reading: Reading, mark: ReadingMark | None) -> Arrival:
    if mark is None or mark.last_read_at is None:
        return first_arrival(row, skew=reading.clock_skew, not_after=reading.ended_at)
    return arrival(
        row,
        skew_now=reading.clock_skew,
        skew_before=mark.clock_skew,
        not_before=min(mark.last_read_at, reading.begun_at),  # unless our own clock was set back
        not_after=reading.ended_at,
    )


def _new_sms(
    phone_id: PhoneId, row: SmsRow, fingerprint: bytes, arrived: Arrival, owner: _Owner, now: datetime
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
            sent_at=from_ms(row.date_sent_ms) if row.date_sent_ms > 0 else None,
            arrived_at=arrived.at,
            sim_mark=row.sim_mark,
        ),
        standing=owner.standing,
        msisdn=(None if sim is None else sim.msisdn) or "",
        rent_id=None if owner.rent is None else owner.rent.rent_id,
        erased_at=now if owner.is_withheld else None,
    )


def _new_push(sms_id: SmsId, rent: RentSpan, sender: str, arrived_at: datetime, text: str | None = None) -> NewPush:
    return NewPush(
        sms_id=sms_id,
        rent_id=rent.rent_id,
        msisdn=rent.msisdn,
        sender=sender,
        arrived_at=arrived_at,
        text=text if rent.closed_at is None else None,
    )


class _PhoneBooks:
    """What the books say of a phone's SIMs and their rents: asked once for all messages of a reading."""

    def __init__(self, uow: UnitOfWork, phone_id: PhoneId, since: datetime, now: datetime) -> None:
        """`since`: none of the messages arrived before."""
        self._uow = uow
        self._phone_id = phone_id
        self._since = since
        self._now = now
        self._sims = uow.sims.on_phone(phone_id)
        self._places = [sim.place for sim in self._sims]
        self._spans: dict[SimId, list[RentSpan]] = {}

    def owner_of(self, row: SmsRow, arrived: Arrival, *, is_withheld: bool) -> _Owner:
        sim_id = sim_of(row.sub_id, self._places, arrived.at)
        if sim_id is None:
            sim_id = self._settled_before(row.sim_mark, arrived.at)
        sim = next((sim for sim in self._sims if sim.sim_id == sim_id), None)
        candidates = self._sims if sim is None else [sim]
        open_rents = [rent for each in candidates if (rent := self._rent_on(each.sim_id, arrived.at)) is not None]
        is_new = arrived.newness is Newness.NEW
        if not is_new and not open_rents:
            return _Owner(standing=SmsStanding.BASELINE, sim=sim, is_withheld=is_withheld)
        if is_withheld:
            return _Owner(standing=SmsStanding.WITHHELD, sim=sim, is_withheld=True)
        if not is_new:  # it came late, or from a backup: during a rent the user decides
            return _Owner(standing=SmsStanding.HELD, sim=sim)
        if not open_rents:
            return _Owner(standing=SmsStanding.NO_RENT, sim=sim)
        if sim is None:
            return _Owner(standing=SmsStanding.HELD)
        return _Owner(standing=SmsStanding.FOR_RENT, sim=sim, rent=open_rents[0])

    def _settled_before(self, sim_mark: str, arrived_at: datetime) -> SimId | None:
        """The SIM to which the user settled such messages for good, if it sat in the phone then."""
        rule = self._uow.health.sim_rule(self._phone_id, sim_mark)
        if rule is None:
            return None
        for sim in self._sims:
            sits_as_then = (sim.slot, sim.place.sub_id) == (rule.slot, rule.sub_id)
            if sim.sim_id == rule.sim_id and sits_as_then and sat_there(sim.place, arrived_at):
                return sim.sim_id
        return None

    def _rent_on(self, sim_id: SimId, at: datetime) -> RentSpan | None:
        spans = self._spans.get(sim_id)
        if spans is None:
            spans = self._spans[sim_id] = self._uow.rents.spans(sim_id, self._since)
        return rent_at(spans, at, self._now)


def _settle_held(
    uow: UnitOfWork, queue: Queue, sms_id: SmsId, sim_id: SimId, now: datetime, remember: bool
) -> list[_Settled]:
    stored = uow.messages.get(sms_id)
    if stored is None or stored.standing is not SmsStanding.HELD:
        raise KnownError("This message is not held: there is nothing to settle.")
    sim = _sim_on(uow, stored.phone_id, sim_id)
    settled = [_settle_one(uow, queue, stored, sim, now)]
    if remember:
        if not tells_something(stored.sim_mark) or stored.sim_id is not None:
            raise KnownError(
                "The phone marks such messages in no way that tells its SIMs apart: each has to be settled by itself."
            )
        rule = SimRule(sim_id=sim_id, slot=sim.slot, sub_id=sim.place.sub_id)
        uow.health.set_sim_rule(stored.phone_id, stored.sim_mark, rule, now)
        title = f"Messages marked '{stored.sim_mark}' go to +{sim.msisdn or sim_id} from now on"
        uow.journal.note(now, Topic.PHONES, stored.phone_id, StoryKind.USER_ACTION, title)
        for other_id in uow.messages.held_with_mark(stored.phone_id, stored.sim_mark):
            other = uow.messages.get(other_id)
            if other is not None and sat_there(sim.place, other.arrived_at):
                settled.append(_settle_one(uow, queue, other, sim, now))
    return settled


def _settle_one(uow: UnitOfWork, queue: Queue, stored: StoredSms, sim: SimOnPhone, now: datetime) -> _Settled:
    rent = rent_at(uow.rents.spans(sim.sim_id, stored.arrived_at), stored.arrived_at, now)
    rent_id = None if rent is None else rent.rent_id
    standing = SmsStanding.NO_RENT if rent is None else SmsStanding.FOR_RENT
    uow.messages.settle(stored.sms_id, sim.sim_id, sim.msisdn or "", standing, rent_id)
    title = f"Settled by hand to +{sim.msisdn or sim.sim_id}"
    uow.journal.note(now, Topic.MESSAGES, stored.sms_id, StoryKind.USER_ACTION, title)
    if rent is not None:
        queue([_new_push(stored.sms_id, rent, stored.sender, stored.arrived_at)])
    return _Settled(sms_id=stored.sms_id, rent_id=rent_id)


def _sim_on(uow: UnitOfWork, phone_id: PhoneId, sim_id: SimId) -> SimOnPhone:
    for sim in uow.sims.on_phone(phone_id):
        if sim.sim_id == sim_id:
            return sim
    raise KnownError("That SIM is not one of the phone's: choose one of the SIMs that sat in it.")
