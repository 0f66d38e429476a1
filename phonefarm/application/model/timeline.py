"""Timeline entries as data: a kind and its plain values. The window has the sentences.

Invariant: no value contains the text of an SMS or a secret, since the fields stay in the database.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from enum import StrEnum

from phonefarm.domain.conditions import Condition
from phonefarm.domain.fields import Fields, PlainValue
from phonefarm.domain.phones import PhoneState
from phonefarm.domain.recovery import Step as Step
from phonefarm.domain.rents import FinishStatus


class TimelineKind(StrEnum):
    """The functions below define the fields of each kind."""

    TEXT = "text"
    """A sentence stored by an earlier version, shown unchanged."""

    PHONE_STATE = "phone state"
    PHONES_LEFT = "phones left"
    CONDITION_BEGAN = "condition began"
    CONDITION_ENDED = "condition ended"
    RECOVERY_STEP = "recovery step"
    RECOVERY_FAILED = "recovery failed"
    SIM_RULE_SET = "sim rule set"
    SIM_RULES_FORGOTTEN = "sim rules forgotten"

    SIM_SEEN = "sim seen"
    SIM_MOVED = "sim moved"
    SIM_TAKEN_OUT = "sim taken out"
    NUMBER_TYPED = "number typed"
    NUMBER_IMPORTED = "number imported"
    NUMBER_ACCEPTED = "number accepted"
    NUMBER_REJECTED = "number rejected"
    BANNED_BY_RULE = "banned by rule"
    BANNED_BY_HAND = "banned by hand"
    BAN_LIFTED = "ban lifted"
    BAN_ENDED = "ban ended"
    PAUSED = "paused"
    PAUSED_AFTER_SALE = "paused after sale"
    RESUMED = "resumed"
    SELLING_PAUSED = "selling paused"
    SELLING_RESUMED = "selling resumed"
    RENT_ORDERED = "rent ordered"
    RENT_ENDED = "rent ended"

    ORDERED = "ordered"
    ANSWERED = "answered"
    ANSWER_LOST = "answer lost"
    WITHDRAWN = "withdrawn"
    RELEASED = "released"
    FINISHED = "finished"
    REFUNDED = "refunded"
    RENT_UNKNOWN = "rent unknown"

    SMS = "sms"
    SIM_FOUND = "sim found"
    SIM_CHOSEN = "sim chosen"
    PUSH_SENDING = "push sending"
    PUSH_FAILED = "push failed"
    PUSH_DELIVERED = "push delivered"
    PUSH_REFUSED = "push refused"
    PUSH_PARKED = "push parked"
    PUSH_CLOSED = "push closed"
    PUSH_UNCERTAIN = "push uncertain"
    RESENT = "resent"
    DROPPED = "dropped"


@dataclass(frozen=True, kw_only=True)
class Happening:
    """An event without its time."""

    kind: TimelineKind
    fields: Fields


@dataclass(frozen=True, kw_only=True)
class TimelineEntry:
    """An event with its time."""

    at: datetime
    kind: TimelineKind
    fields: Fields
    """Plain text, never rich text, since it may contain a sender's name."""
    body: str = field(default="", repr=False)
    """The text of an SMS; it is read separately and never stored in the timeline."""


def entry(at: datetime, happening: Happening, body: str = "") -> TimelineEntry:
    return TimelineEntry(at=at, kind=happening.kind, fields=happening.fields, body=body)


# Phones ----------------------------------------------------------------------


def phone_state(state: PhoneState, cause: str) -> Happening:
    """`cause` in the words of adb or the phone; may be empty."""
    return _happening(TimelineKind.PHONE_STATE, state=state.value, cause="" if cause == state.value else cause)


def phones_left(others: int, hub: str) -> Happening:
    """`hub` is empty if it is unknown."""
    return _happening(TimelineKind.PHONES_LEFT, others=others, hub=hub)


def condition_began(condition: Condition, values: Fields) -> Happening:
    return _happening(TimelineKind.CONDITION_BEGAN, condition=condition.value, **values)


def condition_ended(condition: Condition) -> Happening:
    return _happening(TimelineKind.CONDITION_ENDED, condition=condition.value)


def recovery_step(step: Step) -> Happening:
    return _happening(TimelineKind.RECOVERY_STEP, step=step.value)


def recovery_failed(step: Step, problem: str) -> Happening:
    return _happening(TimelineKind.RECOVERY_FAILED, step=step.value, problem=problem)


def sim_rule_set(mark: str, sim: str, number: str | None) -> Happening:
    """`sim`: the SIM's id; `number` is None if unknown."""
    return _happening(TimelineKind.SIM_RULE_SET, mark=mark, sim=sim, number=number or "")


def sim_rules_forgotten() -> Happening:
    return _happening(TimelineKind.SIM_RULES_FORGOTTEN)


# All selling -----------------------------------------------------------------


def selling_paused(by: str) -> Happening:
    """`by`: who did it, in words."""
    return _happening(TimelineKind.SELLING_PAUSED, by=by)


def selling_resumed(by: str) -> Happening:
    return _happening(TimelineKind.SELLING_RESUMED, by=by)


