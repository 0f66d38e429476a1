"""The way from nothing to the first sale: seven steps, and how each stands."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from phonefarm.domain.fields import Fields, PlainValue
from phonefarm.domain.health import Health
from phonefarm.domain.push_tests import PushAnswer, PushTest
from phonefarm.domain.remedies import Remedy
from phonefarm.domain.tunnels import TunnelKind


class StepName(StrEnum):
    KEY = "key"
    PUSH_URL = "push url"
    PUBLIC_ADDRESS = "public address"
    PHONES = "phones"
    NUMBERS = "numbers"
    TEST_SMS = "test sms"
    FIRST_ORDER = "first order"


class StepState(StrEnum):
    DONE = "done"
    WAITING = "waiting"
    FAILED = "failed"


class Link(StrEnum):
    """A part of the way of an SMS, as the test of the whole chain walks it."""

    READ = "read"
    """The answer of a phone becomes a message."""
    INTAKE = "intake"
    """The message is new, and of the SIM that is rented."""
    OUTBOX = "outbox"
    """Its push is queued, and due."""
    BODY = "body"
    """The push is written as Onlinesim wants it."""
    MARKET = "market"
    """A test push to the push URL."""


class FactKind(StrEnum):
    """What is known of a step; the fields of each kind are in brackets."""

    KEY_MISSING = "key missing"
    KEY_UNREADABLE = "key unreadable"
    """(cause)"""
    KEY_KEPT = "key kept"
    """(place)"""
    KEY_ACCEPTED = "key accepted"
    """(place)"""
    KEY_REFUSED = "key refused"
    """(place)"""
    PUSH_URL_MISSING = "push url missing"
    PUSH_URL_UNTESTED = "push url untested"
    PUSH_TESTED = "push tested"
    """(answer, detail, milliseconds)"""
    ADDRESS_MISSING = "address missing"
    ADDRESS_HEALTH = "address health"
    """The step's `health` says it."""
    ADDRESS_UNREPORTED = "address unreported"
    """It answers, and Onlinesim was not told of it."""
    ADDRESS_CHANGED = "address changed"
    """Onlinesim was told another one."""
    ADDRESS_ANSWERS = "address answers"
    PHONES_MISSING = "phones missing"
    PHONES_READY = "phones ready"
    """(ready, phones)"""
    PHONE_NEEDS = "phone needs"
    """(ready, phones, label, remedy)"""
    SIMS_MISSING = "sims missing"
    NUMBERS_KNOWN = "numbers known"
    """(sims, known, found)"""
    TEST_NEEDS = "test needs"
    """A phone that is ready, with a number."""
    TEST_READY = "test ready"
    TEST_PASSED = "test passed"
    TEST_FAILED = "test failed"
    """(link)"""
    CONFIRMATION_MISSING = "confirmation missing"
    ORDER_AWAITED = "order awaited"
    ORDER_CAME = "order came"


@dataclass(frozen=True, kw_only=True)
class Step:
    name: StepName
    state: StepState
    fact: FactKind
    fields: Fields = field(default_factory=dict)
    health: Health | None = None
    at: datetime | None = None
    """When the test passed, or when Onlinesim called last."""


@dataclass(frozen=True, kw_only=True)
class PhoneFact:
    label: str
    is_ready: bool
    remedy: Remedy
    """The user's next step."""


@dataclass(frozen=True, kw_only=True)
class AddressFact:
    kind: TunnelKind
    url: str
    reported_url: str
    is_answered: bool
    has_failed: bool
    health: Health


@dataclass(frozen=True, kw_only=True)
class SetupFacts:
    """All that the steps are judged by."""

    key_place: str
    """keyring, key file or environment; empty where there is no key."""
    key_problem: str
    """Why the store of the key cannot be read; empty if it can."""
    push_url: str
    push_test: PushTest | None
    address: AddressFact
    phones: tuple[PhoneFact, ...]
    """Those that are connected."""
    sims: int
    """SIMs in phones."""
    numbers_known: int
    numbers_found: int
    can_test: bool
    """Whether a phone is ready whose SIM has a number."""
    test_passed_at: datetime | None
    test_failed_link: Link | None
    is_confirmed: bool
    has_sold: bool
    last_call_at: datetime | None


MINUTES = {
    StepName.KEY: 1,
    StepName.PUSH_URL: 1,
    StepName.PUBLIC_ADDRESS: 2,
    StepName.PHONES: 1,
    StepName.NUMBERS: 1,
    StepName.TEST_SMS: 0,
    StepName.FIRST_ORDER: 0,
}
"""How long a step takes a user who has all that it needs at hand."""


def setup_steps(facts: SetupFacts) -> tuple[Step, ...]:
    """The seven steps in their usual sequence; none needs the one before it, but for what its fact says."""
    return (
        _key(facts),
        _push_url(facts),
        _public_address(facts.address),
        _phones(facts.phones),
        _numbers(facts),
        _test_sms(facts),
        _first_order(facts),
    )


