"""The outbox in the database: pushes, their attempts, and which of them is due."""

from __future__ import annotations

import json
import sqlite3
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import NamedTuple, Protocol

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Connection,
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
    literal_column,
    or_,
    select,
    update,
)

from phonefarm.adapters.storage.columns import Instant, microseconds_of
from phonefarm.adapters.storage.sqlite.prepared import Prepared, PreparedInsert, PreparedPage, Row, driver_of
from phonefarm.adapters.storage.tables import PUSH_IS_FREE, PUSH_IS_OPEN, push_attempts, pushes, rents, sms
from phonefarm.application.ports.records.pushes import NewPush, StoredPush
from phonefarm.application.ports.world import PushMessage
from phonefarm.domain.ids import Msisdn, RentId, SmsId
from phonefarm.domain.pushes import FAILURES_THAT_HOLD_BACK, PushState

UNCERTAIN = "uncertain: phonefarm stopped before the answer was recorded"
_WAITING = PushState.WAITING.value
_SENDING = PushState.SENDING.value


class _AddedPush(NamedTuple):
    """What `add` writes of a push: the columns of its table by their names, in the order in which they are given."""

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
    is_free: bool = False
    soft_refusals: int = 0
    own_failures: int = 0
    uncertain: int = 0
    is_last_chance: bool = False
    last_answer: str = ""

    @classmethod
    def waiting(cls, push: NewPush, now: datetime, *, is_free: bool = False) -> _AddedPush:
        """Due now; behind another push of its number if it is not free."""
        return cls(
            sms_id=push.sms_id,
            rent_id=push.rent_id,
            msisdn=push.msisdn,
            sender=push.sender,
            created_at=now,
            arrived_at=push.arrived_at,
            next_at=now,
            is_free=is_free,
        )

    @classmethod
    def begun(cls, push: NewPush, now: datetime) -> _AddedPush:
        """Its first attempt is under way: as `_BEGIN` would leave it."""
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


class _DuePush(Protocol):
    """A push that is due, with what an attempt sends and what decides on the others of its number: a row of `_DUE`."""

    @property
    def sms_id(self) -> int: ...
    @property
    def rent_id(self) -> int: ...
    @property
    def msisdn(self) -> str: ...
    @property
    def sender(self) -> str: ...
    @property
    def body(self) -> str: ...
    @property
    def own_failures(self) -> int: ...
    @property
    def has_older(self) -> int: ...


