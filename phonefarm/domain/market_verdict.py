"""Whether the market accepts pushes, judged from their outcomes: a single failure is no outage."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum

from phonefarm.domain.health import Health, HealthKind, health
from phonefarm.domain.pushes import (
    Accepted,
    Failed,
    FailureKind,
    FinalRefusal,
    KeyRefused,
    PushOutcome,
    SoftRefusal,
    TooMany,
    Unclear,
)

OUTAGE_FAILURES = 3
"""This many failures in a row are an outage."""
OUTAGE_SECONDS = 30.0
"""A failure without a success for this long is an outage, too."""
_NOTHING_PUSHED = health(HealthKind.NOTHING_PUSHED)


class MarketState(StrEnum):
    WELL = "well"
    KEY_REFUSED = "key refused"
    FAILING = "failing"


@dataclass(frozen=True, kw_only=True)
class MarketRecord:
    """What the last pushes have shown; times are seconds of a monotonic clock."""

    state: MarketState = MarketState.WELL
    health: Health = _NOTHING_PUSHED
    """Equal as long as nothing changes."""
    failures: int = 0
    """In a row."""
    failing_since: float = 0.0
    trouble: Health = _NOTHING_PUSHED
    """The last failure, reported once it is an outage."""

    def after(self, outcome: PushOutcome, at: float) -> MarketRecord:
        match outcome:
            case Accepted():
                return MarketRecord(health=health(HealthKind.ACCEPTS))
            case FinalRefusal(token=token) | SoftRefusal(token=token):
                return MarketRecord(health=health(HealthKind.REFUSED_ONE, token=token))
            case Unclear():
                return MarketRecord(health=health(HealthKind.UNREADABLE))
            case KeyRefused(http_status=status):
                refused = health(HealthKind.KEY_REFUSED, http_status=status)
                return MarketRecord(state=MarketState.KEY_REFUSED, health=refused)
            case TooMany():
                return self._failed(health(HealthKind.ERRORS, http_status=429), at)
            case Failed(kind=FailureKind.NOT_SENT):
                return self
            case Failed():
                return self._failed(_trouble(outcome), at)

    def at(self, now: float) -> MarketRecord:
        """The record at `now`: a failure may have become an outage."""
        if self.state is MarketState.FAILING:
            return self
        is_outage = self.failures >= OUTAGE_FAILURES or (self.failures and now - self.failing_since >= OUTAGE_SECONDS)
        return replace(self, state=MarketState.FAILING, health=self.trouble) if is_outage else self

    def _failed(self, trouble: Health, at: float) -> MarketRecord:
        """A refused key stays refused until the market accepts it."""
        is_new = self.state is MarketState.WELL
        return replace(
            self,
            state=MarketState.WELL if self.state is MarketState.FAILING else self.state,
            health=health(HealthKind.PUSH_FAILED) if is_new else self.health,
            failures=self.failures + 1,
            failing_since=self.failing_since if self.failures else at,
            trouble=trouble,
        ).at(at)


def _trouble(failure: Failed) -> Health:
    if failure.http_status is None:
        return health(HealthKind.UNREACHABLE, cause=failure.detail)
    return health(HealthKind.ERRORS, http_status=failure.http_status)
