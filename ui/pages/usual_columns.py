"""Columns that several pages show alike: numbers, places, phones, moments, rents."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Protocol, TypeVar

from ui import formats
from ui.row_index import natural
from ui.row_table import Column
from ui.safe_text import one_line
from ui.words import tr

LABEL_LIMIT = 60

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


class _OfRent(Protocol):
    @property
    def rent_id(self) -> int | None: ...


Numbered = TypeVar("Numbered", bound=_Numbered)
Placed = TypeVar("Placed", bound=_Placed)
OnPhone = TypeVar("OnPhone", bound=_OnPhone)
OfRent = TypeVar("OfRent", bound=_OfRent)


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


def rent_column(_: type[OfRent], *, rank: int = 0, dim: bool = True) -> Column[OfRent]:
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


def moment_column(title: str, moment: Callable[[Row], datetime], *, rank: int = 0) -> Column[Row]:
    return Column(
        title=title,
        text=lambda row, now: formats.day_time(moment(row), now),
        sort_key=moment,
        sample="yesterday 20:12",
        dim=True,
        rank=rank,
    )
