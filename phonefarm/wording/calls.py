"""The words of the log's calls: a kind, what happened, and why."""

from __future__ import annotations

from collections.abc import Callable

from phonefarm.domain.calls import CallKind, Outcome
from phonefarm.domain.fields import Fields
from phonefarm.domain.health import Health, HealthKind
from phonefarm.wording.health import health_text

Translate = Callable[[str], str]

CALL_KINDS = {
    CallKind.SERVICES: "Offer asked",
    CallKind.ORDER: "Order",
    CallKind.FINISH: "FINISH",
    CallKind.WRONG_KEY: "Wrong key",
    CallKind.BAD_REQUEST: "Bad call",
    CallKind.TOO_MANY: "Too many",
    CallKind.PUSH: "Push",
}

SENTENCES = {
    Outcome.OFFERED: "Free numbers told: {numbers} (countries: {countries})",
    Outcome.NOTHING_OFFERED: "No free number: nothing on offer",
    Outcome.ISSUED: "Number issued: +{number}",
    Outcome.NO_NUMBER: "Refused: no free number{wanted}",
    Outcome.NO_SUCH_SIM: "Refused: no SIM{wanted}",
    Outcome.PREFIXES_EXCLUDED: "Refused: every number{wanted} has an excluded prefix",
    Outcome.NONE_FREE: "Refused: no free number{wanted}",
    Outcome.NOT_SELLING: "Refused: nothing is for sale",
    Outcome.TOO_LATE: "Refused: the answer would have come too late",
    Outcome.DATABASE: "Refused: the database does not work",
    Outcome.FINISHED: "Rent {status}",
    Outcome.RENT_UNKNOWN: "Refused: this rent is unknown",
    Outcome.WRONG_KEY: "Call refused: it has not the partner key",
    Outcome.BAD_REQUEST: "Refused: {reason}",
    Outcome.TOO_MANY: "Refused: too many calls, next one in {seconds} s",
    Outcome.FAILED: "Not answered: a bug in phonefarm",
    Outcome.DELIVERED: "SMS delivered",
    Outcome.MORE_DELIVERED: "Further SMS delivered",
    Outcome.PUSH_REFUSED: "SMS refused: {token}",
    Outcome.PUSH_KEY_REFUSED: "SMS refused: the partner key is wrong",
    Outcome.PUSH_FAILED: "SMS not delivered: {cause}",
    Outcome.LOST: "Calls that could not be logged: the database did not keep up",
}
OF_RENT = {
    Outcome.ISSUED: "Rent {rent} issued: +{number}",
    Outcome.FINISHED: "Rent {rent} {status}",
    Outcome.RENT_UNKNOWN: "Refused: rent {rent} is unknown",
    Outcome.DELIVERED: "SMS for rent {rent} delivered",
    Outcome.PUSH_REFUSED: "SMS for rent {rent} refused: {token}",
    Outcome.PUSH_KEY_REFUSED: "SMS for rent {rent} refused: the partner key is wrong",
    Outcome.PUSH_FAILED: "SMS for rent {rent} not delivered: {cause}",
}
"""The same where the rent is known."""
WANTED = " of {names}"
FINISHES = {1: "not ordered", 2: "withdrawn", 3: "sold", 4: "cancelled", 5: "refunded"}

NO_REASON = "When the log looked, a number was free again: another order had it for a moment."
NO_SIM_AT_ALL = "You have no SIM{country}."
OTHER_OPERATORS = "You have {of_country} SIMs of {country}: {operators}; none of {operator}."
ALL_EXCLUDED = "{sims} SIMs match, and the order excludes the prefixes of all of them: {prefixes}."
BUSY = "{sims} SIMs match: {parts}."
PARTS = {
    "rented": "{rented} rented",
    "banned": "{banned} banned",
    "paused": "{paused} paused",
    "away": "{away} in phones that are not ready",
    "other": "{other} without a number or not ready",
}
WHY = {
    Outcome.NOTHING_OFFERED: "Every number is rented, banned, paused, or its phone is not ready.",
    Outcome.TOO_LATE: "Onlinesim waits 8 s for a number, and this PC was not fast enough. No number was given away.",
    Outcome.DATABASE: "{cause}",
    Outcome.RENT_UNKNOWN: "No rent has this id. It may be from before a backup was restored.",
    Outcome.WRONG_KEY: "Either the key was changed on one side only, or a stranger has found the address. "
    "The key that was sent is not stored.",
    Outcome.BAD_REQUEST: "The call did not follow Onlinesim's protocol, so nothing was changed.",
    Outcome.TOO_MANY: "More calls came than the settings allow. Calls with the right key have a limit of their own.",
    Outcome.FAILED: "The log file has the details.",
    Outcome.MORE_DELIVERED: "In a burst only some pushes have an entry of their own. The page Push queue has them all.",
    Outcome.PUSH_REFUSED: "Onlinesim does not take this SMS. The page Push queue says what follows.",
    Outcome.PUSH_KEY_REFUSED: "The SMS waits until the key is right. Check the key in the settings.",
    Outcome.PUSH_FAILED: "It is sent again until Onlinesim has it.",
    Outcome.LOST: "They were answered all the same.",
}


def call_sentence(outcome: Outcome, fields: Fields, translate: Translate = str, *, rent: str = "") -> str:
    """What happened, in one line; `rent` is the id of the rent that it is about."""
    values = dict(fields)
    if outcome is Outcome.FINISHED:
        values["status"] = translate(FINISHES[int(fields["status"])])
    values["wanted"] = _wanted(fields, translate)
    template = OF_RENT.get(outcome, SENTENCES[outcome]) if rent else SENTENCES[outcome]
    sentence = translate(template).format(**values, rent=rent)
    if outcome is Outcome.NOT_SELLING and (reason := _reason(fields, translate)):
        return f"{sentence}: {reason}"
    return sentence


def call_reason(outcome: Outcome, fields: Fields, translate: Translate = str) -> str:
    """Why it happened, in whole sentences; empty where the sentence says all."""
    match outcome:
        case Outcome.NO_NUMBER:
            return translate(NO_REASON)
        case Outcome.NO_SUCH_SIM if fields["of_country"] and fields["operator"]:
            values = {**fields, "country": fields["country"] or "?"}
            return translate(OTHER_OPERATORS).format(**values)
        case Outcome.NO_SUCH_SIM:
            return translate(NO_SIM_AT_ALL).format(country=_named(str(fields["country"]), translate))
        case Outcome.PREFIXES_EXCLUDED:
            return translate(ALL_EXCLUDED).format(**fields)
        case Outcome.NONE_FREE:
            parts = [translate(words).format(**fields) for name, words in PARTS.items() if fields[name]]
            return translate(BUSY).format(sims=fields["sims"], parts=", ".join(parts))
        case _:
            return translate(WHY.get(outcome, "")).format(**fields)


def _wanted(fields: Fields, translate: Translate) -> str:
    names = [str(fields.get(name, "")) for name in ("country", "operator")]
    return _named(", ".join(filter(None, names)), translate)


def _named(names: str, translate: Translate) -> str:
    return translate(WANTED).format(names=names) if names else ""


def _reason(fields: Fields, translate: Translate) -> str:
    kind = fields.get("reason", "")
    if kind not in set(HealthKind):
        return ""
    return health_text(Health(kind=HealthKind(str(kind)), fields=fields), translate)
