"""Periods in local days, and their texts."""

from __future__ import annotations

from datetime import date, datetime, timedelta

import pytest

from ui.text.periods import FIRST_DAY, Period, PeriodName, covering, period_of

TODAY = date(2026, 3, 14)


@pytest.mark.parametrize(
    ("name", "first", "last", "expected"),
    [
        (PeriodName.TODAY, TODAY, TODAY, "14 Mar"),
        (PeriodName.WEEK, date(2026, 3, 8), TODAY, "8–14 Mar"),
        (PeriodName.MONTH, date(2026, 3, 1), TODAY, "1–14 Mar"),
        (PeriodName.LAST_MONTH, date(2026, 2, 1), date(2026, 2, 28), "1–28 Feb"),
        (PeriodName.ALL, FIRST_DAY, TODAY, "all dates"),
        (PeriodName.OWN, date(2025, 12, 30), date(2026, 1, 2), "30 Dec 2025 – 2 Jan 2026"),
    ],
)
def test_every_period_has_its_days_and_text(name: PeriodName, first: date, last: date, expected: str) -> None:
    period = period_of(name, TODAY, Period(first=date(2025, 12, 30), last=date(2026, 1, 2)))

    assert (period.first, period.last) == (first, last)
    assert period.text(TODAY) == expected


def test_a_period_begins_and_ends_at_local_midnight() -> None:
    period = Period(first=TODAY, last=TODAY)

    assert period.begin == datetime(2026, 3, 14).astimezone()
    assert period.end == datetime(2026, 3, 15).astimezone()
    assert TODAY in period
    assert TODAY + timedelta(days=1) not in period


def test_last_month_of_january_is_december() -> None:
    period = period_of(PeriodName.LAST_MONTH, date(2026, 1, 31))

    assert (period.first, period.last) == (date(2025, 12, 1), date(2025, 12, 31))


def test_covering_period_spans_both() -> None:
    early, late = Period(first=date(2026, 1, 1), last=date(2026, 1, 5)), Period(first=TODAY, last=TODAY)

    assert covering(late, early) == Period(first=date(2026, 1, 1), last=TODAY)
