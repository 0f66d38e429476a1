"""Which calls become one entry of the log."""

from __future__ import annotations

from phonefarm.domain.calls import Call, CallKind, Outcome, call_at, may_merge, merge_key, merged
from phonefarm.domain.ids import RentId
from tests.builders import MINUTE, NOON, SECOND


def an_offer(seconds: float, **changes: object) -> Call:
    fields = {"numbers": 45, "countries": 4}
    return call_at(
        NOON + seconds * SECOND, CallKind.SERVICES, Outcome.OFFERED, **({"fields": fields, "address": "a"} | changes)
    )


def test_equal_calls_within_minutes_are_one_entry_with_a_count_and_the_last_time() -> None:
    entry = an_offer(0)

    for seconds in range(20, 240, 20):
        later = an_offer(seconds)
        assert merge_key(later) == merge_key(entry)
        assert may_merge(entry, later)
        entry = merged(entry, later)

    assert (entry.count, entry.at, entry.last_at) == (12, NOON, NOON + 220 * SECOND)


def test_an_entry_shows_the_figures_of_its_last_call() -> None:
    entry, later = an_offer(0), an_offer(20, fields={"numbers": 44, "countries": 4})

    assert merge_key(entry) == merge_key(later)
    assert merged(entry, later).fields == {"numbers": 44, "countries": 4}


def test_calls_of_different_addresses_outcomes_and_rents_stay_apart() -> None:
    calls = [
        an_offer(0),
        an_offer(0, address="b"),
        call_at(NOON, CallKind.SERVICES, Outcome.NOTHING_OFFERED, address="a"),
        call_at(NOON, CallKind.ORDER, Outcome.ISSUED, address="a", rent_id=RentId(1)),
        call_at(NOON, CallKind.ORDER, Outcome.ISSUED, address="a", rent_id=RentId(2)),
        call_at(NOON, CallKind.ORDER, Outcome.NO_NUMBER, address="a", fields={"country": "russia"}),
        call_at(NOON, CallKind.ORDER, Outcome.NO_NUMBER, address="a", fields={"country": "ukraine"}),
    ]

    assert len({merge_key(call) for call in calls}) == len(calls)


def test_calls_with_a_wrong_key_are_grouped_by_their_address_alone() -> None:
    one = call_at(NOON, CallKind.WRONG_KEY, Outcome.WRONG_KEY, address="a", path="/getServicesRent", status=401)
    other = call_at(NOON, CallKind.WRONG_KEY, Outcome.TOO_MANY, address="a", path="/getNumberRent", status=429)
    stranger = call_at(NOON, CallKind.WRONG_KEY, Outcome.WRONG_KEY, address="b", status=401)

    assert merge_key(one) == merge_key(other)
    assert merge_key(one) != merge_key(stranger)


def test_a_long_gap_begins_a_new_entry() -> None:
    assert may_merge(an_offer(0), an_offer(300))
    assert not may_merge(an_offer(0), an_offer(301))


def test_a_steady_stream_begins_a_new_entry_every_quarter_of_an_hour() -> None:
    entry = merged(an_offer(0), an_offer(14 * 60))

    assert may_merge(entry, an_offer(15 * 60))
    assert not may_merge(entry, an_offer(15 * 60 + 1))


def test_a_clock_that_was_set_back_begins_a_new_entry() -> None:
    entry = an_offer(0)

    assert not may_merge(entry, call_at(NOON - MINUTE, CallKind.SERVICES, Outcome.OFFERED))
