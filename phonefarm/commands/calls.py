"""The log's calls on the command line, read from the database beside a running farm."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from phonefarm.application.model.log_entries import (
    ENTRIES_PER_BATCH,
    KIND_OF_CALL,
    CallDetails,
    EntryKind,
    LogEntry,
    LogQuery,
)
from phonefarm.application.ports.views import Views
from phonefarm.config.settings import Settings
from phonefarm.domain.errors import KnownError
from phonefarm.runtime.command_adapters import stored_views
from phonefarm.wording.calls import call_reason, call_sentence

_AGO = re.compile(r"(\d{1,6})\s*([smhd])")
_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}


def parse_since(text: str, now: datetime) -> datetime:
    """`90m`, `2h`, `7d`, or a date with or without a time, as this PC's clock shows it."""
    try:
        if (ago := _AGO.fullmatch(text.strip().lower())) is not None:
            return now - timedelta(**{_UNITS[ago[2]]: int(ago[1])})
        return datetime.fromisoformat(text.strip()).astimezone()
    except (ValueError, OverflowError):
        raise KnownError(
            f"'{text[:40]}' is no time. Write 90m, 2h or 7d for as long ago, or a date such as 2026-11-24T14:30."
        ) from None


def read_calls(
    settings: Settings, kinds: Sequence[str], since: datetime | None, limit: int
) -> list[tuple[LogEntry, CallDetails | None]]:
    """Newest first; `kinds` as the command spells them, none for all."""
    chosen = frozenset(EntryKind(kind.replace("-", " ")) for kind in kinds) or frozenset(KIND_OF_CALL.values())
    query = LogQuery(kinds=chosen, since=since, limit=min(limit, ENTRIES_PER_BATCH))
    with stored_views(settings) as views:
        found = list(_calls(views, query, limit))
        return [(entry, views.log.call_details(entry.position.number)) for entry in found]


def _calls(views: Views, query: LogQuery, limit: int) -> Iterator[LogEntry]:
    left = limit
    while True:
        batch = views.log.entries(query)
        for entry in batch.entries:
            if entry.outcome is not None:
                left -= 1
                yield entry
            if left == 0:
                return
        if batch.next_before is None:
            return
        query = replace(query, before=batch.next_before)


def as_line(entry: LogEntry) -> str:
    """One call, with its reason where the sentence does not say all."""
    assert entry.outcome is not None
    facts = [
        f"{entry.count} times" if entry.count > 1 else "",
        f"HTTP {entry.status}" if entry.status is not None else "",
        f"{entry.milliseconds:.0f} ms" if entry.milliseconds is not None else "",
        f"from {entry.address}" if entry.address else "",
    ]
    line = f"{entry.at.astimezone():%Y-%m-%d %H:%M:%S}  {entry.kind.value:<9}  "
    line += call_sentence(entry.outcome, entry.fields, rent=entry.rent)
    if told := ", ".join(filter(None, facts)):
        line += f" ({told})"
    reason = call_reason(entry.outcome, entry.fields)
    return f"{line}\n{'':32}{reason}" if reason else line


def as_json(entry: LogEntry, details: CallDetails | None) -> dict[str, object]:
    """The text of an SMS is left out."""
    assert entry.outcome is not None
    return {
        "at": entry.at.isoformat(),
        "first_at": entry.begun_at.isoformat(),
        "count": entry.count,
        "kind": entry.kind.value.replace(" ", "-"),
        "outcome": entry.outcome.value,
        "sentence": call_sentence(entry.outcome, entry.fields, rent=entry.rent),
        "reason": call_reason(entry.outcome, entry.fields),
        "fields": dict(entry.fields),
        "address": entry.address,
        "path": entry.path,
        "status": entry.status,
        "milliseconds": entry.milliseconds,
        "topic": "" if entry.topic is None else entry.topic.value,
        "key": entry.key,
        "number": entry.number,
        "phone": entry.phone,
        "request": "" if details is None else details.request,
        "response": "" if details is None else details.response,
    }
