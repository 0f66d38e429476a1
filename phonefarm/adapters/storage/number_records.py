"""What the user has stated of numbers and networks, in the database: tables, names, patterns."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Connection, Row, String, bindparam, delete, func, insert, or_, select

from phonefarm.adapters.storage.sqlite.prepared import Prepared, driver_of
from phonefarm.adapters.storage.tables import network_names, number_patterns, numbers, phones, sims, sms
from phonefarm.application.model.read_models import NetworkRow
from phonefarm.application.model.row_queries import Keys
from phonefarm.application.ports.records.numbers import NumberEntry, NumberOrigin, SmsText
from phonefarm.domain.ids import Msisdn, SimId
from phonefarm.domain.networks import UNKNOWN_NETWORK, Network
from phonefarm.domain.number_patterns import NumberPattern
from phonefarm.domain.sims import SlotState

_STATED = ("msisdn", "country", "operator", "label")
_IN_PHONE = sims.c.slot_state != SlotState.OUT.value
_KEYS_AT_ONCE = 500
"""SQLite accepts no more than some thousand parameters in one query."""


class _StoredNumber(NamedTuple):
    iccid: str
    msisdn: str
    country: str
    operator: str
    label: str
    origin: str


class _NetworkName(NamedTuple):
    country: str
    operator: str


class SqlNumberRecords:
    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._driver = driver_of(connection)

    def entry_of(self, sim_id: SimId) -> tuple[NumberEntry, NumberOrigin] | None:
        row = _ENTRY_OF.first(self._driver, sim=sim_id)
        return None if row is None else (_entry(row), NumberOrigin(row.origin))

    def replace_file(self, entries: Iterable[NumberEntry], at: datetime) -> list[SimId]:
        mine = numbers.c.origin == NumberOrigin.FILE.value
        concerned = set(self._sims_where(mine))
        before = {row.iccid: row for row in self._connection.execute(select(numbers).where(mine))}
        self._connection.execute(delete(numbers).where(mine))
        rows = []
        for entry in entries:
            known = before.get(entry.iccid)
            said_at = known.said_at if known is not None and _entry(known) == entry else at
            rows.append(_values(entry, NumberOrigin.FILE, said_at))
        if rows:
            self._connection.execute(insert(numbers), rows)
        concerned.update(self._sims_where(mine))
        return sorted(concerned)

    def take_in(self, entries: Iterable[NumberEntry], at: datetime) -> list[SimId]:
        rows = [_values(entry, NumberOrigin.IMPORT, at) for entry in entries]
        concerned: set[SimId] = set()
        for some in _in_parts([row["iccid"] for row in rows]):
            of_these = numbers.c.iccid.in_(some) & (numbers.c.origin == NumberOrigin.IMPORT.value)
            self._connection.execute(delete(numbers).where(of_these))
            concerned.update(
                SimId(key)
                for key in self._connection.execute(select(sims.c.sim_id).where(sims.c.iccid.in_(some))).scalars()
            )
        if rows:
            self._connection.execute(insert(numbers), rows)
        return sorted(concerned)

    def _sims_where(self, condition: ColumnElement[bool]) -> list[SimId]:
        query = select(sims.c.sim_id).join(numbers, numbers.c.iccid == sims.c.iccid).where(condition)
        return [SimId(sim_id) for sim_id in self._connection.execute(query).scalars()]

    def messages_of(self, sim_id: SimId, limit: int) -> list[SmsText]:
        return messages_of(self._connection, sim_id, limit)

    def network_name(self, mcc_mnc: str) -> Network | None:
        row = _NETWORK_NAME.first(self._driver, code=mcc_mnc)
        return None if row is None else Network(country=row.country, operator=row.operator)

    def set_network_name(self, mcc_mnc: str, name: Network | None, at: datetime) -> None:
        self._connection.execute(delete(network_names).where(network_names.c.mcc_mnc == mcc_mnc))
        if name is not None:
            self._connection.execute(
                insert(network_names).values(mcc_mnc=mcc_mnc, country=name.country, operator=name.operator, named_at=at)
            )

    def sims_of_network(self, mcc_mnc: str) -> list[SimId]:
        found = self._connection.execute(select(sims.c.sim_id).where(sims.c.mcc_mnc == mcc_mnc).order_by(sims.c.sim_id))
        return [SimId(sim_id) for sim_id in found.scalars()]

    def patterns(self) -> list[NumberPattern]:
        return stored_patterns(self._connection)

    def set_patterns(self, patterns: Sequence[NumberPattern]) -> None:
        self._connection.execute(delete(number_patterns))
        rows = [{"place": place, "text": p.text, "sender": p.sender} for place, p in enumerate(patterns)]
        if rows:
            self._connection.execute(insert(number_patterns), rows)


_ENTRY_OF = Prepared(
    _StoredNumber,
    select(*(numbers.c[name] for name in _StoredNumber._fields))
    .join(sims, sims.c.iccid == numbers.c.iccid)
    .where(sims.c.sim_id == bindparam("sim", type_=String))
    .order_by(numbers.c.said_at.desc(), numbers.c.origin.desc())
    .limit(1),
)
_NETWORK_NAME = Prepared(
    _NetworkName,
    select(network_names.c.country, network_names.c.operator).where(
        network_names.c.mcc_mnc == bindparam("code", type_=String)
    ),
)


def messages_of(connection: Connection, sim_id: str, limit: int) -> list[SmsText]:
    rows = connection.execute(
        select(sms.c.sender, sms.c.body, sms.c.arrived_at)
        .where(sms.c.sim_id == sim_id)
        .order_by(sms.c.arrived_at.desc(), sms.c.sms_id.desc())
        .limit(limit)
    )
    return [SmsText(sender=row.sender, body=row.body, arrived_at=row.arrived_at) for row in rows]


def newest_messages(connection: Connection, sim_ids: Collection[str]) -> Mapping[str, tuple[int, int]]:
    newest: dict[str, tuple[int, int]] = {}
    for some in _in_parts(sorted(sim_ids)):
        rows = connection.execute(
            select(sms.c.sim_id, func.count(), func.max(sms.c.sms_id))
            .where(sms.c.sim_id.in_(some))
            .group_by(sms.c.sim_id)
        )
        newest.update({sim_id: (count, last) for sim_id, count, last in rows})
    return newest


def network_rows(connection: Connection, keys: Keys) -> list[NetworkRow]:
    """The networks of SIMs in phones and those that the user has named, with the user's names only."""
    in_phones = select(sims.c.mcc_mnc, func.count().label("sims")).where(_IN_PHONE, sims.c.mcc_mnc != "")
    counted = {row.mcc_mnc: row.sims for row in connection.execute(in_phones.group_by(sims.c.mcc_mnc))}
    named = {
        row.mcc_mnc: Network(country=row.country, operator=row.operator)
        for row in connection.execute(select(network_names))
    }
    return [
        _network_row(code, named.get(code), counted.get(code, 0))
        for code in sorted(counted.keys() | named.keys())
        if keys is None or code in keys
    ]


