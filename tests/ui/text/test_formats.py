"""Formats of numbers, money, times and phone numbers."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal

import pytest

from ui.text import formats

MOSCOW = timezone(timedelta(hours=3))
NOW = datetime(2026, 3, 2, 11, 32, tzinfo=UTC)  # 14:32 in Moscow


@pytest.mark.parametrize(
    ("moment", "text"),
    [
        (NOW, "14:32 today"),
        (datetime(2026, 3, 1, 17, 12, tzinfo=UTC), "yesterday 20:12"),
        (datetime(2026, 3, 1, 21, 30, tzinfo=UTC), "00:30 today"),
        (datetime(2026, 2, 24, 6, 5, tzinfo=UTC), "24 Feb 09:05"),
        (datetime(2025, 10, 24, 6, 5, tzinfo=UTC), "24 Oct 2025"),
        (datetime(2026, 3, 3, 6, 5, tzinfo=UTC), "tomorrow 09:05"),
        (None, "–"),
    ],
)
def test_times_are_local_and_recent_days_are_named(moment: datetime | None, text: str) -> None:
    assert formats.day_time(moment, NOW, MOSCOW) == text


def test_since_names_the_day_only_if_it_is_not_today() -> None:
    assert formats.since(NOW, NOW, MOSCOW) == "since 14:32"
    assert formats.since(NOW - timedelta(days=1), NOW, MOSCOW) == "since yesterday 14:32"


@pytest.mark.parametrize(
    ("amount", "text"),
    [
        (Decimal("8430"), "₽ 8 430"),
        (Decimal("8430.5"), "₽ 8 430.50"),
        (Decimal("0"), "₽ 0"),
        (Decimal("-12"), "\u2212₽ 12"),
        (None, "–"),
    ],
)
def test_money_shows_kopecks_only_if_there_are_any(amount: Decimal | None, text: str) -> None:
    assert formats.money(amount).replace(formats.GAP, " ") == text


@pytest.mark.parametrize(
    ("length", "text"),
    [(24, "24 s"), (360, "6 min"), (3720, "1 h 02 min"), (187_200, "2 d 4 h"), (-5, "0 s")],
)
def test_span_shows_two_largest_units(length: int, text: str) -> None:
    assert formats.span(timedelta(seconds=length)) == text


@pytest.mark.parametrize(("length", "text"), [(940, "15:40"), (83_525, "23:12:05"), (5, "00:05"), (-9, "00:00")])
def test_countdown_is_formatted_as_a_clock(length: int, text: str) -> None:
    assert formats.clock_span(timedelta(seconds=length)) == text


@pytest.mark.parametrize(
    ("digits", "text"),
    [
        ("79281446023", "+7 928 144-60-23"),
        ("4915123676929", "+49 1512 3676929"),
        ("380502309454", "+380 50 230 9454"),
        ("1", "+1"),
        ("", "–"),
    ],
)
def test_grouped_number_follows_its_country(digits: str, text: str) -> None:
    assert formats.grouped_msisdn(digits) == text


def test_thousands_are_separated_by_a_space() -> None:
    assert formats.number(1204).replace(formats.GAP, " ") == "1 204"


def test_short_iccid_keeps_both_ends() -> None:
    assert formats.short_iccid("8970101234567894417") == "8970 … 4417"
    assert formats.short_iccid("") == "–"
