"""How the market stands, judged from how pushes end: one failure is no outage, and an error is an answer."""

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

FAILURES_TOLD = 3
TOLD_AFTER_SECONDS = 30.0
_NOTHING_PUSHED = health(HealthKind.NOTHING_PUSHED)


class MarketState(StrEnum):
    WELL = "well"
    KEY_REFUSED = "key refused"
    FAILING = "failing"


@dataclass(frozen=True, kw_only=True)
class MarketRecord:
    """What the last pushes have shown; moments are seconds of a clock that nobody sets."""

    state: MarketState = MarketState.WELL
    health: Health = _NOTHING_PUSHED
    """The same as long as nothing changes."""
    failures: int = 0
    """In a row."""
    failing_since: float = 0.0
    trouble: Health = _NOTHING_PUSHED
    """What the last of them was, told once it is an outage."""

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
        """The same as time goes on: a failure that was not made good for so long is told, too."""
        if self.state is MarketState.FAILING:
            return self
        is_told = self.failures >= FAILURES_TOLD or (self.failures and now - self.failing_since >= TOLD_AFTER_SECONDS)
        return replace(self, state=MarketState.FAILING, health=self.trouble) if is_told else self

    def _failed(self, trouble: Health, at: float) -> MarketRecord:
        """A refused key stays refused until another answer says otherwise."""
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
