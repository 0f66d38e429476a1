"""The timelines of the details panel: from the journal, rents, messages and attempts."""

from __future__ import annotations

from sqlalchemy import Connection, select

from phonefarm.adapters.storage.outbox_statements import UNCERTAIN
from phonefarm.adapters.storage.rent_records import SMS_OF_RENT
from phonefarm.adapters.storage.tables import journal, push_attempts, pushes, rents, sms
from phonefarm.application.model import timeline as happenings
from phonefarm.application.model.read_models import Topic
from phonefarm.application.model.timeline import TimelineEntry, TimelineKind, entry
from phonefarm.domain.pushes import PushState, Unclear, describe
from phonefarm.domain.rents import FinishStatus

_MOST_ENTRIES = 200
_UNCERTAIN = (UNCERTAIN, describe(Unclear()))
_ENDS = {
    PushState.REFUSED: TimelineKind.PUSH_REFUSED,
    PushState.PARKED: TimelineKind.PUSH_PARKED,
    PushState.RENT_OVER: TimelineKind.PUSH_CLOSED,
    PushState.DROPPED: TimelineKind.PUSH_CLOSED,
}


def timeline(connection: Connection, topic: Topic, key: str) -> list[TimelineEntry]:
    """What happened to one row, oldest first, at most the newest 200 entries; empty for an unknown key."""
    entries = _journal(connection, topic, key)
    match topic:
        case Topic.RENTS if key.isdigit():
            entries += _rent(connection, int(key))
        case Topic.MESSAGES | Topic.PUSHES if key.isdigit():
            entries += _journal(connection, Topic.MESSAGES if topic is Topic.PUSHES else Topic.PUSHES, key)
            entries += _messages(connection, [int(key)])
        case Topic.SIMS | Topic.BANS:
            entries += _journal(connection, Topic.SIMS, key) if topic is Topic.BANS else []
            entries += _rents_of_sim(connection, key)
        case _:
            pass
    return sorted(entries, key=lambda each: each.at)[-_MOST_ENTRIES:]


def _journal(connection: Connection, topic: Topic, key: str) -> list[TimelineEntry]:
    """The newest entries, oldest first; entries of the same time in the sequence of writing."""
    newest_first = connection.execute(
        select(journal)
        .where(journal.c.topic == topic.value, journal.c.key == key)
        .order_by(journal.c.at.desc(), journal.c.line_id.desc())
        .limit(_MOST_ENTRIES)
    ).all()
    return [TimelineEntry(at=row.at, kind=TimelineKind(row.kind), fields=row.fields) for row in reversed(newest_first)]


def _rent(connection: Connection, rent_id: int) -> list[TimelineEntry]:
    rows = connection.execute(select(sms.c.sms_id).where(sms.c.rent_id == rent_id).limit(_MOST_ENTRIES))
    return _messages(connection, list(rows.scalars()))


def _messages(connection: Connection, sms_ids: list[int]) -> list[TimelineEntry]:
    found = connection.execute(
        select(sms, pushes.c.state, pushes.c.attempts, pushes.c.begun_at, pushes.c.ended_at)
        .outerjoin(pushes, pushes.c.sms_id == sms.c.sms_id)
        .where(sms.c.sms_id.in_(sms_ids))
    ).all()
    entries: list[TimelineEntry] = []
    for row in found:
        entries.append(entry(row.arrived_at, happenings.sms(row.sender), row.body))
        if row.state == PushState.DELIVERED.value:
            seconds = (row.ended_at - row.arrived_at).total_seconds()
            entries.append(entry(row.ended_at, happenings.push_delivered(row.attempts, seconds)))
        elif row.state == PushState.SENDING.value:
            entries.append(entry(row.begun_at, happenings.push_sending(row.attempts)))
    return entries + _failed_attempts(connection, sms_ids)


def _failed_attempts(connection: Connection, sms_ids: list[int]) -> list[TimelineEntry]:
    rows = connection.execute(
        select(push_attempts, pushes.c.state, pushes.c.attempts)
        .join(pushes, pushes.c.sms_id == push_attempts.c.sms_id)
        .where(push_attempts.c.sms_id.in_(sms_ids))
        .order_by(push_attempts.c.ended_at.desc())
        .limit(_MOST_ENTRIES)
    )
    entries: list[TimelineEntry] = []
    for row in rows:
        kind = TimelineKind.PUSH_FAILED
        if row.answer in _UNCERTAIN:
            kind = TimelineKind.PUSH_UNCERTAIN
        elif row.attempt == row.attempts:
            kind = _ENDS.get(PushState(row.state), kind)
        entries.append(entry(row.ended_at, happenings.push_ended(kind, row.attempt, row.answer)))
    return entries


def _rents_of_sim(connection: Connection, sim_id: str) -> list[TimelineEntry]:
    rows = connection.execute(
        select(rents, SMS_OF_RENT)
        .where(rents.c.sim_id == sim_id)
        .order_by(rents.c.ordered_at.desc())
        .limit(_MOST_ENTRIES // 2)
    )
    entries: list[TimelineEntry] = []
    for row in rows:
        entries.append(entry(row.ordered_at, happenings.rent_ordered(row.rent_id)))
        if row.finished_at is not None:
            status = FinishStatus(row.finish_status) if row.finish_status else None
            entries.append(entry(row.finished_at, happenings.rent_ended(row.rent_id, status, row.sms_count)))
    return entries
