"""Formats numbers, money, times and phone numbers; UTC times become local."""

from __future__ import annotations

from datetime import date, datetime, timedelta, tzinfo
from decimal import ROUND_HALF_UP, Decimal

import phonenumbers

from ui.text.safe_text import one_line
from ui.text.words import tr

GAP = "\u00a0"
"""A space that does not break the line."""
NOTHING = "–"
MINUS = "\u2212"


def number(value: int) -> str:
    return f"{value:,}".replace(",", GAP)


def part(count: int, whole: int | None) -> str:
    """`3 of 8`; only the count if it is the whole."""
    if whole is None or whole <= count:
        return number(count)
    return tr("{n} of {all}").format(n=number(count), all=number(whole))


def money(value: Decimal | None) -> str:
    """Roubles; kopecks only if there are any."""
    if value is None:
        return NOTHING
    rounded = value.quantize(Decimal("0.01"), ROUND_HALF_UP)
    text = f"{abs(rounded):,.2f}".removesuffix(".00").replace(",", GAP)
    return f"{MINUS if rounded < 0 else ''}₽{GAP}{text}"


def share(value: Decimal | None) -> str:
    """`12 %`; a share that rounds to zero is `< 1 %`."""
    if value is None:
        return NOTHING
    if 0 < value < Decimal("0.01"):
        return f"<{GAP}1{GAP}%"
    return f"{(value * 100).quantize(Decimal(1), ROUND_HALF_UP)}{GAP}%"


def seconds(value: float | None) -> str:
    if value is None:
        return NOTHING
    if value < 1:
        return f"{value:.2f} s"
    return f"{value:.1f} s" if value < 10 else span(timedelta(seconds=value))


def span(length: timedelta) -> str:
    """A length in its two largest units: `24 s`, `6 min`, `1 h 02 min`, `2 d 4 h`."""
    total = max(0, int(length.total_seconds()))
    minutes, hours, days = total // 60, total // 3600, total // 86400
    if total < 60:
        return tr("{s} s").format(s=total)
    if minutes < 60:
        return tr("{m} min").format(m=minutes)
    if hours < 24:
        return tr("{h} h {m:02} min").format(h=hours, m=minutes % 60)
    return tr("{d} d {h} h").format(d=days, h=hours % 24)


def clock_span(length: timedelta) -> str:
    """A countdown: `15:40`, `23:12:05`; `00:00` when it is over."""
    total = max(0, int(length.total_seconds()))
    if total >= 3600:
        return f"{total // 3600}:{total // 60 % 60:02}:{total % 60:02}"
    return f"{total // 60:02}:{total % 60:02}"


def ago(moment: datetime | None, now: datetime) -> str:
    if moment is None:
        return tr("never")
    return tr("{span} ago").format(span=span(now - moment))


def day_time(moment: datetime | None, now: datetime, zone: tzinfo | None = None) -> str:
    """`14:32 today`, `yesterday 20:12`, `24 Oct 09:05`, `24 Oct 2025`."""
    if moment is None:
        return NOTHING
    local, today = moment.astimezone(zone), now.astimezone(zone).date()
    days = (today - local.date()).days
    if days == 0:
        return tr("{time} today").format(time=f"{local:%H:%M}")
    if days == 1:
        return tr("yesterday {time}").format(time=f"{local:%H:%M}")
    if days == -1:
        return tr("tomorrow {time}").format(time=f"{local:%H:%M}")
    if local.year == today.year:
        return f"{day(local)} {local:%H:%M}"
    return f"{day(local)} {local.year}"


def short_moment(moment: datetime, now: datetime, zone: tzinfo | None = None) -> str:
    """For narrow columns: `14:32` today, `24 Oct` this year, otherwise `2025`."""
    local, today = moment.astimezone(zone), now.astimezone(zone).date()
    if local.date() == today:
        return f"{local:%H:%M}"
    return day(local) if local.year == today.year else f"{local.year}"


def size(count: int) -> str:
    """Bytes as `38 MB` or `12.4 GB`, in powers of ten as phones show them."""
    if count < 10**9:
        return tr("{n} MB").format(n=count // 10**6)
    return tr("{n} GB").format(n=f"{count / 10**9:.1f}")


def exact(moment: datetime, now: datetime, zone: tzinfo | None = None) -> str:
    """`14:32:07 today`, `24 Oct 14:32:07`."""
    local = moment.astimezone(zone)
    if local.date() == now.astimezone(zone).date():
        return tr("{time} today").format(time=f"{local:%H:%M:%S}")
    return f"{day(local)} {local:%H:%M:%S}"


def time_of_day(moment: datetime, zone: tzinfo | None = None) -> str:
    return f"{moment.astimezone(zone):%H:%M:%S}"


def hour_minute(moment: datetime, zone: tzinfo | None = None) -> str:
    return f"{moment.astimezone(zone):%H:%M}"


def since(moment: datetime, now: datetime, zone: tzinfo | None = None) -> str:
    """`since 14:02` today, else `since yesterday 14:02`."""
    local = moment.astimezone(zone)
    if local.date() == now.astimezone(zone).date():
        return tr("since {time}").format(time=f"{local:%H:%M}")
    return tr("since {time}").format(time=day_time(moment, now, zone))


def day(moment: date) -> str:
    return f"{moment.day} {_month(moment)}"


def whole_date(moment: date, *, with_year: bool = True) -> str:
    """`14 Mar 2026`."""
    return f"{day(moment)} {moment.year}" if with_year else day(moment)


def month(moment: date) -> str:
    """`Mar 2026`."""
    return f"{_month(moment)} {moment.year}"


def weekday(moment: date) -> str:
    return tr("Mon Tue Wed Thu Fri Sat Sun").split()[moment.weekday()]


def _month(moment: date) -> str:
    return tr("Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec").split()[moment.month - 1]


def msisdn(digits: str) -> str:
    """For tables: `+79281234567`."""
    return f"+{digits}" if digits else NOTHING


def grouped_msisdn(digits: str) -> str:
    """For details, grouped as usual in its country: `+7 928 123-45-67`."""
    if not digits:
        return NOTHING
    try:
        parsed = phonenumbers.parse(f"+{digits}")
    except phonenumbers.NumberParseException:
        return f"+{digits}"
    return phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.INTERNATIONAL)


def short_iccid(iccid: str) -> str:
    """`8970 … 4417`: enough to find the SIM."""
    return f"{iccid[:4]} … {iccid[-4:]}" if len(iccid) > 8 else iccid or NOTHING


def grouped_iccid(iccid: str) -> str:
    return " ".join(iccid[start : start + 4] for start in range(0, len(iccid), 4)) or NOTHING


def slot(index: int | None) -> str:
    return NOTHING if index is None else tr("slot {n}").format(n=index + 1)


def phone_and_slot(label: str, index: int | None) -> str:
    """`shelf 2, port 7 · slot 1`."""
    return f"{one_line(label, 60)} · {slot(index)}"


def place(country: str, operator: str) -> str:
    """`russia · mts`; an unknown part is left out."""
    return " · ".join(part for part in (country, operator) if part) or NOTHING
