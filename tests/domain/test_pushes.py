"""The outcome table of a push: what is final, what is repeated, and when."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from phonefarm.domain.pushes import (
    KEY_REFUSED_WAIT,
    LONGEST_RETRY_AFTER,
    Accepted,
    Closed,
    Failed,
    FailureKind,
    FinalRefusal,
    KeyRefused,
    PushOutcome,
    PushState,
    Retry,
    SoftRefusal,
    TooMany,
    Unclear,
    after_attempt,
    describe,
    is_its_own,
    is_taken,
)
from tests.builders import MINUTE, SECOND, at

SPACING = 10 * SECOND
REPEATED: list[PushOutcome] = [
    SoftRefusal(token="IGNORED"),
    SoftRefusal(token="SERVICE_BAN"),
    KeyRefused(http_status=401),
    TooMany(),
    TooMany(retry_after=MINUTE),
    Failed(kind=FailureKind.ERROR, http_status=502, detail="HTTP 502 after 310 ms"),
    Unclear(),
]


def step(
    outcome: PushOutcome,
    soft_refusals: int = 0,
    rent_is_over: bool = False,
    was_last_chance: bool = False,
    spacing: timedelta = SPACING,
) -> Closed | Retry:
    """The next step after an attempt from noon to a second later."""
    return after_attempt(
        outcome,
        soft_refusals=soft_refusals,
        rent_is_over=rent_is_over,
        was_last_chance=was_last_chance,
        now=at(1),
        spacing=spacing,
    )


@pytest.mark.parametrize(
    ("outcome", "soft_refusals", "follows"),
    [
        (Accepted(), 0, Closed(state=PushState.DELIVERED)),
        (Accepted(), 5, Closed(state=PushState.DELIVERED)),
        (FinalRefusal(token="NO_OPERATION"), 0, Closed(state=PushState.REFUSED)),
        (FinalRefusal(token="BAD_SERVICE"), 0, Closed(state=PushState.REFUSED)),
        (SoftRefusal(token="IGNORED"), 1, Retry(at=at(11))),
        (SoftRefusal(token="SERVICE_BAN"), 5, Retry(at=at(11))),
        (SoftRefusal(token="SERVICE_BAN"), 6, Closed(state=PushState.PARKED)),
        (KeyRefused(http_status=401), 0, Retry(at=at(1) + KEY_REFUSED_WAIT)),
        (KeyRefused(http_status=403), 0, Retry(at=at(1) + KEY_REFUSED_WAIT)),
        (TooMany(), 0, Retry(at=at(11))),
        (TooMany(retry_after=3 * SECOND), 0, Retry(at=at(11))),
        (TooMany(retry_after=45 * SECOND), 0, Retry(at=at(46))),
        (TooMany(retry_after=timedelta(days=9)), 0, Retry(at=at(1) + LONGEST_RETRY_AFTER)),
        (
            Failed(kind=FailureKind.ERROR, http_status=200, detail="HTTP 200 with an error in the body"),
            0,
            Retry(at=at(11)),
        ),
        (Failed(kind=FailureKind.UNREACHABLE, detail="no connection"), 0, Retry(at=at(11))),
    ],
)
def test_next_step_while_the_rent_is_open(outcome: PushOutcome, soft_refusals: int, follows: Closed | Retry) -> None:
    assert step(outcome, soft_refusals) == follows


@pytest.mark.parametrize(
    ("outcome", "uncertain", "taken"),
    [
        (Accepted(), 0, True),
        (Unclear(), 0, False),
        (Unclear(), 1, True),
        (Failed(kind=FailureKind.ERROR, http_status=500, detail="HTTP 500"), 1, False),
    ],
)
def test_unreadable_answer_counts_as_accepted_only_after_an_uncertain_attempt(
    outcome: PushOutcome, uncertain: int, taken: bool
) -> None:
    assert is_taken(outcome, uncertain=uncertain) is taken


@pytest.mark.parametrize("outcome", REPEATED)
def test_rent_finished_during_the_attempt_leaves_one_last_attempt_at_once(outcome: PushOutcome) -> None:
    assert step(outcome, soft_refusals=1, rent_is_over=True) == Retry(at=at(1))


@pytest.mark.parametrize("outcome", REPEATED)
def test_attempt_begun_after_the_finish_was_the_last(outcome: PushOutcome) -> None:
    ended = step(outcome, soft_refusals=1, rent_is_over=True, was_last_chance=True)

    assert ended == Closed(state=PushState.RENT_OVER)


@pytest.mark.parametrize(
    ("outcome", "state"),
    [
        (Accepted(), PushState.DELIVERED),
        (FinalRefusal(token="NO_OPERATION"), PushState.REFUSED),
        (SoftRefusal(token="IGNORED"), PushState.PARKED),
    ],
)
def test_final_outcome_has_priority_over_the_end_of_the_rent(outcome: PushOutcome, state: PushState) -> None:
    assert step(outcome, soft_refusals=6, rent_is_over=True) == Closed(state=state)


@given(st.sampled_from(REPEATED), st.integers(0, 5), st.integers(1, 600))
def test_no_message_is_repeated_sooner_than_the_spacing_while_its_rent_is_open(
    outcome: PushOutcome, soft_refusals: int, seconds: int
) -> None:
    follows = step(outcome, soft_refusals, spacing=seconds * SECOND)

    assert isinstance(follows, Retry)
    assert follows.at - at(1) >= seconds * SECOND


@pytest.mark.parametrize(("asked", "waits"), [(9 * MINUTE, 9 * MINUTE), (60 * MINUTE, 10 * MINUTE)])
def test_retry_after_is_limited_to_ten_minutes(asked: timedelta, waits: timedelta) -> None:
    assert step(TooMany(retry_after=asked)) == Retry(at=at(1) + waits)


@pytest.mark.parametrize(
    ("outcome", "words"),
    [
        (Accepted(), "HTTP 200"),
        (FinalRefusal(token="NO_OPERATION"), "NO_OPERATION"),
        (SoftRefusal(token="IGNORED"), "IGNORED"),
        (KeyRefused(http_status=403), "HTTP 403: the key is refused"),
        (TooMany(), "too many requests"),
        (Failed(kind=FailureKind.ERROR, http_status=502, detail="HTTP 502 after 310 ms"), "HTTP 502 after 310 ms"),
    ],
)
def test_every_outcome_has_a_phrase(outcome: PushOutcome, words: str) -> None:
    assert describe(outcome) == words


@pytest.mark.parametrize(
    ("outcome", "alone", "while_others_are_taken"),
    [
        (SoftRefusal(token="IGNORED"), True, True),
        (Failed(kind=FailureKind.ERROR, http_status=500, detail="HTTP 500", is_answer=True), True, True),
        (Failed(kind=FailureKind.UNREACHABLE, detail="no connection"), False, True),
        (KeyRefused(http_status=403), False, True),
        (TooMany(), False, False),
        (Accepted(), False, False),
    ],
)
def test_failure_is_the_messages_own_if_the_market_answered_or_accepted_another(
    outcome: PushOutcome, alone: bool, while_others_are_taken: bool
) -> None:
    judged = [is_its_own(outcome, another_was_taken=taken) for taken in (False, True)]

    assert judged == [alone, while_others_are_taken]
