"""One alert a cause, gathered and quiet at night; reminders and ends of what was told."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime, time, timedelta
from typing import Any

import pytest

from phonefarm.domain.alert_rules import (
    STOPS_SALES,
    THRESHOLDS,
    AlertPolicy,
    QuietHours,
    Rule,
    RuleKind,
    completed,
    default_rule,
    wrong_rules,
)
from phonefarm.domain.alerts import AlertMessage, AlertState, Cause, MessageKind, decide, marked_seen
from tests.builders import HOUR, MINUTE, NOON

NEVER_QUIET = AlertPolicy(quiet=QuietHours(is_on=False))
AT_NIGHT = AlertPolicy(quiet=QuietHours(begin=time(23), end=time(8)))


def cause(kind: RuleKind = RuleKind.MARKET_DOWN, key: str = "", **changes: Any) -> Cause:
    return replace(Cause(kind=kind, key=key, since=NOON), **changes)


@dataclass
class Listener:
    """A user who is told what is decided, step by step."""

    policy: AlertPolicy = NEVER_QUIET
    state: AlertState = field(default_factory=AlertState)
    now: datetime = NOON
    heard: list[AlertMessage] = field(default_factory=list)

    def hear(self, *causes: Cause, after: timedelta = timedelta(), unobserved: Iterable[RuleKind] = ()) -> list[str]:
        """What is said after that time if these causes hold then."""
        self.now += after
        decision = decide(causes, self.state, self.policy, self.now, self.now.time(), tuple(unobserved))
        self.state = decision.state
        self.heard += decision.messages
        return [str(message.kind) for message in decision.messages]


def kinds(message: AlertMessage) -> list[RuleKind]:
    return [cause.kind for cause in message.causes]


# Once -----------------------------------------------------------------------


def test_a_cause_is_told_once_while_it_holds() -> None:
    listener = Listener()

    told = [listener.hear(cause(), after=MINUTE) for _ in range(100)]

    assert told == [["first"], *[[]] * 99]


def test_a_cause_that_has_not_lasted_long_enough_is_not_told() -> None:
    listener = Listener()

    assert listener.hear(cause(is_ripe=False)) == []
    assert listener.hear(cause(is_ripe=True), after=MINUTE) == ["first"]


def test_a_told_cause_that_starts_its_time_anew_is_the_same_cause() -> None:
    listener = Listener()
    listener.hear(cause())

    after_restart = [listener.hear(cause(is_ripe=False, since=NOON + HOUR), after=10 * MINUTE) for _ in range(3)]

    assert after_restart == [[], [], []]
    assert listener.state.entries[0].cause.since == NOON


def test_causes_of_one_kind_are_one_message() -> None:
    listener = Listener()

    listener.hear(*[cause(RuleKind.LAST_CHANCE, key=f"sim {number}") for number in range(6)], cause())

    assert [(kinds(message)[0], len(message.causes)) for message in listener.heard] == [
        (RuleKind.LAST_CHANCE, 6),
        (RuleKind.MARKET_DOWN, 1),
    ]


def test_numbers_at_their_last_chance_are_gathered_for_an_hour() -> None:
    listener = Listener()
    sims = [cause(RuleKind.LAST_CHANCE, key=f"sim {number}") for number in range(5)]
    listener.hear(sims[0])

    meanwhile = [listener.hear(*sims[: count + 1], after=10 * MINUTE) for count in range(1, 5)]
    afterwards = listener.hear(*sims, after=30 * MINUTE)

    assert meanwhile == [[]] * 4
    assert afterwards == ["first"]
    assert len(listener.heard[-1].causes) == 4


def test_phones_that_share_a_phone_with_those_told_of_are_the_same_cause() -> None:
    listener = Listener()
    one_by_one = cause(RuleKind.PHONES_LOST, key="p1", members=frozenset({"p1", "p2", "p3"}))
    as_a_hub = cause(RuleKind.PHONES_LOST, key="hub 1-1", members=frozenset({"p2", "p3", "p4"}))
    others = cause(RuleKind.PHONES_LOST, key="p8", members=frozenset({"p8", "p9"}))
    listener.hear(one_by_one)

    assert listener.hear(as_a_hub, after=MINUTE) == []
    assert listener.hear(as_a_hub, others, after=MINUTE) == ["first"]


def test_a_rule_that_is_off_says_nothing_and_forgets() -> None:
    rules = tuple(replace(rule, is_on=rule.kind is not RuleKind.MARKET_DOWN) for rule in NEVER_QUIET.rules)
    listener = Listener()
    listener.hear(cause())

    listener.policy = replace(NEVER_QUIET, rules=rules)
    said = [listener.hear(cause(), after=MINUTE), listener.hear(after=HOUR)]

    assert said == [[], []]
    assert listener.state.entries == ()


# Ends -----------------------------------------------------------------------


def test_the_end_of_a_cause_is_told_with_its_time_once_it_lasted() -> None:
    listener = Listener()
    listener.hear(cause())

    said = [listener.hear(after=MINUTE) for _ in range(7)]

    assert said == [[], [], [], [], [], ["recovery"], []]
    assert listener.heard[-1].ended[0].at == NOON + MINUTE


def test_a_fault_that_comes_and_goes_is_one_cause() -> None:
    listener = Listener()
    listener.hear(cause())

    said = [listener.hear(*([cause()] if minute % 4 == 0 else []), after=MINUTE) for minute in range(60)]

    assert said == [[]] * 60


def test_a_fault_that_comes_back_each_quarter_of_an_hour_is_told_less_and_less_often() -> None:
    listener = Listener()

    for minute in range(24 * 60):
        listener.hear(*([cause()] if minute % 15 < 3 else []), after=MINUTE)

    first = [message for message in listener.heard if message.kind is MessageKind.FIRST]
    assert 2 <= len(first) <= 3


def test_ends_are_told_together_and_only_of_what_was_told() -> None:
    listener = Listener()
    listener.hear(cause(), cause(RuleKind.TUNNEL_DOWN), cause(RuleKind.DISK, is_ripe=False))

    listener.hear(after=MINUTE)
    said = listener.hear(after=5 * MINUTE)

    assert said == ["recovery"]
    assert {end.cause.kind for end in listener.heard[-1].ended} == {RuleKind.MARKET_DOWN, RuleKind.TUNNEL_DOWN}


def test_ends_are_not_told_to_who_does_not_want_them() -> None:
    listener = Listener(replace(NEVER_QUIET, tells_recovery=False))
    listener.hear(cause())

    assert [listener.hear(after=MINUTE) for _ in range(10)] == [[]] * 10


def test_what_merely_happened_has_neither_reminder_nor_end() -> None:
    listener = Listener()
    crash = cause(RuleKind.CRASH, key="crash-1.txt")
    listener.hear(crash)

    said = [listener.hear(crash, after=HOUR) for _ in range(24)] + [listener.hear(after=HOUR) for _ in range(3)]

    assert said == [[]] * 27


def test_what_cannot_be_seen_now_has_not_ended() -> None:
    listener = Listener()
    listener.hear(cause(RuleKind.PUSH_QUEUE))

    blind = [listener.hear(after=10 * MINUTE, unobserved=[RuleKind.PUSH_QUEUE]) for _ in range(5)]

    assert blind == [[]] * 5
    assert listener.hear(cause(RuleKind.PUSH_QUEUE), after=MINUTE) == []


# Quiet hours ----------------------------------------------------------------


@pytest.mark.parametrize("kind", [*THRESHOLDS, RuleKind.CHANNEL_FAILING])
def test_in_quiet_hours_only_stopped_sales_are_told(kind: RuleKind) -> None:
    rules = tuple(replace(rule, is_on=True) for rule in AT_NIGHT.rules)
    listener = Listener(replace(AT_NIGHT, rules=rules), now=NOON.replace(hour=2))

    said = listener.hear(cause(kind))

    assert bool(said) is (kind in STOPS_SALES)


def test_what_waited_for_the_morning_and_still_holds_is_told_together() -> None:
    listener = Listener(AT_NIGHT, now=NOON.replace(hour=23))
    waiting = [cause(), cause(RuleKind.DISK), cause(RuleKind.PHONES_LOST, members=frozenset({"p1"}))]
    over_by_then = cause(RuleKind.PUSH_QUEUE)
    night = [listener.hear(*waiting, over_by_then, after=MINUTE), listener.hear(*waiting, after=8 * HOUR)]

    morning = listener.hear(*waiting, after=HOUR)

    assert night == [[], []]
    assert morning == ["together"]
    assert set(kinds(listener.heard[-1])) == {RuleKind.MARKET_DOWN, RuleKind.DISK, RuleKind.PHONES_LOST}


def test_an_end_in_the_night_is_told_in_the_morning_but_that_of_stopped_sales_at_once() -> None:
    listener = Listener(AT_NIGHT, now=NOON.replace(hour=22, minute=50))
    listener.hear(cause(), cause(RuleKind.TUNNEL_DOWN))

    listener.hear(after=HOUR)
    night = listener.hear(after=HOUR)
    morning = listener.hear(after=8 * HOUR)

    assert (night, morning) == (["recovery"], ["recovery"])
    assert [message.ended[0].cause.kind for message in listener.heard[-2:]] == [
        RuleKind.TUNNEL_DOWN,
        RuleKind.MARKET_DOWN,
    ]


@pytest.mark.parametrize(
    ("begin", "end", "wall", "is_quiet"),
    [
        (23, 8, time(23), True),
        (23, 8, time(3), True),
        (23, 8, time(8), False),
        (23, 8, time(22, 59), False),
        (1, 6, time(1), True),
        (1, 6, time(6), False),
        (1, 6, time(0, 59), False),
        (5, 5, time(5), False),
    ],
)
def test_quiet_hours_may_span_midnight(begin: int, end: int, wall: time, is_quiet: bool) -> None:
    assert QuietHours(begin=time(begin), end=time(end)).include(wall) is is_quiet


# One cause explains another ---------------------------------------------------


def test_nothing_for_sale_is_not_told_where_the_hub_that_explains_it_was() -> None:
    listener = Listener()
    phones = frozenset({"p1", "p2", "p3"})
    hub = cause(RuleKind.PHONES_LOST, key="hub 1-1", members=phones)
    nothing = cause(RuleKind.NOTHING_FOR_SALE, members=phones)
    listener.hear(hub)

    assert listener.hear(hub, nothing, after=5 * MINUTE) == []
    listener.hear(after=MINUTE)
    assert listener.hear(after=6 * MINUTE) == ["recovery"]
    assert [end.cause.kind for end in listener.heard[-1].ended] == [RuleKind.PHONES_LOST]


def test_nothing_for_sale_is_told_where_what_was_told_explains_little_of_it() -> None:
    listener = Listener()
    hub = cause(RuleKind.PHONES_LOST, key="hub 1-1", members=frozenset({"p1", "p2", "p3"}))
    nothing = cause(RuleKind.NOTHING_FOR_SALE, members=frozenset(f"p{number}" for number in range(1, 20)))
    listener.hear(hub)

    assert listener.hear(hub, nothing, after=MINUTE) == ["first"]


def test_a_hub_that_waits_for_the_morning_does_not_silence_that_nothing_is_for_sale() -> None:
    listener = Listener(AT_NIGHT, now=NOON.replace(hour=2))
    phones = frozenset({"p1", "p2", "p3"})
    hub = cause(RuleKind.PHONES_LOST, key="hub 1-1", members=phones)
    nothing = cause(RuleKind.NOTHING_FOR_SALE, members=phones)

    night = [listener.hear(hub), listener.hear(hub, nothing, after=5 * MINUTE)]
    morning = listener.hear(hub, nothing, after=6 * HOUR)

    assert night == [[], ["first"]]
    assert "together" not in morning
    assert kinds(listener.heard[0]) == [RuleKind.NOTHING_FOR_SALE]
    assert RuleKind.PHONES_LOST not in {kind for message in listener.heard for kind in kinds(message)}


def test_what_outlasts_its_explanation_is_told() -> None:
    listener = Listener()
    clock = frozenset({"clock"})
    listener.hear(cause(RuleKind.CLOCK, members=clock))
    nothing = cause(RuleKind.NOTHING_FOR_SALE, members=clock)
    listener.hear(cause(RuleKind.CLOCK, members=clock), nothing, after=MINUTE)

    said = [listener.hear(nothing, after=MINUTE) for _ in range(8)]

    assert [words for words in said if words] == [["recovery"], ["first"]]


# Reminders ------------------------------------------------------------------


def test_reminders_come_at_their_interval_in_one_message() -> None:
    listener = Listener()
    first, second = cause(), cause(RuleKind.DISK)
    listener.hear(first)
    listener.hear(first, second, after=HOUR)

    said = [listener.hear(first, second, after=30 * MINUTE) for _ in range(14)]

    assert [place for place, words in enumerate(said) if words] == [5, 13]
    assert set(kinds(listener.heard[-1])) == {RuleKind.MARKET_DOWN, RuleKind.DISK}
    assert listener.heard[-1].kind is MessageKind.REMINDER


def test_what_was_seen_is_not_reminded_of_and_a_new_cause_is() -> None:
    listener = Listener()
    listener.hear(cause())
    listener.state = marked_seen(listener.state)

    listener.hear(cause(), cause(RuleKind.DISK), after=HOUR)
    listener.hear(cause(), cause(RuleKind.DISK), after=4 * HOUR)

    assert kinds(listener.heard[-1]) == [RuleKind.DISK]


def test_no_reminders_where_none_are_wanted() -> None:
    listener = Listener(replace(NEVER_QUIET, reminds=False))
    listener.hear(cause())

    assert [listener.hear(cause(), after=HOUR) for _ in range(48)] == [[]] * 48


# Rules ----------------------------------------------------------------------


def test_rules_that_are_missing_or_beyond_their_limits_are_the_default_ones() -> None:
    kept = Rule(kind=RuleKind.TUNNEL_DOWN, is_on=False, values=(30,))
    wrong = Rule(kind=RuleKind.DISK, is_on=True, values=(0,))
    short = Rule(kind=RuleKind.PHONES_LOST, is_on=True, values=(5,))

    rules = completed([wrong, kept, short])

    assert [rule.kind for rule in rules] == list(THRESHOLDS)
    assert rules[2] == kept
    assert rules[9] == default_rule(RuleKind.DISK)
    assert wrong_rules(AlertPolicy(rules=(kept, wrong, short))) == (RuleKind.DISK, RuleKind.PHONES_LOST)
