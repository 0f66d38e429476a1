"""Periods of local days for the account."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from enum import StrEnum

from ui.text import formats
from ui.text.words import tr

FIRST_DAY = date(2000, 1, 1)
"""Before any rent: the start of "all"."""


class PeriodName(StrEnum):
    TODAY = "today"
    WEEK = "7 days"
    MONTH = "this month"
    LAST_MONTH = "last month"
    ALL = "all"
    OWN = "own"


@dataclass(frozen=True, kw_only=True)
class Period:
    """Days from `first` to `last`, both included."""

    first: date
    last: date

    @property
    def begin(self) -> datetime:
        return _midnight(self.first)

    @property
    def end(self) -> datetime:
        return _midnight(self.last + timedelta(days=1))

    def __contains__(self, day: date) -> bool:
        return self.first <= day <= self.last

    def days(self) -> Iterator[date]:
        for place in range((self.last - self.first).days + 1):
            yield self.first + timedelta(days=place)

    def text(self, today: date) -> str:
        """`22 Nov`, `1–22 Nov`, `28 Oct – 3 Nov`; with years if one is not this year."""
        if self.first == FIRST_DAY:
            return tr("all dates")
        with_year = self.first.year != today.year or self.last.year != today.year
        if self.first == self.last:
            return formats.whole_date(self.first, with_year=with_year)
        last = formats.whole_date(self.last, with_year=with_year)
        if (self.first.year, self.first.month) == (self.last.year, self.last.month):
            return f"{self.first.day}–{last}"
        return f"{formats.whole_date(self.first, with_year=self.first.year != self.last.year)} – {last}"


def period_of(name: PeriodName, today: date, custom: Period | None = None) -> Period:
    """`custom`: the dates that the user has entered."""
    month = today.replace(day=1)
    match name:
        case PeriodName.TODAY:
            return Period(first=today, last=today)
        case PeriodName.WEEK:
            return Period(first=today - timedelta(days=6), last=today)
        case PeriodName.MONTH:
            return Period(first=month, last=today)
        case PeriodName.LAST_MONTH:
            last = month - timedelta(days=1)
            return Period(first=last.replace(day=1), last=last)
        case PeriodName.ALL:
            return Period(first=FIRST_DAY, last=today)
        case PeriodName.OWN:
            return custom or Period(first=today, last=today)


def covering(one: Period, other: Period) -> Period:
    return Period(first=min(one.first, other.first), last=max(one.last, other.last))


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time()).astimezone()
