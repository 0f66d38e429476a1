"""The outbox in the database: pushes, their attempts, and which of them is due."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime

from sqlalchemy import Connection

from phonefarm.adapters.storage import outbox_statements as statements
from phonefarm.adapters.storage.columns import microseconds_of
from phonefarm.adapters.storage.outbox_statements import UNCERTAIN, AddedPush, ChangedPush, DuePush
from phonefarm.adapters.storage.sqlite.prepared import Driver, driver_of
from phonefarm.application.ports.records.pushes import NewPush, StoredPush
from phonefarm.application.ports.world import PushMessage
from phonefarm.domain.ids import Msisdn, RentId, SmsId
from phonefarm.domain.pushes import FAILURES_THAT_HOLD_BACK, PushState


class SqlPushRecords:
    """Keeps the invariants of `outbox_statements`: after each method they hold."""

    def __init__(self, driver: Driver) -> None:
        self._driver = driver

    def add(self, queued: Sequence[NewPush], now: datetime, *, begin: int) -> list[PushMessage]:
        by_number: dict[Msisdn, list[NewPush]] = defaultdict(list)
        for push in queued:
            by_number[push.msisdn].append(push)
        rows: list[AddedPush] = []
        begun: list[PushMessage] = []
        for number, of_number in by_number.items():
            (before,) = statements.OPEN_OF_NUMBER.all(self._driver, number=number)
            first = min(of_number, key=lambda push: push.sms_id)
            is_blocked = before.in_flight is not None or (
                before.oldest_blocker is not None and before.oldest_blocker < first.sms_id
            )
            waits_for_none = before.newest is None and (before.next_due is None or before.next_due > now)
            if waits_for_none and first.text is not None and len(begun) < begin:
                begun.append(_message_of(first, first.text))
                rows.append(AddedPush.begun(first, now))
            else:
                rows.append(AddedPush.waiting(first, now, is_dispatchable=not is_blocked))
            rows += [AddedPush.waiting(push, now, is_dispatchable=False) for push in of_number if push is not first]
            if before.newest is not None and before.newest > first.sms_id:  # an older message, assigned late
                statements.BLOCK_NEWER.run(self._driver, number=number, push=first.sms_id)
        statements.ADD.run(self._driver, rows)
        return begun

    def get(self, sms_id: SmsId) -> StoredPush | None:
        row = statements.GET.first(self._driver, push=sms_id)
        if row is None:
            return None
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

    def claim(self, now: datetime, limit: int) -> list[PushMessage]:
        due = _first_of_each_number(statements.DUE.all(self._driver, now=now, most=limit))
        if due:
            statements.BEGIN.run(self._driver, begun=json.dumps([push.sms_id for push in due]), now=now)
        for push in due:
            if push.own_failures >= FAILURES_THAT_HOLD_BACK:  # while it waited, it did not block
                statements.BLOCK_NEWER.run(self._driver, number=push.msisdn, push=push.sms_id)
            if push.has_older:
                statements.BLOCK_OLDER.run(self._driver, number=push.msisdn, push=push.sms_id)
        return [_message_of(push, push.body) for push in due]

    def next_due(self) -> datetime | None:
        row = statements.NEXT_DUE.first(self._driver)
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
        recorded = statements.RECORD.run(
            self._driver,
            push=sms_id,
            answer=answer,
            soft=is_soft_refusal,
            own=is_its_own,
            unknown=is_uncertain,
        )
        if recorded == 0:
            return None
        statements.NOTE_FAILED_ATTEMPT.run(self._driver, push=sms_id, ended=ended_at, answer=answer)
        return self.get(sms_id)

    def close(self, sms_id: SmsId, state: PushState, at: datetime) -> None:
        self._unblock(statements.CLOSE.all(self._driver, push=sms_id, new_state=state.value, ended=at))

    def deliver(self, accepted: Mapping[SmsId, datetime], answer: str) -> list[SmsId]:
        ends = json.dumps([[sms_id, microseconds_of(at)] for sms_id, at in accepted.items()])
        delivered = statements.STILL_IN_FLIGHT.all(self._driver, ends=ends)
        statements.DELIVER.run(self._driver, ends=ends, answer=answer)
        self._unblock_numbers({push.msisdn for push in delivered})  # none of theirs is in flight any more
        by_rent = Counter(push.rent_id for push in delivered)
        statements.COUNT_ACCEPTED.run(self._driver, counts=json.dumps(list(by_rent.items())))
        return [SmsId(push.sms_id) for push in delivered]

    def reschedule(self, sms_id: SmsId, at: datetime) -> None:
        self._unblock(statements.RESCHEDULE.all(self._driver, push=sms_id, due=at))

    def reopen(self, sms_id: SmsId, now: datetime) -> None:
        reopened = statements.REOPEN.all(self._driver, push=sms_id, due=now)
        self._unblock(reopened)
        for push in reopened:
            statements.BLOCK_NEWER.run(self._driver, number=push.msisdn, push=sms_id)

    def make_due_for_last_chance(self, rent_id: RentId, now: datetime) -> int:
        return statements.DUE_NOW_OF_RENT.run(self._driver, rent=rent_id, due=now)

    def make_due_by(self, at: datetime) -> int:
        return statements.DUE_NOT_LATER.run(self._driver, due=at)

    def make_uncertain(self, now: datetime, only: SmsId | None = None, due: datetime | None = None) -> list[SmsId]:
        found = statements.MAKE_UNCERTAIN.all(self._driver, push=only, due=due or now)
        for push in found:
            statements.NOTE_FAILED_ATTEMPT.run(self._driver, push=push.sms_id, ended=now, answer=UNCERTAIN)
        self._unblock(found)
        return [SmsId(push.sms_id) for push in found]

    def _unblock(self, changed: Iterable[ChangedPush]) -> None:
        """Recompute the numbers of these pushes; a number with a push in flight stays blocked."""
        self._unblock_numbers(
            [
                number
                for number in {push.msisdn for push in changed}
                if statements.IN_FLIGHT_OF_NUMBER.first(self._driver, number=number) is None
            ]
        )

    def _unblock_numbers(self, numbers: Collection[str]) -> None:
        statements.UNBLOCK.run(self._driver, numbers=json.dumps(list(numbers)))


def next_push_due(connection: Connection) -> datetime | None:
    """When the next dispatchable push is due."""
    return SqlPushRecords(driver_of(connection)).next_due()


def _first_of_each_number(due: Iterable[DuePush]) -> list[DuePush]:
    """Two of one number in flight could overtake each other."""
    first: dict[str, DuePush] = {}
    for push in due:
        first.setdefault(push.msisdn, push)
    return list(first.values())


def _message_of(push: DuePush | NewPush, text: str) -> PushMessage:
    return PushMessage(
        sms_id=SmsId(push.sms_id),
        rent_id=RentId(push.rent_id),
        msisdn=Msisdn(push.msisdn),
        sender=push.sender,
        text=text,
    )
