"""The rows of the log: calls of the market and happenings of the journal, in one stream."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import NamedTuple

from phonefarm.application.model.read_models import Topic
from phonefarm.application.model.timeline import TimelineKind
from phonefarm.domain.calls import HIDDEN_TEXT as HIDDEN_TEXT
from phonefarm.domain.calls import CallKind as CallKind
from phonefarm.domain.calls import Outcome as Outcome
from phonefarm.domain.fields import NO_FIELDS, Fields
from phonefarm.domain.health_history import PROGRAM as PROGRAM
from phonefarm.domain.health_history import Interval as Interval
from phonefarm.domain.health_history import Level as Level
from phonefarm.domain.health_history import LevelChange as LevelChange
from phonefarm.domain.health_history import faults as faults
from phonefarm.domain.health_history import intervals as intervals
from phonefarm.domain.usual_orders import OrderStanding as OrderStanding

ENTRIES_PER_BATCH = 100


class EntryKind(StrEnum):
    """What a filter of the log chooses."""

    OFFER = "offer"
    ORDER = "order"
    FINISH = "finish"
    PUSH = "push"
    WRONG_KEY = "wrong key"
    BAD_CALL = "bad call"
    PHONE = "phone"
    SIM = "sim"
    USER = "user"
    """A command of the user."""


KIND_OF_CALL: Mapping[CallKind, EntryKind] = {
    CallKind.SERVICES: EntryKind.OFFER,
    CallKind.ORDER: EntryKind.ORDER,
    CallKind.FINISH: EntryKind.FINISH,
    CallKind.PUSH: EntryKind.PUSH,
    CallKind.WRONG_KEY: EntryKind.WRONG_KEY,
    CallKind.BAD_REQUEST: EntryKind.BAD_CALL,
    CallKind.TOO_MANY: EntryKind.BAD_CALL,
}

KIND_OF_HAPPENING: Mapping[TimelineKind, EntryKind] = {
    TimelineKind.PHONE_STATE: EntryKind.PHONE,
    TimelineKind.PHONES_LEFT: EntryKind.PHONE,
    TimelineKind.CONDITION_BEGAN: EntryKind.PHONE,
    TimelineKind.CONDITION_ENDED: EntryKind.PHONE,
    TimelineKind.RECOVERY_STEP: EntryKind.PHONE,
    TimelineKind.RECOVERY_FAILED: EntryKind.PHONE,
    TimelineKind.SIM_SEEN: EntryKind.SIM,
    TimelineKind.SIM_MOVED: EntryKind.SIM,
    TimelineKind.SIM_TAKEN_OUT: EntryKind.SIM,
    TimelineKind.NUMBER_REJECTED: EntryKind.SIM,
    TimelineKind.BANNED_BY_RULE: EntryKind.SIM,
    TimelineKind.BAN_ENDED: EntryKind.SIM,
    TimelineKind.PAUSED_AFTER_SALE: EntryKind.SIM,
    TimelineKind.ANSWER_LOST: EntryKind.ORDER,
    TimelineKind.WITHDRAWN: EntryKind.ORDER,
    TimelineKind.REFUNDED: EntryKind.FINISH,
    TimelineKind.RENT_UNKNOWN: EntryKind.PUSH,
    TimelineKind.NUMBER_TYPED: EntryKind.USER,
    TimelineKind.NUMBER_IMPORTED: EntryKind.USER,
    TimelineKind.NUMBER_ACCEPTED: EntryKind.USER,
    TimelineKind.BANNED_BY_HAND: EntryKind.USER,
    TimelineKind.BAN_LIFTED: EntryKind.USER,
    TimelineKind.PAUSED: EntryKind.USER,
    TimelineKind.RESUMED: EntryKind.USER,
    TimelineKind.RELEASED: EntryKind.USER,
    TimelineKind.RESENT: EntryKind.USER,
    TimelineKind.DROPPED: EntryKind.USER,
    TimelineKind.SIM_CHOSEN: EntryKind.USER,
    TimelineKind.SIM_RULE_SET: EntryKind.USER,
    TimelineKind.SIM_RULES_FORGOTTEN: EntryKind.USER,
}
"""Happenings that are not here have an entry as a call, or belong into the timeline of their row only."""


class Position(NamedTuple):
    """A place in the stream; it is sorted by it, newest first."""

    at: datetime
    source: str
    """"call" or "journal"."""
    number: int


CALLS, JOURNAL = "call", "journal"


@dataclass(frozen=True, kw_only=True)
class LogEntry:
    position: Position
    begun_at: datetime
    count: int = 1
    kind: EntryKind
    outcome: Outcome | None = None
    """Of a call; else it is a happening."""
    happening: TimelineKind | None = None
    fields: Fields = field(default_factory=lambda: NO_FIELDS)
    topic: Topic | None = None
    """Of the row that the entry is about."""
    key: str = ""
    number: str = ""
    """The phone number concerned, if there is one."""
    phone: str = ""
    """The label of the phone concerned, if there is one."""
    address: str = ""
    path: str = ""
    status: int | None = None
    milliseconds: float | None = None

    @property
    def at(self) -> datetime:
        return self.position.at

    @property
    def rent(self) -> str:
        """The id of the rent that it is about; empty if none."""
        return self.key if self.topic is Topic.RENTS else ""

    @property
    def entry_id(self) -> str:
        return f"{self.position.source}{self.position.number}"


@dataclass(frozen=True, kw_only=True)
class CallDetails:
    """The request and the response of the last call of an entry."""

    request: str = field(repr=False)
    response: str = field(repr=False)
    text: str | None = field(default=None, repr=False)
    """The SMS text that belongs in the place of `HIDDEN_TEXT`, while it is kept."""
    is_text_erased: bool = False


@dataclass(frozen=True, kw_only=True)
class LogQuery:
    """Which entries to read, newest first."""

    kinds: frozenset[EntryKind] = frozenset(EntryKind)
    text: str = ""
    """In any of an entry's values; case does not count."""
    outcomes: frozenset[Outcome] = frozenset()
    """Entries with one of these match the text, whatever their values: its words name them."""
    happenings: frozenset[TimelineKind] = frozenset()
    """The same for happenings."""
    since: datetime | None = None
    until: datetime | None = None
    before: Position | None = None
    """Only entries older than this one."""
    limit: int = ENTRIES_PER_BATCH


class LogBatch(NamedTuple):
    entries: list[LogEntry]
    next_before: Position | None
    """Where the next batch begins; None at the end. A search may return few entries and still have a next batch."""


@dataclass(frozen=True, kw_only=True)
class LogSummary:
    """What is said below the log."""

    entries: int
    """In the range that was asked for."""
    wrong_keys: int
    """Calls with a wrong key in it."""
    last_call_at: datetime | None
    """When the market last called with the key, in any range."""
    kept_days: int
    kept_megabytes: int
    lost: int
    """Calls that could not be logged since the start."""


@dataclass(frozen=True, kw_only=True)
class HealthHistory:
    begin: datetime
    end: datetime
    checks: Mapping[str, list[Interval]]
    """Intervals by check, oldest first."""
