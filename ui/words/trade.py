"""The words of the trade: rents, messages, pushes, bans, numbers."""

from __future__ import annotations

from phonefarm.application.read_models import (
    BanRow,
    FinishStatus,
    MessageRow,
    PushState,
    RentRow,
    RentState,
    SmsStanding,
)
from ui.tokens import Tone
from ui.words.core import Word

RENT_STATES = {
    RentState.WAITING: Word("waiting", Tone.IDLE, "Open; the first SMS has not come yet."),
    RentState.ACTIVE: Word("has SMS", Tone.OK, "Open; at least one SMS was accepted."),
    RentState.OVERDUE: Word("overdue", Tone.WARN, "20 minutes without SMS: the market's end of the rent is awaited."),
    RentState.POSSIBLE_ORPHAN: Word(
        "possible orphan",
        Tone.BAD,
        "The answer may not have reached the market. If it does not know this rent, release it.",
    ),
    RentState.FINISHED: Word("finished", Tone.IDLE, "The market ended it."),
}
LAST_CHANCE = Word(
    "third failure: ban", Tone.WARN, "If this rent ends without an SMS, the number is banned for 24 hours."
)

FINISHES = {
    FinishStatus.NOT_ORDERED: Word("not ordered", Tone.IDLE, "The market ended it: not ordered. Nothing is credited."),
    FinishStatus.DEPRECATED: Word("withdrawn", Tone.IDLE, "The market withdrew it. Nothing is credited."),
    FinishStatus.SOLD: Word("sold", Tone.OK, "Ended and paid."),
    FinishStatus.CANCELLED: Word("cancelled", Tone.WARN, "Ended without payment."),
    FinishStatus.REFUNDED: Word("refunded", Tone.BAD, "The market took the money back."),
}

SMS_STANDINGS = {
    SmsStanding.BASELINE: Word("older", Tone.IDLE, "It was on the phone before the app first saw it: never pushed."),
    SmsStanding.NO_RENT: Word("no rent", Tone.IDLE, "No rent was open on this number when it arrived: kept here only."),
    SmsStanding.FOR_RENT: Word("for a rent", Tone.INFO, "It belongs to a rent."),
    SmsStanding.HELD: Word("which SIM?", Tone.WARN, "The phone does not say which of its SIMs got it: you decide."),
    SmsStanding.WITHHELD: Word("withheld", Tone.IDLE, "Its sender is on your block list: its text was not kept."),
}

PUSH_STATES = {
    PushState.WAITING: Word("waiting", Tone.INFO, "It is tried again at the time shown."),
    PushState.SENDING: Word("sending", Tone.INFO, "An attempt is under way."),
    PushState.DELIVERED: Word("delivered", Tone.OK, "Onlinesim has it; it is never sent again."),
    PushState.REFUSED: Word("refused", Tone.BAD, "Onlinesim refused it for good."),
    PushState.PARKED: Word("parked", Tone.WARN, "Onlinesim ignored it too often: resend it or drop it."),
    PushState.RENT_OVER: Word("rent over", Tone.IDLE, "The rent ended before it could be delivered."),
    PushState.DROPPED: Word("dropped", Tone.IDLE, "You stopped it."),
}

NUMBER_MISSING = Word("no number", Tone.WARN, "Type it, import it, or let the operator tell it in an SMS to this SIM.")
NUMBER_FOUND = Word("found", Tone.INFO, "An SMS to this SIM states its number: look who sent it, then accept it.")
NUMBER_UNSURE = Word("found twice: look", Tone.WARN, "SMS to this SIM state different numbers: one of them is wrong.")
NUMBER_TAKEN = Word(
    "found elsewhere", Tone.WARN, "An SMS states a number that another SIM in a phone has: one of both is wrong."
)
UNKNOWN_NETWORK = Word(
    "no network name", Tone.WARN, "The market's name of its network is not known: name it, and its SIMs go on offer."
)

BAN_BY_RULE = Word("three unused rents", Tone.WARN, "Three rents in a row ended without an SMS.")
BAN_BY_HAND = Word("set by you", Tone.IDLE, "You set this ban.")


def rent_word(rent: RentRow) -> Word:
    if rent.finish_status is not None:
        return FINISHES[rent.finish_status]
    if rent.state is RentState.WAITING and rent.one_more_failure_bans:
        return LAST_CHANCE
    return RENT_STATES[rent.state]


def message_word(message: MessageRow) -> Word:
    if message.standing is SmsStanding.FOR_RENT and message.push_state is not None:
        return PUSH_STATES[message.push_state]
    return SMS_STANDINGS[message.standing]


def ban_word(ban: BanRow) -> Word:
    return BAN_BY_HAND if ban.by_hand else BAN_BY_RULE
