"""Inbound SMS in the database."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from datetime import datetime

from sqlalchemy import ColumnElement, Connection, LargeBinary, String, bindparam, insert, select, update

from phonefarm.adapters.storage.prepared import Prepared, driver_of
from phonefarm.adapters.storage.tables import sms
from phonefarm.application.records import StoredSms
from phonefarm.domain.ids import PhoneId, RentId, SimId, SmsId
from phonefarm.domain.phones import handset_of
from phonefarm.domain.sms import InboundSms, SmsStanding


def knows_any(connection: Connection, phone_id: PhoneId, rows: Mapping[bytes, int]) -> bool:
    """Whether one of the rows (row id by fingerprint) is stored for this handset under the same row id."""
    stored = connection.execute(select(sms.c.fingerprint, sms.c.row_id).where(_of_handset(phone_id, rows.keys())))
    return any(rows[row.fingerprint] == row.row_id for row in stored)


def _of_handset(phone_id: PhoneId, fingerprints: Collection[bytes]) -> ColumnElement[bool]:
    """Those of the fingerprints that are stored for this handset, on whichever server it was."""
    return (sms.c.handset == handset_of(phone_id)) & sms.c.fingerprint.in_(list(fingerprints))


class SqlMessageRecords:
    def __init__(self, connection: Connection, next_id: Callable[[], int]) -> None:
        self._connection = connection
        self._driver = driver_of(connection)
        self._next_id = next_id

    def known(self, phone_id: PhoneId, fingerprints: Collection[bytes]) -> set[bytes]:
        handset = handset_of(phone_id)
        return {
            fingerprint
            for fingerprint in fingerprints
            if _IS_KNOWN.all(self._driver, handset=handset, print=fingerprint)
        }

    def add(
        self,
        message: InboundSms,
        standing: SmsStanding,
        msisdn: str,
        rent_id: RentId | None,
        erased_at: datetime | None = None,
    ) -> SmsId:
        sms_id = SmsId(self._next_id())
        _ADD.run(
            self._driver,
            sms_id=sms_id,
            phone_id=message.phone_id,
            handset=handset_of(message.phone_id),
            fingerprint=message.fingerprint,
            row_id=message.row_id,
            sim_id=message.sim_id,
            msisdn=msisdn,
            sender=message.sender,
            body=message.body if erased_at is None else "",
            erased_at=erased_at,
            sent_at=message.sent_at,
            arrived_at=message.arrived_at,
            standing=standing.value,
            sim_mark=message.sim_mark,
            rent_id=rent_id,
        )
        return sms_id

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

    def held_with_mark(self, phone_id: PhoneId, sim_mark: str) -> list[SmsId]:
        found = self._connection.execute(
            select(sms.c.sms_id)
            .where(sms.c.handset == handset_of(phone_id), sms.c.sim_mark == sim_mark)
            .where(sms.c.standing == SmsStanding.HELD.value, sms.c.sim_id.is_(None))
            .order_by(sms.c.arrived_at, sms.c.sms_id)
        )
        return [SmsId(sms_id) for sms_id in found.scalars()]

    def settle(self, sms_id: SmsId, sim_id: SimId, msisdn: str, standing: SmsStanding, rent_id: RentId | None) -> None:
        self._connection.execute(
            update(sms)
            .where(sms.c.sms_id == sms_id)
            .values(sim_id=sim_id, msisdn=msisdn, standing=standing.value, rent_id=rent_id)
        )


_ADD = Prepared(insert(sms), sms.c.keys())
_IS_KNOWN = Prepared(
    select(sms.c.sms_id)
    .where(
        sms.c.handset == bindparam("handset", type_=String), sms.c.fingerprint == bindparam("print", type_=LargeBinary)
    )
    .limit(1)
)