def minutes_left(steps: tuple[Step, ...]) -> int:
    return sum(MINUTES[step.name] for step in steps if step.state is not StepState.DONE)


def _key(facts: SetupFacts) -> Step:
    name = StepName.KEY
    if facts.key_problem:
        return _step(name, StepState.FAILED, FactKind.KEY_UNREADABLE, cause=facts.key_problem)
    if not facts.key_place:
        return _step(name, StepState.WAITING, FactKind.KEY_MISSING)
    test = _test_of(facts)
    if test is not None and test.answer is PushAnswer.KEY_REFUSED:
        return _step(name, StepState.FAILED, FactKind.KEY_REFUSED, place=facts.key_place)
    fact = FactKind.KEY_ACCEPTED if test is not None and test.is_right else FactKind.KEY_KEPT
    return _step(name, StepState.DONE, fact, place=facts.key_place)


def _push_url(facts: SetupFacts) -> Step:
    name = StepName.PUSH_URL
    if not facts.push_url:
        return _step(name, StepState.WAITING, FactKind.PUSH_URL_MISSING)
    test = _test_of(facts)
    if test is None:
        return _step(name, StepState.WAITING, FactKind.PUSH_URL_UNTESTED)
    if test.is_right:
        state = StepState.DONE
    else:
        state = StepState.WAITING if test.answer is PushAnswer.NOT_SENT else StepState.FAILED
    fields: dict[str, PlainValue] = {
        "answer": test.answer.value,
        "detail": test.detail,
        "milliseconds": test.milliseconds,
    }
    return _step(name, state, FactKind.PUSH_TESTED, **fields)


def _test_of(facts: SetupFacts) -> PushTest | None:
    """The last test, if it was of the URL that is set now."""
    test = facts.push_test
    return test if test is not None and test.url == facts.push_url else None


def _public_address(address: AddressFact) -> Step:
    name = StepName.PUBLIC_ADDRESS
    if address.kind is TunnelKind.NONE:
        return _step(name, StepState.WAITING, FactKind.ADDRESS_MISSING)
    if not address.is_answered:
        state = StepState.FAILED if address.has_failed else StepState.WAITING
        return Step(name=name, state=state, fact=FactKind.ADDRESS_HEALTH, health=address.health)
    if not address.reported_url:
        return _step(name, StepState.WAITING, FactKind.ADDRESS_UNREPORTED)
    if address.reported_url != address.url:
        return _step(name, StepState.FAILED, FactKind.ADDRESS_CHANGED)
    return Step(name=name, state=StepState.DONE, fact=FactKind.ADDRESS_ANSWERS, health=address.health)


def _phones(phones: tuple[PhoneFact, ...]) -> Step:
    name = StepName.PHONES
    if not phones:
        return _step(name, StepState.WAITING, FactKind.PHONES_MISSING)
    ready = sum(phone.is_ready for phone in phones)
    waiting = [phone for phone in phones if not phone.is_ready]
    if not waiting:
        return _step(name, StepState.DONE, FactKind.PHONES_READY, ready=ready, phones=len(phones))
    first = next((phone for phone in waiting if phone.remedy not in (Remedy.NONE, Remedy.WAIT)), waiting[0])
    return _step(
        name,
        StepState.WAITING,
        FactKind.PHONE_NEEDS,
        ready=ready,
        phones=len(phones),
        label=first.label,
        remedy=first.remedy.value,
    )


def _numbers(facts: SetupFacts) -> Step:
    name = StepName.NUMBERS
    if not facts.sims:
        return _step(name, StepState.WAITING, FactKind.SIMS_MISSING)
    state = StepState.DONE if facts.numbers_known == facts.sims else StepState.WAITING
    return _step(
        name, state, FactKind.NUMBERS_KNOWN, sims=facts.sims, known=facts.numbers_known, found=facts.numbers_found
    )


def _test_sms(facts: SetupFacts) -> Step:
    name = StepName.TEST_SMS
    if facts.test_failed_link is not None:
        return _step(name, StepState.FAILED, FactKind.TEST_FAILED, link=facts.test_failed_link.value)
    if facts.test_passed_at is not None:
        return Step(name=name, state=StepState.DONE, fact=FactKind.TEST_PASSED, at=facts.test_passed_at)
    fact = FactKind.TEST_READY if facts.can_test else FactKind.TEST_NEEDS
    return _step(name, StepState.WAITING, fact)


def _first_order(facts: SetupFacts) -> Step:
    name = StepName.FIRST_ORDER
    if facts.has_sold:
        return Step(name=name, state=StepState.DONE, fact=FactKind.ORDER_CAME, at=facts.last_call_at)
    fact = FactKind.ORDER_AWAITED if facts.is_confirmed else FactKind.CONFIRMATION_MISSING
    return Step(name=name, state=StepState.WAITING, fact=fact, at=facts.last_call_at)


def _step(name: StepName, state: StepState, fact: FactKind, **fields: PlainValue) -> Step:
    return Step(name=name, state=state, fact=fact, fields=fields)