# SIMs ------------------------------------------------------------------------


def sim_seen(phone: str, slot: int) -> Happening:
    """`slot` counts from 0."""
    return _happening(TimelineKind.SIM_SEEN, phone=phone, slot=slot)


def sim_moved(phone: str, slot: int) -> Happening:
    return _happening(TimelineKind.SIM_MOVED, phone=phone, slot=slot)


def sim_taken_out(phone: str) -> Happening:
    return _happening(TimelineKind.SIM_TAKEN_OUT, phone=phone)


def number_typed(number: str) -> Happening:
    return _happening(TimelineKind.NUMBER_TYPED, number=number)


def number_imported(number: str) -> Happening:
    """`number` is empty if the import removed it."""
    return _happening(TimelineKind.NUMBER_IMPORTED, number=number)


def number_accepted(number: str, sender: str) -> Happening:
    return _happening(TimelineKind.NUMBER_ACCEPTED, number=number, sender=sender)


def number_rejected(number: str, of_country: str, country: str, source: str) -> Happening:
    """A number of `of_country` (empty: unknown) is not used for a SIM of `country`; `source`: its `msisdn_source`."""
    return _happening(
        TimelineKind.NUMBER_REJECTED, number=number, of_country=of_country, country=country, source=source
    )


def banned_by_rule() -> Happening:
    return _happening(TimelineKind.BANNED_BY_RULE)


def banned_by_hand(hours: float) -> Happening:
    return _happening(TimelineKind.BANNED_BY_HAND, hours=hours)


def ban_lifted() -> Happening:
    return _happening(TimelineKind.BAN_LIFTED)


def ban_ended() -> Happening:
    return _happening(TimelineKind.BAN_ENDED)


def paused(reason: str) -> Happening:
    """`reason` as the user wrote it; may be empty."""
    return _happening(TimelineKind.PAUSED, reason=reason)


def paused_after_sale() -> Happening:
    return _happening(TimelineKind.PAUSED_AFTER_SALE)


def resumed() -> Happening:
    return _happening(TimelineKind.RESUMED)


def rent_ordered(rent: int) -> Happening:
    """The begin of a rent, in the timeline of its SIM."""
    return _happening(TimelineKind.RENT_ORDERED, rent=rent)


def rent_ended(rent: int, status: FinishStatus | None, sms: int) -> Happening:
    """The end of a rent, in the timeline of its SIM; without a status the user released it."""
    return _happening(TimelineKind.RENT_ENDED, rent=rent, status=0 if status is None else int(status), sms=sms)


# Rents -----------------------------------------------------------------------


def ordered(country: str | None, operator: str | None, expected: Decimal) -> Happening:
    """None: any. `expected` in roubles."""
    return _happening(TimelineKind.ORDERED, country=country or "", operator=operator or "", expected=str(expected))


def answered() -> Happening:
    return _happening(TimelineKind.ANSWERED)


def answer_lost() -> Happening:
    return _happening(TimelineKind.ANSWER_LOST)


def withdrawn() -> Happening:
    """The rent was closed: its order was never answered."""
    return _happening(TimelineKind.WITHDRAWN)


def released() -> Happening:
    """The user released a rent that the market may not know."""
    return _happening(TimelineKind.RELEASED)


def finished(status: FinishStatus, credited: Decimal) -> Happening:
    """`credited` in roubles."""
    return _happening(TimelineKind.FINISHED, status=int(status), credited=str(credited))


def refunded(amount: Decimal | None) -> Happening:
    return _happening(TimelineKind.REFUNDED, amount=str(amount))


def rent_unknown() -> Happening:
    """The market does not know a rent that is open here."""
    return _happening(TimelineKind.RENT_UNKNOWN)


# Messages and pushes ---------------------------------------------------------


def sms(sender: str) -> Happening:
    return _happening(TimelineKind.SMS, sender=sender)


def sim_found(sim: str, number: str | None) -> Happening:
    """The SIM of a message was resolved; `sim`: its id; `number` is None if unknown."""
    return _happening(TimelineKind.SIM_FOUND, sim=sim, number=number or "")


def sim_chosen(sim: str, number: str | None) -> Happening:
    """The user assigned a message to a SIM."""
    return _happening(TimelineKind.SIM_CHOSEN, sim=sim, number=number or "")


def push_sending(attempt: int) -> Happening:
    return _happening(TimelineKind.PUSH_SENDING, attempt=attempt)


def push_delivered(attempt: int, seconds: float) -> Happening:
    """`seconds` since the message arrived at the phone."""
    return _happening(TimelineKind.PUSH_DELIVERED, attempt=attempt, seconds=seconds)


def push_ended(kind: TimelineKind, attempt: int, answer: str) -> Happening:
    """An attempt that was not accepted; `kind`: its effect on the push."""
    return _happening(kind, attempt=attempt, answer=answer)


def resent() -> Happening:
    return _happening(TimelineKind.RESENT)


def dropped() -> Happening:
    return _happening(TimelineKind.DROPPED)


def _happening(kind: TimelineKind, **fields: PlainValue) -> Happening:
    return Happening(kind=kind, fields=fields)
