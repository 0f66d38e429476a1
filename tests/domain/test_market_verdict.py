"""When failing pushes are an outage of the market, and how it is reported."""

from __future__ import annotations

import pytest

from phonefarm.domain.market_verdict import OUTAGE_SECONDS, MarketRecord, MarketState
from phonefarm.domain.pushes import (
    Accepted,
    Failed,
    FailureKind,
    FinalRefusal,
    KeyRefused,
    PushOutcome,
    SoftRefusal,
    TooMany,
    Unclear,
)
from phonefarm.wording.health import health_text

UNREACHED = Failed(kind=FailureKind.UNREACHABLE, detail="no connection: refused")


def after(*outcomes: PushOutcome, apart: float = 1.0) -> MarketRecord:
    record = MarketRecord()
    for place, outcome in enumerate(outcomes):
        record = record.after(outcome, place * apart)
    return record


@pytest.mark.parametrize(
    "outcome",
    [
        UNREACHED,
        TooMany(),
        Failed(kind=FailureKind.ERROR, http_status=500, detail="HTTP 500 after 3 ms", is_answer=True),
    ],
)
def test_one_or_two_failed_pushes_are_no_outage(outcome: PushOutcome) -> None:
    assert after(outcome).state is MarketState.WELL
    assert after(outcome, outcome).state is MarketState.WELL
    assert after(outcome, outcome, outcome).state is MarketState.FAILING


@pytest.mark.parametrize(
    ("outcome", "said"),
    [
        (TooMany(), "answers with errors (429)"),
        (
            Failed(kind=FailureKind.ERROR, http_status=500, detail="HTTP 500 after 3 ms", is_answer=True),
            "answers with errors (500)",
        ),
        (Failed(kind=FailureKind.ERROR, http_status=502, detail="HTTP 502 after 31 ms"), "answers with errors (502)"),
        (
            Failed(kind=FailureKind.ERROR, http_status=200, detail="HTTP 200 with an error in the body after 3 ms"),
            "answers with errors (200 with an error in the body)",
        ),
        (UNREACHED, "cannot be reached (no connection: refused)"),
        (
            Failed(kind=FailureKind.UNREACHABLE, detail="no answer within 10 s"),
            "cannot be reached (no answer within 10 s)",
        ),
    ],
)
def test_outage_has_the_kind_of_its_failures(outcome: PushOutcome, said: str) -> None:
    assert health_text(after(outcome, outcome, outcome).health) == said


@pytest.mark.parametrize(
    "outcome", [Accepted(), FinalRefusal(token="BAD_SERVICE"), SoftRefusal(token="IGNORED"), Unclear()]
)
def test_success_in_between_resets_the_count(outcome: PushOutcome) -> None:
    assert after(UNREACHED, UNREACHED, outcome, UNREACHED, UNREACHED).state is MarketState.WELL
    assert after(UNREACHED, UNREACHED, UNREACHED, outcome).state is MarketState.WELL


def test_failure_without_a_success_is_an_outage_after_half_a_minute() -> None:
    record = after(UNREACHED)

    assert record.at(OUTAGE_SECONDS - 0.1).state is MarketState.WELL
    assert record.at(OUTAGE_SECONDS).state is MarketState.FAILING


def test_second_failure_half_a_minute_later_is_an_outage() -> None:
    assert after(UNREACHED, UNREACHED, apart=OUTAGE_SECONDS).state is MarketState.FAILING


def test_refused_key_is_reported_at_once() -> None:
    record = after(KeyRefused(http_status=401))

    assert (record.state, health_text(record.health)) == (MarketState.KEY_REFUSED, "HTTP 401: the key is refused")


def test_failed_push_does_not_hide_a_refused_key() -> None:
    assert after(KeyRefused(http_status=401), UNREACHED).state is MarketState.KEY_REFUSED


def test_outage_has_the_kind_of_its_last_failure() -> None:
    assert health_text(after(UNREACHED, UNREACHED, UNREACHED, TooMany()).health) == "answers with errors (429)"


@pytest.mark.parametrize("detail", ["a bug in phonefarm broke the attempt off", "nothing is sent: the key is not set"])
def test_push_that_was_not_sent_does_not_count(detail: str) -> None:
    assert after(*[Failed(kind=FailureKind.NOT_SENT, detail=detail)] * 5) == MarketRecord()
