"""The conditions of a phone, from its telemetry and the record of its announcements."""

from __future__ import annotations

from collections.abc import Collection
from datetime import timedelta
from typing import Any

import pytest

from phonefarm.domain.conditions import (
    BLAMED_FOR,
    BLOCKING,
    CODES_STAY_DELAYED,
    Condition,
    HintRecord,
    changes,
    conditions,
    hint_record_from,
)
from phonefarm.domain.fields import NO_FIELDS, Fields
from phonefarm.domain.remedies import Remedy, remedy_for_condition
from phonefarm.domain.telemetry import PhoneTelemetry
from tests.builders import HOUR, MINUTE, NOON, SECOND


def conditions_of(
    telemetry: PhoneTelemetry | None = None,
    hints: HintRecord | None = None,
    *,
    held: Collection[Condition] = (),
    **changes: Any,
) -> dict[Condition, Fields]:
    whole: dict[str, Any] = {"sim_count": 2, "has_otp_mark": False, "clock_skew": None, "now": NOON}
    return conditions(telemetry or PhoneTelemetry(), hints or HintRecord(), held=held, **(whole | changes))


def test_phone_without_telemetry_has_no_conditions() -> None:
    assert conditions_of() == {}


@pytest.mark.parametrize(
    ("telemetry", "condition", "values"),
    [
        (PhoneTelemetry(battery_percent=12), Condition.LOW_BATTERY, {"percent": 12}),
        (PhoneTelemetry(temperature=47.3), Condition.HOT, {"celsius": 47}),
        (PhoneTelemetry(free_bytes=42_000_000), Condition.STORAGE_FULL, {"free_megabytes": 42}),
        (PhoneTelemetry(sms_app=""), Condition.NO_SMS_APP, NO_FIELDS),
        (PhoneTelemetry(airplane_mode=True), Condition.AIRPLANE, NO_FIELDS),
    ],
)
def test_each_measured_value_has_its_limit(telemetry: PhoneTelemetry, condition: Condition, values: Fields) -> None:
    assert conditions_of(telemetry) == {condition: values}


@pytest.mark.parametrize(
    ("condition", "between"),
    [
        (Condition.LOW_BATTERY, PhoneTelemetry(battery_percent=25)),
        (Condition.HOT, PhoneTelemetry(temperature=43.5)),
        (Condition.STORAGE_FULL, PhoneTelemetry(free_bytes=150_000_000)),
    ],
)
def test_value_between_the_limits_keeps_the_condition_as_it_was(condition: Condition, between: PhoneTelemetry) -> None:
    assert condition not in conditions_of(between)
    assert condition in conditions_of(between, held=[condition])


@pytest.mark.parametrize("condition", [Condition.LOW_BATTERY, Condition.HOT, Condition.STORAGE_FULL])
def test_missing_value_keeps_the_condition_as_it_was(condition: Condition) -> None:
    assert conditions_of(PhoneTelemetry(), held=[condition]) == {condition: NO_FIELDS}


def test_phone_without_a_card_has_no_sim() -> None:
    assert conditions_of(sim_count=0) == {Condition.NO_SIM: NO_FIELDS}


@pytest.mark.parametrize(("minutes", "values"), [(61, {"minutes_fast": 61}), (-12, {"minutes_fast": -12})])
def test_clock_that_is_far_off_is_a_condition(minutes: int, values: Fields) -> None:
    assert conditions_of(clock_skew=minutes * MINUTE) == {Condition.CLOCK_WRONG: values}


def test_small_clock_skew_is_no_condition() -> None:
    assert conditions_of(clock_skew=90 * SECOND) == {}


def test_phone_is_blamed_at_the_second_announcement_without_a_row_and_not_at_the_first() -> None:
    first = HintRecord().on_empty(NOON)

    assert conditions_of(hints=first) == {}
    assert conditions_of(hints=first.on_empty(NOON)) == {Condition.NOT_STORING: NO_FIELDS}


def test_row_in_between_clears_the_phone() -> None:
    blamed = HintRecord().on_empty(NOON).on_empty(NOON)

    well = blamed.on_rows(announced=True, delayed=False, at=NOON)

    assert conditions_of(hints=well) == {}
    assert conditions_of(hints=well.on_empty(NOON)) == {}


def test_blamed_phone_gets_another_chance_after_an_hour_and_two_more_failures_blame_it_again() -> None:
    blamed = HintRecord().on_empty(NOON).on_empty(NOON)
    later = NOON + BLAMED_FOR
    once_more = blamed.on_empty(later)

    assert conditions_of(hints=blamed, now=later) == {}
    assert conditions_of(hints=once_more, now=later) == {}
    assert conditions_of(hints=once_more.on_empty(later), now=later) == {Condition.NOT_STORING: NO_FIELDS}


