"""The statements of the outbox and the shapes of their rows.

Invariants, which every statement here keeps or `SqlPushRecords` restores in the same transaction:

1. In flight: a push is SENDING from the commit that records its attempt as begun until the result is recorded. Of each
   number at most one push is in flight.
2. Blocking: an open push (WAITING or SENDING) blocks the newer ones of its number while it is in flight, or as long as
   it has failed fewer than `FAILURES_THAT_HOLD_BACK` times for its own sake.
3. A push is dispatchable (`is_dispatchable`) iff it is WAITING, no older push of its number blocks it, and none of its
   number is in flight. It goes out as soon as it is due (`next_at`).
4. An ended push is not dispatchable and has no `next_at`.
5. `push_attempts` holds the attempts that failed or whose end is unknown, each once.
6. `rents.accepted_sms` counts each delivered push once.

A number is recomputed (3) whenever one of its pushes is added, begun, ended or rescheduled.
"""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    FromClause,
    Integer,
    ScalarSelect,
    String,
    and_,
    bindparam,
    exists,
    false,
    func,
    insert,
    or_,
    select,
    update,
)

from phonefarm.adapters.storage.columns import Instant
from phonefarm.adapters.storage.sqlite.prepared import (
    Prepared,
    PreparedBatch,
    PreparedChange,
    PreparedInsert,
    pairs_in,
    values_in,
)
from phonefarm.adapters.storage.tables import (
    PUSH_IS_DISPATCHABLE,
    PUSH_IS_OPEN,
    push_attempts,
    push_is_open,
    pushes,
    rents,
    sms,
)
from phonefarm.application.ports.records.pushes import NewPush
from phonefarm.domain.ids import Msisdn, RentId, SmsId
from phonefarm.domain.pushes import FAILURES_THAT_HOLD_BACK, PushState

UNCERTAIN = "uncertain: phonefarm stopped before the answer was recorded"
_WAITING = PushState.WAITING.value
_SENDING = PushState.SENDING.value
_HIGHEST_ID = 2**62

# Rows -----------------------------------------------------------------------------


class AddedPush(NamedTuple):
    """The columns that `ADD` writes, by name."""

    sms_id: SmsId
    rent_id: RentId
    msisdn: Msisdn
    sender: str
    created_at: datetime
    arrived_at: datetime
    next_at: datetime | None
    begun_at: datetime | None = None
    state: str = _WAITING
    attempts: int = 0
    is_dispatchable: bool = False
    soft_refusals: int = 0
    own_failures: int = 0
    uncertain: int = 0
    is_last_chance: bool = False
    last_answer: str = ""

    @classmethod
    def waiting(cls, push: NewPush, now: datetime, *, is_dispatchable: bool) -> AddedPush:
        """Due now."""
        return cls(
            sms_id=push.sms_id,
            rent_id=push.rent_id,
            msisdn=push.msisdn,
            sender=push.sender,
            created_at=now,
            arrived_at=push.arrived_at,
            next_at=now,
            is_dispatchable=is_dispatchable,
        )

    @classmethod
    def begun(cls, push: NewPush, now: datetime) -> AddedPush:
        """Its first attempt is in flight: as `BEGIN` would leave it."""
        return cls(
            sms_id=push.sms_id,
            rent_id=push.rent_id,
            msisdn=push.msisdn,
            sender=push.sender,
            created_at=now,
            arrived_at=push.arrived_at,
            next_at=None,
            begun_at=now,
            state=_SENDING,
            attempts=1,
        )


class OpenPushes(NamedTuple):
    """The open pushes of a number, and when the next of any number is due."""

    in_flight: int | None
    oldest_blocker: int | None
    newest: int | None
    next_due: datetime | None


class DuePush(NamedTuple):
    """A push that is dispatchable and due: what an attempt sends, and what decides on the others of its number."""

    sms_id: int
    rent_id: int
    msisdn: str
    sender: str
    body: str
    own_failures: int
    has_older: int


