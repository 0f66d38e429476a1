"""The outbox: messages that the market is to get, and the attempts to give them to it.

A push has one shape for each of its readers, and no other:

- `NewPush`: what a unit of work queues.
- `ports.world.PushMessage`: what an attempt sends. It has no state: the market is not told one.
- `StoredPush`: what the worker and the user's commands decide by. It has no text.
- `model.read_models.PushRow`: what the window shows. It has no text either.

The storage has two of its own: the columns that it adds, and a push that is due, with what decides on its number.
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
    """A stored message that the market is to get."""

    sms_id: SmsId
    rent_id: RentId
    msisdn: Msisdn
    sender: str
    arrived_at: datetime
    text: str | None = field(default=None, repr=False)
    """What an attempt takes along that begins with the push.

    None: none does. Its rent is over, or it was settled by hand, maybe together with older ones.
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
    """Attempts of it whose end nobody knows."""
    rent_is_over: bool
    is_last_chance: bool
    """Whether the attempt under way, or the last one, began when the rent was over."""


class OutboxRecords(Protocol):
    """For `messages.push_worker`.

    Invariant: of each number at most one push is under way, and none before an older one that holds it back.
    """

    def add(self, queued: Sequence[NewPush], now: datetime, *, begin: int) -> list[PushMessage]:
        """Pushes that are due now; each waits for older ones of its number.

        Of those that wait for nothing, up to `begin` attempts are recorded begun, as by `claim`, and returned; none
        where older pushes are due, which go first.
        """
        ...

    def get(self, sms_id: SmsId) -> StoredPush | None: ...

    def claim(self, now: datetime, limit: int) -> list[PushMessage]:
        """Take what is due, of each number one, never past an older one that holds it back; records attempts begun."""
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
        """Note how the attempt under way ended; returns the push as it stands, None if it is not under way.

        `is_its_own`: it failed for the message's own sake. `is_uncertain`: whether it failed nobody knows.
        """
        ...

    def deliver(self, accepted: Mapping[SmsId, datetime], answer: str) -> list[SmsId]:
        """Attempts under way have ended well (when, by message): their messages are delivered and counted.

        Returns those that were under way.
        """
        ...

    def close(self, sms_id: SmsId, state: PushState, at: datetime) -> None:
        """End the push in `state`, whatever its state was."""
        ...

    def reschedule(self, sms_id: SmsId, at: datetime) -> None:
        """Let it wait until `at`, its refusals counted on."""
        ...

    def reopen(self, sms_id: SmsId, now: datetime) -> None:
        """The user wants it tried again: due now, its refusals forgotten."""
        ...

    def make_uncertain(self, now: datetime, only: SmsId | None = None, due: datetime | None = None) -> list[SmsId]:
        """Attempts begun whose end was never recorded: count them and make them due once more, at `due` or now."""
        ...


class FinishedRentPushRecords(Protocol):
    """For `trade.rentals`."""

    def make_due_for_last_chance(self, rent_id: RentId, now: datetime) -> int:
        """Make the waiting pushes of a finished rent due now; returns how many there are."""
        ...


class PushRecords(OutboxRecords, FinishedRentPushRecords, Protocol):
    """All of pushes, and for the worker and `upkeep.housekeeping` what pulls many of them nearer."""

    def make_due_by(self, at: datetime) -> int:
        """Pull waiting pushes that are due after `at` to it (the clock was set back); returns how many there were."""
        ...