def test_failures_far_apart_do_not_blame_the_phone() -> None:
    record = HintRecord()
    for number in range(5):
        record = record.on_empty(NOON + number * BLAMED_FOR)

    assert conditions_of(hints=record, now=NOON + 4 * BLAMED_FOR) == {}


def test_blame_in_the_future_does_not_count() -> None:
    blamed = HintRecord().on_empty(NOON + HOUR).on_empty(NOON + HOUR)

    assert conditions_of(hints=blamed, now=NOON) == {}


@pytest.mark.parametrize(
    ("telemetry", "cause"),
    [(PhoneTelemetry(free_bytes=1), Condition.STORAGE_FULL), (PhoneTelemetry(sms_app=""), Condition.NO_SMS_APP)],
)
def test_known_cause_of_missing_rows_replaces_not_storing(telemetry: PhoneTelemetry, cause: Condition) -> None:
    blamed = HintRecord().on_empty(NOON).on_empty(NOON)

    assert conditions_of(telemetry, blamed).keys() == {cause}


def test_announcements_without_a_row_alone_do_not_block_the_phone() -> None:
    """Class 0 messages look the same in the log: two in an hour, or twenty."""
    record = HintRecord()
    for number in range(20):
        record = record.on_empty(NOON + number * MINUTE)

    conditions = conditions_of(PhoneTelemetry(free_bytes=10**10, sms_app="com.sms"), record, now=NOON + 20 * MINUTE)

    assert conditions.keys() == {Condition.NOT_STORING}
    assert not conditions.keys() & BLOCKING


def test_missing_rows_and_little_storage_are_a_full_storage() -> None:
    low = PhoneTelemetry(free_bytes=400_000_000, sms_app="com.sms")
    blamed = HintRecord().on_empty(NOON).on_empty(NOON)

    assert conditions_of(low) == {}
    assert conditions_of(low, blamed) == {Condition.STORAGE_FULL: {"free_megabytes": 400}}
    assert conditions_of(low, blamed, held=[Condition.STORAGE_FULL], now=NOON + BLAMED_FOR) == {}


def test_android_that_marks_codes_is_not_blocked_until_a_row_comes_late() -> None:
    """Two flash messages look the same, and anybody can send them."""
    blamed = HintRecord().on_empty(NOON).on_empty(NOON)

    found = conditions_of(hints=blamed, has_otp_mark=True)

    assert found == {Condition.NOT_STORING: {"marks_codes": True}}
    assert not found.keys() & BLOCKING


def test_row_that_came_late_proves_the_delay_for_a_day() -> None:
    late = HintRecord().on_rows(announced=False, delayed=True, at=NOON)

    assert conditions_of(hints=late, now=NOON + HOUR) == {Condition.CODES_DELAYED: NO_FIELDS}
    assert conditions_of(hints=late, now=NOON + CODES_STAY_DELAYED) == {}


def test_rows_without_announcement_are_a_condition() -> None:
    assert conditions_of(hints=HintRecord(working=False)) == {Condition.NO_HINTS: NO_FIELDS}


def test_new_run_continues_with_the_conditions_of_the_last_one() -> None:
    since = {Condition.NOT_STORING: NOON - timedelta(minutes=50), Condition.NO_HINTS: NOON - HOUR}

    remembered = hint_record_from(since)

    assert conditions_of(hints=remembered).keys() == {Condition.NOT_STORING, Condition.NO_HINTS}
    assert conditions_of(hints=remembered, now=NOON + 11 * MINUTE).keys() == {Condition.NO_HINTS}


def test_changes_are_what_began_and_what_ended() -> None:
    before = {Condition.HOT: {"celsius": 47}, Condition.NO_SIM: NO_FIELDS}
    after = {Condition.HOT: {"celsius": 48}, Condition.AIRPLANE: NO_FIELDS}

    assert changes(before, after) == ([Condition.AIRPLANE], [Condition.NO_SIM])


def test_every_condition_has_a_next_step_for_the_user() -> None:
    assert all(remedy_for_condition(condition) is not Remedy.NONE for condition in Condition)


def test_only_conditions_that_hide_messages_are_blocking() -> None:
    assert Condition.STORAGE_FULL in BLOCKING
    assert not BLOCKING & {Condition.LOW_BATTERY, Condition.HOT, Condition.NO_HINTS}
