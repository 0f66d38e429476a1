"""The series of the Overview's charts. Hours, days and minutes count back from the engine's `at`."""

from __future__ import annotations

from datetime import datetime, timedelta

from phonefarm.application.model.read_models import Overview
from ui.text import formats
from ui.text.words import tr
from ui.widgets.charts import Series


def hours_series(overview: Overview) -> Series:
    hours = overview.sms_by_hour

    def name(place: int) -> str:
        start = overview.at.astimezone() - timedelta(hours=len(hours) - 1 - place)
        return f"{formats.day(start)} {start:%H}:00"

    return Series(
        values=[float(value) for value in hours],
        first=name(0),
        last=tr("now"),
        figure=lambda most: formats.number(int(most)),
        describe=lambda place: f"{name(place)} · {formats.number(hours[place])} SMS",
    )


def days_series(overview: Overview) -> Series:
    days = overview.income_by_day

    def name(place: int) -> str:
        return formats.day(overview.at.astimezone() - timedelta(days=len(days) - 1 - place))

    return Series(
        values=[float(value) for value in days],
        first=name(0),
        last=tr("today"),
        figure=lambda _: formats.money(max(days)) if days else formats.NOTHING,
        describe=lambda place: f"{name(place)} · {formats.money(days[place])}",
    )


def minutes_series(overview: Overview) -> Series:
    minutes = overview.arrival_by_minute

    def at(place: int) -> datetime:
        return overview.at - timedelta(minutes=len(minutes) - 1 - place)

    return Series(
        values=minutes,
        first=formats.hour_minute(at(0)),
        last=formats.hour_minute(overview.at),
        figure=lambda most: formats.seconds(most) if most else formats.NOTHING,
        describe=lambda place: f"{formats.hour_minute(at(place))} · {formats.seconds(minutes[place])}",
    )
