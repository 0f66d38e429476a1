"""The stream of the log: calls and journal, merged by time and read in batches; and the history of health checks."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from dataclasses import replace
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Connection, Row, Select, Table, and_, false, func, or_, select, true

from phonefarm.adapters.storage.phone_rows import PHONE_LABEL
from phonefarm.adapters.storage.tables import calls, health_changes, journal, phones, rents, sims, sms
from phonefarm.application.model.log_entries import (
    CALLS,
    JOURNAL,
    KIND_OF_CALL,
    KIND_OF_HAPPENING,
    CallDetails,
    CallKind,
    EntryKind,
    LogBatch,
    LogEntry,
    LogQuery,
    Outcome,
    Position,
)
from phonefarm.application.model.read_models import Topic
from phonefarm.application.model.timeline import TimelineKind
from phonefarm.domain.fields import Fields
from phonefarm.domain.health import Health, HealthKind
from phonefarm.domain.health_history import Level, LevelChange

ROWS_SEARCHED = 5_000
"""A search looks through so many rows of each table for one batch; the next batch goes on from there."""
_MOST_SUBJECTS = 500
"""SIMs, phones and rents that a searched text may name."""
_CALLS_OF_MARKET = (CallKind.SERVICES, CallKind.ORDER, CallKind.FINISH)
_LONGEST_RENT_ID = 15
_BYTES_PER_CALL = 300
"""What a row takes besides its request and response."""


class _Found(NamedTuple):
    """The entries of one table, newest first."""

    entries: list[LogEntry]
    searched_to: Position | None
    """Where the search stopped before the end of the table."""


class SqlLogViews:
    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def entries(self, query: LogQuery) -> LogBatch:
        found = [self._calls(query), self._journal(query)]
        entries = sorted((each for one in found for each in one.entries), key=lambda each: each.position, reverse=True)
        floors = [one.searched_to for one in found if one.searched_to is not None]
        floor = max(floors, default=None)
        if floor is not None:
            entries = [each for each in entries if each.position >= floor]
        next_before = floor
        if len(entries) > query.limit:
            entries = entries[: query.limit]
            next_before = entries[-1].position
        return LogBatch(self._with_subjects(entries), next_before)

    def count(self, query: LogQuery) -> int:
        of_calls = _count(calls, _in_range(calls, query), _kinds_of_calls(query.kinds))
        of_journal = _count(journal, _in_range(journal, query), _kinds_of_journal(query.kinds))
        return sum(int(self._connection.execute(each).scalar_one()) for each in (of_calls, of_journal))

    def wrong_keys(self, since: datetime | None) -> int:
        query = select(func.coalesce(func.sum(calls.c.count), 0)).where(calls.c.kind == CallKind.WRONG_KEY.value)
        return int(self._connection.execute(query if since is None else query.where(calls.c.at >= since)).scalar_one())

    def last_call_at(self) -> datetime | None:
        newest = (select(func.max(calls.c.at)).where(calls.c.kind == kind.value) for kind in _CALLS_OF_MARKET)
        found = [self._connection.execute(query).scalar() for query in newest]
        return max((at for at in found if at is not None), default=None)

    def call_details(self, call_id: int) -> CallDetails | None:
        row = self._connection.execute(
            select(calls.c.request, calls.c.response, calls.c.sms_id, sms.c.body, sms.c.erased_at)
            .outerjoin(sms, sms.c.sms_id == calls.c.sms_id)
            .where(calls.c.call_id == call_id)
        ).first()
        if row is None:
            return None
        is_erased = row.sms_id is not None and (row.body is None or row.erased_at is not None)
        text = None if is_erased or row.sms_id is None else row.body
        return CallDetails(request=row.request, response=row.response, text=text, is_text_erased=is_erased)

    def level_changes(self, since: datetime) -> list[LevelChange]:
        last = select(func.max(health_changes.c.change_id)).where(health_changes.c.at < since)
        rows = self._connection.execute(
            select(health_changes)
            .where(
                or_(health_changes.c.at >= since, health_changes.c.change_id.in_(last.group_by(health_changes.c.name)))
            )
            .order_by(health_changes.c.at, health_changes.c.change_id)
        )
        return [
            LevelChange(at=row.at, name=row.name, level=Level(row.level), health=_health(row.kind, row.fields))
            for row in rows
        ]

    def call_bytes(self) -> int:
        texts = func.sum(func.length(calls.c.request) + func.length(calls.c.response))
        size, number = self._connection.execute(select(func.coalesce(texts, 0), func.count()).select_from(calls)).one()
        return int(size) + _BYTES_PER_CALL * int(number)

    # The two tables ----------------------------------------------------------------

    def _calls(self, query: LogQuery) -> _Found:
        def matches(text: str) -> ColumnElement[bool]:
            return or_(
                calls.c.outcome.in_([outcome.value for outcome in query.outcomes]),
                calls.c.rent_id.in_(self._rents_named(text)),
                *(_contains(column, text) for column in (calls.c.address, calls.c.path, calls.c.fields)),
                *(_contains(column, text) for column in (calls.c.request, calls.c.response)),
            )

        text = _searched(query.text)
        chosen = _kinds_of_calls(query.kinds)
        return self._find(query, calls, CALLS, chosen, matches(text) if text else None, _entry_of_call)

    def _journal(self, query: LogQuery) -> _Found:
        def matches(text: str) -> ColumnElement[bool]:
            named = [*self._sims_named(text), *self._phones_named(text), *map(str, self._rents_named(text))]
            return or_(
                journal.c.kind.in_([kind.value for kind in query.happenings]),
                journal.c.key.in_(named),
                _contains(journal.c.key, text),
                _contains(journal.c.fields, text),
            )

        text = _searched(query.text)
        # The journal has no index by kind, so a filter by kind is a search as well.
        chosen = and_(_kinds_of_journal(query.kinds), matches(text) if text else true())
        return self._find(query, journal, JOURNAL, true(), chosen, _entry_of_journal)

    def _find(
        self,
        query: LogQuery,
        table: Table,
        source: str,
        kinds: ColumnElement[bool],
        searched: ColumnElement[bool] | None,
        entry_of: Callable[[Row[Any]], LogEntry],
    ) -> _Found:
        """`kinds` uses an index; `searched` is looked for in `ROWS_SEARCHED` rows."""
        number = next(iter(table.primary_key.columns))
        newest_first = (table.c.at.desc(), number.desc())
        rows = (
            select(number, table.c.at)
            .where(kinds, _in_range(table, query), _older(table, number, source, query.before))
            .order_by(*newest_first)
        )
        if searched is None:
            chosen = select(table).where(number.in_(rows.with_only_columns(number).limit(query.limit + 1)))
            found = self._connection.execute(chosen.order_by(*newest_first)).all()
            return _Found([entry_of(row) for row in found], None)
        window = rows.limit(ROWS_SEARCHED).subquery()
        chosen = select(table).where(number.in_(select(window.c[number.name])), searched)
        found = self._connection.execute(chosen.order_by(*newest_first).limit(query.limit + 1)).all()
        last = self._connection.execute(rows.offset(ROWS_SEARCHED - 1).limit(1)).first()
        searched_to = None if last is None else Position(last.at, source, last[0])
        return _Found([entry_of(row) for row in found], searched_to)

    # What entries are about ---------------------------------------------------------

    def _sims_named(self, text: str) -> list[str]:
        return self._named(
            select(sims.c.sim_id).where(or_(_contains(sims.c.msisdn, text), _contains(sims.c.iccid, text)))
        )

    def _phones_named(self, text: str) -> list[str]:
        return self._named(select(phones.c.phone_id).where(_contains(PHONE_LABEL.element, text)))

    def _rents_named(self, text: str) -> list[int]:
        if not text.isdigit():
            return []
        named = self._named(select(rents.c.rent_id).where(_contains(rents.c.msisdn, text)))
        return [int(text), *named] if len(text) <= _LONGEST_RENT_ID else named

    def _named(self, query: Select[Any]) -> list[Any]:
        return list(self._connection.execute(query.limit(_MOST_SUBJECTS)).scalars())

    def _with_subjects(self, entries: list[LogEntry]) -> list[LogEntry]:
        """With the number and the phone that each is about."""
        rent_ids = {int(each.key) for each in entries if each.topic is Topic.RENTS and each.key.isdigit()}
        sms_ids = {int(each.key) for each in entries if each.topic in _OF_SMS and each.key.isdigit()}
        found = {
            Topic.RENTS: self._labels(
                select(rents.c.rent_id, rents.c.msisdn, PHONE_LABEL)
                .outerjoin(phones, phones.c.phone_id == rents.c.phone_id)
                .where(rents.c.rent_id.in_(rent_ids))
            ),
            Topic.PUSHES: self._labels(
                select(sms.c.sms_id, sms.c.msisdn, PHONE_LABEL)
                .outerjoin(phones, phones.c.phone_id == sms.c.phone_id)
                .where(sms.c.sms_id.in_(sms_ids))
            ),
            Topic.SIMS: self._labels(
                select(sims.c.sim_id, sims.c.msisdn, PHONE_LABEL)
                .outerjoin(phones, phones.c.phone_id == sims.c.phone_id)
                .where(sims.c.sim_id.in_(_keys(entries, Topic.SIMS)))
            ),
            Topic.PHONES: self._labels(
                select(phones.c.phone_id, func.coalesce(None, ""), PHONE_LABEL).where(
                    phones.c.phone_id.in_(_keys(entries, Topic.PHONES))
                )
            ),
        }
        found[Topic.MESSAGES] = found[Topic.PUSHES]
        return [_with_subject(each, found) for each in entries]

    def _labels(self, query: Select[Any]) -> dict[str, tuple[str, str]]:
        return {str(key): (number or "", phone or "") for key, number, phone in self._connection.execute(query)}


_OF_SMS = (Topic.PUSHES, Topic.MESSAGES)


def _keys(entries: Iterable[LogEntry], topic: Topic) -> list[str]:
    return [each.key for each in entries if each.topic is topic]


def _with_subject(entry: LogEntry, found: dict[Topic, dict[str, tuple[str, str]]]) -> LogEntry:
    if entry.topic is None:
        return entry
    number, phone = found.get(entry.topic, {}).get(entry.key, ("", ""))
    return replace(entry, number=entry.number or number, phone=phone)


def _entry_of_call(row: Row[Any]) -> LogEntry:
    topic, key = None, ""
    if row.rent_id is not None:
        topic, key = Topic.RENTS, str(row.rent_id)
    elif row.sms_id is not None:
        topic, key = Topic.PUSHES, str(row.sms_id)
    fields: Fields = row.fields
    return LogEntry(
        position=Position(row.at, CALLS, row.call_id),
        begun_at=row.begun_at,
        count=row._mapping["count"],
        kind=KIND_OF_CALL[CallKind(row.kind)],
        outcome=Outcome(row.outcome),
        fields=fields,
        topic=topic,
        key=key,
        number=str(fields.get("number", "")),
        address=row.address,
        path=row.path,
        status=row.status,
        milliseconds=row.milliseconds,
    )


def _entry_of_journal(row: Row[Any]) -> LogEntry:
    kind = TimelineKind(row.kind)
    return LogEntry(
        position=Position(row.at, JOURNAL, row.line_id),
        begun_at=row.at,
        kind=KIND_OF_HAPPENING[kind],
        happening=kind,
        fields=row.fields,
        topic=Topic(row.topic),
        key=row.key,
    )


def _kinds_of_calls(kinds: Collection[EntryKind]) -> ColumnElement[bool]:
    if set(kinds) >= set(KIND_OF_CALL.values()):
        return true()  # else SQLite would not use the index by time
    return calls.c.kind.in_([kind.value for kind, entry in KIND_OF_CALL.items() if entry in kinds])


def _kinds_of_journal(kinds: Collection[EntryKind]) -> ColumnElement[bool]:
    return journal.c.kind.in_([kind.value for kind, entry in KIND_OF_HAPPENING.items() if entry in kinds])


def _in_range(table: Table, query: LogQuery) -> ColumnElement[bool]:
    since = true() if query.since is None else table.c.at >= query.since
    return and_(since, true() if query.until is None else table.c.at < query.until)


def _older(table: Table, number: ColumnElement[int], source: str, before: Position | None) -> ColumnElement[bool]:
    if before is None:
        return true()
    if source == before.source:
        same_time = and_(table.c.at == before.at, number < before.number)
    else:
        same_time = table.c.at == before.at if source < before.source else false()
    return and_(table.c.at <= before.at, or_(table.c.at < before.at, same_time))


def _count(table: Table, *conditions: ColumnElement[bool]) -> Select[Any]:
    return select(func.count()).select_from(table).where(*conditions)


def _searched(text: str) -> str:
    """Numbers are found in any spelling."""
    text = " ".join(text.split())
    digits = "".join(letter for letter in text if letter.isdigit())
    return digits if len(digits) >= 5 and not any(letter.isalpha() or letter in ".:/" for letter in text) else text


def _contains(column: ColumnElement[Any], text: str) -> ColumnElement[bool]:
    return column.icontains(text, autoescape=True)


def _health(kind: str, fields: Fields) -> Health | None:
    return Health(kind=HealthKind(kind), fields=fields) if kind in set(HealthKind) else None
