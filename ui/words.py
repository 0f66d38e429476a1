"""The words for every state, vital, attention and story line: one place, English now, ready to be translated."""

from __future__ import annotations

from dataclasses import dataclass

from PySide6.QtCore import QCoreApplication

from phonefarm.application.read_models import (
    Attention,
    AttentionKind,
    BanRow,
    FinishStatus,
    MessageRow,
    PhoneState,
    PushState,
    RentRow,
    RentState,
    SimStanding,
    SmsStanding,
    StoryKind,
    Topic,
    Verdict,
    Vital,
)
from ui.safe_text import one_line
from ui.tokens import Tone

CONTEXT = "phonefarm"


def tr(text: str) -> str:
    """The text in the user's language, where a translation is installed."""
    return QCoreApplication.translate(CONTEXT, text)


def counted(count: int, one: str, many: str) -> str:
    """`one` or `many` with `%n` replaced by the count; a translation brings its own plural forms."""
    return QCoreApplication.translate(CONTEXT, one if count == 1 else many, "", count)


@dataclass(frozen=True)
class Word:
    """What a state is called, in which tone, and what it means for the user."""

    text: str
    tone: Tone
    meaning: str = ""

    def said(self) -> str:
        return tr(self.text)

    def explained(self) -> str:
        return tr(self.meaning) if self.meaning else tr(self.text)


PHONE_STATES = {
    PhoneState.READY: Word("ready", Tone.OK, "Its SMS are being read."),
    PhoneState.STARTING: Word("starting", Tone.INFO, "It is being asked what it is and which SIMs it holds."),
    PhoneState.UNAUTHORIZED: Word(
        "waits for you", Tone.WARN, "Unlock it and confirm “Allow USB debugging” on its screen; tick “Always allow”."
    ),
    PhoneState.AUTHORIZING: Word("authorizing", Tone.INFO, "It is checking this PC's key; a few seconds."),
    PhoneState.OFFLINE: Word("offline", Tone.BAD, "adb lists it but it does not answer: reconnect it, then replug it."),
    PhoneState.NO_PERMISSIONS: Word(
        "no access",
        Tone.WARN,
        "This PC may not open the USB device: on Linux a udev rule is missing, on Windows a driver.",
    ),
    PhoneState.OTHER_MODE: Word(
        "not in Android", Tone.WARN, "It is in recovery, bootloader or sideload: restart it into Android."
    ),
    PhoneState.WITHHELD: Word(
        "SMS withheld", Tone.WARN, "It answers but keeps its SMS from adb: allow it in the phone's developer options."
    ),
    PhoneState.FAILING: Word("failing", Tone.BAD, "Its last readings failed; the app keeps trying."),
    PhoneState.DUPLICATE: Word(
        "listed twice", Tone.IDLE, "It is read through another adb server, and through this one if that one loses it."
    ),
    PhoneState.GONE: Word(
        "unplugged", Tone.IDLE, "adb does not see it: it is unplugged, off, or its adb server is down."
    ),
}

SIM_STANDINGS = {
    SimStanding.ON_OFFER: Word("on offer", Tone.OK, "The market may rent this number now."),
    SimStanding.RENTED: Word("rented", Tone.INFO, "A rent is open on this number."),
    SimStanding.BANNED: Word("banned", Tone.WARN, "Withheld for a while; it comes back by itself."),
    SimStanding.HELD_BACK: Word("held back", Tone.IDLE, "You keep it from the offer; release it to rent it out again."),
    SimStanding.NO_NUMBER: Word(
        "no number", Tone.WARN, "Its number is not known: edit it, or add it to the numbers file."
    ),
    SimStanding.NO_COUNTRY: Word(
        "no country", Tone.WARN, "Its operator code is not in the table: add country and operator to the numbers file."
    ),
    SimStanding.SAME_NUMBER: Word("same number", Tone.IDLE, "Another SIM has this number and is rented."),
    SimStanding.PIN: Word("asks for PIN", Tone.WARN, "Enter the PIN on the phone, and switch the PIN request off."),
    SimStanding.NO_NETWORK: Word("no network", Tone.BAD, "The SIM is not registered: no signal, blocked, or unpaid."),
    SimStanding.AWAY: Word("phone not ready", Tone.BAD, "Its phone is not ready; see the phone."),
    SimStanding.OUT: Word("not in a phone", Tone.IDLE, "It sits in no phone that is seen now."),
}

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

STORY_KINDS = {
    StoryKind.PHONE_STATE: Word("Phone", Tone.INFO),
    StoryKind.SIM_SEEN: Word("SIM seen", Tone.INFO),
    StoryKind.SIM_MOVED: Word("SIM moved", Tone.INFO),
    StoryKind.SIM_STANDING: Word("SIM", Tone.IDLE),
    StoryKind.NUMBER_SET: Word("Number set", Tone.INFO),
    StoryKind.ORDERED: Word("Ordered", Tone.INFO),
    StoryKind.ANSWERED: Word("Answered", Tone.INFO),
    StoryKind.ANSWER_LOST: Word("Answer lost", Tone.BAD),
    StoryKind.SMS: Word("SMS", Tone.OK),
    StoryKind.PUSH_ATTEMPT: Word("Push failed", Tone.WARN),
    StoryKind.PUSH_DELIVERED: Word("Delivered", Tone.OK),
    StoryKind.PUSH_REFUSED: Word("Refused", Tone.BAD),
    StoryKind.PUSH_PARKED: Word("Parked", Tone.WARN),
    StoryKind.PUSH_CLOSED: Word("Push closed", Tone.IDLE),
    StoryKind.PUSH_UNCERTAIN: Word("Push uncertain", Tone.WARN),
    StoryKind.FINISHED: Word("Finished", Tone.IDLE),
    StoryKind.BANNED: Word("Banned", Tone.WARN),
    StoryKind.BAN_LIFTED: Word("Ban lifted", Tone.OK),
    StoryKind.HELD_BACK: Word("Held back", Tone.IDLE),
    StoryKind.RELEASED: Word("Released", Tone.OK),
    StoryKind.USER_ACTION: Word("You", Tone.INFO),
}

