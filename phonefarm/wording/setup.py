"""The words of the way to the first sale, for the window and the command line."""

from __future__ import annotations

from collections.abc import Callable

from phonefarm.domain.push_tests import PushAnswer, PushTest
from phonefarm.domain.setup_steps import FactKind, Link, Step, StepName, StepState
from phonefarm.wording.health import health_text

Translate = Callable[[str], str]
Kind = FactKind

STEP_NAMES = {
    StepName.KEY: "Onlinesim key",
    StepName.PUSH_URL: "Push URL",
    StepName.PUBLIC_ADDRESS: "Public address",
    StepName.PHONES: "Phones",
    StepName.NUMBERS: "Numbers",
    StepName.TEST_SMS: "Test SMS",
    StepName.FIRST_ORDER: "First order",
}
STEP_STATES = {StepState.DONE: "done", StepState.WAITING: "waiting", StepState.FAILED: "failed"}
LINKS = {
    Link.READ: "Read as from a phone",
    Link.INTAKE: "Given to its SIM and rent",
    Link.OUTBOX: "Queued for Onlinesim",
    Link.BODY: "Written as a push",
    Link.MARKET: "Test push to Onlinesim",
}
KEY_PLACES = {
    "keyring": "Kept in the keyring of this PC",
    "key file": "Kept in a protected file, no keyring here",
    "environment": "Set by the environment, PHONEFARM_API_KEY",
}
FACTS = {
    Kind.KEY_MISSING: "Paste the key that Onlinesim gave you",
    Kind.KEY_UNREADABLE: "The keyring does not answer: {cause}",
    Kind.KEY_KEPT: "{kept}",
    Kind.KEY_ACCEPTED: "{kept}. Onlinesim accepts it",
    Kind.KEY_REFUSED: "Onlinesim refuses this key: paste it again, or ask its support",
    Kind.PUSH_URL_MISSING: "Paste the URL that Onlinesim's support gave you",
    Kind.PUSH_URL_UNTESTED: "Not tested yet",
    Kind.ADDRESS_MISSING: "How Onlinesim reaches this PC: choose a tunnel, or a URL of your own",
    Kind.ADDRESS_UNREPORTED: "It answers. Send the three URLs to Onlinesim's support",
    Kind.ADDRESS_CHANGED: "The address has changed: Onlinesim still has the former one",
    Kind.PHONES_MISSING: "Connect a phone by USB",
    Kind.PHONES_READY: "{ready} of {phones} ready",
    Kind.PHONE_NEEDS: "{ready} of {phones} ready. {label}: {remedy}",
    Kind.SIMS_MISSING: "No SIM is seen yet: they show up with the phones",
    Kind.TEST_NEEDS: "One SMS through the whole chain, without a customer. Needs steps 4 and 5",
    Kind.TEST_READY: "One SMS through the whole chain, without a customer",
    Kind.TEST_PASSED: "Passed. No money, no customer, nothing left behind",
    Kind.TEST_FAILED: "Stopped at “{link}”",
    Kind.CONFIRMATION_MISSING: "Confirm at the top that the SIM cards are yours to rent out",
    Kind.ORDER_AWAITED: "Waiting for the first order",
    Kind.ORDER_CAME: "The first order has come",
}
PUSH_ANSWERS = {
    PushAnswer.NO_RENT: "Test push: {detail} in {milliseconds} ms. That is right, no rent is open",
    PushAnswer.REFUSED: "Test push: {detail} in {milliseconds} ms. URL and key are right",
    PushAnswer.TAKEN: "HTTP 200 for a rent that does not exist: probably another URL than PUSH_SMS_RENT",
    PushAnswer.KEY_REFUSED: "HTTP {detail}: the key is refused",
    PushAnswer.TOO_MANY: "Onlinesim asks to wait: test again in a minute",
    PushAnswer.HOST_UNKNOWN: "No such host: check the spelling of the URL",
    PushAnswer.CERTIFICATE: "The certificate of this host is not accepted",
    PushAnswer.SILENT: "{detail}",
    PushAnswer.ERROR: "HTTP {detail}: this is not the answer of PUSH_SMS_RENT",
    PushAnswer.NOT_SENT: "Not sent: the key is missing",
}
PUSH_ADVICE = {
    PushAnswer.TAKEN: "A test is made for a rent that nobody has, so Onlinesim must answer NO_OPERATION. Compare the "
    "URL with the letter of Onlinesim's support.",
    PushAnswer.KEY_REFUSED: "The URL is right, and Onlinesim does not know this key. Paste it again in step 1, "
    "or ask Onlinesim's support for the key of your account.",
    PushAnswer.TOO_MANY: "Too many requests came from this PC within a short time.",
    PushAnswer.HOST_UNKNOWN: "This PC finds no server of this name. Compare the URL with the letter of Onlinesim's "
    "support; if it is right, check the Internet connection.",
    PushAnswer.CERTIFICATE: "Somebody else may answer in Onlinesim's place, so nothing was sent. Check the URL and "
    "the clock of this PC, and whether an antivirus or a proxy looks into encrypted connections.",
    PushAnswer.SILENT: "The server does not answer. Check the Internet connection and the firewall of this PC, "
    "then test again.",
    PushAnswer.ERROR: "A server answers, and not as PUSH_SMS_RENT does. Compare the URL with the letter of "
    "Onlinesim's support.",
    PushAnswer.NOT_SENT: "Enter the key in step 1, then test again.",
}
"""Why, and what to do; answers that are right need none."""
SHORT_ANSWER = "{detail} in {milliseconds} ms, as it should be"
NO_CALL_YET = "Last call from Onlinesim: never"
NUMBERS_KNOWN = ("{sims} SIM: {known} number known", "{sims} SIMs: {known} with a number")
NUMBERS_FOUND = "{found} found in an SMS"


