"""Phones in the database."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import BigInteger, Connection, Integer, String, bindparam, func, insert, select, update

from phonefarm.adapters.storage.columns import Instant
from phonefarm.adapters.storage.prepared import Prepared, driver_of
from phonefarm.adapters.storage.tables import phones
from phonefarm.application.records import ReadingMark
from phonefarm.domain.ids import PhoneId, serial_of, server_of
from phonefarm.domain.phones import PhoneFacts, PhoneState, handset_of

_MILLISECOND = timedelta(milliseconds=1)


class SqlPhoneRecords:
    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._driver = driver_of(connection)

    def note(self, phone_id: PhoneId, state: PhoneState, detail: str, at: datetime) -> bool:
        before = self._connection.execute(
            select(phones.c.state, phones.c.detail).where(phones.c.phone_id == phone_id)
        ).one_or_none()
        if before is None:
            self._connection.execute(
                insert(phones).values(
                    phone_id=phone_id,
                    server=server_of(phone_id),
                    serial=serial_of(phone_id),
                    handset=handset_of(phone_id),
                    state=state.value,
                    detail=detail,
                    state_since=at,
                )
            )
            return True
        if before.state == state.value and before.detail == detail:
            return False
        change: dict[str, object] = {"state": state.value, "detail": detail}
        if before.state != state.value:
            change["state_since"] = at
        self._connection.execute(update(phones).where(phones.c.phone_id == phone_id).values(change))
        return True

    def state_of(self, phone_id: PhoneId) -> PhoneState | None:
        state = self._connection.execute(select(phones.c.state).where(phones.c.phone_id == phone_id)).scalar()
        return None if state is None else PhoneState(state)

    def present(self, server: str | None = None) -> list[PhoneId]:
        query = select(phones.c.phone_id).where(phones.c.state != PhoneState.GONE.value)
        if server is not None:
            query = query.where(phones.c.server == server)
        return [PhoneId(phone) for phone in self._connection.execute(query).scalars()]

    def set_facts(self, phone_id: PhoneId, facts: PhoneFacts) -> None:
        self._set(phone_id, make=facts.make, model=facts.model, android=facts.android, sdk=facts.sdk)
        if facts.firmware:
            self._set(phone_id, firmware=facts.firmware)

    def note_port(self, phone_id: PhoneId, usb_path: str) -> None:
        self._connection.execute(
            update(phones).where(phones.c.phone_id == phone_id, phones.c.usb_path != usb_path).values(usb_path=usb_path)
        )

    def set_label(self, phone_id: PhoneId, label: str) -> bool:
        return self._set(phone_id, label=label)

    def mark_of(self, phone_id: PhoneId) -> ReadingMark | None:
        marks = _MARKS_OF.all(self._driver, handset=handset_of(phone_id))
        if not marks:
            return None
        row = max(marks, key=lambda mark: mark.last_read_at or mark.baseline_at)
        return ReadingMark(
            last_read_at=row.last_read_at,
            clock_skew=None if row.clock_skew_ms is None else row.clock_skew_ms * _MILLISECOND,
        )

    def note_reading(self, phone_id: PhoneId, *, begun_at: datetime, skew: timedelta | None, took: timedelta) -> None:
        _NOTE_READING.run(
            self._driver,
            phone=phone_id,
            begun=begun_at,
            took=took // _MILLISECOND,
            skew=None if skew is None else skew // _MILLISECOND,
        )

    def note_hints(self, phone_id: PhoneId, working: bool) -> bool:
        changed = self._connection.execute(
            update(phones)
            .where(phones.c.phone_id == phone_id, phones.c.hints_working.is_distinct_from(working))
            .values(hints_working=working)
        )
        return changed.rowcount > 0

    def note_arrivals(self, phone_id: PhoneId, *, hinted: int, unhinted: int, hint_to_row: timedelta | None) -> None:
        change: dict[str, object] = {
            "sms_hinted": phones.c.sms_hinted + hinted,
            "sms_unhinted": phones.c.sms_unhinted + unhinted,
        }
        if hint_to_row is not None:
            change["hint_to_row_ms"] = hint_to_row // _MILLISECOND
        self._set(phone_id, **change)

    def _set(self, phone_id: PhoneId, **values: object) -> bool:
        changed = self._connection.execute(update(phones).where(phones.c.phone_id == phone_id).values(values))
        return changed.rowcount > 0


_MARKS_OF = Prepared(  # one on each adb server that it was read on: too few to let the database sort them
    select(phones.c.baseline_at, phones.c.last_read_at, phones.c.clock_skew_ms).where(
        phones.c.handset == bindparam("handset", type_=String), phones.c.baseline_at.is_not(None)
    )
)
_BEGUN = bindparam("begun", type_=Instant)
_NOTE_READING = Prepared(
    update(phones)
    .where(phones.c.phone_id == bindparam("phone", type_=String))
    .values(
        baseline_at=func.coalesce(phones.c.baseline_at, _BEGUN),
        last_read_at=_BEGUN,
        query_ms=bindparam("took", type_=Integer),
        clock_skew_ms=func.coalesce(bindparam("skew", type_=BigInteger), phones.c.clock_skew_ms),
    )
)
