"""The outbox: messages that the market must receive, and the attempts to send them.

A push has one shape for each of its readers, and no other:

- `NewPush`: what a unit of work queues.
- `ports.world.PushMessage`: what an attempt sends. It has no state, as the market receives none.
- `StoredPush`: what the worker and the user's commands decide by. It has no text.
- `model.read_models.PushRow`: what the window shows. It has no text either.

The storage has its own row types: see `adapters.storage.outbox_statements`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from phonefarm.application.ports.world import PushMessage
from phonefarm.domain.ids import Msisdn, RentId, SmsId
from phonefarm.domain.pushes import PushState


@dataclass(frozen=True, kw_only=True)
class NewPush:
    """A stored message that the market must receive."""

    sms_id: SmsId
    rent_id: RentId
    msisdn: Msisdn
    sender: str
    arrived_at: datetime
    text: str | None = field(default=None, repr=False)
    """Sent by an attempt that begins in the same commit.

    None: no attempt may begin there, as the rent is over or the message was assigned late, maybe with older ones.
    """


@dataclass(frozen=True, kw_only=True)
class StoredPush:
    sms_id: SmsId
    rent_id: RentId
    msisdn: Msisdn
    state: PushState
    attempts: int
    soft_refusals: int
    uncertain: int
    """Attempts whose result is unknown."""
    rent_is_over: bool
    is_last_chance: bool
    """Whether the attempt in flight, or the last one, began after the end of the rent."""


class OutboxRecords(Protocol):
    """For `messages.push_worker`.

    Invariant: of each number at most one push is in flight, and no push overtakes an older one that blocks it.
    """

    def add(self, queued: Sequence[NewPush], now: datetime, *, begin: int) -> list[PushMessage]:
        """Add pushes that are due now; each waits for the older ones of its number.

        Up to `begin` of those that wait for none are recorded as begun, as by `claim`, and returned. None of them is if
        other pushes are due, which go first.
        """
        ...

    def get(self, sms_id: SmsId) -> StoredPush | None: ...

    def claim(self, now: datetime, limit: int) -> list[PushMessage]:
        """Record attempts as begun for up to `limit` due pushes: one of each number, the oldest due first."""
        ...

    def next_due(self) -> datetime | None:
        """When the next waiting push is due; None if none waits."""
        ...

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
        """Record the result of the attempt in flight; returns the push after it, or None if none is in flight.

        `is_its_own`: it failed because of the message itself. `is_uncertain`: it is unknown whether it failed.
        """
        ...

    def deliver(self, accepted: Mapping[SmsId, datetime], answer: str) -> list[SmsId]:
        """The market has accepted these messages (times by message): record and count them as delivered.

        Returns those that were in flight.
        """
        ...

    def close(self, sms_id: SmsId, state: PushState, at: datetime) -> None:
        """End the push in `state`, whatever its state was."""
        ...

    def reschedule(self, sms_id: SmsId, at: datetime) -> None:
        """Retry it at `at`; its refusals still count."""
        ...

    def reopen(self, sms_id: SmsId, now: datetime) -> None:
        """The user wants it sent again: due now, its refusals reset."""
        ...

    def make_uncertain(self, now: datetime, only: SmsId | None = None, due: datetime | None = None) -> list[SmsId]:
        """Count attempts whose result was never recorded as uncertain, and make their pushes due at `due` or now.

        `only`: this one; None means all in flight.
        """
        ...


class FinishedRentPushRecords(Protocol):
    """For `trade.rentals`."""

    def make_due_for_last_chance(self, rent_id: RentId, now: datetime) -> int:
        """Make the waiting pushes of a finished rent due now; returns how many there are."""
        ...


class PushRecords(OutboxRecords, FinishedRentPushRecords, Protocol):
    """All of pushes, and what the worker and `upkeep.housekeeping` use to make many of them due earlier."""

    def make_due_by(self, at: datetime) -> int:
        """Make waiting pushes that are due after `at` due at `at`; returns how many there were."""
        ...
