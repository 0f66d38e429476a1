"""The words for rents, messages, pushes, bans and numbers."""

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
    RentState.OVERDUE: Word("overdue", Tone.WARN, "20 minutes without an SMS: Onlinesim should end this rent soon."),
    RentState.POSSIBLE_ORPHAN: Word(
        "unconfirmed",
        Tone.BAD,
        "The answer may not have reached Onlinesim. If it does not know this rent, release it.",
    ),
    RentState.FINISHED: Word("finished", Tone.IDLE, "Onlinesim ended it."),
}
RECEIVED = Word("received, sending", Tone.INFO, "Its first SMS has arrived and is being sent to Onlinesim.")
NOT_DELIVERED = Word(
    "SMS not delivered",
    Tone.WARN,
    "An SMS has arrived, but Onlinesim does not have it: it was refused, or withheld here. See its messages.",
)
LAST_CHANCE = Word(
    "1 failure from a ban", Tone.WARN, "If this rent ends without an SMS, the number is banned for 24 hours."
)

FINISHES = {
    FinishStatus.NOT_ORDERED: Word("not ordered", Tone.IDLE, "Onlinesim ended it: not ordered. Nothing is credited."),
    FinishStatus.DEPRECATED: Word("withdrawn", Tone.IDLE, "Onlinesim withdrew it. Nothing is credited."),
    FinishStatus.SOLD: Word("sold", Tone.OK, "Ended and paid."),
    FinishStatus.CANCELLED: Word("cancelled", Tone.WARN, "Ended without payment."),
    FinishStatus.REFUNDED: Word("refunded", Tone.BAD, "Onlinesim took the money back."),
}

SMS_STANDINGS = {
    SmsStanding.BASELINE: Word("older", Tone.IDLE, "It was on the phone before phonefarm first read it: never sent."),
    SmsStanding.NO_RENT: Word("no rent", Tone.IDLE, "No rent was open on this number when it arrived: kept here only."),
    SmsStanding.FOR_RENT: Word("for a rent", Tone.INFO, "It belongs to a rent."),
    SmsStanding.HELD: Word("which SIM?", Tone.WARN, "The phone does not say which SIM received it: choose the SIM."),
    SmsStanding.WITHHELD: Word("withheld", Tone.IDLE, "Its sender is on your block list: its text was not kept."),
}

OLD_DATE = Word(
    "how old?",
    Tone.WARN,
    "Its date does not match its arrival. If it is new, choose its SIM: it goes to the rent that was open then.",
)

PUSH_STATES = {
    PushState.WAITING: Word("waiting", Tone.INFO, "It is tried again at the time shown."),
    PushState.SENDING: Word("sending", Tone.INFO, "An attempt is in progress."),
    PushState.DELIVERED: Word("delivered", Tone.OK, "Onlinesim has it; it is never sent again."),
    PushState.REFUSED: Word("refused", Tone.BAD, "Onlinesim refused it for good."),
    PushState.PARKED: Word(
        "stopped", Tone.WARN, "Stopped, needs a decision: it is not sent by itself any more. Resend it or drop it."
    ),
    PushState.RENT_OVER: Word("rent over", Tone.IDLE, "The rent ended before it could be delivered."),
    PushState.DROPPED: Word("dropped", Tone.IDLE, "You stopped it."),
}

NUMBER_MISSING = Word("no number", Tone.WARN, "Enter it, import it, or ask the operator for an SMS that states it.")
NUMBER_FOREIGN = Word(
    "of another country",
    Tone.WARN,
    "The phone or the numbers file states a number of another country than its network: enter the right one.",
)
NUMBER_FOUND = Word("found", Tone.INFO, "An SMS to this SIM states its number: check the sender, then accept it.")
NUMBER_UNSURE = Word("conflicting numbers", Tone.WARN, "SMS to this SIM state different numbers: one of them is wrong.")
NUMBER_TAKEN = Word(
    "number used by another SIM",
    Tone.WARN,
    "An SMS states a number that another SIM in a phone has: one of the two is wrong.",
)
UNKNOWN_NETWORK = Word(
    "no network name", Tone.WARN, "Country and operator of its network are not set: set them to sell its SIMs."
)

