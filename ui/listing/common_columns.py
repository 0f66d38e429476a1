"""Column definitions that several pages share."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any, Protocol, TypeVar

from phonefarm.application.model.read_models import SimRow
from ui.table.row_index import natural
from ui.table.row_table import Column
from ui.text import formats
from ui.text.safe_text import one_line
from ui.text.words import Word, tr

LABEL_LIMIT = 60
SENDER_LIMIT = 40

Row = TypeVar("Row")


class _Numbered(Protocol):
    @property
    def msisdn(self) -> str: ...


class _Placed(Protocol):
    @property
    def country(self) -> str: ...

    @property
    def operator(self) -> str: ...


class _OnPhone(Protocol):
    @property
    def phone_label(self) -> str: ...


class _HasRent(Protocol):
    @property
    def rent_id(self) -> int | None: ...


class _HasSender(Protocol):
    @property
    def sender(self) -> str: ...


class _HasIccid(Protocol):
    @property
    def iccid(self) -> str: ...


Numbered = TypeVar("Numbered", bound=_Numbered)
Placed = TypeVar("Placed", bound=_Placed)
OnPhone = TypeVar("OnPhone", bound=_OnPhone)
HasRent = TypeVar("HasRent", bound=_HasRent)
HasSender = TypeVar("HasSender", bound=_HasSender)
HasIccid = TypeVar("HasIccid", bound=_HasIccid)


def number_column(_: type[Numbered], *, rank: int = 0) -> Column[Numbered]:
    return Column(
        title=tr("Number"),
        text=lambda row, _: formats.msisdn(row.msisdn),
        sort_key=lambda row: int(row.msisdn) if row.msisdn.isdecimal() else None,
        sample="+4915112345678",
        mono=True,
        rank=rank,
    )


def place_column(_: type[Placed], *, rank: int, stretch: bool = False) -> Column[Placed]:
    return Column(
        title=tr("Country, operator"),
        text=lambda row, _: one_line(formats.place(row.country, row.operator), LABEL_LIMIT),
        sort_key=lambda row: (row.country, row.operator),
        sample="kazakhstan · beeline",
        stretch=stretch,
        rank=rank,
    )


def phone_column(_: type[OnPhone], *, rank: int) -> Column[OnPhone]:
    return Column(
        title=tr("Phone"),
        text=lambda row, _: one_line(row.phone_label, LABEL_LIMIT) or formats.NOTHING,
        sort_key=lambda row: natural(row.phone_label) or None,
        sample="shelf 12, port 12",
        dim=True,
        rank=rank,
    )


def rent_column(_: type[HasRent], *, rank: int = 0, dim: bool = True) -> Column[HasRent]:
    return Column(
        title=tr("Rent"),
        text=lambda row, _: str(row.rent_id or formats.NOTHING),
        sort_key=lambda row: row.rent_id,
        sample="1234567",
        mono=True,
        align_right=True,
        dim=dim,
        rank=rank,
    )


def sender_column(_: type[HasSender], *, rank: int) -> Column[HasSender]:
    return Column(
        title=tr("Sender"),
        text=lambda row, _: one_line(row.sender, SENDER_LIMIT),
        sort_key=lambda row: row.sender.casefold(),
        sample="+447700900123",
        rank=rank,
    )


def iccid_column(_: type[HasIccid], *, rank: int) -> Column[HasIccid]:
    return Column(
        title=tr("ICCID"),
        text=lambda row, _: formats.short_iccid(row.iccid),
        sort_key=lambda row: row.iccid or None,
        sample="8970 … 4417",
        mono=True,
        dim=True,
        rank=rank,
        tooltip=lambda row: formats.grouped_iccid(row.iccid),
    )


def word_column(
    title: str,
    word: Callable[[Row], Word],
    *,
    sample: str,
    sort_key: Callable[[Row], object] | None = None,
    rank: int = 0,
) -> Column[Row]:
    """A chip; sorted by its text unless `sort_key` is given."""
    return Column(
        title=title,
        text=lambda row, _: word(row).label(),
        sort_key=sort_key or (lambda row: word(row).text),
        sample=sample,
        word=word,
        rank=rank,
    )


def count_column(
    title: str,
    count: Callable[[Row], int],
    *,
    rank: int,
    sample: str = "9 999",
    tooltip: Callable[[Row], str] | None = None,
) -> Column[Row]:
    return Column(
        title=title,
        text=lambda row, _: formats.number(count(row)),
        sort_key=count,
        sample=sample,
        align_right=True,
        rank=rank,
        tooltip=tooltip,
    )


def sum_column(
    title: str,
    amount: Callable[[Row], Decimal],
    *,
    rank: int,
    sample: str = "₽ 99 999",
    tooltip: Callable[[Row], str] | None = None,
) -> Column[Row]:
    return Column(
        title=title,
        text=lambda row, _: formats.money(amount(row)),
        sort_key=amount,
        sample=sample,
        align_right=True,
        rank=rank,
        tooltip=tooltip,
    )


def moment_column(title: str, moment: Callable[[Row], datetime], *, rank: int = 0) -> Column[Row]:
    return Column(
        title=title,
        text=lambda row, now: formats.day_time(moment(row), now),
        sort_key=moment,
        sample="yesterday 20:12",
        dim=True,
        rank=rank,
    )


def widest(*vocabularies: Mapping[Any, Word]) -> str:
    """The longest label, as the sample of a column of chips in any language."""
    return max((word.label() for words in vocabularies for word in words.values()), key=len)


def since_column(moment: Callable[[Row], datetime | None], *, rank: int = 0) -> Column[Row]:
    """Narrow: the time of today, or else the day."""

    def text(row: Row, now: datetime) -> str:
        at = moment(row)
        return formats.NOTHING if at is None else formats.short_moment(at, now)

    return Column(title=tr("Since"), text=text, sort_key=moment, sample="24 Oct", dim=True, rank=rank)


# Signal --------------------------------------------------------------------

GENERATIONS = {
    "NR": "5G",
    "NR_NSA": "5G",
    "NR_SA": "5G",
    "LTE": "LTE",
    "LTE_CA": "LTE",
    "UMTS": "3G",
    "HSPA": "3G",
    "HSDPA": "3G",
    "HSUPA": "3G",
    "HSPAP": "3G",
    "HSPA+": "3G",
    "EDGE": "2G",
    "GPRS": "2G",
    "GSM": "2G",
}
"""Common names for Android's network types; any other type is shown as it is."""


def network_note(sim: SimRow) -> str:
    """`LTE`, `5G roaming`."""
    kind = GENERATIONS.get(sim.network_type.upper(), one_line(sim.network_type, 12))
    return " ".join(part for part in (kind, tr("roaming") if sim.is_roaming else "") if part)


def signal_text(sim: SimRow) -> str:
    """`3 of 4, LTE`: the bars as text."""
    bars = tr("{n} of 4").format(n=sim.signal) if sim.signal is not None else ""
    return ", ".join(part for part in (bars, network_note(sim)) if part) or formats.NOTHING