class SqlPushRecords:
    """Each change that ends a push, or lets it wait, keeps `is_free` true of the pushes behind it."""

    def __init__(self, driver: sqlite3.Connection) -> None:
        self._driver = driver

    def add(self, queued: Sequence[NewPush], now: datetime, *, begin: int) -> list[PushMessage]:
        by_number: dict[Msisdn, list[NewPush]] = defaultdict(list)
        for push in queued:
            by_number[push.msisdn].append(push)
        rows: list[_AddedPush] = []
        begun: list[PushMessage] = []
        for number, its_own in by_number.items():
            (before,) = _OPEN_OF_NUMBER.all(self._driver, number=number)
            first = min(its_own, key=lambda push: push.sms_id)
            is_held = before.under_way is not None or (before.holder is not None and before.holder < first.sms_id)
            goes_before_all = before.newest is None and (before.next_due is None or before.next_due > now)
            if goes_before_all and first.text is not None and len(begun) < begin:
                begun.append(_message_of(first, first.text))
                rows.append(_AddedPush.begun(first, now))
            else:
                rows.append(_AddedPush.waiting(first, now, is_free=not is_held))
            rows += [_AddedPush.waiting(push, now) for push in its_own if push is not first]
            if before.newest is not None and before.newest > first.sms_id:  # it is an older one, settled late
                _HOLD_BEHIND.run(self._driver, number=number, push=first.sms_id)
        _ADD.run(self._driver, rows)
        return begun

    def get(self, sms_id: SmsId) -> StoredPush | None:
        row = _GET.first(self._driver, push=sms_id)
        return None if row is None else _push_from(row)

    def claim(self, now: datetime, limit: int) -> list[PushMessage]:
        due = _first_of_each_number(_DUE.all(self._driver, now=now, most=limit))
        if due:
            _BEGIN.run(self._driver, begun=json.dumps([push.sms_id for push in due]), now=now)
        for push in due:  # while it is under way, no other of its number goes
            if push.own_failures >= FAILURES_THAT_HOLD_BACK:
                _HOLD_BEHIND.run(self._driver, number=push.msisdn, push=push.sms_id)
            if push.has_older:
                _HOLD_BEFORE.run(self._driver, number=push.msisdn, push=push.sms_id)
        return [_message_of(push, push.body) for push in due]

    def next_due(self) -> datetime | None:
        row = _NEXT_DUE.first(self._driver)
        return None if row is None else row.next_at

    def record(
        self,
        sms_id: SmsId,
        answer: str,
        ended_at: datetime,
        *,
        is_soft_refusal: bool = False,
        is_its_own: bool = False,
        is_uncertain: bool = False,
    ) -> StoredPush | None:
        noted = _RECORD.run(
            self._driver,
            push=sms_id,
            answered=answer,
            soft=is_soft_refusal,
            own=is_its_own,
            unknown=is_uncertain,
        )
        if noted == 0:
            return None
        _NOTE_FAILED.run(self._driver, push=sms_id, ended=ended_at, answered=answer)
        return self.get(sms_id)

    def settle(self, sms_id: SmsId, state: PushState, at: datetime) -> None:
        self._free_the_next(_SETTLE.all(self._driver, push=sms_id, settled=state.value, ended=at))

    def deliver(self, accepted: Mapping[SmsId, datetime], answer: str) -> list[SmsId]:
        ends = json.dumps([[sms_id, microseconds_of(at)] for sms_id, at in accepted.items()])
        delivered = _STILL_UNDER_WAY.all(self._driver, ends=ends)
        _DELIVER.run(self._driver, ends=ends, answered=answer)
        _FREE_THE_NEXT.run(self._driver, numbers=json.dumps(list({push.msisdn for push in delivered})))
        by_rent = Counter(push.rent_id for push in delivered)
        _NOTE_ACCEPTED.run(self._driver, counts=json.dumps(list(by_rent.items())))
        return [SmsId(push.sms_id) for push in delivered]

    def retry(self, sms_id: SmsId, at: datetime) -> None:
        self._free_the_next(_RETRY.all(self._driver, push=sms_id, due=at))

    def restart(self, sms_id: SmsId, now: datetime) -> None:
        changed = _RESTART.all(self._driver, push=sms_id, due=now)
        self._free_the_next(changed)
        for push in changed:  # it is open again: newer ones wait for it
            _HOLD_BEHIND.run(self._driver, number=push.msisdn, push=sms_id)

    def last_chance(self, rent_id: RentId, now: datetime) -> int:
        return _LAST_CHANCE.run(self._driver, rent=rent_id, due=now)

    def not_later_than(self, at: datetime) -> int:
        return _NOT_LATER.run(self._driver, due=at)

    def make_uncertain(self, now: datetime, only: SmsId | None = None, due: datetime | None = None) -> list[SmsId]:
        found = _MAKE_UNCERTAIN.all(self._driver, push=only, due=due or now)
        for push in found:
            _NOTE_FAILED.run(self._driver, push=push.sms_id, ended=now, answered=UNCERTAIN)
        self._free_the_next(found)
        return [SmsId(push.sms_id) for push in found]

    def _free_the_next(self, changed: Iterable[Row]) -> None:
        numbers = {push.msisdn for push in changed}
        quiet = [number for number in numbers if _UNDER_WAY.first(self._driver, number=number) is None]
        _FREE_THE_NEXT.run(self._driver, numbers=json.dumps(quiet))


def _first_of_each_number(due: Iterable[_DuePush]) -> list[_DuePush]:
    """Two of one number at once could overtake each other."""
    first: dict[str, _DuePush] = {}
    for push in due:
        first.setdefault(push.msisdn, push)
    return list(first.values())


def _message_of(push: _DuePush | NewPush, text: str) -> PushMessage:
    return PushMessage(
        sms_id=SmsId(push.sms_id),
        rent_id=RentId(push.rent_id),
        msisdn=Msisdn(push.msisdn),
        sender=push.sender,
        text=text,
    )


def _push_from(row: Row) -> StoredPush:
    return StoredPush(
        sms_id=SmsId(row.sms_id),
        rent_id=RentId(row.rent_id),
        msisdn=Msisdn(row.msisdn),
        state=PushState(row.state),
        attempts=row.attempts,
        soft_refusals=row.soft_refusals,
        uncertain=row.uncertain,
        rent_is_over=bool(row.rent_is_over),
        is_last_chance=row.is_last_chance,
    )