ATTENTION = {
    AttentionKind.PHONE_UNAUTHORIZED: "Phone “{subject}” waits for you: confirm “Allow USB debugging” on its screen",
    AttentionKind.PHONE_NO_PERMISSIONS: "This PC may not open phone “{subject}”: a udev rule or a driver is missing",
    AttentionKind.PHONE_WITHHELD: "Phone “{subject}” keeps its SMS from adb: allow it in its developer options",
    AttentionKind.PHONE_FAILING: "Phone “{subject}” fails to give its SMS: look at its cable and its screen",
    AttentionKind.PHONE_OFFLINE: "Phone “{subject}” is offline: reconnect it, then replug its cable",
    AttentionKind.PHONE_GONE: "Phone “{subject}” is gone with a rent open: plug it in again, its SMS are waited for",
    AttentionKind.SMS_HELD: "An SMS on “{subject}” waits for you: say which SIM it belongs to",
    AttentionKind.PUSH_PARKED: "Onlinesim keeps ignoring an SMS for {subject}: resend it or drop it",
    AttentionKind.KEY_REFUSED: "Onlinesim refuses the API key ({subject}): enter the right one in the settings",
    AttentionKind.MARKET_DOWN: "Onlinesim cannot be reached ({subject}): SMS wait and are sent as soon as it answers",
    AttentionKind.ADB_DOWN: "The adb server does not answer ({subject}): no phone can be read",
    AttentionKind.NOT_SELLING: "Nothing is on sale: {subject}",
    AttentionKind.NUMBER_MISSING: "SIM {subject} has no number: enter it, and it goes on offer",
    AttentionKind.NETWORK_UNKNOWN: "SIM {subject} is of a network without a name: name it, and its SIMs go on offer",
    AttentionKind.POSSIBLE_ORPHAN: "The market may not know of rent {subject}: check it there, then release it",
    AttentionKind.RENT_OVERDUE: "Rent {subject} is past its 20 minutes and the market has not ended it",
    AttentionKind.STORAGE_FAILING: "The database cannot be written ({subject}): free the disk before SMS are lost",
    AttentionKind.BUG: "A bug in phonefarm: {subject}. The log has the details",
}
URGENT = frozenset(
    {AttentionKind.KEY_REFUSED, AttentionKind.ADB_DOWN, AttentionKind.STORAGE_FAILING, AttentionKind.BUG}
)
"""Red instead of amber: money or messages are being lost now."""

VITALS = {
    "webhooks": "Webhooks",
    "tunnel": "Tunnel",
    "market": "Market",
    "adb": "adb",
    "storage": "Database",
    "engine": "Engine",
}
VERDICTS = {
    Verdict.PASS: Word("works", Tone.OK),
    Verdict.WARN: Word("needs a look", Tone.WARN),
    Verdict.FAIL: Word("failed", Tone.BAD),
}

PAGES = {
    Topic.OVERVIEW: "Overview",
    Topic.PHONES: "Phones",
    Topic.SIMS: "SIMs",
    Topic.NUMBERS: "Numbers",
    Topic.RENTS: "Rents",
    Topic.MESSAGES: "Messages",
    Topic.PUSHES: "Push queue",
    Topic.BANS: "Bans",
    Topic.SETTINGS: "Settings",
}
SETTINGS = {
    "api_key": "API key",
    "push_url": "Push URL",
    "push_retry_seconds": "Retry a push after (seconds)",
    "sms_id": "What smsId carries",
    "require_bearer": "Demand the bearer token too",
    "listen": "Webhooks listen on",
    "admin_listen": "Health and metrics listen on",
    "adb_servers": "adb servers",
    "adb_path": "adb program",
    "numbers_file": "Numbers file",
    "poll_seconds": "Read idle phones every (seconds)",
    "rent_poll_seconds": "Read rented phones every (seconds)",
    "data_dir": "Data folder",
    "database_url": "Database",
}
"""Settings without a name here show their own, with blanks."""

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

ALL_WELL = "All well"
ENGINE_GONE = "The engine has stopped: close this window and start phonefarm again."
ENGINE_SILENT = "The engine has not answered for {seconds} s: try again, or restart phonefarm if this goes on."
BUG = "A bug in phonefarm: {what} failed ({kind}). The log has the details."


def setting_name(name: str) -> str:
    return tr(SETTINGS.get(name, name.replace("_", " ").capitalize()))


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


def attention_sentence(attention: Attention) -> str:
    return tr(ATTENTION[attention.kind]).format(subject=one_line(attention.subject, 80))


def attention_tone(attention: Attention) -> Tone:
    return Tone.BAD if attention.kind in URGENT else Tone.WARN


def vital_sentence(vital: Vital) -> str:
    """`Webhooks: on port 8080`; without a detail, the verdict stands there."""
    name = tr(VITALS.get(vital.name, vital.name))
    return f"{name}: {one_line(vital.detail, 80) or VERDICTS[vital.verdict].said()}"
