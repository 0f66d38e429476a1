"""Which alerts are sent now: one for each cause, gathered, none twice, few at night; time is an argument.

A cause is told once it has lasted for the time its rule allows. It has ended when it has not held for a while, so that
a fault that comes and goes is one cause. A cause that another one explains, which the user was told of, is not told.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, time, timedelta
from enum import StrEnum

from phonefarm.domain.alert_rules import EVENTS, GATHERED_FOR, STOPS_SALES, AlertPolicy, RuleKind
from phonefarm.domain.fields import Fields
from phonefarm.domain.health import Health

ENDED_AFTER = timedelta(minutes=5)
"""A cause that has not held for so long has ended; twice as long for each time that it came back within a day."""
RELAPSE_WITHIN = timedelta(days=1)
MOST_DOUBLINGS = 5


@dataclass(frozen=True, kw_only=True)
class Cause:
    """Something that is wrong now."""

    kind: RuleKind
    key: str = ""
    """Tells causes of one kind apart."""
    since: datetime
    is_ripe: bool = True
    """Whether it has lasted for as long as its rule allows; one that was told before need not be."""
    values: Fields = field(default_factory=dict)
    health: Health | None = None
    members: frozenset[str] = frozenset()
    """What it is about: the phones, or a token such as `clock`. Causes of one kind that share members are the same."""


@dataclass(frozen=True, kw_only=True)
class Entry:
    """What is remembered of a cause."""

    cause: Cause
    """As it was when it last held."""
    told_at: datetime | None = None
    has_waited: bool = False
    """For the end of the quiet hours, or of the time in which its kind is gathered."""
    reminded_at: datetime | None = None
    is_implied: bool = False
    """A cause that the user was told of explains it: neither it nor its end is told."""
    is_seen: bool = False
    """The user has seen it: no reminder."""
    gone_since: datetime | None = None
    ended_at: datetime | None = None
    """Told as ended, if at all; kept for a day to recognise a relapse."""
    relapses: int = 0

    @property
    def is_over(self) -> bool:
        return self.ended_at is not None

    @property
    def is_standing(self) -> bool:
        """Whether it was told for itself and holds."""
        return self.told_at is not None and not self.is_implied and self.gone_since is None and not self.is_over

    @property
    def ends_after(self) -> timedelta:
        return ENDED_AFTER * (1 << min(self.relapses, MOST_DOUBLINGS))


@dataclass(frozen=True, kw_only=True)
class AlertState:
    entries: tuple[Entry, ...] = ()
    told_at: Mapping[RuleKind, datetime] = field(default_factory=dict)
    """When an alert of the kind was last sent."""


class MessageKind(StrEnum):
    FIRST = "first"
    TOGETHER = "together"
    """What has waited for the end of the quiet hours."""
    REMINDER = "reminder"
    RECOVERY = "recovery"
    TEST = "test"


@dataclass(frozen=True, kw_only=True)
class Ended:
    """A cause that is over, and when it ended."""

    cause: Cause
    at: datetime


@dataclass(frozen=True, kw_only=True)
class AlertMessage:
    """One message about one or more causes."""

    kind: MessageKind
    at: datetime
    causes: tuple[Cause, ...] = ()
    ended: tuple[Ended, ...] = ()

    @property
    def kinds(self) -> frozenset[RuleKind]:
        return frozenset(cause.kind for cause in self.causes) | frozenset(end.cause.kind for end in self.ended)


@dataclass(frozen=True, kw_only=True)
class Decision:
    messages: tuple[AlertMessage, ...]
    state: AlertState


def decide(
    causes: Iterable[Cause],
    state: AlertState,
    policy: AlertPolicy,
    now: datetime,
    wall_time: time,
    unobserved: Collection[RuleKind] = (),
) -> Decision:
    """`wall_time`: now, by the clock on the wall. Nothing is known now of the kinds that are `unobserved`."""
    is_quiet = policy.quiet.include(wall_time)
    wanted = [cause for cause in causes if policy.is_on(cause.kind)]
    known = [entry for entry in state.entries if policy.is_on(entry.cause.kind)]
    entries = _forget_past(_match(wanted, known, now, unobserved), now)

    def may_speak(entry: Entry) -> bool:
        return not is_quiet or entry.cause.kind in STOPS_SALES

    entries, first = _tell_new(_without_lost_explanations(entries), state.told_at, now, may_speak)
    entries, recoveries = _tell_ends(entries, policy, now, may_speak)
    entries, reminders = _remind(entries, policy, now, may_speak)
    told = dict(state.told_at)
    for message in first:
        told |= dict.fromkeys(message.kinds, now)
    return Decision(messages=(*first, *recoveries, *reminders), state=AlertState(entries=tuple(entries), told_at=told))


def marked_seen(state: AlertState) -> AlertState:
    """The user has seen all that was told: no reminders of it."""
    return replace(
        state,
        entries=tuple(replace(entry, is_seen=True) if entry.told_at else entry for entry in state.entries),
    )


# Which causes are those that were known -------------------------------------


def _match(
    causes: Sequence[Cause], entries: Sequence[Entry], now: datetime, unobserved: Collection[RuleKind]
) -> list[Entry]:
    """The entries with what holds of them now, and new ones for the ripe causes that are not among them."""
    left = list(causes)
    found = list[Entry]()
    for entry in entries:
        same = [cause for cause in left if _is_same(cause, entry.cause) and (cause.is_ripe or _is_told(entry))]
        left = [cause for cause in left if cause not in same]
        if same:
            found.append(_holding(entry, same[0]))
        elif entry.cause.kind in unobserved or entry.is_over:
            found.append(entry)
        else:
            found.append(replace(entry, gone_since=entry.gone_since or now))
    return found + [Entry(cause=cause) for cause in left if cause.is_ripe]


def _is_same(cause: Cause, other: Cause) -> bool:
    if cause.kind is not other.kind:
        return False
    return cause.key == other.key or (cause.kind is RuleKind.PHONES_LOST and bool(cause.members & other.members))


def _is_told(entry: Entry) -> bool:
    return entry.told_at is not None and not entry.is_over


def _holding(entry: Entry, cause: Cause) -> Entry:
    if entry.is_over:
        return Entry(cause=cause, relapses=entry.relapses + 1)
    return replace(entry, cause=replace(cause, since=min(cause.since, entry.cause.since)), gone_since=None)


def _forget_past(entries: Iterable[Entry], now: datetime) -> list[Entry]:
    """Without what ended before it was told, and what ended so long ago that it would be no relapse."""
    return [
        entry
        for entry in entries
        if (entry.gone_since is None or entry.told_at is not None)
        and (entry.ended_at is None or timedelta(0) <= now - entry.ended_at < RELAPSE_WITHIN)
    ]


def _without_lost_explanations(entries: Sequence[Entry]) -> list[Entry]:
    """What outlasts the cause that explained it is a cause of its own."""
    return [
        replace(entry, told_at=None, is_implied=False)
        if entry.is_implied and not entry.is_over and not _is_explained(entry.cause, entries)
        else entry
        for entry in entries
    ]


def _is_explained(cause: Cause, entries: Iterable[Entry]) -> bool:
    """Whether the user knows of a cause of another kind that is about at least half of the same."""
    return any(
        2 * len(cause.members & entry.cause.members) >= len(cause.members) > 0
        for entry in entries
        if entry.cause.kind is not cause.kind and _is_told(entry) and not entry.is_implied
    )


# What is said of them -------------------------------------------------------

MaySpeak = Callable[[Entry], bool]


def _tell_new(
    entries: Sequence[Entry], told: Mapping[RuleKind, datetime], now: datetime, may_speak: MaySpeak
) -> tuple[list[Entry], list[AlertMessage]]:
    """One message a kind; one for all that waited."""
    entries = sorted(entries, key=lambda entry: entry.cause.kind not in STOPS_SALES)  # these explain the others
    speaking = list[Entry]()
    for place, entry in enumerate(entries):
        if entry.told_at is not None or entry.is_over:
            continue
        if not may_speak(entry) or _is_gathering(entry.cause.kind, told, now):
            entries[place] = replace(entry, has_waited=True)
            continue
        is_implied = _is_explained(entry.cause, entries)
        entries[place] = replace(entry, told_at=now, is_implied=is_implied)
        if not is_implied:
            speaking.append(entry)
    late = [entry.cause for entry in speaking if entry.has_waited]
    prompt = [entry.cause for entry in speaking if not entry.has_waited]
    if len({cause.kind for cause in late}) == 1:
        prompt, late = [*late, *prompt], []
    messages = [
        AlertMessage(kind=MessageKind.FIRST, at=now, causes=tuple(cause for cause in prompt if cause.kind is kind))
        for kind in dict.fromkeys(cause.kind for cause in prompt)
    ]
    if late:
        messages.append(AlertMessage(kind=MessageKind.TOGETHER, at=now, causes=tuple(late)))
    return entries, messages


def _is_gathering(kind: RuleKind, told: Mapping[RuleKind, datetime], now: datetime) -> bool:
    last = told.get(kind)
    return last is not None and timedelta(0) <= now - last < GATHERED_FOR.get(kind, timedelta(0))


def _tell_ends(
    entries: Sequence[Entry], policy: AlertPolicy, now: datetime, may_speak: MaySpeak
) -> tuple[list[Entry], list[AlertMessage]]:
    found, ended = list[Entry](), list[Ended]()
    for entry in entries:
        gone = entry.gone_since
        if gone is None or entry.is_over or now - gone < entry.ends_after:
            found.append(entry)
            continue
        is_told = policy.tells_recovery and not entry.is_implied and entry.cause.kind not in EVENTS
        if is_told and not may_speak(entry):
            found.append(entry)
            continue
        found.append(replace(entry, ended_at=now))
        if is_told:
            ended.append(Ended(cause=entry.cause, at=gone))
    return found, [AlertMessage(kind=MessageKind.RECOVERY, at=now, ended=tuple(ended))] if ended else []


def _remind(
    entries: Sequence[Entry], policy: AlertPolicy, now: datetime, may_speak: MaySpeak
) -> tuple[list[Entry], list[AlertMessage]]:
    """One message for all that is due, and for what soon would be."""
    interval = timedelta(hours=policy.reminder_hours)

    def is_due(entry: Entry, after: timedelta) -> bool:
        last = entry.reminded_at or entry.told_at
        is_open = entry.is_standing and not entry.is_seen and entry.cause.kind not in EVENTS
        return is_open and last is not None and now - last >= after and may_speak(entry)

    if not policy.reminds or not any(is_due(entry, interval) for entry in entries):
        return list(entries), []
    due = [entry for entry in entries if is_due(entry, interval / 2)]
    found = [replace(entry, reminded_at=now) if entry in due else entry for entry in entries]
    return found, [AlertMessage(kind=MessageKind.REMINDER, at=now, causes=tuple(entry.cause for entry in due))]