class PushStatus(NamedTuple):
    """What decides on a push."""

    sms_id: int
    rent_id: int
    msisdn: str
    state: str
    attempts: int
    soft_refusals: int
    uncertain: int
    is_last_chance: bool
    rent_is_over: bool | None
    """None: the rent is not stored."""


class DeliveredPush(NamedTuple):
    sms_id: int
    rent_id: int
    msisdn: str


class ChangedPush(NamedTuple):
    sms_id: int
    msisdn: str


class NextDue(NamedTuple):
    next_at: datetime


# Parts of statements ----------------------------------------------------------------

_PUSH = bindparam("push", type_=BigInteger)
_NUMBER = bindparam("number", type_=String)
_NOW = bindparam("now", type_=Instant)
_DUE_AT = bindparam("due", type_=Instant)
_ENDED_AT = bindparam("ended", type_=Instant)
_ANSWER = bindparam("answer", type_=String)
_IS_PUSH = pushes.c.sms_id == _PUSH
_IS_OPEN_OF_NUMBER = (pushes.c.msisdn == _NUMBER) & PUSH_IS_OPEN
_OLDER = pushes.alias("older")
_BLOCKED = pushes.alias("blocked")


def _blocks_newer(push: FromClause) -> ColumnElement[bool]:
    """Invariant 2, of an open push."""
    return or_(push.c.state == _SENDING, push.c.own_failures < FAILURES_THAT_HOLD_BACK)


def _rent_is_over() -> ScalarSelect[bool]:
    return (
        select(rents.c.finished_at.is_not(None))
        .where(rents.c.rent_id == pushes.c.rent_id)
        .correlate(pushes)
        .scalar_subquery()
    )


# Queries ----------------------------------------------------------------------------

GET = Prepared(
    PushStatus,
    select(
        pushes.c.sms_id,
        pushes.c.rent_id,
        pushes.c.msisdn,
        pushes.c.state,
        pushes.c.attempts,
        pushes.c.soft_refusals,
        pushes.c.uncertain,
        pushes.c.is_last_chance,
        _rent_is_over().label("rent_is_over"),
    ).where(_IS_PUSH),
)

# Uses the partial index of dispatchable pushes (3): others are not scanned.
_NEXT_AT = select(pushes.c.next_at).where(PUSH_IS_DISPATCHABLE).order_by(pushes.c.next_at).limit(1)
NEXT_DUE = Prepared(NextDue, _NEXT_AT)

# What `SqlPushRecords.add` needs to insert pushes of a number with the right `is_dispatchable` (3).
OPEN_OF_NUMBER = Prepared(
    OpenPushes,
    select(
        select(pushes.c.sms_id)
        .where(_IS_OPEN_OF_NUMBER, pushes.c.state == _SENDING)
        .limit(1)
        .scalar_subquery()
        .label("in_flight"),
        select(pushes.c.sms_id)
        .where(_IS_OPEN_OF_NUMBER, _blocks_newer(pushes))
        .order_by(pushes.c.sms_id)
        .limit(1)
        .scalar_subquery()
        .label("oldest_blocker"),
        select(func.max(pushes.c.sms_id)).where(_IS_OPEN_OF_NUMBER).scalar_subquery().label("newest"),
        _NEXT_AT.scalar_subquery().label("next_due"),
    ),
)

# A number may have several due pushes if older ones do not block any more: the caller takes the first of each (1).
DUE = PreparedBatch(
    DuePush,
    select(
        pushes.c.sms_id,
        pushes.c.rent_id,
        pushes.c.msisdn,
        sms.c.sender,
        sms.c.body,
        pushes.c.own_failures,
        exists()
        .where(_OLDER.c.msisdn == pushes.c.msisdn, push_is_open("older"))
        .where(_OLDER.c.sms_id < pushes.c.sms_id)
        .label("has_older"),
    )
    .join(sms, sms.c.sms_id == pushes.c.sms_id)
    .where(PUSH_IS_DISPATCHABLE, pushes.c.next_at <= _NOW)
    .order_by(pushes.c.next_at, pushes.c.sms_id)
    .limit(bindparam("most", type_=Integer)),
)

