"""Unit of work: record how attempts to push ended, and what follows for each push."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NamedTuple

from phonefarm.application.model import timeline
from phonefarm.application.model.read_models import Topic
from phonefarm.application.ports.records.pushes import PushRecords
from phonefarm.application.ports.storage import UnitOfWork
from phonefarm.application.ports.world import PushMessage
from phonefarm.domain.pushes import (
    NO_OPERATION,
    Accepted,
    Closed,
    FinalRefusal,
    PushOutcome,
    PushState,
    Retry,
    SoftRefusal,
    Unclear,
    after_attempt,
    describe,
    is_its_own,
    is_taken,
)


@dataclass(frozen=True, kw_only=True)
class RetryPolicy:
    spacing: timedelta
    refusals_before_parking: int


class AttemptResult(NamedTuple):
    """An attempt that has ended."""

    message: PushMessage
    outcome: PushOutcome
    at: datetime
    another_was_taken: bool
    """Whether the market has accepted a message since this one failed before."""


class RecordedResult(NamedTuple):
    """An attempt whose result is stored."""

    result: AttemptResult
    state: PushState | None
    """Of the push; None: the attempt was not in flight any more."""
    denies_open_rent: bool = False
    """Whether the market denied a rent that is open here."""


def record_results(uow: UnitOfWork, results: Sequence[AttemptResult], policy: RetryPolicy) -> list[RecordedResult]:
    """Accepted messages are recorded together, as a burst consists of them; all others one by one."""
    accepted = [result for result in results if result.outcome == Accepted()]
    recorded = _deliver(uow.pushes, accepted, Accepted()) if accepted else []
    recorded += [_record_other(uow, result, policy) for result in results if result.outcome != Accepted()]
    return recorded


def _deliver(pushes: PushRecords, results: Sequence[AttemptResult], outcome: PushOutcome) -> list[RecordedResult]:
    ended_at = {result.message.sms_id: result.at for result in results}
    delivered = set(pushes.deliver(ended_at, describe(outcome)))
    return [
        RecordedResult(result, PushState.DELIVERED if result.message.sms_id in delivered else None)
        for result in results
    ]


def _record_other(uow: UnitOfWork, result: AttemptResult, policy: RetryPolicy) -> RecordedResult:
    sms_id, outcome = result.message.sms_id, result.outcome
    before = uow.pushes.get(sms_id)
    if before is not None and is_taken(outcome, uncertain=before.uncertain):
        return _deliver(uow.pushes, [result], outcome)[0]
    push = uow.pushes.record(
        sms_id,
        describe(outcome),
        result.at,
        is_soft_refusal=isinstance(outcome, SoftRefusal),
        is_its_own=is_its_own(outcome, another_was_taken=result.another_was_taken),
        is_uncertain=outcome == Unclear(),
    )
    if push is None:
        return RecordedResult(result, None)
    step = after_attempt(
        outcome,
        soft_refusals=push.soft_refusals,
        rent_is_over=push.rent_is_over,
        was_last_chance=push.is_last_chance,
        now=result.at,
        spacing=policy.spacing,
        refusals_before_parking=policy.refusals_before_parking,
    )
    match step:
        case Closed(state=state):
            uow.pushes.close(sms_id, state, result.at)
            denies_open_rent = outcome == FinalRefusal(token=NO_OPERATION) and not push.rent_is_over
            if denies_open_rent:
                uow.journal.note(result.at, Topic.RENTS, push.rent_id, timeline.rent_unknown())
            return RecordedResult(result, state, denies_open_rent)
        case Retry(at=at):
            uow.pushes.reschedule(sms_id, at)
            return RecordedResult(result, PushState.WAITING)
