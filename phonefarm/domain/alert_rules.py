"""The rules of the alerts: what each is about, its thresholds with their limits, and when nobody is to be disturbed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import time, timedelta
from enum import StrEnum


class RuleKind(StrEnum):
    NOTHING_FOR_SALE = "nothing for sale"
    PHONES_LOST = "phones lost"
    TUNNEL_DOWN = "tunnel down"
    MARKET_DOWN = "market down"
    KEY_REFUSED = "key refused"
    WRONG_KEYS = "wrong keys"
    LAST_CHANCE = "last chance"
    """One more unused rent bans the number."""
    NO_ORDERS = "no orders"
    PUSH_QUEUE = "push queue"
    DISK = "disk"
    CLOCK = "clock"
    BACKUP = "backup"
    CRASH = "crash"
    CHANNEL_FAILING = "channel failing"
    """A channel of the alerts does not deliver: no rule of the user's, and never off."""


class Unit(StrEnum):
    SECONDS = "s"
    MINUTES = "min"
    HOURS = "h"
    PHONES = "phones"
    CALLS = "calls"
    GIGABYTES = "GB"


@dataclass(frozen=True, kw_only=True)
class Threshold:
    """A whole number that the user sets."""

    unit: Unit
    default: int
    least: int
    most: int


def _of(unit: Unit, default: int, least: int, most: int) -> Threshold:
    return Threshold(unit=unit, default=default, least=least, most=most)


THRESHOLDS: Mapping[RuleKind, tuple[Threshold, ...]] = {
    RuleKind.NOTHING_FOR_SALE: (_of(Unit.MINUTES, 5, 1, 1440),),
    RuleKind.PHONES_LOST: (_of(Unit.PHONES, 5, 2, 500), _of(Unit.MINUTES, 3, 1, 60)),
    RuleKind.TUNNEL_DOWN: (_of(Unit.MINUTES, 2, 1, 1440),),
    RuleKind.MARKET_DOWN: (_of(Unit.MINUTES, 2, 1, 1440),),
    RuleKind.KEY_REFUSED: (),
    RuleKind.WRONG_KEYS: (_of(Unit.CALLS, 20, 1, 10_000), _of(Unit.MINUTES, 60, 1, 60)),
    RuleKind.LAST_CHANCE: (),
    RuleKind.NO_ORDERS: (_of(Unit.HOURS, 2, 1, 168),),
    RuleKind.PUSH_QUEUE: (_of(Unit.MINUTES, 5, 1, 1440),),
    RuleKind.DISK: (_of(Unit.GIGABYTES, 5, 1, 1000),),
    RuleKind.CLOCK: (_of(Unit.SECONDS, 60, 5, 3600),),
    RuleKind.BACKUP: (_of(Unit.HOURS, 24, 1, 336),),
    RuleKind.CRASH: (),
}
"""Of the rules that the user may change, in the order in which they are shown."""

OFF_AT_FIRST = frozenset({RuleKind.WRONG_KEYS})
"""Anybody on the internet can call with a wrong key."""
STOPS_SALES = frozenset({RuleKind.NOTHING_FOR_SALE, RuleKind.TUNNEL_DOWN, RuleKind.KEY_REFUSED})
"""Nothing is sold until the user acts: told in quiet hours, too."""
EVENTS = frozenset({RuleKind.WRONG_KEYS, RuleKind.LAST_CHANCE, RuleKind.CRASH})
"""Something happened. Nothing is left to be resolved: no reminder, no notice of its end."""
GATHERED_FOR: Mapping[RuleKind, timedelta] = {RuleKind.LAST_CHANCE: timedelta(hours=1)}
"""At least so long between two alerts of a kind; what comes meanwhile is told together."""

REMINDER_HOURS = Threshold(unit=Unit.HOURS, default=4, least=1, most=168)


@dataclass(frozen=True, kw_only=True)
class Rule:
    kind: RuleKind
    is_on: bool
    values: tuple[int, ...]
    """One for each of its thresholds."""


@dataclass(frozen=True, kw_only=True)
class QuietHours:
    """From `begin` to `end` by the clock on the wall; over midnight where `end` is the earlier one."""

    is_on: bool = True
    begin: time = time(23)
    end: time = time(8)

    def include(self, wall_time: time) -> bool:
        if not self.is_on or self.begin == self.end:
            return False
        if self.begin < self.end:
            return self.begin <= wall_time < self.end
        return wall_time >= self.begin or wall_time < self.end


def default_rule(kind: RuleKind) -> Rule:
    values = tuple(threshold.default for threshold in THRESHOLDS[kind])
    return Rule(kind=kind, is_on=kind not in OFF_AT_FIRST, values=values)


def default_rules() -> tuple[Rule, ...]:
    return tuple(default_rule(kind) for kind in THRESHOLDS)


@dataclass(frozen=True, kw_only=True)
class AlertPolicy:
    """What the user is told, and when."""

    rules: tuple[Rule, ...] = field(default_factory=default_rules)
    quiet: QuietHours = field(default_factory=QuietHours)
    reminds: bool = True
    reminder_hours: int = REMINDER_HOURS.default
    tells_recovery: bool = True

    def values_of(self, kind: RuleKind) -> tuple[int, ...] | None:
        """The thresholds of a rule, or None where it is off."""
        return next((rule.values for rule in self.rules if rule.kind is kind and rule.is_on), None)

    def is_on(self, kind: RuleKind) -> bool:
        return kind is RuleKind.CHANNEL_FAILING or self.values_of(kind) is not None


def completed(rules: Sequence[Rule]) -> tuple[Rule, ...]:
    """One rule of each kind in order: as given where its values are within their limits, else the default."""
    given = {rule.kind: rule for rule in rules}
    return tuple(
        given[kind] if kind in given and not _is_wrong(given[kind]) else default_rule(kind) for kind in THRESHOLDS
    )


def wrong_rules(policy: AlertPolicy) -> tuple[RuleKind, ...]:
    """The rules whose thresholds are outside their limits."""
    return tuple(rule.kind for rule in policy.rules if _is_wrong(rule))


def _is_wrong(rule: Rule) -> bool:
    thresholds = THRESHOLDS.get(rule.kind, ())
    return len(rule.values) != len(thresholds) or any(
        not threshold.least <= value <= threshold.most
        for value, threshold in zip(rule.values, thresholds, strict=False)
    )
