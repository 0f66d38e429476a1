"""The health of phones, and what was found out about them, in the database."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import NamedTuple

from sqlalchemy import Connection, String, bindparam, delete, insert, select, update

from phonefarm.adapters.storage.sqlite.prepared import Prepared, PreparedChange, driver_of
from phonefarm.adapters.storage.tables import empty_hints, phone_conditions, phones, probes, sim_rules
from phonefarm.application.ports.records.phone_health import RememberedProbe, SimRule
from phonefarm.application.ports.world import Probe
from phonefarm.domain.conditions import Condition
from phonefarm.domain.fields import Fields
from phonefarm.domain.ids import PhoneId, SimId
from phonefarm.domain.phones import PhoneFacts, handset_of
from phonefarm.domain.telemetry import FREE_STEP_BYTES, PhoneTelemetry, is_same_start

EMPTY_HINTS_KEPT_FOR = timedelta(hours=24)
_REPORTED = ("battery_percent", "is_charging", "temperature", "free_bytes", "airplane_mode", "sms_app")


class _LastSeen(NamedTuple):
    battery_percent: int | None
    is_charging: bool | None
    temperature: float | None
    free_bytes: int | None
    airplane_mode: bool | None
    sms_app: str | None
    booted_at: datetime | None


class _StoredCondition(NamedTuple):
    condition: str
    fields: Fields
    since: datetime


class _StoredProbe(NamedTuple):
    reads_hex: bool
    counts: bool
    has_sub_id: bool
    slot_column: str
    has_otp_mark: bool
    found_at: datetime


class _LastStart(NamedTuple):
    booted_at: datetime | None
    sms_app: str | None


class _EmptyHint(NamedTuple):
    at: datetime


class SqlPhoneHealthRecords:
    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._driver = driver_of(connection)

    def note_telemetry(self, phone_id: PhoneId, telemetry: PhoneTelemetry, at: datetime) -> bool:
        before = _LAST_REPORTED.first(self._driver, phone=phone_id)
        if before is None:
            return False
        now = {name: value for name in _REPORTED if (value := getattr(telemetry, name)) is not None}
        if telemetry.uptime_seconds is not None and not is_same_start(before.booted_at, telemetry.uptime_seconds, at):
            now["booted_at"] = at - timedelta(seconds=telemetry.uptime_seconds)
        change = {name: value for name, value in now.items() if _differs(name, getattr(before, name), value)}
        if change:
            values = {f"new_{name}": change.get(name, getattr(before, name)) for name in _NOTED}
            _NOTE_TELEMETRY.run(self._driver, phone=phone_id, **values)
        return bool(change)

    def last_start(self, phone_id: PhoneId) -> tuple[datetime | None, str]:
        row = _LAST_START.first(self._driver, phone=phone_id)
        return (None, "") if row is None else (row.booted_at, row.sms_app or "")

    def conditions(self, phone_id: PhoneId) -> dict[Condition, Fields]:
        return {Condition(row.condition): row.fields for row in _CONDITIONS.all(self._driver, phone=phone_id)}

    def active_since(self, phone_id: PhoneId) -> dict[Condition, datetime]:
        return {Condition(row.condition): row.since for row in _CONDITIONS.all(self._driver, phone=phone_id)}

    def set_conditions(self, phone_id: PhoneId, conditions: Mapping[Condition, Fields], at: datetime) -> None:
        before = self.conditions(phone_id)
        mine = phone_conditions.c.phone_id == phone_id
        for condition in before.keys() - conditions.keys():
            self._connection.execute(
                delete(phone_conditions).where(mine, phone_conditions.c.condition == condition.value)
            )
        for condition, fields in conditions.items():
            if condition not in before:
                self._connection.execute(
                    insert(phone_conditions).values(
                        phone_id=phone_id, condition=condition.value, fields=fields, since=at
                    )
                )
            elif before[condition] != fields:
                self._connection.execute(
                    update(phone_conditions)
                    .where(mine, phone_conditions.c.condition == condition.value)
                    .values(fields=fields)
                )

    def remembered_probe(self, phone_id: PhoneId, facts: PhoneFacts) -> RememberedProbe | None:
        if not facts.firmware:
            return None
        row = _PROBE.first(self._driver, handset=handset_of(phone_id), firmware=facts.firmware)
        if row is None:
            return None
        probe = Probe(
            facts=facts,
            reads_hex=row.reads_hex,
            counts=row.counts,
            has_sub_id=row.has_sub_id,
            slot_column=row.slot_column,
            has_otp_mark=row.has_otp_mark,
        )
        return RememberedProbe(probe=probe, found_at=row.found_at)

    def remember_probe(self, phone_id: PhoneId, probe: Probe, at: datetime) -> None:
        self.forget_probe(phone_id)
        self._connection.execute(
            insert(probes).values(
                handset=handset_of(phone_id),
                firmware=probe.facts.firmware,
                reads_hex=probe.reads_hex,
                counts=probe.counts,
                has_sub_id=probe.has_sub_id,
                slot_column=probe.slot_column,
                has_otp_mark=probe.has_otp_mark,
                found_at=at,
            )
        )

    def forget_probe(self, phone_id: PhoneId) -> None:
        self._connection.execute(delete(probes).where(probes.c.handset == handset_of(phone_id)))

    def note_empty_hint(self, phone_id: PhoneId, at: datetime) -> None:
        handset = handset_of(phone_id)
        mine = empty_hints.c.handset == handset
        self._connection.execute(delete(empty_hints).where(mine, empty_hints.c.at < at - EMPTY_HINTS_KEPT_FOR))
        self.remove_empty_hint(phone_id, at)
        self._connection.execute(insert(empty_hints).values(handset=handset, at=at))
        self._connection.execute(
            update(phones).where(phones.c.phone_id == phone_id).values(hints_without_row=phones.c.hints_without_row + 1)
        )

    def empty_hints(self, phone_id: PhoneId) -> list[datetime]:
        return [row.at for row in _EMPTY_HINTS.all(self._driver, handset=handset_of(phone_id))]

    def remove_empty_hint(self, phone_id: PhoneId, at: datetime) -> None:
        self._connection.execute(
            delete(empty_hints).where(empty_hints.c.handset == handset_of(phone_id), empty_hints.c.at == at)
        )

    def sim_rule(self, phone_id: PhoneId, sim_mark: str) -> SimRule | None:
        row = self._connection.execute(
            select(sim_rules).where(sim_rules.c.handset == handset_of(phone_id), sim_rules.c.sim_mark == sim_mark)
        ).one_or_none()
        return None if row is None else SimRule(sim_id=SimId(row.sim_id), slot=row.slot, sub_id=row.sub_id)

    def set_sim_rule(self, phone_id: PhoneId, sim_mark: str, rule: SimRule, at: datetime) -> None:
        handset = handset_of(phone_id)
        self._connection.execute(
            delete(sim_rules).where(sim_rules.c.handset == handset, sim_rules.c.sim_mark == sim_mark)
        )
        self._connection.execute(
            insert(sim_rules).values(
                handset=handset, sim_mark=sim_mark, sim_id=rule.sim_id, slot=rule.slot, sub_id=rule.sub_id, at=at
            )
        )

    def forget_sim_rules(self, phone_id: PhoneId) -> bool:
        gone = self._connection.execute(delete(sim_rules).where(sim_rules.c.handset == handset_of(phone_id)))
        return gone.rowcount > 0


def _differs(name: str, before: object, now: object) -> bool:
    if name == "free_bytes" and isinstance(before, int) and isinstance(now, int):
        return abs(before - now) >= FREE_STEP_BYTES
    return before != now


_PHONE = bindparam("phone", type_=String)
_NOTED = _LastSeen._fields
_LAST_REPORTED = Prepared(_LastSeen, select(*(phones.c[name] for name in _NOTED)).where(phones.c.phone_id == _PHONE))
_NOTE_TELEMETRY = PreparedChange(
    update(phones)
    .where(phones.c.phone_id == _PHONE)
    .values({name: bindparam(f"new_{name}", type_=phones.c[name].type) for name in _NOTED})
)
_CONDITIONS = Prepared(
    _StoredCondition,
    select(*(phone_conditions.c[name] for name in _StoredCondition._fields)).where(
        phone_conditions.c.phone_id == _PHONE
    ),
)
_PROBE = Prepared(
    _StoredProbe,
    select(*(probes.c[name] for name in _StoredProbe._fields)).where(
        probes.c.handset == bindparam("handset", type_=String), probes.c.firmware == bindparam("firmware", type_=String)
    ),
)
_LAST_START = Prepared(_LastStart, select(phones.c.booted_at, phones.c.sms_app).where(phones.c.phone_id == _PHONE))
_EMPTY_HINTS = Prepared(
    _EmptyHint,
    select(empty_hints.c.at)
    .where(empty_hints.c.handset == bindparam("handset", type_=String))
    .order_by(empty_hints.c.at),
)
