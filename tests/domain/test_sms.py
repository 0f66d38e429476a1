"""The identity of a message, its arrival, and its rent."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from phonefarm.domain.ids import RentId
from phonefarm.domain.sms import (
    CLOCK_TOLERANCE,
    SLOWEST_ROW,
    Arrival,
    Newness,
    RentSpan,
    SmsRow,
    arrival,
    fingerprinted,
    from_ms,
    rent_at,
)
from tests.builders import HOUR, MINUTE, NOON, NUMBER, SECOND, a_row, at, ms

NO_SKEW = timedelta(0)

# Identity -------------------------------------------------------------------


def prints(*rows: SmsRow) -> list[bytes]:
    return [fingerprint for _, fingerprint in fingerprinted(rows)]


def test_reused_row_id_with_another_message_is_a_new_message() -> None:
    assert prints(a_row(7, body="first")) != prints(a_row(7, body="second"))


def test_same_message_under_another_row_id_is_the_same() -> None:
    assert prints(a_row(7)) == prints(a_row(8))


@pytest.mark.parametrize(
    "change",
    [{"sender": "Bank"}, {"body": "other"}, {"at": 0.001}, {"date_sent_ms": 0}],
    ids=lambda change: str(change),
)
def test_sender_body_and_both_dates_are_the_identity(change: dict[str, object]) -> None:
    assert prints(a_row(1)) != prints(a_row(1, **change))


def test_sender_and_body_cannot_be_shifted_into_each_other() -> None:
    assert prints(a_row(1, sender="ab", body="c")) != prints(a_row(1, sender="a", body="bc"))


def test_equal_messages_are_distinguished_by_their_ordinal() -> None:
    twins = prints(a_row(1), a_row(2))

    assert len(set(twins)) == 2
    assert prints(a_row(9)) == twins[:1]


rows_of_inbox = st.lists(
    st.builds(
        a_row,
        st.integers(1, 10**6),
        sender=st.sampled_from(["A", "B"]),
        body=st.sampled_from(["x", "y", "\udcff"]),
        at=st.sampled_from([0.0, 1.0]),
    ),
    max_size=12,
    unique_by=lambda row: row.row_id,
)


@given(rows_of_inbox, st.randoms())
def test_identities_do_not_depend_on_the_order_of_reading(rows: list[SmsRow], chance: random.Random) -> None:
    shuffled = list(rows)
    chance.shuffle(shuffled)

    assert fingerprinted(shuffled) == fingerprinted(rows)
    assert len(set(prints(*rows))) == len(rows)


@given(rows_of_inbox, st.integers(0, 11))
def test_message_keeps_its_identity_when_others_come_above_it(rows: list[SmsRow], older: int) -> None:
    by_age = sorted(rows, key=lambda row: row.row_id)

    assert prints(*by_age)[:older] == prints(*by_age[:older])


# Arrival --------------------------------------------------------------------


def judged(
    date_ms: int, now: timedelta | None = NO_SKEW, before: timedelta | None = NO_SKEW, sent_ms: int = 0
) -> Arrival:
    """The arrival of a message that came between noon and ten seconds later."""
    row = a_row(1, date_ms=date_ms, date_sent_ms=sent_ms)
    return arrival(row, skew_now=now, skew_before=before, not_before=NOON, not_after=at(10))


def arrived(date: datetime, now: timedelta | None = NO_SKEW, before: timedelta | None = NO_SKEW) -> datetime | None:
    """When a message dated `date` arrived; None if it is not new."""
    found = judged(ms(date), now, before)
    return found.at if found.newness is Newness.NEW else None


def test_arrival_is_the_phones_date_if_its_clock_is_right() -> None:
    assert arrived(at(4)) == at(4)


@pytest.mark.parametrize("skew", [-3 * HOUR, -7 * SECOND, 7 * SECOND, timedelta(days=400)])
def test_arrival_is_corrected_by_the_measured_skew(skew: timedelta) -> None:
    assert arrived(at(4) + skew, now=skew, before=skew) == at(4)


def test_clock_set_after_the_message_came_is_corrected_by_the_skew_before() -> None:
    assert arrived(at(4) - 3 * HOUR, now=NO_SKEW, before=-3 * HOUR) == at(4)
    assert arrived(at(4) + 3 * HOUR, now=NO_SKEW, before=3 * HOUR) == at(4)


def test_date_from_the_future_is_doubtful() -> None:
    assert judged(ms(NOON + 5 * HOUR)) == Arrival(at=at(10), newness=Newness.DOUBTFUL)


def test_date_of_a_clock_that_cannot_be_measured_and_does_not_fit_is_doubtful() -> None:
    assert judged(ms(NOON - 5 * HOUR), None, None) == Arrival(at=at(10), newness=Newness.DOUBTFUL)


@pytest.mark.parametrize("skew", [NO_SKEW, None])
def test_message_centres_time_stamp_is_used_if_the_phones_date_does_not_fit(skew: timedelta | None) -> None:
    """A phone that started in 1970, and whose clock was set after the message and before the reading."""
    found = judged(0, skew, skew, sent_ms=ms(at(4)))

    assert found == Arrival(at=at(4), newness=Newness.NEW)


def test_arrival_is_never_after_the_reading() -> None:
    assert arrived(at(10) + CLOCK_TOLERANCE) == at(10)


def test_row_that_was_stored_late_is_a_new_message_that_keeps_its_time() -> None:
    """Dated before the last reading and stored after it: a busy phone, no backup."""
    assert arrived(NOON - SLOWEST_ROW) == NOON - SLOWEST_ROW


def test_date_of_an_unmeasured_clock_counts_from_the_last_reading() -> None:
    assert arrived(NOON - 5 * SECOND, now=None, before=None) == NOON


@pytest.mark.parametrize("age", [SLOWEST_ROW + SECOND, HOUR, timedelta(days=900)])
def test_old_date_is_a_message_restored_from_a_backup(age: timedelta) -> None:
    assert arrived(NOON - age) is None


skews = st.none() | st.timedeltas(timedelta(days=-20_000), timedelta(days=20_000))


@given(st.integers(-(2**63), 2**63), skews, skews)
def test_any_date_and_any_clock_give_a_time_within_the_reading_or_an_old_message(
    date_ms: int, now: timedelta | None, before: timedelta | None
) -> None:
    found = judged(date_ms, now, before)

    assert found.newness is Newness.OLD or NOON - SLOWEST_ROW <= found.at <= at(10)


@given(st.floats(0, 10), st.timedeltas(timedelta(days=-300), timedelta(days=300)))
def test_message_between_the_readings_is_never_old(came: float, skew: timedelta) -> None:
    time = arrived(at(came) + skew, now=skew, before=None)

    assert time is not None
    assert abs(time - at(came)) <= timedelta(milliseconds=1)


@given(
    st.floats(0, 10),
    st.timedeltas(timedelta(days=-300), timedelta(days=300)),
    st.timedeltas(timedelta(days=-300), timedelta(days=300)),
)
def test_message_before_a_clock_change_is_never_old(came: float, before: timedelta, now: timedelta) -> None:
    assert arrived(at(came) + before, now=now, before=before) is not None


@given(st.timedeltas(2 * MINUTE, timedelta(days=4000)), st.timedeltas(timedelta(days=-300), timedelta(days=300)))
def test_restored_message_is_always_old(age: timedelta, skew: timedelta) -> None:
    assert arrived(NOON - age + skew, now=skew, before=skew) is None


@pytest.mark.parametrize("milliseconds", [2**63, -(2**63), 10**18])
def test_time_beyond_the_calendar_is_the_epoch(milliseconds: int) -> None:
    assert from_ms(milliseconds) == datetime(1970, 1, 1, tzinfo=UTC)


# The rent at an arrival -----------------------------------------------------

FIRST = RentSpan(rent_id=RentId(1), msisdn=NUMBER, opened_at=NOON, closed_at=at(60))
SECOND_RENT = RentSpan(rent_id=RentId(2), msisdn=NUMBER, opened_at=at(60), closed_at=None)


@pytest.mark.parametrize(
    ("seconds", "rent"),
    [(-0.001, None), (0, 1), (59.9, 1), (60, 2), (61, 2), (10**6, 2)],
)
def test_message_belongs_to_the_rent_that_was_open_when_it_arrived(seconds: float, rent: int | None) -> None:
    span = rent_at([SECOND_RENT, FIRST], at(seconds), at(10**6))

    assert (span and span.rent_id) == rent


def test_message_at_the_moment_of_the_finish_belongs_to_the_rent() -> None:
    assert rent_at([FIRST], at(60), at(61)) == FIRST
    assert rent_at([FIRST], at(60.001), at(61)) is None


def test_message_without_rents_belongs_to_none() -> None:
    assert rent_at([], NOON, NOON) is None


def test_open_rent_that_begins_in_the_future_counts_as_begun() -> None:
    assert rent_at([SECOND_RENT], at(10), at(10)) == SECOND_RENT
    assert rent_at([SECOND_RENT], at(10), at(70)) is None


def test_finished_rent_in_the_future_is_over() -> None:
    closed = RentSpan(rent_id=RentId(3), msisdn=NUMBER, opened_at=at(60), closed_at=at(90))

    assert rent_at([closed], at(10), at(10)) is None
