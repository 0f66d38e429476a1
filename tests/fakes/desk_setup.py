"""The way to the first sale on the fake desk."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from phonefarm.application.model.setup_state import (
    Link,
    LinkResult,
    PushAnswer,
    PushTest,
    SetupState,
    SmsChainResult,
)
from phonefarm.domain.health import HealthKind, health
from phonefarm.domain.remedies import Remedy
from phonefarm.domain.setup_steps import AddressFact, PhoneFact, SetupFacts, minutes_left, setup_steps
from phonefarm.domain.tunnels import TunnelKind

PUSH_URL = "https://onlinesim.io/api/push_sms_rent"
AT = datetime(2026, 3, 14, 11, 58, tzinfo=UTC)
RIGHT_PUSH = PushTest(url=PUSH_URL, at=AT, answer=PushAnswer.NO_RENT, detail="NO_OPERATION", milliseconds=212)
NO_ADDRESS = AddressFact(
    kind=TunnelKind.NONE,
    url="",
    reported_url="",
    is_answered=False,
    has_failed=False,
    health=health(HealthKind.PUBLIC_ADDRESS_MISSING),
)
GOOD_ADDRESS = AddressFact(
    kind=TunnelKind.URL,
    url="https://farm.example.com",
    reported_url="https://farm.example.com",
    is_answered=True,
    has_failed=False,
    health=health(HealthKind.PUBLIC_ADDRESS_ANSWERS, milliseconds=84),
)
NOTHING = SetupFacts(
    key_place="",
    key_problem="",
    push_url="",
    push_test=None,
    address=NO_ADDRESS,
    phones=(),
    sims=0,
    numbers_known=0,
    numbers_found=0,
    can_test=False,
    test_passed_at=None,
    test_failed_link=None,
    is_confirmed=False,
    has_sold=False,
    last_call_at=None,
)
ALL_BUT_AN_ORDER = replace(
    NOTHING,
    key_place="keyring",
    push_url=PUSH_URL,
    push_test=RIGHT_PUSH,
    address=GOOD_ADDRESS,
    phones=(PhoneFact(label="Pixel 6a", is_ready=True, remedy=Remedy.NONE),),
    sims=2,
    numbers_known=2,
    can_test=True,
    test_passed_at=AT,
    is_confirmed=True,
)
SOLD = replace(ALL_BUT_AN_ORDER, has_sold=True, last_call_at=AT)
ALL_PASSED = SmsChainResult(
    sim_id="",
    links=(
        *(LinkResult(link=link, is_passed=True) for link in Link if link is not Link.MARKET),
        LinkResult(link=Link.MARKET, is_passed=True, push=RIGHT_PUSH),
    ),
)


def some_facts(**changes: Any) -> SetupFacts:
    return replace(NOTHING, **changes)


def a_state(facts: SetupFacts, *countries: str) -> SetupState:
    steps = setup_steps(facts)
    return SetupState(
        steps=steps,
        is_confirmed=facts.is_confirmed,
        countries=countries,
        is_over=facts.has_sold,
        minutes_left=minutes_left(steps),
        push_test=facts.push_test,
    )
