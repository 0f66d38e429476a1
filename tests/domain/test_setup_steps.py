"""How the seven steps to the first sale stand: each by its own facts, in any sequence."""

from __future__ import annotations

from dataclasses import replace

import pytest

from phonefarm.domain.health import HealthKind, health
from phonefarm.domain.push_tests import PushAnswer, answer_of
from phonefarm.domain.pushes import (
    Accepted,
    Failed,
    FailureKind,
    FinalRefusal,
    KeyRefused,
    Obstacle,
    PushOutcome,
    SoftRefusal,
    TooMany,
    Unclear,
)
from phonefarm.domain.remedies import Remedy
from phonefarm.domain.setup_steps import (
    FactKind,
    Link,
    PhoneFact,
    SetupFacts,
    Step,
    StepName,
    StepState,
    minutes_left,
    setup_steps,
)
from tests.fakes.desk_setup import ALL_BUT_AN_ORDER, AT, GOOD_ADDRESS, NOTHING, PUSH_URL, RIGHT_PUSH, SOLD, some_facts

DONE, WAITING, FAILED = StepState.DONE, StepState.WAITING, StepState.FAILED


def step(facts: SetupFacts, name: StepName) -> Step:
    return next(step for step in setup_steps(facts) if step.name is name)


def test_with_nothing_set_up_all_seven_steps_wait() -> None:
    steps = setup_steps(NOTHING)

    assert [step.name for step in steps] == list(StepName)
    assert {step.state for step in steps} == {WAITING}
    assert minutes_left(steps) == 6


def test_all_but_the_order_are_done_and_take_no_more_time() -> None:
    steps = setup_steps(ALL_BUT_AN_ORDER)

    assert [step.state for step in steps] == [DONE] * 6 + [WAITING]
    assert minutes_left(steps) == 0


def test_order_that_came_ends_the_path() -> None:
    assert {step.state for step in setup_steps(SOLD)} == {DONE}


def test_key_is_done_as_soon_as_it_is_kept() -> None:
    found = step(some_facts(key_place="key file"), StepName.KEY)

    assert (found.state, found.fact, found.fields) == (DONE, FactKind.KEY_KEPT, {"place": "key file"})


def test_key_that_the_market_refuses_has_failed_though_it_is_kept() -> None:
    refused = replace(RIGHT_PUSH, answer=PushAnswer.KEY_REFUSED, detail="401")

    facts = some_facts(key_place="keyring", push_url=PUSH_URL, push_test=refused)

    assert step(facts, StepName.KEY).state is FAILED
    assert step(facts, StepName.PUSH_URL).state is FAILED


def test_keyring_that_does_not_answer_is_told_apart_from_no_key() -> None:
    assert step(some_facts(key_problem="locked"), StepName.KEY).fact is FactKind.KEY_UNREADABLE


def test_push_url_is_done_by_its_test_only() -> None:
    assert step(some_facts(push_url=PUSH_URL), StepName.PUSH_URL).state is WAITING
    assert step(some_facts(push_url=PUSH_URL, push_test=RIGHT_PUSH), StepName.PUSH_URL).state is DONE


def test_test_of_another_push_url_says_nothing_of_this_one() -> None:
    facts = some_facts(push_url="https://other.example/push", push_test=RIGHT_PUSH)

    assert step(facts, StepName.PUSH_URL).fact is FactKind.PUSH_URL_UNTESTED


def test_address_is_done_when_it_answers_and_onlinesim_knows_it() -> None:
    unreported = replace(GOOD_ADDRESS, reported_url="")
    changed = replace(GOOD_ADDRESS, reported_url="https://old.example.com")
    silent = replace(
        GOOD_ADDRESS,
        is_answered=False,
        has_failed=True,
        health=health(HealthKind.PUBLIC_ADDRESS_ERRORS, http_status=502),
    )

    assert step(some_facts(address=GOOD_ADDRESS), StepName.PUBLIC_ADDRESS).state is DONE
    assert step(some_facts(address=unreported), StepName.PUBLIC_ADDRESS).state is WAITING
    assert step(some_facts(address=changed), StepName.PUBLIC_ADDRESS).state is FAILED
    assert step(some_facts(address=silent), StepName.PUBLIC_ADDRESS).state is FAILED


def test_phones_name_the_next_click_of_the_first_that_needs_the_user() -> None:
    starting = PhoneFact(label="Redmi", is_ready=False, remedy=Remedy.WAIT)
    unauthorized = PhoneFact(label="Pixel 6a", is_ready=False, remedy=Remedy.CONFIRM_DEBUGGING)
    ready = PhoneFact(label="Galaxy", is_ready=True, remedy=Remedy.NONE)

    found = step(some_facts(phones=(starting, unauthorized, ready)), StepName.PHONES)

    assert found.state is WAITING
    assert (found.fields["ready"], found.fields["phones"]) == (1, 3)
    assert (found.fields["label"], found.fields["remedy"]) == ("Pixel 6a", "confirm debugging")


def test_numbers_are_done_when_every_sim_has_one() -> None:
    assert step(some_facts(sims=4, numbers_known=3), StepName.NUMBERS).state is WAITING
    assert step(some_facts(sims=4, numbers_known=4), StepName.NUMBERS).state is DONE


def test_test_sms_says_what_it_needs_and_which_link_failed() -> None:
    assert step(some_facts(), StepName.TEST_SMS).fact is FactKind.TEST_NEEDS
    assert step(some_facts(can_test=True), StepName.TEST_SMS).fact is FactKind.TEST_READY
    failed = step(some_facts(can_test=True, test_failed_link=Link.INTAKE), StepName.TEST_SMS)
    assert (failed.state, failed.fields) == (FAILED, {"link": "intake"})


def test_first_order_is_awaited_after_the_confirmation_only() -> None:
    assert step(some_facts(), StepName.FIRST_ORDER).fact is FactKind.CONFIRMATION_MISSING
    found = step(some_facts(is_confirmed=True, last_call_at=AT), StepName.FIRST_ORDER)
    assert (found.fact, found.at) == (FactKind.ORDER_AWAITED, AT)


@pytest.mark.parametrize(
    ("outcome", "answer"),
    [
        (FinalRefusal(token="NO_OPERATION"), PushAnswer.NO_RENT),
        (FinalRefusal(token="BAD_SERVICE"), PushAnswer.REFUSED),
        (SoftRefusal(token="IGNORED"), PushAnswer.REFUSED),
        (Accepted(), PushAnswer.TAKEN),
        (Unclear(), PushAnswer.TAKEN),
        (KeyRefused(http_status=401), PushAnswer.KEY_REFUSED),
        (TooMany(), PushAnswer.TOO_MANY),
        (Failed(kind=FailureKind.NOT_SENT, detail=""), PushAnswer.NOT_SENT),
        (Failed(kind=FailureKind.ERROR, detail="", http_status=404), PushAnswer.ERROR),
        (Failed(kind=FailureKind.UNREACHABLE, detail="", obstacle=Obstacle.NAME), PushAnswer.HOST_UNKNOWN),
        (Failed(kind=FailureKind.UNREACHABLE, detail="", obstacle=Obstacle.CERTIFICATE), PushAnswer.CERTIFICATE),
        (Failed(kind=FailureKind.UNREACHABLE, detail="refused"), PushAnswer.SILENT),
    ],
)
def test_each_outcome_of_the_test_push_has_its_answer(outcome: PushOutcome, answer: PushAnswer) -> None:
    assert answer_of(outcome)[0] is answer
