"""Phones in the database."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import NamedTuple

from sqlalchemy import BigInteger, Connection, Integer, String, bindparam, func, insert, select, update

from phonefarm.adapters.storage.columns import Instant
from phonefarm.adapters.storage.sqlite.prepared import Prepared, PreparedChange, defaults_of, driver_of
from phonefarm.adapters.storage.tables import phones
from phonefarm.application.ports.records.phones import ReadingMark
from phonefarm.domain.ids import PhoneId, serial_of, server_of
from phonefarm.domain.phones import PhoneFacts, PhoneState, StateCause, handset_of

_MILLISECOND = timedelta(milliseconds=1)


class _State(NamedTuple):
    state: str
    detail: str
    cause: str
    state_since: datetime


class _Facts(NamedTuple):
    make: str
    model: str
    android: str
    sdk: int | None
    firmware: str


class _Mark(NamedTuple):
    baseline_at: datetime
    last_read_at: datetime | None
    clock_skew_ms: int | None


class SqlPhoneRecords:
    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._driver = driver_of(connection)

    def note(
        self,
        phone_id: PhoneId,
        state: PhoneState,
        detail: str,
        at: datetime,
        cause: StateCause = StateCause.NONE,
    ) -> bool:
        before = _STATE_OF.first(self._driver, phone=phone_id)
        if before is None:
            new = {
                "phone_id": phone_id,
                "server": server_of(phone_id),
                "serial": serial_of(phone_id),
                "handset": handset_of(phone_id),
                "state": state.value,
                "detail": detail,
                "cause": cause.value,
                "state_since": at,
            }
            _ADD.run(self._driver, **_DEFAULTS | new)
            return True
        if (before.state, before.detail, before.cause) == (state.value, detail, cause.value):
            return False
        since = at if before.state != state.value else before.state_since
        _SET_STATE.run(
            self._driver,
            phone=phone_id,
            new_state=state.value,
            new_detail=detail,
            new_cause=cause.value,
            since=since,
        )
        return True

    def state_of(self, phone_id: PhoneId) -> PhoneState | None:
        row = _STATE_OF.first(self._driver, phone=phone_id)
        return None if row is None else PhoneState(row.state)

    def present(self, server: str | None = None) -> list[PhoneId]:
        query = select(phones.c.phone_id).where(phones.c.state != PhoneState.GONE.value)
        if server is not None:
            query = query.where(phones.c.server == server)
        return [PhoneId(phone) for phone in self._connection.execute(query).scalars()]

    def set_facts(self, phone_id: PhoneId, facts: PhoneFacts) -> None:
        _SET_FACTS.run(
            self._driver,
            phone=phone_id,
            new_make=facts.make,
            new_model=facts.model,
            new_android=facts.android,
            new_sdk=facts.sdk,
            new_firmware=facts.firmware,
        )

    def facts_of(self, phone_id: PhoneId) -> PhoneFacts | None:
        row = _FACTS_OF.first(self._driver, phone=phone_id)
        if row is None or row.sdk is None:
            return None
        return PhoneFacts(make=row.make, model=row.model, android=row.android, sdk=row.sdk, firmware=row.firmware)

    def note_port(self, phone_id: PhoneId, usb_path: str) -> None:
        _NOTE_PORT.run(self._driver, phone=phone_id, port=usb_path)

    def ports(self) -> dict[PhoneId, str]:
        return {
            PhoneId(row.phone_id): row.usb_path
            for row in self._connection.execute(select(phones.c.phone_id, phones.c.usb_path))
        }

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


_PHONE = bindparam("phone", type_=String)
_STATE_OF = Prepared(
    _State,
    select(phones.c.state, phones.c.detail, phones.c.cause, phones.c.state_since).where(phones.c.phone_id == _PHONE),
)
_DEFAULTS = defaults_of(phones)
_NEW = ("phone_id", "server", "serial", "handset", "state", "detail", "cause", "state_since")
_ADD = PreparedChange(insert(phones), {*_DEFAULTS, *_NEW})
_SET_STATE = PreparedChange(
    update(phones)
    .where(phones.c.phone_id == _PHONE)
    .values(
        state=bindparam("new_state", type_=String),
        detail=bindparam("new_detail", type_=String),
        cause=bindparam("new_cause", type_=String),
        state_since=bindparam("since", type_=Instant),
    )
)
_NEW_FIRMWARE = bindparam("new_firmware", type_=String)
_SET_FACTS = PreparedChange(
    update(phones)
    .where(phones.c.phone_id == _PHONE)
    .values(
        make=bindparam("new_make", type_=String),
        model=bindparam("new_model", type_=String),
        android=bindparam("new_android", type_=String),
        sdk=bindparam("new_sdk", type_=Integer),
        firmware=func.coalesce(func.nullif(_NEW_FIRMWARE, ""), phones.c.firmware),
    )
)
_PORT = bindparam("port", type_=String)
_NOTE_PORT = PreparedChange(
    update(phones).where(phones.c.phone_id == _PHONE, phones.c.usb_path != _PORT).values(usb_path=_PORT)
)
_FACTS_OF = Prepared(
    _Facts,
    select(phones.c.make, phones.c.model, phones.c.android, phones.c.sdk, phones.c.firmware).where(
        phones.c.phone_id == _PHONE
    ),
)
_MARKS_OF = Prepared(  # one for each adb server: too few to let the database sort them
    _Mark,
    select(phones.c.baseline_at, phones.c.last_read_at, phones.c.clock_skew_ms).where(
        phones.c.handset == bindparam("handset", type_=String), phones.c.baseline_at.is_not(None)
    ),
)
_BEGUN = bindparam("begun", type_=Instant)
_NOTE_READING = PreparedChange(
    update(phones)
    .where(phones.c.phone_id == bindparam("phone", type_=String))
    .values(
        baseline_at=func.coalesce(phones.c.baseline_at, _BEGUN),
        last_read_at=_BEGUN,
        query_ms=bindparam("took", type_=Integer),
        clock_skew_ms=func.coalesce(bindparam("skew", type_=BigInteger), phones.c.clock_skew_ms),
    )
)
