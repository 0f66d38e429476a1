"""A rent from order to finish: its state, its deadlines, and what each FINISH does."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from enum import IntEnum, StrEnum
from typing import assert_never

from phonefarm.domain.ids import Msisdn, PhoneId, RentId, SimId

FIRST_SMS_WITHIN = timedelta(minutes=20)
"""The market cancels a rent without an accepted SMS after this time."""

ANSWER_WITHIN = timedelta(seconds=8)
"""Our own deadline for GET_NUMBER; the market drops its request at 10 s and then does not know the rent."""

ORPHAN_AFTER = timedelta(seconds=15)
"""After this time the market may not know an order whose answer is not known to be sent."""


class FinishStatus(IntEnum):
    NOT_ORDERED = 1
    DEPRECATED = 2
    SOLD = 3
    CANCELLED = 4
    REFUNDED = 5


class RentState(StrEnum):
    WAITING = "waiting"
    """Open, no accepted SMS yet, within the 20 minutes."""
    ACTIVE = "active"
    """Open, at least one SMS accepted."""
    OVERDUE = "overdue"
    """Open, no accepted SMS after 20 minutes: the market's FINISH is due."""
    POSSIBLE_ORPHAN = "possible orphan"
    """Our answer may not have been sent completely: the market may not know the rent. Only the user releases it."""
    FINISHED = "finished"


@dataclass(frozen=True, kw_only=True)
class Rent:
    rent_id: RentId
    sim_id: SimId
    msisdn: Msisdn
    phone_id: PhoneId
    country: str
    operator: str
    expected: Decimal
    ordered_at: datetime
    answered: bool
    """Whether our answer to GET_NUMBER was sent completely."""
    accepted_sms: int = 0
    finished_at: datetime | None = None
    finish_status: FinishStatus | None = None
    credited: Decimal | None = None
    credited_is_estimate: bool = False


def rent_state(rent: Rent, at: datetime) -> RentState:
    if rent.finished_at is not None:
        return RentState.FINISHED
    if rent.accepted_sms:
        return RentState.ACTIVE
    if not rent.answered and at >= rent.ordered_at + ORPHAN_AFTER:
        return RentState.POSSIBLE_ORPHAN
    return RentState.WAITING if at < rent.ordered_at + FIRST_SMS_WITHIN else RentState.OVERDUE


@dataclass(frozen=True, kw_only=True)
class Close:
    """The first FINISH: the rent ends, the number is free."""

    status: FinishStatus
    credited: Decimal
    is_estimate: bool


@dataclass(frozen=True, kw_only=True)
class Reverse:
    """A refund after a sale: the income is reversed, once."""


@dataclass(frozen=True, kw_only=True)
class Repeat:
    """The same FINISH again: answered SUCCESS, nothing changes."""


@dataclass(frozen=True, kw_only=True)
class Contradiction:
    """Another status for a finished rent: the first result stays, the second is logged."""

    first: FinishStatus


Finish = Close | Reverse | Repeat | Contradiction


def finish(rent: Rent, status: FinishStatus, total: Decimal | None) -> Finish:
    """What a FINISH_ACTIVATION does to `rent`; `total`: the wire's `sum` (all periods), if present."""
    if rent.finish_status is None:
        return _close(rent, status, total)
    if rent.finish_status is status:
        return Repeat()
    if rent.finish_status is FinishStatus.SOLD and status is FinishStatus.REFUNDED:
        return Reverse()
    return Contradiction(first=rent.finish_status)


def _close(rent: Rent, status: FinishStatus, total: Decimal | None) -> Close:
    match status:
        case FinishStatus.SOLD:
            if total is None:
                return Close(status=status, credited=rent.expected, is_estimate=True)
            return Close(status=status, credited=total, is_estimate=False)
        case FinishStatus.NOT_ORDERED | FinishStatus.DEPRECATED | FinishStatus.CANCELLED | FinishStatus.REFUNDED:
            return Close(status=status, credited=Decimal(0), is_estimate=False)
        case _:
            assert_never(status)
