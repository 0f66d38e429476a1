"""How the market stands, judged from how pushes end: one failure is no outage, and an error is an answer."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum

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
    describe,
)

FAILURES_TOLD = 3
TOLD_AFTER_SECONDS = 30.0


class MarketState(StrEnum):
    WELL = "well"
    KEY_REFUSED = "key refused"
    FAILING = "failing"


@dataclass(frozen=True, kw_only=True)
class MarketRecord:
    """What the last pushes have shown; moments are seconds of a clock that nobody sets."""

    state: MarketState = MarketState.WELL
    detail: str = "nothing pushed yet"
    """Short, and the same as long as nothing changes."""
    failures: int = 0
    """In a row."""
    failing_since: float = 0.0
    trouble: str = ""
    """What the last of them was, as it is told once it is an outage."""

    def after(self, outcome: PushOutcome, at: float) -> MarketRecord:
        match outcome:
            case Accepted():
                return MarketRecord(detail="accepts messages")
            case FinalRefusal() | SoftRefusal():
                return MarketRecord(detail=f"answers; it refused a message with {describe(outcome)}")
            case Unclear():
                return MarketRecord(detail="answers; what it said of a message could not be read")
            case KeyRefused():
                return MarketRecord(state=MarketState.KEY_REFUSED, detail=describe(outcome))
            case TooMany():
                return self._failed("answers with errors (429)", at)
            case Failed(kind=FailureKind.NOT_SENT):
                return self
            case Failed():
                return self._failed(_trouble(outcome), at)

    def at(self, now: float) -> MarketRecord:
        """The same as time goes on: a failure that was not made good for so long is told, too."""
        if self.state is MarketState.FAILING:
            return self
        is_told = self.failures >= FAILURES_TOLD or (self.failures and now - self.failing_since >= TOLD_AFTER_SECONDS)
        return replace(self, state=MarketState.FAILING, detail=self.trouble) if is_told else self

    def _failed(self, trouble: str, at: float) -> MarketRecord:
        """A refused key stays refused until another answer says otherwise."""
        is_new = self.state is MarketState.WELL
        return replace(
            self,
            state=MarketState.WELL if self.state is MarketState.FAILING else self.state,
            detail="a push failed just now" if is_new else self.detail,
            failures=self.failures + 1,
            failing_since=self.failing_since if self.failures else at,
            trouble=trouble,
        ).at(at)


def _trouble(failure: Failed) -> str:
    if failure.kind is FailureKind.UNREACHABLE:
        return f"cannot be reached ({failure.detail})"
    where = " with an error in the body" if failure.http_status == 200 else ""
    return f"answers with errors ({failure.http_status}{where})"
