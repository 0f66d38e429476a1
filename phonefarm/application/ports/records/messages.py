"""Inbound SMS as they are stored."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from phonefarm.domain.ids import PhoneId, RentId, SimId, SmsId
from phonefarm.domain.sms import Doubt, InboundSms, SmsStanding


@dataclass(frozen=True, kw_only=True)
class NewSms:
    """A message not stored yet, and whose it is."""

    message: InboundSms
    standing: SmsStanding
    msisdn: str = ""
    rent_id: RentId | None = None
    erased_at: datetime | None = None
    """Set: the text is not kept, only the fact."""
    doubt: Doubt | None = None
    phone_date_ms: int | None = None
    """What the phone stated, where its time is in doubt; milliseconds since 1970."""


@dataclass(frozen=True, kw_only=True)
class StoredSms:
    sms_id: SmsId
    phone_id: PhoneId
    sim_id: SimId | None
    msisdn: str
    sender: str
    standing: SmsStanding
    arrived_at: datetime
    sim_mark: str
    is_erased: bool


@dataclass(frozen=True, kw_only=True)
class UnassignedSms:
    """A stored message whose SIM could not be told when it came."""

    sms_id: SmsId
    fingerprint: bytes
    standing: SmsStanding
    sender: str
    sub_id: int | None
    sim_mark: str
    arrived_at: datetime


@dataclass(frozen=True, kw_only=True)
class SeenRow:
    """A stored message, as far as it tells whether a row of the same id is it."""

    sms_id: SmsId
    body: str | None = field(repr=False)
    """None: its text was not kept."""
    arrived_at: datetime


class ReadMessageRecords(Protocol):
    """For `messages.reading`: which rows of a handset's inbox are stored."""

    def known(self, phone_id: PhoneId, fingerprints: Collection[bytes]) -> set[bytes]:
        """Those of the fingerprints that are stored of the handset."""
        ...

    def under_row_ids(self, phone_id: PhoneId, row_ids: Collection[int]) -> dict[int, list[SeenRow]]:
        """What was seen of the handset under these row ids, the newest first of each."""
        ...

    def add(self, messages: Sequence[NewSms]) -> list[SmsId]:
        """Their ids, in their order."""
        ...

    def rewrite(self, sms_id: SmsId, fingerprint: bytes) -> None:
        """The phone shows the message with other dates or another sender now: that is how it is known from now on."""
        ...

    def note_sim_columns(self, sms_id: SmsId, sub_id: int | None, sim_mark: str) -> None:
        """Its row says something else of its SIM now."""
        ...


class OwnedMessageRecords(Protocol):
    """For `messages.owners`: whose a message is."""

    def unassigned(self, phone_id: PhoneId, since: datetime) -> list[UnassignedSms]:
        """Messages of the handset that arrived since then and whose SIM is still not known, oldest first."""
        ...

    def held_with_mark(self, phone_id: PhoneId, sim_mark: str) -> list[SmsId]:
        """Held messages of the handset with this mark whose SIM is not known, oldest first."""
        ...

    def assign_sim(
        self, sms_id: SmsId, sim_id: SimId, msisdn: str, standing: SmsStanding, rent_id: RentId | None
    ) -> None:
        """Record whose the message is; no doubt of it is left."""
        ...


class MessageRecords(ReadMessageRecords, OwnedMessageRecords, Protocol):
    """All of messages."""

    def get(self, sms_id: SmsId) -> StoredSms | None: ...
