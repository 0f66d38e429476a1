"""What becomes of an SMS that the network hands to a phone: a row, a row later, or nothing."""

from __future__ import annotations

import re
from dataclasses import dataclass

from phonefarm.simulation.handset import Handset, Subscription
from phonefarm.simulation.sms_table import StoredSms

NOT_STORED = 0
"""The row id of a message that is not in the inbox: it was lost, or waits for the first unlock."""
_CODE = re.compile(r"(?<!\d)\d{4,8}(?!\d)")


def looks_like_code(body: str) -> bool:
    """Whether the text may hold a one-time code; Android's own detector reads the words too."""
    return _CODE.search(body) is not None


@dataclass(frozen=True, kw_only=True)
class Arrival:
    sender: str
    body: str
    subscription: Subscription
    date_ms: int
    date_sent_ms: int


class Reception:
    """The framework's inbound handler and the SMS app behind it."""

    def __init__(self, handset: Handset) -> None:
        self._handset = handset
        self._waiting: list[Arrival] = []

    @property
    def waiting(self) -> int:
        """Messages kept where nobody can read them, until the phone is unlocked."""
        return len(self._waiting)

    def announce(self, slot: int) -> None:
        """The lines of the log before anything is stored."""
        handset = self._handset
        if not handset.sends_hints:
            return
        handset.log.sms_arriving(slot, over_ims=handset.radios[slot].sms_over_ims)
        if self._is_deliverable:
            handset.log.sms_delivering(handset.telemetry.sms_app or "", slot)

    def flash(self, slot: int, took_ms: int) -> None:
        """A class 0 message: announced and handed over like any other, and only shown on the screen."""
        self.announce(slot)
        if self._handset.sends_hints and self._is_deliverable:
            self._handset.log.sms_delivered(took_ms, slot)

    def take(self, arrival: Arrival, took_ms: int) -> StoredSms:
        """Store the message if this phone can; the lines of the log tell how it went."""
        handset = self._handset
        if not handset.telemetry.has_room:
            # The framework refuses it before it asks any app.
            return self._lose(arrival)
        if handset.is_locked:
            self._waiting.append(arrival)
            if handset.sends_hints:
                handset.log.sms_kept_locked(arrival.subscription.slot)
            return _not_stored(arrival)
        stored = self._store(arrival) if handset.telemetry.has_sms_app else self._lose(arrival)
        if handset.sends_hints:
            handset.log.sms_delivered(took_ms, arrival.subscription.slot)
        return stored

    def deliver_waiting(self, took_ms: int) -> None:
        """After the first unlock: what waited comes, in order, with its own date."""
        waiting, self._waiting = self._waiting, []
        for arrival in waiting:
            if self._handset.sends_hints:
                self._handset.log.sms_delivering(self._handset.telemetry.sms_app or "", arrival.subscription.slot)
            self.take(arrival, took_ms)

    @property
    def _is_deliverable(self) -> bool:
        telemetry = self._handset.telemetry
        return telemetry.has_room and telemetry.has_sms_app and not self._handset.is_locked

    def _store(self, arrival: Arrival) -> StoredSms:
        handset = self._handset
        known = arrival.subscription
        handset.counters.sms_delivered += 1
        holds_code = looks_like_code(arrival.body)
        stored = handset.sms.insert(
            sender=arrival.sender,
            body=arrival.body,
            date_ms=arrival.date_ms,
            date_sent_ms=arrival.date_sent_ms,
            slot=known.slot,
            sub_id=known.sub_id,
            imsi=known.sim.imsi,
            holds_code=holds_code,
        )
        handset.show_row(stored.row_id, after=handset.codes_delayed_for if holds_code else 0.0)
        return stored

    def _lose(self, arrival: Arrival) -> StoredSms:
        self._handset.counters.sms_lost += 1
        return _not_stored(arrival)


def _not_stored(arrival: Arrival) -> StoredSms:
    return StoredSms(
        row_id=NOT_STORED,
        date_ms=arrival.date_ms,
        date_sent_ms=arrival.date_sent_ms,
        slot=arrival.subscription.slot,
        sub_id=arrival.subscription.sub_id,
        sender=arrival.sender,
        body=arrival.body,
    )
