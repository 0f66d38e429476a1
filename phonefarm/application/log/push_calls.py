"""The log's entry of one attempt to push."""

from __future__ import annotations

from datetime import datetime
from typing import assert_never

from phonefarm.application.ports.push_exchange import PushExchange
from phonefarm.domain.calls import Call, CallKind, Outcome, call_at
from phonefarm.domain.fields import Fields
from phonefarm.domain.pushes import (
    Accepted,
    Failed,
    FinalRefusal,
    KeyRefused,
    PushOutcome,
    SoftRefusal,
    TooMany,
    Unclear,
    describe,
)


def is_delivered(exchange: PushExchange) -> bool:
    return exchange.outcome == Accepted()


def push_call(at: datetime, exchange: PushExchange) -> Call:
    outcome, fields = _outcome_of(exchange.outcome)
    return call_at(
        at,
        CallKind.PUSH,
        outcome,
        fields={"number": str(exchange.message.msisdn), **fields},
        status=exchange.status,
        milliseconds=exchange.milliseconds,
        rent_id=exchange.message.rent_id,
        sms_id=exchange.message.sms_id,
        request=exchange.read_request(),
        response=exchange.read_response(),
    )


def _outcome_of(outcome: PushOutcome) -> tuple[Outcome, Fields]:
    match outcome:
        case Accepted():
            return Outcome.DELIVERED, {}
        case FinalRefusal(token=token) | SoftRefusal(token=token):
            return Outcome.PUSH_REFUSED, {"token": token}
        case KeyRefused():
            return Outcome.PUSH_KEY_REFUSED, {}
        case TooMany() | Failed() | Unclear():
            return Outcome.PUSH_FAILED, {"cause": describe(outcome)}
        case _:
            assert_never(outcome)
