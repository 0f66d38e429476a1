"""Calls between the market and the farm, as they are logged: kind, outcome with its reason, and what is merged."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum

from phonefarm.domain.allocation import Order
from phonefarm.domain.fields import NO_FIELDS, Fields
from phonefarm.domain.ids import RentId, SmsId

MERGE_GAP = timedelta(minutes=5)
"""Equal calls further apart are separate entries."""
MERGE_SPAN = timedelta(minutes=15)
"""An entry covers no longer time, so that a steady stream of equal calls still shows when it came."""

HIDDEN_KEY = "key hidden"
HIDDEN_TEXT = "text hidden"
"""Both stand in requests and responses in the place of what is never stored."""


class CallKind(StrEnum):
    SERVICES = "services"
    ORDER = "order"
    FINISH = "finish"
    WRONG_KEY = "wrong key"
    BAD_REQUEST = "bad request"
    TOO_MANY = "too many"
    PUSH = "push"


class Outcome(StrEnum):
    """How a call ended; the fields of each outcome are in brackets."""

    OFFERED = "offered"
    """(numbers, countries)"""
    NOTHING_OFFERED = "nothing offered"
    """Numbers may be sold, and none is free (countries)."""

    ISSUED = "issued"
    """(number)"""
    NO_NUMBER = "no number"
    """No number for this order, and the reason was not found (country, operator)."""
    NO_SUCH_SIM = "no such sim"
    """No SIM is of this country and operator (country, operator, of_country, operators)."""
    PREFIXES_EXCLUDED = "prefixes excluded"
    """The order excludes the prefixes of all that match (country, operator, sims, prefixes)."""
    NONE_FREE = "none free"
    """(country, operator, sims, rented, banned, paused, away, other)"""
    NOT_SELLING = "not selling"
    """(reason: a `HealthKind`, and its fields)"""
    TOO_LATE = "too late"
    """The deadline of the answer had passed."""
    DATABASE = "database"
    """(cause)"""

    FINISHED = "finished"
    """(status, sum: empty where none was given)"""
    RENT_UNKNOWN = "rent unknown"

    WRONG_KEY = "wrong key"
    BAD_REQUEST = "bad request"
    """(reason)"""
    TOO_MANY = "too many"
    """(seconds until the next try)"""
    FAILED = "failed"
    """A bug in phonefarm; its log has the details."""

    DELIVERED = "delivered"
    """(seconds)"""
    MORE_DELIVERED = "more delivered"
    """Pushes of a burst that have no entry of their own."""
    PUSH_REFUSED = "push refused"
    """(token)"""
    PUSH_KEY_REFUSED = "push key refused"
    PUSH_FAILED = "push failed"
    """(cause)"""

    LOST = "lost"
    """Calls that could not be logged, because the database did not keep up."""


REFUSED_ORDERS = frozenset(
    {
        Outcome.NO_NUMBER,
        Outcome.NO_SUCH_SIM,
        Outcome.PREFIXES_EXCLUDED,
        Outcome.NONE_FREE,
        Outcome.NOT_SELLING,
        Outcome.TOO_LATE,
        Outcome.DATABASE,
    }
)

_MEASURES = frozenset({"numbers", "countries", "seconds"})
"""Fields that differ between calls that are equal otherwise."""

MergeKey = tuple[object, ...]


@dataclass(frozen=True, kw_only=True)
class Call:
    """One call, or several equal ones; where they differ, the fields are those of the last."""

    at: datetime
    last_at: datetime
    count: int = 1
    kind: CallKind
    outcome: Outcome
    fields: Fields = field(default_factory=lambda: NO_FIELDS)
    address: str = ""
    """Of the caller, as the tunnel shows it; empty for pushes."""
    path: str = ""
    status: int | None = None
    """HTTP status; None where no answer came."""
    milliseconds: float | None = None
    rent_id: RentId | None = None
    sms_id: SmsId | None = None
    request: str = field(default="", repr=False)
    """JSON with `HIDDEN_KEY` and `HIDDEN_TEXT`; empty for a caller without the key."""
    response: str = field(default="", repr=False)
    order: Order | None = None
    """Of a refused order whose reason is still to be found; not stored."""


def call_at(at: datetime, kind: CallKind, outcome: Outcome, **details: object) -> Call:
    return Call(at=at, last_at=at, kind=kind, outcome=outcome, **details)  # type: ignore[arg-type]


def merge_key(call: Call) -> MergeKey:
    """Calls with the same key may become one entry: kind, address and outcome are equal."""
    if call.kind is CallKind.WRONG_KEY:
        return call.kind, call.address
    same = sorted((name, value) for name, value in call.fields.items() if name not in _MEASURES)
    return call.kind, call.address, call.outcome, call.status, call.rent_id, call.sms_id, tuple(same)


def may_merge(entry: Call, later: Call) -> bool:
    """Whether a later call with the same key joins the entry; a clock that was set back begins a new one."""
    gap, span = later.at - entry.last_at, later.at - entry.at
    return timedelta(0) <= gap <= MERGE_GAP and span <= MERGE_SPAN


def merged(entry: Call, later: Call) -> Call:
    return replace(later, at=entry.at, last_at=later.last_at, count=entry.count + later.count)


def with_reason(call: Call, outcome: Outcome, fields: Mapping[str, str | int | float | bool]) -> Call:
    """The refused order, once its reason is known."""
    return replace(call, outcome=outcome, fields=fields, order=None)