IN_FLIGHT_OF_NUMBER = Prepared(
    ChangedPush,
    select(pushes.c.sms_id, pushes.c.msisdn).where(_IS_OPEN_OF_NUMBER, pushes.c.state == _SENDING).limit(1),
)

# Adding and beginning -----------------------------------------------------------------

ADD = PreparedInsert(pushes, AddedPush._fields)

# Invariant 1: from WAITING to SENDING in the transaction that returns them to the worker. While a push is in flight it
# is not dispatchable; the caller then blocks the others of its number that are (3).
BEGIN = PreparedChange(
    update(pushes)
    .where(pushes.c.sms_id.in_(values_in("begun")))
    .values(
        state=_SENDING,
        is_dispatchable=False,
        begun_at=_NOW,
        next_at=None,
        attempts=pushes.c.attempts + 1,
        is_last_chance=func.coalesce(_rent_is_over(), false()),
    )
)

# Dispatchable or not ------------------------------------------------------------------

# Invariant 3: newer ones wait for `push`, which was added late, is in flight or was reopened.
BLOCK_NEWER = PreparedChange(
    update(pushes)
    .where(_IS_OPEN_OF_NUMBER, pushes.c.sms_id > _PUSH, pushes.c.is_dispatchable)
    .values(is_dispatchable=False)
)
# Invariant 3: older ones, which did not block `push`, wait while it is in flight.
BLOCK_OLDER = PreparedChange(
    update(pushes)
    .where(_IS_OPEN_OF_NUMBER, pushes.c.sms_id < _PUSH, pushes.c.is_dispatchable)
    .values(is_dispatchable=False)
)

_EACH_NUMBER = func.json_each(bindparam("numbers", type_=String)).table_valued("value").alias("number")
_OLDEST_BLOCKER = (
    select(_OLDER.c.sms_id)
    .where(_OLDER.c.msisdn == _EACH_NUMBER.c.value, push_is_open("older"))
    .where(_blocks_newer(_OLDER))
    .order_by(_OLDER.c.sms_id)
    .limit(1)
    .correlate(_EACH_NUMBER)
    .scalar_subquery()
)
_TO_UNBLOCK = select(_BLOCKED.c.sms_id).select_from(
    _EACH_NUMBER.outerjoin(  # outer, so that SQLite searches by number and not by state
        _BLOCKED,
        and_(
            _BLOCKED.c.msisdn == _EACH_NUMBER.c.value,
            push_is_open("blocked"),
            _BLOCKED.c.sms_id <= func.coalesce(_OLDEST_BLOCKER, _HIGHEST_ID),
            ~_BLOCKED.c.is_dispatchable,
        ),
    )
)
# Invariant 3, for numbers without a push in flight: the oldest push that blocks, and all before it, are dispatchable.
UNBLOCK = PreparedChange(
    update(pushes).where(pushes.c.sms_id.in_(_TO_UNBLOCK), pushes.c.state == _WAITING).values(is_dispatchable=True)
)

# Results ------------------------------------------------------------------------------

# Only of an attempt in flight: the result of one that was made uncertain meanwhile changes nothing (1).
RECORD = PreparedChange(
    update(pushes)
    .where(_IS_PUSH, pushes.c.state == _SENDING)
    .values(
        last_answer=_ANSWER,
        soft_refusals=pushes.c.soft_refusals + bindparam("soft", type_=Integer),
        own_failures=pushes.c.own_failures + bindparam("own", type_=Integer),
        uncertain=pushes.c.uncertain + bindparam("unknown", type_=Integer),
    )
)
# Invariant 5. `attempts` of the push is the number of the attempt.
NOTE_FAILED_ATTEMPT = PreparedChange(
    insert(push_attempts).from_select(
        ["sms_id", "attempt", "begun_at", "ended_at", "answer"],
        select(pushes.c.sms_id, pushes.c.attempts, pushes.c.begun_at, _ENDED_AT, _ANSWER).where(_IS_PUSH),
    )
)

