"""Every fact of a step is one sentence without gaps, and every failed push test says what to do."""

from __future__ import annotations

import pytest

from phonefarm.domain.fields import PlainValue
from phonefarm.domain.health import HealthKind, health
from phonefarm.domain.push_tests import RIGHT_ANSWERS, PushAnswer
from phonefarm.domain.setup_steps import FactKind, Link, Step, StepName, StepState
from phonefarm.wording.setup import FACTS, LINKS, PUSH_ADVICE, PUSH_ANSWERS, STEP_NAMES, fact_text

FIELDS: dict[str, PlainValue] = {
    "cause": "locked",
    "place": "keyring",
    "answer": "no rent",
    "detail": "NO_OPERATION",
    "milliseconds": 212,
    "ready": 2,
    "phones": 3,
    "label": "Pixel 6a",
    "remedy": "confirm debugging",
    "sims": 4,
    "known": 1,
    "found": 1,
    "link": "intake",
}


@pytest.mark.parametrize("kind", FactKind)
def test_every_fact_has_its_sentence(kind: FactKind) -> None:
    found = health(HealthKind.PUBLIC_ADDRESS_ANSWERS, milliseconds=84)
    step = Step(name=StepName.KEY, state=StepState.DONE, fact=kind, fields=FIELDS, health=found)

    text = fact_text(step)

    assert text
    assert text[0].isupper() or text[0].isdigit()
    assert "{" not in text
    assert not text.endswith(".")


def test_key_that_works_says_where_it_is_kept() -> None:
    step = Step(name=StepName.KEY, state=StepState.DONE, fact=FactKind.KEY_ACCEPTED, fields={"place": "key file"})

    assert fact_text(step) == "Kept in a protected file, no keyring here. Onlinesim accepts it"


def test_every_answer_of_the_test_push_is_explained() -> None:
    assert set(PUSH_ANSWERS) == set(PushAnswer)
    assert set(PUSH_ADVICE) == set(PushAnswer) - RIGHT_ANSWERS


def test_every_step_link_and_fact_has_its_words() -> None:
    assert set(STEP_NAMES) == set(StepName)
    assert set(LINKS) == set(Link)
    told_otherwise = {
        FactKind.PUSH_TESTED,
        FactKind.ADDRESS_HEALTH,
        FactKind.ADDRESS_ANSWERS,
        FactKind.NUMBERS_KNOWN,
    }
    assert set(FACTS) == set(FactKind) - told_otherwise