def fact_text(step: Step, translate: Translate = str, remedy_text: Callable[[str], str] = str) -> str:
    """One line about a step; `remedy_text` words the next click of a phone."""
    fields = step.fields
    match step.fact:
        case Kind.KEY_KEPT | Kind.KEY_ACCEPTED:
            place = str(fields["place"])
            return translate(FACTS[step.fact]).format(kept=translate(KEY_PLACES.get(place, place)))
        case Kind.PUSH_TESTED:
            return _push_text(
                PushAnswer(str(fields["answer"])), str(fields["detail"]), fields["milliseconds"], translate
            )
        case Kind.ADDRESS_HEALTH | Kind.ADDRESS_ANSWERS:
            assert step.health is not None
            return _capitalized(health_text(step.health, translate))
        case Kind.PHONE_NEEDS:
            words = {**fields, "remedy": remedy_text(str(fields["remedy"]))}
            return translate(FACTS[step.fact]).format(**words).rstrip(": ")
        case Kind.NUMBERS_KNOWN:
            text = translate(NUMBERS_KNOWN[0 if fields["sims"] == 1 else 1]).format(**fields)
            return f"{text}, {translate(NUMBERS_FOUND).format(**fields)}" if fields["found"] else text
        case Kind.TEST_FAILED:
            return translate(FACTS[step.fact]).format(link=translate(LINKS[Link(str(fields["link"]))]))
        case _:
            return translate(FACTS[step.fact]).format(**fields)


def push_text(test: PushTest, translate: Translate = str) -> str:
    return _push_text(test.answer, test.detail, test.milliseconds, translate)


def right_push_text(test: PushTest, translate: Translate = str) -> str:
    """A few words for a test whose answer is right."""
    return translate(SHORT_ANSWER).format(detail=test.detail, milliseconds=test.milliseconds)


def push_advice(test: PushTest, translate: Translate = str) -> str:
    """Why it is so, and what to do; empty where all is right."""
    return translate(PUSH_ADVICE[test.answer]) if test.answer in PUSH_ADVICE else ""


def _push_text(answer: PushAnswer, detail: str, milliseconds: object, translate: Translate) -> str:
    text = translate(PUSH_ANSWERS[answer]).format(detail=detail or "?", milliseconds=milliseconds)
    return _capitalized(text)


def _capitalized(text: str) -> str:
    return f"{text[:1].upper()}{text[1:]}"