_PUSH = bindparam("push", type_=BigInteger)
_NUMBER = bindparam("number", type_=String)
_NOW = bindparam("now", type_=Instant)
_DUE_AT = bindparam("due", type_=Instant)
_ENDED = bindparam("ended", type_=Instant)
_ANSWERED = bindparam("answered", type_=String)
_BEGUN = select(func.json_each(bindparam("begun", type_=String)).table_valued("value").c.value)
_MINE = (pushes.c.msisdn == _NUMBER) & PUSH_IS_OPEN
_IS_IT = pushes.c.sms_id == _PUSH


def _holds_back(push: FromClause) -> ColumnElement[bool]:
    return or_(push.c.state == _SENDING, push.c.own_failures < FAILURES_THAT_HOLD_BACK)


def _rent_is_over() -> ScalarSelect[bool]:
    return (
        select(rents.c.finished_at.is_not(None))
        .where(rents.c.rent_id == pushes.c.rent_id)
        .correlate(pushes)
        .scalar_subquery()
    )


_GET = Prepared(
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
    ).where(_IS_IT)
)
_ADD = PreparedInsert(pushes, _AddedPush._fields)
_NEXT_AT = select(pushes.c.next_at).where(PUSH_IS_FREE).order_by(pushes.c.next_at).limit(1)
_OPEN_OF_NUMBER = Prepared(
    select(
        select(pushes.c.sms_id).where(_MINE, pushes.c.state == _SENDING).limit(1).scalar_subquery().label("under_way"),
        select(pushes.c.sms_id)
        .where(_MINE, _holds_back(pushes))
        .order_by(pushes.c.sms_id)
        .limit(1)
        .scalar_subquery()
        .label("holder"),
        select(func.max(pushes.c.sms_id)).where(_MINE).scalar_subquery().label("newest"),
        _NEXT_AT.scalar_subquery().label("next_due"),
    )
)
_HOLD_BEHIND = Prepared(update(pushes).where(_MINE, pushes.c.sms_id > _PUSH, pushes.c.is_free).values(is_free=False))
_HOLD_BEFORE = Prepared(update(pushes).where(_MINE, pushes.c.sms_id < _PUSH, pushes.c.is_free).values(is_free=False))
_UNDER_WAY = Prepared(select(pushes.c.sms_id).where(_MINE, pushes.c.state == _SENDING).limit(1))
_EACH_NUMBER = func.json_each(bindparam("numbers", type_=String)).table_valued("value").alias("number")
_HELD = pushes.alias("held")
_OLDER = pushes.alias("older")
_FIRST_THAT_HOLDS_BACK = (
    select(_OLDER.c.sms_id)
    .where(_OLDER.c.msisdn == _EACH_NUMBER.c.value, literal_column("older.state IN ('waiting', 'sending')"))
    .where(_holds_back(_OLDER))
    .order_by(_OLDER.c.sms_id)
    .limit(1)
    .correlate(_EACH_NUMBER)
    .scalar_subquery()
)
_TO_FREE = select(_HELD.c.sms_id).select_from(
    _EACH_NUMBER.outerjoin(  # outer, so that SQLite goes by the number and not by the state
        _HELD,
        and_(
            _HELD.c.msisdn == _EACH_NUMBER.c.value,
            literal_column("held.state IN ('waiting', 'sending')"),
            _HELD.c.sms_id <= func.coalesce(_FIRST_THAT_HOLDS_BACK, 2**62),
            ~_HELD.c.is_free,
        ),
    )
)
_FREE_THE_NEXT = Prepared(
    update(pushes).where(pushes.c.sms_id.in_(_TO_FREE), pushes.c.state == _WAITING).values(is_free=True)
)
_NEXT_DUE = Prepared(_NEXT_AT)
_DUE = PreparedPage(
    select(
        pushes.c.sms_id,
        pushes.c.rent_id,
        pushes.c.msisdn,
        sms.c.sender,
        sms.c.body,
        pushes.c.own_failures,
        exists()
        .where(_OLDER.c.msisdn == pushes.c.msisdn, literal_column("older.state IN ('waiting', 'sending')"))
        .where(_OLDER.c.sms_id < pushes.c.sms_id)
        .label("has_older"),
    )
    .join(sms, sms.c.sms_id == pushes.c.sms_id)
    .where(PUSH_IS_FREE, pushes.c.next_at <= _NOW)
    .order_by(pushes.c.next_at, pushes.c.sms_id)
    .limit(bindparam("most", type_=Integer))
)
_BEGIN = Prepared(
    update(pushes)
    .where(pushes.c.sms_id.in_(_BEGUN))
    .values(
        state=_SENDING,
        is_free=False,
        begun_at=_NOW,
        next_at=None,
        attempts=pushes.c.attempts + 1,
        is_last_chance=func.coalesce(_rent_is_over(), false()),
    )
)
_RECORD = Prepared(
    update(pushes)
    .where(_IS_IT, pushes.c.state == _SENDING)
    .values(
        last_answer=_ANSWERED,
        soft_refusals=pushes.c.soft_refusals + bindparam("soft", type_=Integer),
        own_failures=pushes.c.own_failures + bindparam("own", type_=Integer),
        uncertain=pushes.c.uncertain + bindparam("unknown", type_=Integer),
    )
)
_NOTE_FAILED = Prepared(
    insert(push_attempts).from_select(
        ["sms_id", "attempt", "begun_at", "ended_at", "answer"],
        select(pushes.c.sms_id, pushes.c.attempts, pushes.c.begun_at, _ENDED, _ANSWERED).where(_IS_IT),
    )
)
_EACH_END = func.json_each(bindparam("ends", type_=String)).table_valued("value").alias("each")
_EACH_COUNT = func.json_each(bindparam("counts", type_=String)).table_valued("value").alias("each")
_ENDS = select(
    func.json_extract(_EACH_END.c.value, "$[0]").label("sms_id"),
    func.json_extract(_EACH_END.c.value, "$[1]").label("ended_at"),
).subquery("ends")
_ITS_END_CAME = (pushes.c.sms_id == _ENDS.c.sms_id) & (pushes.c.state == _SENDING)
_STILL_UNDER_WAY = PreparedPage(
    select(pushes.c.sms_id, pushes.c.rent_id, pushes.c.msisdn).select_from(_ENDS.join(pushes, _ITS_END_CAME))
)
_DELIVER = Prepared(
    update(pushes)
    .where(_ITS_END_CAME)
    .values(
        state=PushState.DELIVERED.value, is_free=False, next_at=None, ended_at=_ENDS.c.ended_at, last_answer=_ANSWERED
    )
)
_BY_RENT = select(
    func.json_extract(_EACH_COUNT.c.value, "$[0]").label("rent_id"),
    func.json_extract(_EACH_COUNT.c.value, "$[1]").label("accepted"),
).subquery("by_rent")
_NOTE_ACCEPTED = Prepared(
    update(rents)
    .where(rents.c.rent_id == _BY_RENT.c.rent_id)
    .values(accepted_sms=rents.c.accepted_sms + _BY_RENT.c.accepted)
)
_SETTLE = Prepared(
    update(pushes)
    .where(_IS_IT)
    .values(state=bindparam("settled", type_=String), is_free=False, next_at=None, ended_at=_ENDED)
    .returning(pushes.c.msisdn)
)
_RETRY = Prepared(
    update(pushes).where(_IS_IT).values(state=_WAITING, next_at=_DUE_AT, ended_at=None).returning(pushes.c.msisdn)
)
_RESTART = Prepared(
    update(pushes)
    .where(_IS_IT)
    .values(state=_WAITING, next_at=_DUE_AT, ended_at=None, soft_refusals=0)
    .returning(pushes.c.msisdn)
)
_LAST_CHANCE = Prepared(
    update(pushes)
    .where(pushes.c.sms_id.in_(select(sms.c.sms_id).where(sms.c.rent_id == bindparam("rent", type_=BigInteger))))
    .where(pushes.c.state == _WAITING)
    .values(next_at=_DUE_AT)
)
_NOT_LATER = Prepared(
    update(pushes).where(PUSH_IS_OPEN, pushes.c.state == _WAITING, pushes.c.next_at > _DUE_AT).values(next_at=_DUE_AT)
)
_MAKE_UNCERTAIN = Prepared(
    update(pushes)
    .where(PUSH_IS_OPEN, pushes.c.state == _SENDING, or_(_PUSH.is_(None), _IS_IT))
    .values(state=_WAITING, next_at=_DUE_AT, uncertain=pushes.c.uncertain + 1, last_answer=UNCERTAIN)
    .returning(pushes.c.sms_id, pushes.c.msisdn)
)


def next_push_due(connection: Connection) -> datetime | None:
    """When the next push that waits for nothing but its time is due."""
    return SqlPushRecords(driver_of(connection)).next_due()
