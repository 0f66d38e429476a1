"""What follows from the outcome of an attempt to push an SMS to Onlinesim."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import assert_never

NO_OPERATION = "NO_OPERATION"
REFUSALS_BEFORE_PARKING = 6
KEY_REFUSED_WAIT = timedelta(minutes=1)
FAILURES_THAT_HOLD_BACK = 3
"""A push with this many failures of its own no longer blocks the newer messages of its number."""
LONGEST_RETRY_AFTER = timedelta(minutes=10)


class PushState(StrEnum):
    WAITING = "waiting"
    """Due at `next_at`."""
    SENDING = "sending"
    """An attempt has begun and its outcome is not stored."""
    DELIVERED = "delivered"
    REFUSED = "refused"
    """NO_OPERATION or BAD_SERVICE: final, with the token."""
    PARKED = "parked"
    """IGNORED or SERVICE_BAN too often: the user may resend."""
    RENT_OVER = "rent over"
    DROPPED = "dropped"
    """The user stopped it."""


OPEN_PUSH_STATES = (PushState.WAITING, PushState.SENDING)
"""The states of a push that has not ended."""


@dataclass(frozen=True, kw_only=True)
class Accepted:
    """HTTP 200 without an explicit error in the body."""


@dataclass(frozen=True, kw_only=True)
class FinalRefusal:
    """NO_OPERATION, NO_OP or BAD_SERVICE."""

    token: str


@dataclass(frozen=True, kw_only=True)
class SoftRefusal:
    """IGNORED or SERVICE_BAN: repeated as the contract demands, but rarely successful."""

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
    """An answer that states an error."""
    NOT_SENT = "not sent"
    """It never left this PC, so it does not count as an outage of the market."""


class Obstacle(StrEnum):
    """Why no connection came about, where the user can do something about it."""

    NAME = "name"
    """The name of the host is not known."""
    CERTIFICATE = "certificate"


@dataclass(frozen=True, kw_only=True)
class Failed:
    """Anything else: no connection, timeout, 5xx, an answer that is not understood."""

    kind: FailureKind
    detail: str
    http_status: int | None = None
    """Of an answer that states an error; 200 if only its body does."""
    is_answer: bool = False
    """Whether the market itself answered, not a gateway in front of it."""
    obstacle: Obstacle | None = None


@dataclass(frozen=True, kw_only=True)
class Unclear:
    """HTTP 200 with an unreadable body that shows no error."""


PushOutcome = Accepted | FinalRefusal | SoftRefusal | KeyRefused | TooMany | Failed | Unclear


@dataclass(frozen=True, kw_only=True)
class Closed:
    """The push ends in `state`; it is sent again only if the user asks for it."""

    state: PushState


@dataclass(frozen=True, kw_only=True)
class Retry:
    at: datetime


def counts_as_accepted(outcome: PushOutcome, *, uncertain: int) -> bool:
    """Whether the market has the message: it accepted it, or answered 200 after an `uncertain` attempt."""
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
) -> Closed | Retry:
    """The next step after an attempt.

    `soft_refusals` includes this attempt. A push whose rent is over gets one more attempt that begins after the finish
    (`was_last_chance`); then it is closed as rent over.
    """
    match outcome:
        case Accepted():
            return Closed(state=PushState.DELIVERED)
        case FinalRefusal():
            return Closed(state=PushState.REFUSED)
        case SoftRefusal() if soft_refusals >= refusals_before_parking:
            return Closed(state=PushState.PARKED)
        case SoftRefusal() | KeyRefused() | TooMany() | Failed() | Unclear():
            if not rent_is_over:
                return Retry(at=now + _wait_after(outcome, spacing))
            return Closed(state=PushState.RENT_OVER) if was_last_chance else Retry(at=now)
        case _:
            assert_never(outcome)


def is_its_own(outcome: PushOutcome, *, another_was_accepted: bool) -> bool:
    """Whether an attempt failed because of this message, and not because the market accepts none.

    Either the market itself answered, or it has accepted another message since this one last failed.
    """
    match outcome:
        case SoftRefusal() | Failed(is_answer=True):
            return True
        case KeyRefused() | Failed():
            return another_was_accepted
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
    """One short phrase for the push's row; never contains a message text or the key."""
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
