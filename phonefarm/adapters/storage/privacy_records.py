"""Texts that are erased and senders that are withheld, in the database."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import ColumnElement, Connection, delete, insert, or_, select, update

from phonefarm.adapters.storage.tables import PUSH_HAS_FAILED, PUSH_IS_OPEN, SMS_IS_ASIDE, blocked_senders, pushes, sms
from phonefarm.domain.blocklist import BlockedSender
from phonefarm.domain.pushes import PushState
from phonefarm.domain.sms import SmsStanding


def _is_needed() -> ColumnElement[bool]:
    """A text that is still to be pushed, or that the user must decide on."""
    waiting = select(pushes.c.sms_id).where(PUSH_IS_OPEN)
    parked = select(pushes.c.sms_id).where(PUSH_HAS_FAILED, pushes.c.state == PushState.PARKED.value)
    is_held = SMS_IS_ASIDE & (sms.c.standing == SmsStanding.HELD.value)
    return or_(is_held, sms.c.sms_id.in_(waiting), sms.c.sms_id.in_(parked))


def blocked_senders_of(connection: Connection) -> list[BlockedSender]:
    """The user's own list; empty while the built-in one is used."""
    rows = connection.execute(select(blocked_senders).order_by(blocked_senders.c.place))
    return [BlockedSender(pattern=row.pattern, what=row.what) for row in rows]


class SqlPrivacyRecords:
    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self.has_erased = False
        """Set by an erasure. Its commit lets the write-ahead log be truncated, and resets this."""

    def erase_texts(self, before: datetime, now: datetime, limit: int) -> int:
        # A text is not needed after its delivery; if it was never pushed, after its arrival.
        young = select(pushes.c.sms_id).where(pushes.c.ended_at >= before)
        old = (
            select(sms.c.sms_id)
            .where(sms.c.erased_at.is_(None), sms.c.arrived_at < before)
            .where(~_is_needed(), sms.c.sms_id.not_in(young))
            .order_by(sms.c.arrived_at)
            .limit(limit)
        )
        return self._erase(sms.c.sms_id.in_(old), now)

    def erase_number(self, msisdn: str, now: datetime) -> tuple[int, int]:
        mine = (sms.c.msisdn == msisdn) & sms.c.erased_at.is_(None)
        erased = self._erase(mine & ~_is_needed(), now)
        left = len(self._connection.execute(select(sms.c.sms_id).where(mine)).all())
        return erased, left

    def _erase(self, which: ColumnElement[bool], now: datetime) -> int:
        erased = self._connection.execute(update(sms).where(which).values(body="", erased_at=now)).rowcount
        self.has_erased = self.has_erased or erased > 0
        return erased

    def set_blocked_senders(self, entries: Sequence[BlockedSender]) -> None:
        self._connection.execute(delete(blocked_senders))
        rows = [{"place": place, "pattern": entry.pattern, "what": entry.what} for place, entry in enumerate(entries)]
        if rows:
            self._connection.execute(insert(blocked_senders), rows)
