"""Stores an SMS that a phone receives, keeps it until the unlock, or loses it."""

from __future__ import annotations

import re
from dataclasses import dataclass

from phonefarm.simulation.handset import Handset, Subscription
from phonefarm.simulation.sms_table import StoredSms

NOT_STORED = 0
"""The row id of a message that is not in the inbox, because it was lost or waits for the first unlock."""
_CODE = re.compile(r"(?<!\d)\d{4,8}(?!\d)")


def looks_like_code(body: str) -> bool:
    """Whether the text may hold a one-time code; Android's detector also considers the words."""
    return _CODE.search(body) is not None


@dataclass(frozen=True, kw_only=True)
class ReceivedSms:
    sender: str
    body: str
    subscription: Subscription
    date_ms: int
    date_sent_ms: int


class InboundSmsHandler:
    """The framework's InboundSmsHandler and the default SMS app."""

    def __init__(self, handset: Handset) -> None:
        self._handset = handset
        self._pending: list[ReceivedSms] = []

    @property
    def pending(self) -> int:
        """Number of messages that wait for the first unlock."""
        return len(self._pending)

    def log_arrival(self, slot: int) -> None:
        """Write the log lines that precede the storing of a message."""
        handset = self._handset
        if not handset.sends_hints:
            return
        handset.log.sms_arriving(slot, over_ims=handset.radios[slot].sms_over_ims)
        if self._is_deliverable:
            handset.log.sms_delivering(handset.telemetry.sms_app or "", slot)

    def handle_class_0(self, slot: int, duration_ms: int) -> None:
        """Process a class 0 message: the usual log lines, but no row in the inbox."""
        self.log_arrival(slot)
        if self._handset.sends_hints and self._is_deliverable:
            self._handset.log.sms_delivered(duration_ms, slot)

    def handle(self, sms: ReceivedSms, duration_ms: int) -> StoredSms:
        """Store the message if the phone can, and write the log lines of the result."""
        handset = self._handset
        if not handset.telemetry.has_room_for_sms:
            # The framework rejects it before it reaches any app.
            return self._drop(sms)
        if handset.is_locked:
            self._pending.append(sms)
            if handset.sends_hints:
                handset.log.sms_stored_while_locked(sms.subscription.slot)
            return _as_not_stored(sms)
        stored = self._store(sms) if handset.telemetry.has_sms_app else self._drop(sms)
        if handset.sends_hints:
            handset.log.sms_delivered(duration_ms, sms.subscription.slot)
        return stored

    def deliver_pending(self, duration_ms: int) -> None:
        """Deliver the messages that arrived before the first unlock, in order, with their original dates."""
        messages, self._pending = self._pending, []
        for sms in messages:
            if self._handset.sends_hints:
                self._handset.log.sms_delivering(self._handset.telemetry.sms_app or "", sms.subscription.slot)
            self.handle(sms, duration_ms)

    @property
    def _is_deliverable(self) -> bool:
        telemetry = self._handset.telemetry
        return telemetry.has_room_for_sms and telemetry.has_sms_app and not self._handset.is_locked

    def _store(self, sms: ReceivedSms) -> StoredSms:
        handset = self._handset
        subscription = sms.subscription
        handset.counters.sms_delivered += 1
        holds_code = looks_like_code(sms.body)
        stored = handset.sms.insert(
            sender=sms.sender,
            body=sms.body,
            date_ms=sms.date_ms,
            date_sent_ms=sms.date_sent_ms,
            slot=subscription.slot,
            sub_id=subscription.sub_id,
            imsi=subscription.sim.imsi,
            holds_code=holds_code,
        )
        handset.show_row(stored.row_id, after=handset.codes_delayed_for if holds_code else 0.0)
        return stored

    def _drop(self, sms: ReceivedSms) -> StoredSms:
        self._handset.counters.sms_lost += 1
        return _as_not_stored(sms)


def _as_not_stored(sms: ReceivedSms) -> StoredSms:
    return StoredSms(
        row_id=NOT_STORED,
        date_ms=sms.date_ms,
        date_sent_ms=sms.date_sent_ms,
        slot=sms.subscription.slot,
        sub_id=sms.subscription.sub_id,
        sender=sms.sender,
        body=sms.body,
    )
