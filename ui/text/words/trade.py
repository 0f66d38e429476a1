"""The words of the trade: rents, messages, pushes, bans, numbers."""

from __future__ import annotations

from phonefarm.application.model.read_models import (
    BanRow,
    Doubt,
    FinishStatus,
    MessageRow,
    PushRow,
    PushState,
    RentRow,
    RentState,
    SmsStanding,
)
from ui.style.tokens import Tone
from ui.text.words.core import Word, tr

RENT_STATES = {
    RentState.WAITING: Word("waiting", Tone.IDLE, "Open; the first SMS has not come yet."),
    RentState.ACTIVE: Word("has SMS", Tone.OK, "Open; at least one SMS was accepted."),
    RentState.OVERDUE: Word("overdue", Tone.WARN, "20 minutes without SMS: the market's end of the rent is awaited."),
    RentState.POSSIBLE_ORPHAN: Word(
        "unconfirmed",
        Tone.BAD,
        "The answer may not have reached the market. If it does not know this rent, release it.",
    ),
    RentState.FINISHED: Word("finished", Tone.IDLE, "The market ended it."),
}
RECEIVED = Word(
    "received, sending", Tone.INFO, "Its first SMS is here and on its way to Onlinesim, which has not taken it yet."
)
NOT_TAKEN = Word(
    "SMS not taken",
    Tone.WARN,
    "An SMS came, and Onlinesim has not got it: it was refused, or withheld here. Look at its messages.",
)
LAST_CHANCE = Word(
    "1 failure from a ban", Tone.WARN, "If this rent ends without an SMS, the number is banned for 24 hours."
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

OLD_DATE = Word(
    "how old?",
    Tone.WARN,
    "Its own dates do not fit its arrival. If it is new, choose its SIM: it goes to the rent that was open then.",
)

PUSH_STATES = {
    PushState.WAITING: Word("waiting", Tone.INFO, "It is tried again at the time shown."),
    PushState.SENDING: Word("sending", Tone.INFO, "An attempt is under way."),
    PushState.DELIVERED: Word("delivered", Tone.OK, "Onlinesim has it; it is never sent again."),
    PushState.REFUSED: Word("refused", Tone.BAD, "Onlinesim refused it for good."),
    PushState.PARKED: Word(
        "stopped", Tone.WARN, "Stopped, needs a decision: it is not sent by itself any more. Resend it or drop it."
    ),
    PushState.RENT_OVER: Word("rent over", Tone.IDLE, "The rent ended before it could be delivered."),
    PushState.DROPPED: Word("dropped", Tone.IDLE, "You stopped it."),
}

NUMBER_MISSING = Word("no number", Tone.WARN, "Enter it, import it, or let the operator tell it in an SMS to this SIM.")
NUMBER_FOREIGN = Word(
    "of another country",
    Tone.WARN,
    "What the phone or the numbers file says is a number of another country than its network: tell the right one.",
)
NUMBER_FOUND = Word("found", Tone.INFO, "An SMS to this SIM states its number: look who sent it, then accept it.")
NUMBER_UNSURE = Word("conflicting numbers", Tone.WARN, "SMS to this SIM state different numbers: one of them is wrong.")
NUMBER_TAKEN = Word(
    "number used by another SIM",
    Tone.WARN,
    "An SMS states a number that another SIM in a phone has: one of both is wrong.",
)
UNKNOWN_NETWORK = Word(
    "no network name", Tone.WARN, "The market's name of its network is not known: name it, and its SIMs go on offer."
)

BAN_BY_RULE = Word("three unused rents", Tone.WARN, "Three rents in a row ended without an SMS.")
BAN_BY_HAND = Word("set by you", Tone.IDLE, "You set this ban.")


NO_OPERATION = "NO_OPERATION"
RESTORED = "restored"
"""How the answer begins of a push that waited when the backup was made."""
PUSH_REASONS = {
    "IGNORED": "Onlinesim took no notice of it. Send it again; if it is ignored for ever, it is not wanted: stop it.",
    "SERVICE_BAN": "Onlinesim bars this sender's service at the moment. Send it again later.",
    "BAD_SERVICE": "Onlinesim says that the SMS is not of the service that was ordered. Sending it again rarely helps.",
    NO_OPERATION: "Onlinesim knows no open rent of this id: it has ended there, or never began. "
    "Look at the rent before you send it again.",
    RESTORED: "It waited when the backup was made that you restored, and may have been sent since. "
    "Send it again if Onlinesim lacks it, else stop it.",
}
"""What Onlinesim's answers mean, by their first word."""
PUSH_REASONS["NO_OP"] = PUSH_REASONS[NO_OPERATION]
SHORT_REASONS = {
    "IGNORED": "no notice taken",
    "SERVICE_BAN": "service barred now",
    "BAD_SERVICE": "not the service ordered",
    NO_OPERATION: "rent not open there",
    RESTORED: "perhaps sent already",
}
"""The same in few words."""
SHORT_REASONS["NO_OP"] = SHORT_REASONS[NO_OPERATION]
UNCERTAIN = Word(
    "uncertain",
    Tone.IDLE,
    "How an attempt ended is not known: the program stopped within it, or Onlinesim's answer could not be read. "
    "Onlinesim may have got it then. It was sent once more, to be sure.",
)
RENT_STEPS = {
    RentState.OVERDUE: "market ends it",
    RentState.POSSIBLE_ORPHAN: "check it",
}
"""What follows, in few words."""
OVERDUE_ADVICE = (
    "Nothing to do yet: the market ends such a rent by itself, late at times. "
    "If it stays for hours, look in your Onlinesim account whether it is still open there."
)
ORPHAN_ADVICE = (
    "Look in your Onlinesim account. If the market knows this rent, leave it: SMS are pushed as usual. "
    "If it does not, release it, and the number goes on offer again."
)


def push_advice(push: PushRow) -> str:
    """What stands behind the answer that stopped a push, and what to do."""
    return tr(PUSH_REASONS.get(_token(push), PUSH_STATES[push.state].meaning))


def push_answer(push: PushRow) -> str:
    """The last answer; where it is a token of Onlinesim's, first in plain words."""
    meaning = SHORT_REASONS.get(_token(push))
    return push.last_answer if meaning is None else f"{tr(meaning)} ({push.last_answer})"


def push_words(push: PushRow) -> list[Word]:
    """Its state; and where nobody knows whether an attempt arrived, that too."""
    return [PUSH_STATES[push.state], UNCERTAIN] if push.uncertain else [PUSH_STATES[push.state]]


def _token(push: PushRow) -> str:
    return push.last_answer.split(" ")[0].rstrip(":,.;")


def rent_step(rent: RentRow) -> str:
    step = RENT_STEPS.get(rent.state)
    return tr(step) if step is not None else ""


def rent_advice(rent: RentRow) -> str:
    advice = {RentState.OVERDUE: OVERDUE_ADVICE, RentState.POSSIBLE_ORPHAN: ORPHAN_ADVICE}
    return tr(advice[rent.state]) if rent.state in advice else ""


def rent_words(rent: RentRow) -> list[Word]:
    """Its state; and where it would cost the number a ban to end so, that too."""
    words = [rent_word(rent)]
    if rent.sms_on_way and rent.state is RentState.OVERDUE:
        words.append(RECEIVED)
    if rent.one_more_failure_bans and rent.state is not RentState.FINISHED and LAST_CHANCE not in words:
        words.append(LAST_CHANCE)
    return words


def rent_word(rent: RentRow) -> Word:
    if rent.finish_status is not None:
        return FINISHES[rent.finish_status]
    if rent.state is RentState.WAITING:
        return _waiting_word(rent)
    return RENT_STATES[rent.state]


def _waiting_word(rent: RentRow) -> Word:
    """A rent whose first SMS is here does not wait for it."""
    if rent.sms_on_way:
        return RECEIVED
    if rent.sms_count:
        return NOT_TAKEN
    return LAST_CHANCE if rent.one_more_failure_bans else RENT_STATES[rent.state]


def message_word(message: MessageRow) -> Word:
    if message.standing is SmsStanding.FOR_RENT and message.push_state is not None:
        return PUSH_STATES[message.push_state]
    if message.standing is SmsStanding.HELD and message.doubt is Doubt.TIME:
        return OLD_DATE
    return SMS_STANDINGS[message.standing]


def ban_word(ban: BanRow) -> Word:
    return BAN_BY_HAND if ban.by_hand else BAN_BY_RULE