BAN_BY_RULE = Word("three unused rents", Tone.WARN, "Three rents in a row ended without an SMS.")
BAN_BY_HAND = Word("set by you", Tone.IDLE, "You set this ban.")


NO_OPERATION = "NO_OPERATION"
RESTORED = "restored"
"""The first word of the answer of a push that waited when the restored backup was made."""
PUSH_REASONS = {
    "IGNORED": "Onlinesim ignored it. Send it again; if it is ignored again and again, stop it.",
    "SERVICE_BAN": "Onlinesim blocks this sender's service at the moment. Send it again later.",
    "BAD_SERVICE": "Onlinesim says that the SMS is not of the service that was ordered. Sending it again rarely helps.",
    NO_OPERATION: "Onlinesim has no open rent with this id: it has ended there, or was never confirmed. "
    "Look at the rent before you send it again.",
    RESTORED: "It waited when the restored backup was made, and may have been sent since. "
    "Send it again if Onlinesim does not have it, otherwise stop it.",
}
"""The meanings of Onlinesim's answers, by their first word."""
PUSH_REASONS["NO_OP"] = PUSH_REASONS[NO_OPERATION]
SHORT_REASONS = {
    "IGNORED": "ignored by Onlinesim",
    "SERVICE_BAN": "service blocked now",
    "BAD_SERVICE": "not the service ordered",
    NO_OPERATION: "rent not open there",
    RESTORED: "perhaps sent already",
}
"""The same in few words."""
SHORT_REASONS["NO_OP"] = SHORT_REASONS[NO_OPERATION]
UNCERTAIN = Word(
    "uncertain",
    Tone.IDLE,
    "The outcome of an attempt is unknown: the program stopped during it, or Onlinesim's answer could not be read. "
    "The SMS was sent once more, so Onlinesim may have received it twice.",
)
RENT_STEPS = {
    RentState.OVERDUE: "just wait",
    RentState.POSSIBLE_ORPHAN: "check it",
}
"""The next step, in few words."""
OVERDUE_ADVICE = (
    "Nothing to do yet: Onlinesim ends such a rent by itself, sometimes late. "
    "If it stays open for hours, check whether it is still open in your Onlinesim account."
)
ORPHAN_ADVICE = (
    "Look in your Onlinesim account. If it lists this rent, leave it: SMS are sent as usual. "
    "If not, release it, and the number goes on offer again."
)


def push_advice(push: PushRow) -> str:
    """The meaning of the answer that stopped a push, and what to do."""
    return tr(PUSH_REASONS.get(_token(push), PUSH_STATES[push.state].meaning))


def push_answer(push: PushRow) -> str:
    """The last answer, with the meaning of Onlinesim's token before it."""
    meaning = SHORT_REASONS.get(_token(push))
    return push.last_answer if meaning is None else f"{tr(meaning)} ({push.last_answer})"


def push_words(push: PushRow) -> list[Word]:
    """Its state, and whether the outcome of an attempt is unknown."""
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
    """Its state, and whether its end without an SMS would ban the number."""
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
    """A rent whose first SMS has arrived is not called waiting."""
    if rent.sms_on_way:
        return RECEIVED
    if rent.sms_count:
        return NOT_DELIVERED
    return LAST_CHANCE if rent.one_more_failure_bans else RENT_STATES[rent.state]


def message_word(message: MessageRow) -> Word:
    if message.standing is SmsStanding.FOR_RENT and message.push_state is not None:
        return PUSH_STATES[message.push_state]
    if message.standing is SmsStanding.HELD and message.doubt is Doubt.TIME:
        return OLD_DATE
    return SMS_STANDINGS[message.standing]


def ban_word(ban: BanRow) -> Word:
    return BAN_BY_HAND if ban.by_hand else BAN_BY_RULE
