"""Inbound SMS in the database."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import datetime
from functools import cache
from typing import NamedTuple

from sqlalchemy import BigInteger, ColumnElement, Connection, LargeBinary, String, bindparam, select, update

from phonefarm.adapters.storage.columns import Instant
from phonefarm.adapters.storage.sqlite.prepared import Prepared, PreparedInsert, driver_of, in_portions
from phonefarm.adapters.storage.tables import SMS_IS_ASIDE, SMS_IS_UNASSIGNED, sms
from phonefarm.application.ports.records.messages import NewSms, SeenRow, StoredSms, UnassignedSms
from phonefarm.domain.ids import PhoneId, RentId, SimId, SmsId
from phonefarm.domain.phones import handset_of
from phonefarm.domain.sms import Doubt, SmsStanding


def knows_any(connection: Connection, phone_id: PhoneId, rows: Mapping[bytes, int]) -> bool:
    """Whether one of the rows (row id by fingerprint) is stored for this handset under the same row id."""
    stored = connection.execute(select(sms.c.fingerprint, sms.c.row_id).where(_of_handset(phone_id, rows.keys())))
    return any(rows[row.fingerprint] == row.row_id for row in stored)


def _of_handset(phone_id: PhoneId, fingerprints: Collection[bytes]) -> ColumnElement[bool]:
    """Messages of this handset with one of the fingerprints, on whichever adb server it was read."""
    return (sms.c.handset == handset_of(phone_id)) & sms.c.fingerprint.in_(list(fingerprints))


class _Fingerprint(NamedTuple):
    fingerprint: bytes


class _StoredRow(NamedTuple):
    sms_id: int
    row_id: int
    body: str
    erased_at: datetime | None
    arrived_at: datetime


class _Unassigned(NamedTuple):
    sms_id: int
    fingerprint: bytes
    standing: str
    sender: str
    sub_id: int | None
    sim_mark: str
    arrived_at: datetime


class SqlMessageRecords:
    def __init__(self, connection: Connection, next_ids: Callable[[int], range]) -> None:
        self._connection = connection
        self._driver = driver_of(connection)
        self._next_ids = next_ids

    def known(self, phone_id: PhoneId, fingerprints: Collection[bytes]) -> set[bytes]:
        handset = handset_of(phone_id)
        found: set[bytes] = set()
        for some in in_portions(list(fingerprints)):
            prints = {f"print{place}": fingerprint for place, fingerprint in enumerate(some)}
            found.update(
                row.fingerprint for row in _known_fingerprints(len(some)).all(self._driver, handset=handset, **prints)
            )
        return found

    def add(self, messages: Sequence[NewSms]) -> list[SmsId]:
        ids = [SmsId(sms_id) for sms_id in self._next_ids(len(messages))]
        rows = [_row_of(sms_id, new) for sms_id, new in zip(ids, messages, strict=True)]
        _ADD.run(self._driver, rows)
        return ids

    def get(self, sms_id: SmsId) -> StoredSms | None:
        row = self._connection.execute(select(sms).where(sms.c.sms_id == sms_id)).one_or_none()
        if row is None:
            return None
        return StoredSms(
            sms_id=sms_id,
            phone_id=PhoneId(row.phone_id),
            sim_id=None if row.sim_id is None else SimId(row.sim_id),
            msisdn=row.msisdn,
            sender=row.sender,
            standing=SmsStanding(row.standing),
            arrived_at=row.arrived_at,
            sim_mark=row.sim_mark,
            is_erased=row.erased_at is not None,
        )

    def stored_under_row_ids(self, phone_id: PhoneId, row_ids: Collection[int]) -> dict[int, list[SeenRow]]:
        handset = handset_of(phone_id)
        found: dict[int, list[SeenRow]] = {}
        for some in in_portions(list(row_ids)):
            ids = {f"row{place}": row_id for place, row_id in enumerate(some)}
            for row in _stored_under_row_ids(len(some)).all(self._driver, handset=handset, **ids):
                body = row.body if row.erased_at is None else None
                seen = SeenRow(sms_id=SmsId(row.sms_id), body=body, arrived_at=row.arrived_at)
                found.setdefault(row.row_id, []).append(seen)
        return found

    def rewrite(self, sms_id: SmsId, fingerprint: bytes) -> None:
        self._connection.execute(update(sms).where(sms.c.sms_id == sms_id).values(fingerprint=fingerprint))

    def unassigned(self, phone_id: PhoneId, since: datetime) -> list[UnassignedSms]:
        return [
            UnassignedSms(
                sms_id=SmsId(row.sms_id),
                fingerprint=row.fingerprint,
                standing=SmsStanding(row.standing),
                sender=row.sender,
                sub_id=row.sub_id,
                sim_mark=row.sim_mark,
                arrived_at=row.arrived_at,
            )
            for row in _UNASSIGNED.all(self._driver, handset=handset_of(phone_id), since=since)
        ]

    def note_sim_columns(self, sms_id: SmsId, sub_id: int | None, sim_mark: str) -> None:
        self._connection.execute(update(sms).where(sms.c.sms_id == sms_id).values(sub_id=sub_id, sim_mark=sim_mark))

    def held_with_mark(self, phone_id: PhoneId, sim_mark: str) -> list[SmsId]:
        found = self._connection.execute(
            select(sms.c.sms_id)
            .where(sms.c.handset == handset_of(phone_id), sms.c.sim_mark == sim_mark)
            .where(SMS_IS_ASIDE, sms.c.standing == SmsStanding.HELD.value, sms.c.sim_id.is_(None))
            .where(sms.c.doubt != Doubt.TIME.value)
            .order_by(sms.c.arrived_at, sms.c.sms_id)
        )
        return [SmsId(sms_id) for sms_id in found.scalars()]

    def assign_sim(
        self, sms_id: SmsId, sim_id: SimId, msisdn: str, standing: SmsStanding, rent_id: RentId | None
    ) -> None:
        self._connection.execute(
            update(sms)
            .where(sms.c.sms_id == sms_id)
            .values(sim_id=sim_id, msisdn=msisdn, standing=standing.value, rent_id=rent_id, doubt="")
        )


_COLUMNS = (
    "sms_id",
    "phone_id",
    "handset",
    "fingerprint",
    "row_id",
    "sim_id",
    "msisdn",
    "sender",
    "body",
    "sent_at",
    "arrived_at",
    "standing",
    "sim_mark",
    "sub_id",
    "doubt",
    "phone_date_ms",
    "erased_at",
    "rent_id",
)
_ADD = PreparedInsert(sms, _COLUMNS)


def _row_of(sms_id: SmsId, new: NewSms) -> list[object]:
    """Values in the sequence of `_COLUMNS`."""
    message = new.message
    return [
        sms_id,
        message.phone_id,
        handset_of(message.phone_id),
        message.fingerprint,
        message.row_id,
        message.sim_id,
        new.msisdn,
        message.sender,
        message.body if new.erased_at is None else "",
        message.sent_at,
        message.arrived_at,
        new.standing.value,
        message.sim_mark,
        message.sub_id,
        new.doubt.value if new.doubt else "",
        new.phone_date_ms,
        new.erased_at,
        new.rent_id,
    ]


@cache
def _known_fingerprints(number: int) -> Prepared[_Fingerprint]:
    """Which of `number` fingerprints are stored."""
    prints = [bindparam(f"print{place}", type_=LargeBinary) for place in range(number)]
    return Prepared(
        _Fingerprint,
        select(sms.c.fingerprint).where(
            sms.c.handset == bindparam("handset", type_=String), sms.c.fingerprint.in_(prints)
        ),
    )


@cache
def _stored_under_row_ids(number: int) -> Prepared[_StoredRow]:
    """What is stored under `number` row ids."""
    ids = [bindparam(f"row{place}", type_=BigInteger) for place in range(number)]
    return Prepared(
        _StoredRow,
        select(sms.c.sms_id, sms.c.row_id, sms.c.body, sms.c.erased_at, sms.c.arrived_at)
        .where(sms.c.handset == bindparam("handset", type_=String), sms.c.row_id.in_(ids))
        .order_by(sms.c.sms_id.desc()),
    )


_UNASSIGNED = Prepared(
    _Unassigned,
    select(*(sms.c[name] for name in _Unassigned._fields))
    .where(sms.c.handset == bindparam("handset", type_=String))
    .where(SMS_IS_UNASSIGNED, sms.c.arrived_at >= bindparam("since", type_=Instant))
    .order_by(sms.c.arrived_at, sms.c.sms_id),
)
