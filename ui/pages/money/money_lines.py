"""The lines of the account: their names, columns and chart."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import date
from decimal import Decimal

from phonefarm.application.model.read_models import Grouping, MoneyRow, Sums
from ui.style.tokens import Tone
from ui.table.row_index import natural
from ui.table.row_table import Column
from ui.text import formats
from ui.text.periods import FIRST_DAY, Period
from ui.text.safe_text import one_line
from ui.text.words import tr
from ui.widgets.charts import Series

GROUPINGS = {
    Grouping.DAY: "Day",
    Grouping.MONTH: "Month",
    Grouping.SIM: "SIM",
    Grouping.PHONE: "Phone",
    Grouping.OPERATOR: "Operator",
    Grouping.COUNTRY: "Country",
}
TOTAL = "total"
MAX_DAY_BARS = 62
"""A longer period is charted by month."""


def line_name(grouping: Grouping, row: MoneyRow) -> str:
    if row.key == TOTAL:
        return tr("Total")
    match grouping:
        case Grouping.DAY:
            day = date.fromisoformat(row.key)
            return f"{formats.weekday(day)}, {formats.whole_date(day)}"
        case Grouping.MONTH:
            return formats.month(month_of(row.key))
        case Grouping.SIM if row.label.isdecimal():
            return formats.grouped_msisdn(row.label)
        case Grouping.OPERATOR:
            return one_line(row.label.replace(", ", " · ", 1), 60) or formats.NOTHING
        case _:
            return one_line(row.label, 60) or formats.NOTHING


def line_key(row: MoneyRow) -> str:
    """Unique also for a SIM that changed its number: it has one line per number."""
    return f"{row.key}|{row.label}"


def total_row(rows: Sequence[MoneyRow]) -> MoneyRow:
    return MoneyRow(key=TOTAL, label="", sums=sum((row.sums for row in rows), Sums()))


DATED = frozenset({Grouping.DAY, Grouping.MONTH})


def money_columns(grouping: Grouping) -> list[Column[MoneyRow]]:
    return [
        Column(
            title=tr(GROUPINGS[grouping]),
            text=lambda row, _: line_name(grouping, row),
            sort_key=lambda row: row.key if grouping in DATED else natural(row.label) or None,
            sample="Wed, 24 Sep 2026",
            stretch=True,
        ),
        _count_column(tr("Rents"), lambda sums: sums.rents),
        _count_column(tr("Sold"), lambda sums: sums.sold),
        _sum_column(tr("Expected"), lambda sums: sums.expected, dim=True, rank=2),
        _sum_column(tr("Credited"), lambda sums: sums.credited, rank=1),
        _sum_column(tr("Estimated"), lambda sums: sums.estimated, dim=True, rank=4, tooltip=ESTIMATED),
        _sum_column(tr("Refunded"), lambda sums: sums.reversed, rank=3, tone=Tone.BAD),
        _sum_column(tr("Income"), lambda sums: sums.income, always=True),
    ]


ESTIMATED = "Onlinesim has not confirmed these sums: the ordered price is used."


def _count_column(title: str, value: Callable[[Sums], int]) -> Column[MoneyRow]:
    return Column(
        title=title,
        text=lambda row, _: formats.number(value(row.sums)),
        sort_key=lambda row: value(row.sums),
        sample="99 999",
        align_right=True,
    )


def _sum_column(
    title: str,
    value: Callable[[Sums], Decimal],
    *,
    rank: int = 0,
    dim: bool = False,
    tone: Tone | None = None,
    tooltip: str = "",
    always: bool = False,
) -> Column[MoneyRow]:
    """Zero is shown as a dash; with `always` only if nothing was credited either."""

    def text(row: MoneyRow) -> str:
        amount = value(row.sums)
        return formats.money(amount if amount or (always and row.sums.credited) else None)

    return Column(
        title=title,
        text=lambda row, _: text(row),
        sort_key=lambda row: value(row.sums),
        sample="₽ 9 999 999.99",
        align_right=True,
        dim=dim,
        rank=rank,
        tone=(lambda row: tone if value(row.sums) else None) if tone else None,
        tooltip=(lambda row: tr(tooltip)) if tooltip else None,
    )


# The chart -----------------------------------------------------------------


def by_day(rows: Sequence[MoneyRow]) -> dict[date, Sums]:
    return {date.fromisoformat(row.key): row.sums for row in rows}


def days_in(rows: Sequence[MoneyRow], period: Period) -> list[MoneyRow]:
    return [row for row in rows if date.fromisoformat(row.key) in period]


def sums_in(days: Mapping[date, Sums], period: Period) -> Sums:
    return sum((sums for day, sums in days.items() if day in period), Sums())


def is_by_month(days: Mapping[date, Sums], period: Period) -> bool:
    return len(_charted_days(days, period)) > MAX_DAY_BARS


def income_series(days: Mapping[date, Sums], period: Period, today: date) -> Series:
    """Income by day, zero for days without rents; by month for long periods."""
    charted = _charted_days(days, period)
    incomes = {day: days[day].income if day in days else Decimal(0) for day in charted}
    name: Callable[[date], str] = formats.day
    if len(charted) > MAX_DAY_BARS:
        name = formats.month
        by_month: dict[date, Decimal] = {}
        for day, income in incomes.items():
            month = day.replace(day=1)
            by_month[month] = by_month.get(month, Decimal(0)) + income
        incomes = by_month
    places = list(incomes)
    return Series(
        values=[float(income) for income in incomes.values()],
        first=name(places[0]),
        last=tr("today") if period.last == today else name(places[-1]),
        figure=lambda _: formats.money(max(incomes.values())),
        describe=lambda place: f"{name(places[place])} · {formats.money(incomes[places[place]])}",
    )


def _charted_days(days: Mapping[date, Sums], period: Period) -> list[date]:
    """The days of the period; for all time, those since the first rent."""
    first = min((day for day in days if day in period), default=period.last)
    return list(replace(period, first=first if period.first == FIRST_DAY else period.first).days())


def month_of(key: str) -> date:
    return date.fromisoformat(f"{key}-01")
