"""What follows from each attempt to give an SMS to Onlinesim."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import assert_never

NO_OPERATION = "NO_OPERATION"
REFUSALS_BEFORE_PARKING = 6
KEY_REFUSED_WAIT = timedelta(minutes=1)
FAILURES_THAT_HOLD_BACK = 3
"""A push that failed so often for its own sake no longer holds back the newer messages of its number."""
LONGEST_RETRY_AFTER = timedelta(minutes=10)


class PushState(StrEnum):
    WAITING = "waiting"
    """Due at `next_at`."""
    SENDING = "sending"
    """An attempt has begun and its end is not recorded."""
    DELIVERED = "delivered"
    REFUSED = "refused"
    """NO_OPERATION or BAD_SERVICE: final, with the token."""
    PARKED = "parked"
    """IGNORED or SERVICE_BAN too often: the user may resend."""
    RENT_OVER = "rent over"
    DROPPED = "dropped"
    """The user stopped it."""


OPEN_STATES = frozenset({PushState.WAITING, PushState.SENDING})


@dataclass(frozen=True, kw_only=True)
class Accepted:
    """HTTP 200 without an explicit error in the body."""


@dataclass(frozen=True, kw_only=True)
class FinalRefusal:
    """NO_OPERATION, NO_OP or BAD_SERVICE."""

    token: str


@dataclass(frozen=True, kw_only=True)
class SoftRefusal:
    """IGNORED or SERVICE_BAN: the contract says repeat, reason says it will not help."""

    token: str


@dataclass(frozen=True, kw_only=True)
class KeyRefused:
    http_status: int


@dataclass(frozen=True, kw_only=True)
class TooMany:
    """HTTP 429 or TOO_MANY_ATTEMPTS."""

    retry_after: timedelta | None = None


class FailureKind(StrEnum):
    UNREACHABLE = "unreachable"
    """No connection, or no answer in time."""
    ERROR = "error"
    """An answer that tells of an error."""
    NOT_SENT = "not sent"
    """It never left this PC: that says nothing of the market."""


class Obstacle(StrEnum):
    """Why no connection came about, where the user can do something about it."""

    NAME = "name"
    """The name of the host is not known."""
    CERTIFICATE = "certificate"


@dataclass(frozen=True, kw_only=True)
class Failed:
    """Anything else: no connection, time-out, 5xx, an answer nobody understands."""

    kind: FailureKind
    detail: str
    http_status: int | None = None
    """Of an answer that tells of an error; 200 where only its body does."""
    is_answer: bool = False
    """Whether the market itself said so; a gateway before it, a time-out and a broken connection are not the market."""
    obstacle: Obstacle | None = None


@dataclass(frozen=True, kw_only=True)
class Unclear:
    """HTTP 200 with a body that cannot be read and in which nothing speaks of an error: no clean yes."""


PushOutcome = Accepted | FinalRefusal | SoftRefusal | KeyRefused | TooMany | Failed | Unclear


@dataclass(frozen=True, kw_only=True)
class Settled:
    """The push has ended in `state`; nothing is sent again unless the user asks."""

    state: PushState


@dataclass(frozen=True, kw_only=True)
class Retry:
    at: datetime


def is_taken(outcome: PushOutcome, *, uncertain: int) -> bool:
    """Whether the market has the message: it said so, or said 200 again after an attempt that was `uncertain`."""
    return outcome == Accepted() or (outcome == Unclear() and uncertain > 0)


def after_attempt(
    outcome: PushOutcome,
    *,
    soft_refusals: int,
    rent_is_over: bool,
    was_last_chance: bool,
    now: datetime,
    spacing: timedelta,
    refusals_before_parking: int = REFUSALS_BEFORE_PARKING,
) -> Settled | Retry:
    """The next step once an attempt ended.

    `soft_refusals` counts this one too. A push whose rent is over gets one attempt begun after the finish
    (`was_last_chance`), then it closes as rent over.
    """
    match outcome:
        case Accepted():
            return Settled(state=PushState.DELIVERED)
        case FinalRefusal():
            return Settled(state=PushState.REFUSED)
        case SoftRefusal() if soft_refusals >= refusals_before_parking:
            return Settled(state=PushState.PARKED)
        case SoftRefusal() | KeyRefused() | TooMany() | Failed() | Unclear():
            if not rent_is_over:
                return Retry(at=now + _wait_after(outcome, spacing))
            return Settled(state=PushState.RENT_OVER) if was_last_chance else Retry(at=now)
        case _:
            assert_never(outcome)


def is_its_own(outcome: PushOutcome, *, another_was_taken: bool) -> bool:
    """Whether an attempt failed for the message's own sake, and not because nobody takes any.

    The market judged it, or `another_was_taken` since this one failed before.
    """
    match outcome:
        case SoftRefusal() | Failed(is_answer=True):
            return True
        case KeyRefused() | Failed():
            return another_was_taken
        case _:
            return False


def _wait_after(outcome: SoftRefusal | KeyRefused | TooMany | Failed | Unclear, spacing: timedelta) -> timedelta:
    match outcome:
        case KeyRefused():
            return max(spacing, KEY_REFUSED_WAIT)
        case TooMany(retry_after=timedelta() as wanted):
            return max(spacing, min(wanted, LONGEST_RETRY_AFTER))
        case SoftRefusal() | TooMany() | Failed() | Unclear():
            return spacing
        case _:
            assert_never(outcome)


def describe(outcome: PushOutcome) -> str:
    """One short phrase for the push's row; never holds a message text or the key."""
    match outcome:
        case Accepted():
            return "HTTP 200"
        case FinalRefusal(token=token) | SoftRefusal(token=token):
            return token
        case KeyRefused(http_status=status):
            return f"HTTP {status}: the key is refused"
        case TooMany():
            return "too many requests"
        case Failed(detail=detail):
            return detail
        case Unclear():
            return "uncertain: HTTP 200 with a body that cannot be read"
        case _:
            assert_never(outcome)
