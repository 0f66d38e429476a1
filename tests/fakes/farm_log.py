"""A made-up day of a farm's log: calls, happenings, and how the health checks stood."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from phonefarm.application.model.health_board import ADB, MARKET, NAMES, TUNNEL
from phonefarm.application.model.log_entries import (
    CALLS,
    JOURNAL,
    KIND_OF_HAPPENING,
    CallDetails,
    EntryKind,
    HealthHistory,
    Interval,
    Level,
    LogBatch,
    LogEntry,
    LogQuery,
    LogSummary,
    OrderStanding,
    Outcome,
    Position,
)
from phonefarm.application.model.read_models import Topic
from phonefarm.application.model.timeline import TimelineKind
from phonefarm.domain.fields import Fields
from phonefarm.domain.health import Health, HealthKind, health

REQUEST = {
    "action": "GET_NUMBER",
    "key": "key hidden",
    "service": "rent",
    "sum": 180,
    "country": "ukraine",
    "operator": "lifecell",
}
PUSH = {
    "smsId": 10472,
    "phoneFrom": "Telegram",
    "phone": "79281446023",
    "text": "text hidden",
    "action": "PUSH_SMS",
    "key": "key hidden",
    "service": "rent",
}


@dataclass
class MadeUpLog:
    """Answers queries as the real log does, from a list."""

    now: datetime
    entries: list[LogEntry] = field(default_factory=list)
    details: dict[int, CallDetails] = field(default_factory=dict)
    history: HealthHistory | None = None
    standing: OrderStanding | None = None
    lost: int = 0
    last_call_at: datetime | None = None
    queries: list[LogQuery] = field(default_factory=list)

    def batch(self, query: LogQuery) -> LogBatch:
        self.queries.append(query)
        found = [entry for entry in self._sorted() if _matches(entry, query)]
        chosen = found[: query.limit]
        return LogBatch(chosen, chosen[-1].position if len(found) > len(chosen) else None)

    def summary(self, query: LogQuery) -> LogSummary:
        return LogSummary(
            entries=sum(_is_in_range(entry, query) for entry in self.entries),
            wrong_keys=sum(entry.count for entry in self.entries if entry.kind is EntryKind.WRONG_KEY),
            last_call_at=self.last_call_at,
            kept_days=30,
            kept_megabytes=200,
            lost=self.lost,
        )

    def health_history(self) -> HealthHistory:
        begin = self.now - timedelta(hours=24)
        return self.history or HealthHistory(begin=begin, end=self.now, checks={name: [] for name in NAMES})

    def order_standing(self) -> OrderStanding:
        return self.standing or OrderStanding(
            today=0, fewest=None, most=None, weekday=1, last_order_at=None, is_gap_unusual=False
        )

    def add_call(
        self, seconds_ago: float, kind: EntryKind, outcome: Outcome, fields: Fields | None = None, **details: object
    ) -> LogEntry:
        entry = LogEntry(
            position=Position(self.now - timedelta(seconds=seconds_ago), CALLS, len(self.entries) + 1),
            **({"begun_at": self.now - timedelta(seconds=seconds_ago)} | details),  # type: ignore[arg-type]
            kind=kind,
            outcome=outcome,
            fields=fields or {},
        )
        self.entries.append(entry)
        return entry

    def add_happening(
        self, seconds_ago: float, kind: TimelineKind, fields: Fields | None = None, **details: object
    ) -> LogEntry:
        at = self.now - timedelta(seconds=seconds_ago)
        entry = LogEntry(
            position=Position(at, JOURNAL, len(self.entries) + 1),
            begun_at=at,
            kind=KIND_OF_HAPPENING[kind],
            happening=kind,
            fields=fields or {},
            **details,  # type: ignore[arg-type]
        )
        self.entries.append(entry)
        return entry

    def _sorted(self) -> list[LogEntry]:
        return sorted(self.entries, key=lambda entry: entry.position, reverse=True)


def _matches(entry: LogEntry, query: LogQuery) -> bool:
    if entry.kind not in query.kinds or not _is_in_range(entry, query):
        return False
    if query.before is not None and entry.position >= query.before:
        return False
    values = json.dumps([dict(entry.fields), entry.address, entry.number, entry.phone, entry.key], ensure_ascii=False)
    is_named = entry.outcome in query.outcomes or entry.happening in query.happenings
    return not query.text or is_named or query.text.casefold() in values.casefold()


def _is_in_range(entry: LogEntry, query: LogQuery) -> bool:
    return (query.since is None or entry.at >= query.since) and (query.until is None or entry.at < query.until)


def a_days_log(now: datetime, older: int = 400) -> MadeUpLog:
    """The calls of the sketch, and many older ones."""
    log = MadeUpLog(now, last_call_at=now - timedelta(seconds=8))
    market: dict[str, object] = {"address": "198.51.100.24", "status": 200}
    log.add_call(
        8,
        EntryKind.OFFER,
        Outcome.OFFERED,
        {"numbers": 45, "countries": 4},
        count=12,
        begun_at=now - timedelta(minutes=4),
        path="/getServicesRent",
        milliseconds=3.1,
        **market,
    )
    log.add_call(
        35,
        EntryKind.PUSH,
        Outcome.DELIVERED,
        {"number": "79281446023"},
        topic=Topic.RENTS,
        key="10472",
        number="79281446023",
        phone="#038",
        status=200,
        milliseconds=390.0,
    )
    log.add_call(56, EntryKind.WRONG_KEY, Outcome.WRONG_KEY, address="203.0.113.7", count=3, status=401)
    finish: dict[str, object] = {"topic": Topic.RENTS, "path": "/finishActivationRent", "milliseconds": 6.0}
    log.add_call(
        212,
        EntryKind.FINISH,
        Outcome.FINISHED,
        {"status": 3, "sum": "410"},
        key="10451",
        number="79266117305",
        phone="#011",
        **finish,
        **market,
    )
    order: dict[str, object] = {"path": "/getNumberRent", "milliseconds": 5.0, "topic": Topic.RENTS}
    log.add_call(
        276,
        EntryKind.ORDER,
        Outcome.ISSUED,
        {"number": "79281446023"},
        key="10482",
        number="79281446023",
        phone="#017",
        **order,
        **market,
    )
    refused = log.add_call(
        318,
        EntryKind.ORDER,
        Outcome.NO_SUCH_SIM,
        {
            "country": "ukraine",
            "operator": "lifecell",
            "of_country": 7,
            "operators": "5 kyivstar, 2 vodafone",
        },
        path="/getNumberRent",
        milliseconds=4.0,
        **market,
    )
    log.details[refused.position.number] = CallDetails(
        request=json.dumps(REQUEST), response=json.dumps({"status": "ERROR", "error": "NO_NUMBERS"})
    )
    log.details[2] = CallDetails(request=json.dumps(PUSH), response='{"status": "SUCCESS"}', text="Login code 48 213")
    log.add_happening(
        446,
        TimelineKind.NUMBER_ACCEPTED,
        {"number": "79583114072", "sender": "Tele2"},
        topic=Topic.SIMS,
        key="897010",
        number="79583114072",
        phone="#029",
    )
    log.add_happening(
        849, TimelineKind.PHONES_LEFT, {"others": 5, "hub": "hub 4"}, topic=Topic.PHONES, key="p31", phone="#031"
    )
    log.add_call(
        1856,
        EntryKind.PUSH,
        Outcome.PUSH_FAILED,
        {"number": "79031112233", "cause": "HTTP 502"},
        topic=Topic.RENTS,
        key="10467",
        number="79031112233",
        phone="#009",
        status=502,
        milliseconds=310.0,
    )
    for number in range(older):
        log.add_call(
            2000 + number * 170,
            EntryKind.ORDER if number % 3 else EntryKind.OFFER,
            Outcome.ISSUED if number % 3 else Outcome.OFFERED,
            {"number": f"7900{number:07}"} if number % 3 else {"numbers": 40 + number % 9, "countries": 4},
            number=f"7900{number:07}" if number % 3 else "",
            milliseconds=4.0 + number % 4,
            **market,
        )
    log.history = _history(now)
    log.standing = OrderStanding(
        today=164, fewest=158, most=181, weekday=1, last_order_at=now - timedelta(minutes=4), is_gap_unusual=False
    )
    return log


def _history(now: datetime) -> HealthHistory:
    begin = now - timedelta(hours=24)
    faults: dict[str, list[tuple[float, float, Level, Health | None]]] = {
        TUNNEL: [
            (12.6, 2 / 60, Level.DOWN, health(HealthKind.PUBLIC_ADDRESS_SILENT, cause="no answer")),
            (19.3, 1 / 60, Level.DOWN, health(HealthKind.PUBLIC_ADDRESS_SILENT, cause="no answer")),
        ],
        MARKET: [(16.7, 14 / 60, Level.WARN, health(HealthKind.ERRORS, http_status=502))],
        ADB: [(23.4, 0.05, Level.WARN, health(HealthKind.PROBLEM, problem="2 phones do not answer"))],
    }
    return HealthHistory(begin=begin, end=now, checks={name: _day(begin, now, faults.get(name, [])) for name in NAMES})


def _day(begin: datetime, end: datetime, faults: list[tuple[float, float, Level, Health | None]]) -> list[Interval]:
    """Well but for the faults, and the program did not run in the first half hour."""
    at = begin + timedelta(minutes=30)
    found = [Interval(begin=begin, end=at, level=Level.NOT_RUNNING)]
    for hours, length, level, found_health in faults:
        fault_at = begin + timedelta(hours=hours)
        found.append(Interval(begin=at, end=fault_at, level=Level.UP))
        at = fault_at + timedelta(hours=length)
        found.append(Interval(begin=fault_at, end=at, level=level, health=found_health))
    return [*found, Interval(begin=at, end=end, level=Level.UP)]
