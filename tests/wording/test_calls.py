"""Every outcome of a call is a sentence, and where it needs one, a reason."""

from __future__ import annotations

import pytest

from phonefarm.domain.calls import Outcome
from phonefarm.domain.fields import Fields
from phonefarm.wording.calls import SENTENCES, call_reason, call_sentence

UKRAINE: Fields = {"country": "ukraine", "operator": "lifecell"}
BUSY = {"sims": 5, "rented": 3, "banned": 1, "paused": 0, "away": 1, "other": 0}
CASES: list[tuple[Outcome, Fields, str, str]] = [
    (Outcome.OFFERED, {"numbers": 45, "countries": 4}, "Free numbers told: 45 (countries: 4)", ""),
    (
        Outcome.NO_SUCH_SIM,
        {**UKRAINE, "of_country": 7, "operators": "5 kyivstar, 2 vodafone"},
        "Refused: no SIM of ukraine, lifecell",
        "You have 7 SIMs of ukraine: 5 kyivstar, 2 vodafone; none of lifecell.",
    ),
    (
        Outcome.NO_SUCH_SIM,
        {"country": "ukraine", "operator": "", "of_country": 0, "operators": ""},
        "Refused: no SIM of ukraine",
        "You have no SIM of ukraine.",
    ),
    (
        Outcome.NONE_FREE,
        {**UKRAINE, **BUSY},
        "Refused: no free number of ukraine, lifecell",
        "5 SIMs match: 3 rented, 1 banned, 1 in phones that are not ready.",
    ),
    (
        Outcome.PREFIXES_EXCLUDED,
        {"country": "", "operator": "", "sims": 2, "prefixes": "7928"},
        "Refused: every number has an excluded prefix",
        "2 SIMs match, and the order excludes the prefixes of all of them: 7928.",
    ),
    (
        Outcome.NOT_SELLING,
        {"reason": "key missing"},
        "Refused: nothing is for sale: the Onlinesim key is not set",
        "",
    ),
    (Outcome.NOT_SELLING, {}, "Refused: nothing is for sale", ""),
    (Outcome.FINISHED, {"status": 3, "sum": "410"}, "Rent sold", ""),
]


@pytest.mark.parametrize(("outcome", "fields", "sentence", "reason"), CASES, ids=lambda value: str(value)[:30])
def test_outcome_is_told_with_its_reason(outcome: Outcome, fields: Fields, sentence: str, reason: str) -> None:
    assert call_sentence(outcome, fields) == sentence
    assert call_reason(outcome, fields) == reason


@pytest.mark.parametrize("outcome", Outcome)
def test_no_outcome_is_without_words(outcome: Outcome) -> None:
    assert SENTENCES[outcome]
