"""Facts become causes by the thresholds of the rules."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from phonefarm.domain.alert_causes import (
    GIGABYTE,
    FarmFacts,
    Fault,
    LostHub,
    LostPhone,
    NothingForSale,
    causes_of,
)
from phonefarm.domain.alert_rules import AlertPolicy, RuleKind
from phonefarm.domain.alerts import Cause
from phonefarm.domain.health import HealthKind, health
from tests.builders import HOUR, MINUTE, NOON, SECOND

STARTED = NOON - 30 * 24 * HOUR
POLICY = AlertPolicy(rules=tuple(replace(rule, is_on=True) for rule in AlertPolicy().rules))


def found(policy: AlertPolicy = POLICY, **facts: Any) -> list[Cause]:
    return causes_of(FarmFacts(**({"started_at": STARTED} | facts)), policy, NOON)


def lost(number: int, minutes_ago: float, **more: Any) -> LostPhone:
    return LostPhone(phone_id=f"p{number}", label=f"#{number:03}", at=NOON - minutes_ago * MINUTE, **more)


def test_a_farm_in_order_has_no_causes() -> None:
    assert found() == []


@pytest.mark.parametrize(
    ("facts", "kind"),
    [
        ({"nothing_for_sale": NothingForSale(since=NOON - 5 * MINUTE, health=None)}, RuleKind.NOTHING_FOR_SALE),
        ({"tunnel": Fault(since=NOON - 2 * MINUTE)}, RuleKind.TUNNEL_DOWN),
        ({"market": Fault(since=NOON - 2 * MINUTE)}, RuleKind.MARKET_DOWN),
        ({"oldest_push_at": NOON - 5 * MINUTE, "pushes_waiting": 2}, RuleKind.PUSH_QUEUE),
    ],
)
def test_a_fault_is_ripe_after_the_minutes_of_its_rule(facts: dict[str, Any], kind: RuleKind) -> None:
    (ripe,) = found(**facts)
    (unripe,) = causes_of(FarmFacts(started_at=STARTED, **facts), POLICY, NOON - SECOND)

    assert (ripe.kind, ripe.is_ripe, unripe.is_ripe) == (kind, True, False)


def test_what_was_before_the_program_started_is_not_held_against_it() -> None:
    since_yesterday = NothingForSale(since=NOON - 24 * HOUR, health=None)

    (cause,) = found(started_at=NOON - MINUTE, nothing_for_sale=since_yesterday)

    assert not cause.is_ripe


def test_a_refused_key_is_ripe_at_once() -> None:
    refused = health(HealthKind.KEY_REFUSED, http_status=401)

    (cause,) = found(key=Fault(since=NOON, health=refused))

    assert (cause.kind, cause.is_ripe, cause.health) == (RuleKind.KEY_REFUSED, True, refused)


def test_five_phones_within_three_minutes_are_one_cause() -> None:
    phones = [lost(number, 10 - number / 2) for number in range(5)]

    (cause,) = found(lost_phones=phones, numbers_working=12)

    assert (cause.kind, cause.is_ripe) == (RuleKind.PHONES_LOST, True)
    assert cause.values == {"hub": "", "phones": 5, "named": "#000, #001, #002, #003", "more": 1, "waiting": 0} | {
        "left": 12,
        "is_together": False,
    }


def test_five_phones_over_ten_minutes_are_not() -> None:
    causes = found(lost_phones=[lost(number, 20 - 2.5 * number) for number in range(5)])

    assert not any(cause.is_ripe for cause in causes)


def test_phones_lost_before_the_start_are_known_and_not_told_anew() -> None:
    (cause,) = found(started_at=NOON - MINUTE, lost_phones=[lost(number, 10) for number in range(6)])

    assert not cause.is_ripe
    assert len(cause.members) == 6


def test_a_hub_is_one_cause_however_few_phones_hang_on_it() -> None:
    hub = LostHub(hub="1-1.4", phones=frozenset({"p1", "p2", "p3"}), at=NOON)
    phones = [lost(1, 0, has_rents=True), lost(2, 0), lost(3, 0, has_rents=True), lost(9, 0)]

    of_hub, of_other = found(lost_hubs=[hub], lost_phones=phones)

    assert of_hub.is_ripe
    assert (of_hub.values["hub"], of_hub.values["phones"], of_hub.values["waiting"]) == ("1-1.4", 3, 2)
    assert (of_other.members, of_other.is_ripe) == (frozenset({"p9"}), False)


def test_groups_that_left_together_without_a_known_hub_are_causes_of_their_own() -> None:
    groups = [LostHub(hub="", phones=frozenset(phones), at=NOON) for phones in (("p1", "p2", "p3"), ("p4", "p5", "p6"))]

    first, second = found(lost_hubs=groups, lost_phones=[lost(number, 0) for number in range(1, 7)])

    assert first.key != second.key
    assert first.values["is_together"]


@pytest.mark.parametrize(("calls", "kinds"), [(19, []), (20, [RuleKind.WRONG_KEYS])])
def test_wrong_keys_are_told_from_the_number_of_the_rule_on(calls: int, kinds: list[RuleKind]) -> None:
    assert [cause.kind for cause in found(wrong_key_calls=calls)] == kinds


def test_wrong_keys_are_not_told_unless_the_user_wants_it() -> None:
    assert found(AlertPolicy(), wrong_key_calls=1000) == []


@pytest.mark.parametrize(
    ("gap", "unusual_after", "is_told", "is_ripe"),
    [(3 * HOUR, 2 * HOUR, True, True), (3 * HOUR, 4 * HOUR, False, False), (HOUR, HOUR / 2, True, False)],
)
def test_no_orders_is_told_after_a_gap_that_is_unusual_and_long(
    gap: timedelta, unusual_after: timedelta, is_told: bool, is_ripe: bool
) -> None:
    begin = NOON - gap

    causes = found(last_order_at=begin, orders_possible_since=begin, gap_unusual_at=begin + unusual_after)

    assert [cause.kind for cause in causes] == [RuleKind.NO_ORDERS] * is_told
    assert any(cause.is_ripe for cause in causes) is is_ripe


@pytest.mark.parametrize(("free", "kinds"), [(5 * GIGABYTE, []), (5 * GIGABYTE - 1, [RuleKind.DISK])])
def test_disk_is_told_below_the_gigabytes_of_the_rule(free: int, kinds: list[RuleKind]) -> None:
    assert [cause.kind for cause in found(free_bytes=free)] == kinds


@pytest.mark.parametrize(("seconds", "is_told"), [(59, False), (60, True), (-60, True)])
def test_clock_is_told_from_the_seconds_of_the_rule_on(seconds: int, is_told: bool) -> None:
    causes = found(clock_off_by=timedelta(seconds=seconds))

    assert [cause.values["is_ahead"] for cause in causes] == [seconds > 0] * is_told


def test_backup_is_told_when_it_fails_or_is_too_old() -> None:
    (failed,) = found(backup=Fault(since=NOON - MINUTE), newest_backup_at=NOON - HOUR)
    (too_old,) = found(newest_backup_at=NOON - 25 * HOUR)
    (just_started,) = found(started_at=NOON - MINUTE, newest_backup_at=NOON - 90 * HOUR)

    assert (failed.is_ripe, too_old.is_ripe, just_started.is_ripe) == (True, True, False)
    assert found(newest_backup_at=NOON - 23 * HOUR) == []


def test_a_full_disk_explains_the_backup_and_the_database() -> None:
    database = NothingForSale(since=NOON - HOUR, health=None, is_database=True)

    causes = found(free_bytes=1, backup=Fault(since=NOON), nothing_for_sale=database)

    assert len({cause.members for cause in causes}) == 1
