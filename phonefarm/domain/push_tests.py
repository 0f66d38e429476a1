"""A test of the push URL: one push for a rent that cannot exist, and what its answer says of URL and key."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from phonefarm.domain.ids import Msisdn, RentId, SmsId
from phonefarm.domain.pushes import (
    NO_OPERATION,
    Accepted,
    Failed,
    FailureKind,
    FinalRefusal,
    KeyRefused,
    Obstacle,
    PushOutcome,
    SoftRefusal,
    TooMany,
    Unclear,
)

TEST_RENT_ID = RentId(2_147_483_647)
"""The largest number of 32 bits: no farm counts its rents so far."""
TEST_SMS_ID = SmsId(TEST_RENT_ID)
TEST_MSISDN = Msisdn("70000000000")
"""No number of any operator."""
TEST_SENDER = "phonefarm"
TEST_TEXT = "phonefarm test: no rent has this number, please ignore it."


class PushAnswer(StrEnum):
    """How a test of the push URL ended; the fields of its detail are in brackets."""

    NO_RENT = "no rent"
    """As it should be: the market knows the key, and no such rent."""
    TAKEN = "taken"
    """HTTP 200 for a rent that does not exist: something else than PUSH_SMS_RENT answers."""
    REFUSED = "refused"
    """Another refusal of the message (token): URL and key are right."""
    KEY_REFUSED = "key refused"
    """(HTTP status)"""
    TOO_MANY = "too many"
    HOST_UNKNOWN = "host unknown"
    CERTIFICATE = "certificate"
    """(cause)"""
    SILENT = "silent"
    """No connection, or no answer in time (cause)."""
    ERROR = "error"
    """(HTTP status)"""
    NOT_SENT = "not sent"
    """The push URL or the key is not set."""


RIGHT_ANSWERS = frozenset({PushAnswer.NO_RENT, PushAnswer.REFUSED})


@dataclass(frozen=True, kw_only=True)
class PushTest:
    """The last test of a push URL."""

    url: str
    at: datetime
    answer: PushAnswer
    detail: str
    milliseconds: int

    @property
    def is_right(self) -> bool:
        """Whether the market itself has answered, and knows the key."""
        return self.answer in RIGHT_ANSWERS


def answer_of(outcome: PushOutcome) -> tuple[PushAnswer, str]:
    """What an outcome says of the push URL, and its detail."""
    match outcome:
        case FinalRefusal(token=token) if token == NO_OPERATION:
            return PushAnswer.NO_RENT, token
        case FinalRefusal(token=token) | SoftRefusal(token=token):
            return PushAnswer.REFUSED, token
        case Accepted() | Unclear():
            return PushAnswer.TAKEN, ""
        case KeyRefused(http_status=status):
            return PushAnswer.KEY_REFUSED, str(status)
        case TooMany():
            return PushAnswer.TOO_MANY, ""
        case Failed():
            return _answer_of_failure(outcome)


def _answer_of_failure(failed: Failed) -> tuple[PushAnswer, str]:
    if failed.kind is FailureKind.NOT_SENT:
        return PushAnswer.NOT_SENT, ""
    if failed.kind is FailureKind.ERROR:
        return PushAnswer.ERROR, str(failed.http_status or "")
    match failed.obstacle:
        case Obstacle.NAME:
            return PushAnswer.HOST_UNKNOWN, ""
        case Obstacle.CERTIFICATE:
            return PushAnswer.CERTIFICATE, failed.detail
        case None:
            return PushAnswer.SILENT, failed.detail
