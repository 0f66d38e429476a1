"""The effect of each FINISH, and the states of an open rent."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest

from phonefarm.domain.rents import (
    FIRST_SMS_WITHIN,
    ORPHAN_AFTER,
    Close,
    Contradiction,
    FinishStatus,
    RentState,
    Repeat,
    Reverse,
    finish,
    rent_state,
)
from tests.builders import HOUR, NOON, SECOND, a_rent

TOTAL = Decimal("870.50")
UNPAID = [status for status in FinishStatus if status is not FinishStatus.SOLD]


def test_sold_credits_the_total_of_the_wire() -> None:
    assert finish(a_rent(), FinishStatus.SOLD, TOTAL) == Close(
        status=FinishStatus.SOLD, credited=TOTAL, is_estimate=False
    )


def test_sold_without_a_total_credits_the_expected_sum_as_an_estimate() -> None:
    assert finish(a_rent(expected=Decimal(320)), FinishStatus.SOLD, None) == Close(
        status=FinishStatus.SOLD, credited=Decimal(320), is_estimate=True
    )


def test_sold_for_nothing_is_no_estimate() -> None:
    end = finish(a_rent(), FinishStatus.SOLD, Decimal(0))

    assert end == Close(status=FinishStatus.SOLD, credited=Decimal(0), is_estimate=False)


@pytest.mark.parametrize("status", UNPAID)
@pytest.mark.parametrize("total", [None, TOTAL])
def test_other_ends_credit_nothing_whatever_the_total_says(status: FinishStatus, total: Decimal | None) -> None:
    assert finish(a_rent(), status, total) == Close(status=status, credited=Decimal(0), is_estimate=False)


@pytest.mark.parametrize("second", list(FinishStatus))
@pytest.mark.parametrize("first", list(FinishStatus))
def test_finish_after_finish(first: FinishStatus, second: FinishStatus) -> None:
    """An equal status is a repeat, 3 then 5 is a refund, everything else keeps the first result."""
    rent = a_rent(finished_at=NOON, finish_status=first, credited=TOTAL)

    after = finish(rent, second, TOTAL)

    if second is first:
        assert after == Repeat()
    elif (first, second) == (FinishStatus.SOLD, FinishStatus.REFUNDED):
        assert after == Reverse()
    else:
        assert after == Contradiction(first=first)


def test_open_rent_waits_for_its_first_sms_and_is_overdue_from_the_twentieth_minute() -> None:
    rent = a_rent()

    assert timedelta(minutes=20) == FIRST_SMS_WITHIN
    assert rent_state(rent, NOON + FIRST_SMS_WITHIN - SECOND) is RentState.WAITING
    assert rent_state(rent, NOON + FIRST_SMS_WITHIN) is RentState.OVERDUE


def test_rent_with_an_accepted_sms_is_active_for_as_long_as_it_is_open() -> None:
    assert rent_state(a_rent(accepted_sms=1), NOON + 720 * HOUR) is RentState.ACTIVE


def test_unanswered_order_is_a_possible_orphan_after_a_grace() -> None:
    rent = a_rent(answered=False)

    assert rent_state(rent, NOON + ORPHAN_AFTER - SECOND) is RentState.WAITING
    assert rent_state(rent, NOON + ORPHAN_AFTER) is RentState.POSSIBLE_ORPHAN


def test_rent_with_an_accepted_sms_is_no_orphan() -> None:
    assert rent_state(a_rent(answered=False, accepted_sms=1), NOON + HOUR) is RentState.ACTIVE


def test_finished_rent_has_the_state_finished() -> None:
    rent = a_rent(answered=False, accepted_sms=1, finished_at=NOON)

    assert rent_state(rent, NOON + HOUR) is RentState.FINISHED