_ENDS = pairs_in("ends", "sms_id", "ended_at")
_HAS_ENDED_IN_FLIGHT = (pushes.c.sms_id == _ENDS.c.sms_id) & (pushes.c.state == _SENDING)
# Invariant 6: asked before `DELIVER` in the same transaction, it returns the pushes that DELIVER will change.
STILL_IN_FLIGHT = PreparedBatch(
    DeliveredPush,
    select(pushes.c.sms_id, pushes.c.rent_id, pushes.c.msisdn).select_from(_ENDS.join(pushes, _HAS_ENDED_IN_FLIGHT)),
)
# Invariant 4. One statement for all that the market has accepted: a burst consists of them.
DELIVER = PreparedChange(
    update(pushes)
    .where(_HAS_ENDED_IN_FLIGHT)
    .values(
        state=PushState.DELIVERED.value,
        is_dispatchable=False,
        next_at=None,
        ended_at=_ENDS.c.ended_at,
        last_answer=_ANSWER,
    )
)
_ACCEPTED = pairs_in("counts", "rent_id", "accepted")
COUNT_ACCEPTED = PreparedChange(
    update(rents)
    .where(rents.c.rent_id == _ACCEPTED.c.rent_id)
    .values(accepted_sms=rents.c.accepted_sms + _ACCEPTED.c.accepted)
)

# Ending and rescheduling; each returns the push, whose number is then recomputed (3) ------------------------

# Invariant 4.
CLOSE = Prepared(
    ChangedPush,
    update(pushes)
    .where(_IS_PUSH)
    .values(state=bindparam("new_state", type_=String), is_dispatchable=False, next_at=None, ended_at=_ENDED_AT)
    .returning(pushes.c.sms_id, pushes.c.msisdn),
)
RESCHEDULE = Prepared(
    ChangedPush,
    update(pushes)
    .where(_IS_PUSH)
    .values(state=_WAITING, next_at=_DUE_AT, ended_at=None)
    .returning(pushes.c.sms_id, pushes.c.msisdn),
)
REOPEN = Prepared(
    ChangedPush,
    update(pushes)
    .where(_IS_PUSH)
    .values(state=_WAITING, next_at=_DUE_AT, ended_at=None, soft_refusals=0)
    .returning(pushes.c.sms_id, pushes.c.msisdn),
)
# A missing `push` means all that are in flight.
MAKE_UNCERTAIN = Prepared(
    ChangedPush,
    update(pushes)
    .where(PUSH_IS_OPEN, pushes.c.state == _SENDING, or_(_PUSH.is_(None), _IS_PUSH))
    .values(state=_WAITING, next_at=_DUE_AT, uncertain=pushes.c.uncertain + 1, last_answer=UNCERTAIN)
    .returning(pushes.c.sms_id, pushes.c.msisdn),
)

# Only the due time changes, so `is_dispatchable` stays true of each (3).
DUE_NOW_OF_RENT = PreparedChange(
    update(pushes)
    .where(pushes.c.sms_id.in_(select(sms.c.sms_id).where(sms.c.rent_id == bindparam("rent", type_=BigInteger))))
    .where(pushes.c.state == _WAITING)
    .values(next_at=_DUE_AT)
)
DUE_NOT_LATER = PreparedChange(
    update(pushes).where(PUSH_IS_OPEN, pushes.c.state == _WAITING, pushes.c.next_at > _DUE_AT).values(next_at=_DUE_AT)
)