def _network_row(mcc_mnc: str, own_name: Network | None, sims_of_it: int) -> NetworkRow:
    name = own_name or UNKNOWN_NETWORK
    source = "yours" if own_name else ""
    return NetworkRow(mcc_mnc=mcc_mnc, country=name.country, operator=name.operator, source=source, sims=sims_of_it)


def stored_patterns(connection: Connection) -> list[NumberPattern]:
    rows = connection.execute(select(number_patterns).order_by(number_patterns.c.place))
    return [NumberPattern(text=row.text, sender=row.sender) for row in rows]


def unfinished_sims(connection: Connection, keys: Collection[str] | None, label: ColumnElement[str]) -> list[Row[Any]]:
    """The SIMs in phones that lack a number or a country."""
    query = (
        select(
            *(sims.c[name] for name in ("sim_id", "iccid", "phone_id", "slot", "mcc_mnc", "country", "operator")),
            sims.c.msisdn,
            sims.c.msisdn_source,
            label,
        )
        .outerjoin(phones, phones.c.phone_id == sims.c.phone_id)
        .where(_IN_PHONE, or_(sims.c.msisdn.is_(None), sims.c.country == ""))
        .order_by(sims.c.sim_id)
    )
    if keys is None:
        return list(connection.execute(query))
    found: list[Row[Any]] = []
    for some in _in_parts(sorted(keys)):
        found += connection.execute(query.where(sims.c.sim_id.in_(some)))
    return found


def _in_parts(keys: Sequence[str]) -> Iterable[Sequence[str]]:
    return (keys[start : start + _KEYS_AT_ONCE] for start in range(0, len(keys), _KEYS_AT_ONCE))


def _entry(row: Row[Any] | _StoredNumber) -> NumberEntry:
    return NumberEntry(
        iccid=row.iccid, msisdn=Msisdn(row.msisdn), country=row.country, operator=row.operator, label=row.label
    )


def _values(entry: NumberEntry, origin: NumberOrigin, said_at: datetime) -> dict[str, Any]:
    stated = {name: getattr(entry, name) for name in _STATED}
    return {"iccid": entry.iccid, "origin": origin.value, "said_at": said_at, **stated}
