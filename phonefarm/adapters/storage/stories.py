"""The timelines of the details panel, put together from the journal, rents, messages and attempts."""

from __future__ import annotations

from sqlalchemy import Connection, select

from phonefarm.adapters.storage.push_records import UNCERTAIN
from phonefarm.adapters.storage.rent_records import SMS_OF_RENT
from phonefarm.adapters.storage.tables import journal, push_attempts, pushes, rents, sms
from phonefarm.application.model.read_models import StoryKind, StoryLine, Topic
from phonefarm.domain.pushes import PushState, Unclear, describe
from phonefarm.domain.rents import FinishStatus

_LINES = 200
_UNCERTAIN = (UNCERTAIN, describe(Unclear()))
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
        select(sms, pushes.c.state, pushes.c.attempts, pushes.c.begun_at, pushes.c.ended_at)
        .outerjoin(pushes, pushes.c.sms_id == sms.c.sms_id)
        .where(sms.c.sms_id.in_(sms_ids))
    ).all()
    lines: list[StoryLine] = []
    for row in found:
        lines.append(StoryLine(at=row.arrived_at, kind=StoryKind.SMS, title=f"SMS from {row.sender}", body=row.body))
        if row.state == PushState.DELIVERED.value:
            seconds = (row.ended_at - row.arrived_at).total_seconds()
            title = f"Push {row.attempts}: delivered, {seconds:.2f} s after arrival"
            lines.append(StoryLine(at=row.ended_at, kind=StoryKind.PUSH_DELIVERED, title=title))
        elif row.state == PushState.SENDING.value:
            title = f"Push {row.attempts}: under way"
            lines.append(StoryLine(at=row.begun_at, kind=StoryKind.PUSH_ATTEMPT, title=title))
    return lines + _failed_attempts(connection, sms_ids)


def _failed_attempts(connection: Connection, sms_ids: list[int]) -> list[StoryLine]:
    rows = connection.execute(
        select(push_attempts, pushes.c.state, pushes.c.attempts)
        .join(pushes, pushes.c.sms_id == push_attempts.c.sms_id)
        .where(push_attempts.c.sms_id.in_(sms_ids))
        .order_by(push_attempts.c.ended_at.desc())
        .limit(_LINES)
    )
    lines: list[StoryLine] = []
    for row in rows:
        kind = StoryKind.PUSH_ATTEMPT
        if row.answer in _UNCERTAIN:
            kind = StoryKind.PUSH_UNCERTAIN
        elif row.attempt == row.attempts:
            kind = _ENDS.get(PushState(row.state), kind)
        lines.append(StoryLine(at=row.ended_at, kind=kind, title=f"Push {row.attempt}: {row.answer}"))
    return lines


def _rents_of_sim(connection: Connection, sim_id: str) -> list[StoryLine]:
    rows = connection.execute(
        select(rents, SMS_OF_RENT)
        .where(rents.c.sim_id == sim_id)
        .order_by(rents.c.ordered_at.desc())
        .limit(_LINES // 2)
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
