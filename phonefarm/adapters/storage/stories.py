"""The timelines of the details panel, put together from the journal, rents, messages and attempts."""

from __future__ import annotations

from sqlalchemy import Connection, select

from phonefarm.adapters.storage.push_records import UNCERTAIN
from phonefarm.adapters.storage.tables import journal, push_attempts, pushes, rents, sms
from phonefarm.application.read_models import StoryKind, StoryLine, Topic
from phonefarm.domain.pushes import PushState
from phonefarm.domain.rents import FinishStatus

_LINES = 200
_ENDS = {
    PushState.REFUSED: StoryKind.PUSH_REFUSED,
    PushState.PARKED: StoryKind.PUSH_PARKED,
    PushState.RENT_OVER: StoryKind.PUSH_CLOSED,
    PushState.DROPPED: StoryKind.PUSH_CLOSED,
}


def story(connection: Connection, topic: Topic, key: str) -> list[StoryLine]:
    """What happened to one row, oldest first, at most the newest 200 lines; empty for an unknown key."""
    lines = _journal(connection, topic, key)
    match topic:
        case Topic.RENTS if key.isdigit():
            lines += _rent(connection, int(key))
        case Topic.MESSAGES | Topic.PUSHES if key.isdigit():
            lines += _journal(connection, Topic.MESSAGES if topic is Topic.PUSHES else Topic.PUSHES, key)
            lines += _messages(connection, [int(key)])
        case Topic.SIMS | Topic.BANS:
            lines += _journal(connection, Topic.SIMS, key) if topic is Topic.BANS else []
            lines += _rents_of_sim(connection, key)
        case _:
            pass
    return sorted(lines, key=lambda line: line.at)[-_LINES:]


def _journal(connection: Connection, topic: Topic, key: str) -> list[StoryLine]:
    """The newest lines, oldest first, in the order of writing where the clock stood still."""
    newest_first = connection.execute(
        select(journal)
        .where(journal.c.topic == topic.value, journal.c.key == key)
        .order_by(journal.c.at.desc(), journal.c.line_id.desc())
        .limit(_LINES)
    ).all()
    return [StoryLine(at=row.at, kind=StoryKind(row.kind), title=row.title) for row in reversed(newest_first)]


def _rent(connection: Connection, rent_id: int) -> list[StoryLine]:
    rows = connection.execute(select(sms.c.sms_id).where(sms.c.rent_id == rent_id).limit(_LINES))
    return _messages(connection, list(rows.scalars()))


def _messages(connection: Connection, sms_ids: list[int]) -> list[StoryLine]:
    found = connection.execute(
        select(sms.c.sms_id, sms.c.sender, sms.c.body, sms.c.arrived_at, pushes.c.state, pushes.c.ended_at)
        .outerjoin(pushes, pushes.c.sms_id == sms.c.sms_id)
        .where(sms.c.sms_id.in_(sms_ids))
    ).all()
    lines = [
        StoryLine(at=row.arrived_at, kind=StoryKind.SMS, title=f"SMS from {row.sender}", body=row.body) for row in found
    ]
    arrived = {row.sms_id: row.arrived_at for row in found}
    ends = {row.sms_id: row for row in found if row.ended_at is not None}
    attempts = connection.execute(
        select(push_attempts)
        .where(push_attempts.c.sms_id.in_(sms_ids))
        .order_by(push_attempts.c.sms_id, push_attempts.c.attempt.desc())
        .limit(_LINES)
    ).all()
    last = {(row.sms_id): max(a.attempt for a in attempts if a.sms_id == row.sms_id) for row in attempts}
    for row in attempts:
        end = ends.get(row.sms_id)
        kind, title = StoryKind.PUSH_ATTEMPT, f"Push {row.attempt}: {row.answer or 'under way'}"
        if row.answer == UNCERTAIN:
            kind = StoryKind.PUSH_UNCERTAIN
        elif end is not None and row.attempt == last[row.sms_id]:
            if end.state == PushState.DELIVERED.value:
                seconds = (end.ended_at - arrived[row.sms_id]).total_seconds()
                kind, title = StoryKind.PUSH_DELIVERED, f"Push {row.attempt}: delivered, {seconds:.2f} s after arrival"
            else:
                kind = _ENDS.get(PushState(end.state), kind)
        lines.append(StoryLine(at=row.ended_at or row.begun_at, kind=kind, title=title))
    return lines


def _rents_of_sim(connection: Connection, sim_id: str) -> list[StoryLine]:
    rows = connection.execute(
        select(rents).where(rents.c.sim_id == sim_id).order_by(rents.c.ordered_at.desc()).limit(_LINES // 2)
    )
    lines: list[StoryLine] = []
    for row in rows:
        lines.append(StoryLine(at=row.ordered_at, kind=StoryKind.ORDERED, title=f"Rent {row.rent_id} ordered"))
        if row.finished_at is not None:
            how = FinishStatus(row.finish_status).name.lower().replace("_", " ") if row.finish_status else "released"
            lines.append(
                StoryLine(
                    at=row.finished_at,
                    kind=StoryKind.FINISHED,
                    title=f"Rent {row.rent_id} {how}, {row.sms_count} SMS",
                )
            )
    return lines
