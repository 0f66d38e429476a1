"""The outbox in the database: pushes, their attempts, and which of them is due."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import (
    BigInteger,
    ColumnClause,
    Connection,
    Integer,
    String,
    bindparam,
    case,
    exists,
    false,
    insert,
    literal_column,
    or_,
    select,
    true,
    update,
)

from phonefarm.adapters.storage.columns import Instant
from phonefarm.adapters.storage.tables import push_attempts, pushes, rents, sms
from phonefarm.application.interfaces import PushMessage
from phonefarm.application.storage import StoredPush
from phonefarm.domain.ids import Msisdn, RentId, SmsId
from phonefarm.domain.pushes import ATTEMPTS_THAT_HOLD_BACK, PushState

UNCERTAIN = "uncertain: phonefarm stopped before the answer was recorded"
_RENT_IS_OVER = rents.c.finished_at.is_not(None)
_WAITING = PushState.WAITING.value
_SENDING = PushState.SENDING.value
_BEHIND_ALL = 2**62


class SqlPushRecords:
    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def add(
        self, sms_id: SmsId, rent_id: RentId, msisdn: Msisdn, sender: str, arrived_at: datetime, now: datetime
    ) -> None:
        self._connection.execute(
            insert(pushes).values(
                sms_id=sms_id,
                rent_id=rent_id,
                msisdn=msisdn,
                sender=sender,
                state=_WAITING,
                next_at=now,
                created_at=now,
                arrived_at=arrived_at,
            )
        )
        self._keep_order(msisdn)

    def get(self, sms_id: SmsId) -> StoredPush | None:
        row = self._connection.execute(_GET, {"push": sms_id}).one_or_none()
        if row is None:
            return None
        return StoredPush(
            sms_id=SmsId(row.sms_id),
            rent_id=RentId(row.rent_id),
            msisdn=Msisdn(row.msisdn),
            state=PushState(row.state),
            attempts=row.attempts,
            soft_refusals=row.soft_refusals,
            rent_is_over=bool(row.rent_is_over),
            is_last_chance=row.is_last_chance,
        )

    def claim(self, now: datetime, limit: int) -> list[PushMessage]:
        due = self._connection.execute(_DUE, {"now": now, "most": limit}).all()
        if due:
            self._connection.execute(_BEGIN, {"begun": [row.sms_id for row in due], "now": now})
            self._connection.execute(
                insert(push_attempts),
                [{"sms_id": row.sms_id, "attempt": row.attempts + 1, "begun_at": now} for row in due],
            )
        for row in due:
            if row.attempts >= ATTEMPTS_THAT_HOLD_BACK:  # while it is under way it holds back again
                self._keep_order(row.msisdn)
        return [
            PushMessage(
                sms_id=SmsId(row.sms_id),
                rent_id=RentId(row.rent_id),
                msisdn=Msisdn(row.msisdn),
                sender=row.sender,
                text=row.body,
            )
            for row in due
        ]

    def next_due(self) -> datetime | None:
        return next_push_due(self._connection)

    def record(self, sms_id: SmsId, answer: str, ended_at: datetime, soft_refusal: bool) -> StoredPush | None:
        noted = self._connection.execute(_RECORD, {"push": sms_id, "answered": answer, "soft": int(soft_refusal)})
        if noted.rowcount == 0:
            return None
        self._end_attempt(sms_id, answer, ended_at)
        return self.get(sms_id)

    def settle(self, sms_id: SmsId, state: PushState, at: datetime) -> None:
        settled = self._connection.execute(_SETTLE, {"push": sms_id, "settled": state.value, "ended": at})
        self._keep_order(settled.scalar())

    def retry(self, sms_id: SmsId, at: datetime) -> None:
        self._keep_order(self._set(sms_id, state=_WAITING, next_at=at, ended_at=None))

    def restart(self, sms_id: SmsId, now: datetime) -> None:
        self._keep_order(self._set(sms_id, state=_WAITING, next_at=now, ended_at=None, soft_refusals=0))

    def last_chance(self, rent_id: RentId, now: datetime) -> int:
        hurried = self._connection.execute(
            update(pushes).where(pushes.c.rent_id == rent_id, pushes.c.state == _WAITING).values(next_at=now)
        )
        return hurried.rowcount

    def not_later_than(self, at: datetime) -> int:
        pulled = self._connection.execute(
            update(pushes).where(pushes.c.state == _WAITING, pushes.c.next_at > at).values(next_at=at)
        )
        return pulled.rowcount

    def make_uncertain(self, now: datetime, only: SmsId | None = None, due: datetime | None = None) -> list[SmsId]:
        found = self._connection.execute(
            update(pushes)
            .where(pushes.c.state == _SENDING, true() if only is None else pushes.c.sms_id == only)
            .values(state=_WAITING, next_at=due or now, uncertain=pushes.c.uncertain + 1, last_answer=UNCERTAIN)
            .returning(pushes.c.sms_id, pushes.c.msisdn)
        ).all()
        for row in found:
            self._end_attempt(row.sms_id, UNCERTAIN, now)
        for msisdn in {row.msisdn for row in found}:
            self._keep_order(msisdn)
        return [SmsId(row.sms_id) for row in found]

    def _end_attempt(self, sms_id: SmsId, answer: str, at: datetime) -> None:
        self._connection.execute(_END_ATTEMPT, {"push": sms_id, "ended": at, "answered": answer})

    def _set(self, sms_id: SmsId, **values: object) -> str | None:
        """The number of the push that was changed."""
        changed = update(pushes).where(pushes.c.sms_id == sms_id).values(values).returning(pushes.c.msisdn)
        msisdn: str | None = self._connection.execute(changed).scalar()
        return msisdn

    def _first_that_holds_back(self, msisdn: str) -> int | None:
        """The oldest open push of the number that newer ones wait for.

        One that failed several times holds nothing back: it may be one that the market never takes.
        """
        first: int | None = self._connection.execute(_FIRST_THAT_HOLDS_BACK, {"number": msisdn}).scalar()
        return first

    def _keep_order(self, msisdn: str | None) -> None:
        """After a change: the pushes of the number up to the first that holds back are free, those behind are not."""
        if msisdn is None:
            return
        first = self._first_that_holds_back(msisdn)
        place = _BEHIND_ALL if first is None else first
        self._connection.execute(_FREE_UP_TO, {"number": msisdn, "place": place})
        if first is not None:
            self._connection.execute(_HOLD_BEHIND, {"number": msisdn, "place": place})


# Spelled as the partial indexes spell it: SQLite uses them for nothing else, and never for bound values.
_IS_OPEN: ColumnClause[bool] = literal_column("state IN ('waiting', 'sending')")
_IS_FREE: ColumnClause[bool] = literal_column("pushes.is_free = 1")
_NUMBER = bindparam("number", type_=String)
_MINE = (pushes.c.msisdn == _NUMBER) & _IS_OPEN
_FIRST_THAT_HOLDS_BACK = (
    select(pushes.c.sms_id)
    .where(_MINE, or_(pushes.c.state == _SENDING, pushes.c.attempts < ATTEMPTS_THAT_HOLD_BACK))
    .order_by(pushes.c.sms_id)
    .limit(1)
)
_PLACE = bindparam("place", type_=BigInteger)
_FREE_UP_TO = (
    update(pushes)
    .where(_MINE, pushes.c.sms_id <= _PLACE, pushes.c.state == _WAITING, ~pushes.c.is_free)
    .values(is_free=True)
)
_HOLD_BEHIND = update(pushes).where(_MINE, pushes.c.sms_id > _PLACE, pushes.c.is_free).values(is_free=False)
_NEXT_DUE = select(pushes.c.next_at).where(_IS_FREE).order_by(pushes.c.next_at).limit(1)
_DUE = (
    select(pushes.c.sms_id, pushes.c.rent_id, pushes.c.msisdn, pushes.c.attempts, sms.c.sender, sms.c.body)
    .join(sms, sms.c.sms_id == pushes.c.sms_id)
    .where(_IS_FREE, pushes.c.next_at <= bindparam("now", type_=Instant))
    .order_by(pushes.c.next_at, pushes.c.sms_id)
    .limit(bindparam("most", type_=Integer))
)
_BEGIN = (
    update(pushes)
    .where(pushes.c.sms_id.in_(bindparam("begun", expanding=True)))
    .values(
        state=_SENDING,
        is_free=False,
        begun_at=bindparam("now", type_=Instant),
        next_at=None,
        attempts=pushes.c.attempts + 1,
        is_last_chance=case(
            (exists().where(rents.c.rent_id == pushes.c.rent_id, _RENT_IS_OVER), true()), else_=false()
        ),
    )
)
_PUSH = bindparam("push", type_=BigInteger)
_ANSWERED = bindparam("answered", type_=String)
_ENDED = bindparam("ended", type_=Instant)
_RECORD = (
    update(pushes)
    .where(pushes.c.sms_id == _PUSH, pushes.c.state == _SENDING)
    .values(last_answer=_ANSWERED, soft_refusals=pushes.c.soft_refusals + bindparam("soft", type_=Integer))
)
_END_ATTEMPT = (
    update(push_attempts)
    .where(push_attempts.c.sms_id == _PUSH, push_attempts.c.ended_at.is_(None))
    .values(ended_at=_ENDED, answer=_ANSWERED)
)
_SETTLE = (
    update(pushes)
    .where(pushes.c.sms_id == _PUSH)
    .values(state=bindparam("settled", type_=String), is_free=False, next_at=None, ended_at=_ENDED)
    .returning(pushes.c.msisdn)
)
_GET = (
    select(pushes, _RENT_IS_OVER.label("rent_is_over"))
    .outerjoin(rents, rents.c.rent_id == pushes.c.rent_id)
    .where(pushes.c.sms_id == _PUSH)
)


def next_push_due(connection: Connection) -> datetime | None:
    """When the next push that waits for nothing but its time is due."""
    due: datetime | None = connection.execute(_NEXT_DUE).scalar()
    return due
