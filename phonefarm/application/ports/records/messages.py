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
    """A message to be stored, and its owner."""

    message: InboundSms
    standing: SmsStanding
    msisdn: str = ""
    rent_id: RentId | None = None
    erased_at: datetime | None = None
    """If set, the text is not stored."""
    doubt: Doubt | None = None
    phone_date_ms: int | None = None
    """The date that the phone stated, if it is doubtful; milliseconds since 1970."""


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
    """A stored message whose SIM is not known yet."""

    sms_id: SmsId
    fingerprint: bytes
    standing: SmsStanding
    sender: str
    sub_id: int | None
    sim_mark: str
    arrived_at: datetime


@dataclass(frozen=True, kw_only=True)
class SeenRow:
    """The part of a stored message that shows whether a row with the same id is this message."""

    sms_id: SmsId
    body: str | None = field(repr=False)
    """None: its text is not stored."""
    arrived_at: datetime


class ReadMessageRecords(Protocol):
    """For `messages.reading`: which rows of a handset's inbox are stored."""

    def known(self, phone_id: PhoneId, fingerprints: Collection[bytes]) -> set[bytes]:
        """Those of the fingerprints that are stored for the handset."""
        ...

    def stored_under_row_ids(self, phone_id: PhoneId, row_ids: Collection[int]) -> dict[int, list[SeenRow]]:
        """The handset's messages stored under these row ids, newest first of each."""
        ...

    def add(self, messages: Sequence[NewSms]) -> list[SmsId]:
        """Returns their new ids, in the same sequence."""
        ...

    def rewrite(self, sms_id: SmsId, fingerprint: bytes) -> None:
        """The phone has rewritten the message's dates or sender: from now on this is its fingerprint."""
        ...

    def note_sim_columns(self, sms_id: SmsId, sub_id: int | None, sim_mark: str) -> None:
        """Its row states another SIM now."""
        ...


class OwnedMessageRecords(Protocol):
    """For `messages.owners`: which SIM and rent a message belongs to."""

    def unassigned(self, phone_id: PhoneId, since: datetime) -> list[UnassignedSms]:
        """The handset's messages since then whose SIM is not known yet, oldest first."""
        ...

    def held_with_mark(self, phone_id: PhoneId, sim_mark: str) -> list[SmsId]:
        """Held messages of the handset with this mark whose SIM is not known, oldest first."""
        ...

    def assign_sim(
        self, sms_id: SmsId, sim_id: SimId, msisdn: str, standing: SmsStanding, rent_id: RentId | None
    ) -> None:
        """Record the owner of the message; it is not doubtful any more."""
        ...


class MessageRecords(ReadMessageRecords, OwnedMessageRecords, Protocol):
    """All of messages."""

    def get(self, sms_id: SmsId) -> StoredSms | None: ...
