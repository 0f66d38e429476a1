"""Rents in the database."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Any, NamedTuple

from sqlalchemy import BigInteger, Connection, Row, String, bindparam, func, insert, select, union_all, update

from phonefarm.adapters.storage.columns import Instant
from phonefarm.adapters.storage.sqlite.prepared import Prepared, PreparedChange, driver_of
from phonefarm.adapters.storage.tables import PUSH_IS_OPEN, pushes, rents, sims, sms
from phonefarm.domain.ids import Msisdn, PhoneId, RentId, SimId
from phonefarm.domain.rents import FinishStatus, Rent
from phonefarm.domain.sms import RentSpan

SMS_OF_RENT = (
    select(func.count()).where(sms.c.rent_id == rents.c.rent_id).correlate(rents).scalar_subquery().label("sms_count")
)
"""How many messages a rent received: counted when it is shown, so that no message has to update it."""


SMS_ON_WAY = (
    select(func.count())
    .where(sms.c.rent_id == rents.c.rent_id, pushes.c.sms_id == sms.c.sms_id, PUSH_IS_OPEN)
    .correlate(rents)
    .scalar_subquery()
    .label("sms_on_way")
)


class RentRow(NamedTuple):
    rent_id: int
    sim_id: str
    msisdn: str
    phone_id: str
    country: str
    operator: str
    expected: Decimal
    ordered_at: datetime
    answered: bool
    accepted_sms: int
    finished_at: datetime | None
    finish_status: int | None
    credited: Decimal | None
    credited_is_estimate: bool


def rent_from(row: RentRow | Row[Any]) -> Rent:
    return Rent(
        rent_id=RentId(row.rent_id),
        sim_id=SimId(row.sim_id),
        msisdn=Msisdn(row.msisdn),
        phone_id=PhoneId(row.phone_id),
        country=row.country,
        operator=row.operator,
        expected=row.expected,
        ordered_at=row.ordered_at,
        answered=row.answered,
        accepted_sms=row.accepted_sms,
        finished_at=row.finished_at,
        finish_status=None if row.finish_status is None else FinishStatus(row.finish_status),
        credited=row.credited,
        credited_is_estimate=row.credited_is_estimate,
    )


class _Span(NamedTuple):
    rent_id: int
    msisdn: str
    ordered_at: datetime
    finished_at: datetime | None


class _RentId(NamedTuple):
    rent_id: int


class _Country(NamedTuple):
    country: str


class _Operator(NamedTuple):
    operator: str


class SqlRentRecords:
    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._driver = driver_of(connection)

    def open_numbers(self) -> frozenset[Msisdn]:
        rows = self._connection.execute(select(rents.c.msisdn).where(rents.c.finished_at.is_(None)))
        return frozenset(Msisdn(number) for number in rows.scalars())

    def is_open_on(self, msisdn: Msisdn) -> bool:
        return bool(_OPEN_ON.all(self._driver, number=msisdn))

    def countries(self) -> list[str]:
        return [row.country for row in _COUNTRIES.all(self._driver)]

    def operators(self) -> list[str]:
        return [row.operator for row in _OPERATORS.all(self._driver)]

    def add(self, rent: Rent) -> None:
        _ADD.run(
            self._driver,
            rent_id=rent.rent_id,
            sim_id=rent.sim_id,
            msisdn=rent.msisdn,
            phone_id=rent.phone_id,
            country=rent.country,
            operator=rent.operator,
            expected=rent.expected,
            ordered_at=rent.ordered_at,
            answered=rent.answered,
            accepted_sms=0,
            credited_is_estimate=False,
        )

    def get(self, rent_id: RentId) -> Rent | None:
        row = _GET.first(self._driver, rent=rent_id)
        return None if row is None else rent_from(row)

    def spans(self, sim_id: SimId, since: datetime) -> list[RentSpan]:
        rows = _OPEN_SINCE.all(self._driver, sim=sim_id, since=since)
        return [
            RentSpan(
                rent_id=RentId(row.rent_id),
                msisdn=Msisdn(row.msisdn),
                opened_at=row.ordered_at,
                closed_at=row.finished_at,
            )
            for row in sorted(rows, key=lambda row: row.ordered_at, reverse=True)
        ]

    def mark_answered(self, rent_id: RentId) -> None:
        _MARK_ANSWERED.run(self._driver, rent=rent_id)

    def close(
        self, rent_id: RentId, status: FinishStatus | None, credited: Decimal, is_estimate: bool, at: datetime
    ) -> None:
        self._set(
            rent_id,
            finished_at=at,
            finish_status=None if status is None else int(status),
            credited=credited,
            credited_is_estimate=is_estimate,
        )

    def reverse(self, rent_id: RentId, at: datetime) -> None:
        self._set(
            rent_id,
            finish_status=int(FinishStatus.REFUNDED),
            reversed_sum=rents.c.credited,
            credited=Decimal(0),
            credited_is_estimate=False,
            reversed_at=at,
        )

    def _set(self, rent_id: RentId, **values: object) -> None:
        self._connection.execute(update(rents).where(rents.c.rent_id == rent_id).values(values))


_RENT = bindparam("rent", type_=BigInteger)
_GET = Prepared(RentRow, select(*(rents.c[name] for name in RentRow._fields)).where(rents.c.rent_id == _RENT))
_ADD = PreparedChange(
    insert(rents),
    [
        "rent_id",
        "sim_id",
        "msisdn",
        "phone_id",
        "country",
        "operator",
        "expected",
        "ordered_at",
        "answered",
        "accepted_sms",
        "credited_is_estimate",
    ],
)
_MARK_ANSWERED = PreparedChange(update(rents).where(rents.c.rent_id == _RENT).values(answered=True))
_COUNTRIES = Prepared(_Country, select(sims.c.country).where(sims.c.country != "").distinct().order_by(sims.c.country))
_OPERATORS = Prepared(_Operator, select(sims.c.operator).distinct())
_OPEN_ON = Prepared(
    _RentId,
    select(rents.c.rent_id).where(rents.c.msisdn == bindparam("number", type_=String), rents.c.finished_at.is_(None)),
)
_ON_SIM = rents.c.sim_id == bindparam("sim", type_=String)
_SPAN = select(rents.c.rent_id, rents.c.msisdn, rents.c.ordered_at, rents.c.finished_at)
_OPEN_SINCE = Prepared(  # two searches of the index by end, so that no message scans the SIM's old rents
    _Span,
    union_all(
        _SPAN.where(_ON_SIM, rents.c.finished_at.is_(None)),
        _SPAN.where(_ON_SIM, rents.c.finished_at >= bindparam("since", type_=Instant)),
    ),
)
