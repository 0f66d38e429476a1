"""Calls and changes of health checks, in the database."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection, Integer, bindparam, delete, func, insert, select, update

from phonefarm.adapters.storage.columns import Instant
from phonefarm.adapters.storage.sqlite.prepared import PreparedChange, PreparedInsert, driver_of
from phonefarm.adapters.storage.tables import calls, health_changes, sequences
from phonefarm.domain.calls import Call
from phonefarm.domain.health_history import PROGRAM, Level, LevelChange

HEARTBEAT = "heartbeat"


_COLUMNS = [column.name for column in calls.c]
_INSERT = PreparedInsert(calls, _COLUMNS)
_UPDATE = PreparedChange(
    update(calls)
    .where(calls.c.call_id == bindparam("updated", type_=Integer))
    # An id may be given again after the newest entries were deleted.
    .where(calls.c.begun_at == bindparam("begun", type_=Instant))
    .values({name: bindparam(f"new_{name}", type_=calls.c[name].type) for name in _COLUMNS if name != "call_id"})
)


class SqlLogRecords:
    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._driver = driver_of(connection)

    def add_calls(self, added: Sequence[Call]) -> list[int]:
        newest = self._connection.execute(select(func.max(calls.c.call_id))).scalar() or 0
        call_ids = [newest + place for place in range(1, len(added) + 1)]
        rows = ({"call_id": call_id, **_values_of(call)} for call_id, call in zip(call_ids, added, strict=True))
        _INSERT.run(self._driver, [[row[name] for name in _COLUMNS] for row in rows])
        return call_ids

    def update_call(self, call_id: int, call: Call) -> None:
        values = {f"new_{name}": value for name, value in _values_of(call).items()}
        _UPDATE.run(self._driver, updated=call_id, begun=call.at, **values)

    def add_changes(self, changes: Sequence[LevelChange]) -> None:
        rows = [
            {
                "at": change.at,
                "name": change.name,
                "level": change.level.value,
                "kind": "" if change.health is None else change.health.kind.value,
                "fields": {} if change.health is None else dict(change.health.fields),
            }
            for change in changes
        ]
        if rows:
            self._connection.execute(insert(health_changes), rows)

    def last_beat(self) -> datetime | None:
        seconds = self._connection.execute(select(sequences.c.value).where(sequences.c.name == HEARTBEAT)).scalar()
        return None if seconds is None else datetime.fromtimestamp(seconds, UTC)

    def is_running(self) -> bool:
        last = select(health_changes.c.level).where(health_changes.c.name == PROGRAM)
        level = self._connection.execute(last.order_by(health_changes.c.change_id.desc()).limit(1)).scalar()
        return level is not None and level != Level.NOT_RUNNING.value

    def drop_before(self, at: datetime, limit: int) -> int:
        old_calls = select(calls.c.call_id).where(calls.c.at < at).order_by(calls.c.at, calls.c.call_id).limit(limit)
        kept = select(func.max(health_changes.c.change_id)).where(health_changes.c.at < at)
        old_changes = (
            select(health_changes.c.change_id)
            .where(health_changes.c.at < at, health_changes.c.change_id.not_in(kept.group_by(health_changes.c.name)))
            .order_by(health_changes.c.at)
            .limit(limit)
        )
        dropped = self._connection.execute(delete(calls).where(calls.c.call_id.in_(old_calls))).rowcount
        dropped += self._connection.execute(
            delete(health_changes).where(health_changes.c.change_id.in_(old_changes))
        ).rowcount
        return dropped

    def drop_oldest_calls(self, limit: int) -> int:
        oldest = select(calls.c.call_id).order_by(calls.c.at, calls.c.call_id).limit(limit)
        return self._connection.execute(delete(calls).where(calls.c.call_id.in_(oldest))).rowcount


def _values_of(call: Call) -> dict[str, Any]:
    return {
        "begun_at": call.at,
        "at": call.last_at,
        "count": call.count,
        "kind": call.kind.value,
        "outcome": call.outcome.value,
        "fields": dict(call.fields),
        "address": call.address,
        "path": call.path,
        "status": call.status,
        "milliseconds": call.milliseconds,
        "rent_id": call.rent_id,
        "sms_id": call.sms_id,
        "request": call.request,
        "response": call.response,
    }
