"""The words for the states of phones and SIMs: label and meaning. What to do is in `remedies`."""

from __future__ import annotations

from phonefarm.application.model.read_models import (
    ActiveCondition,
    Condition,
    Fields,
    PhoneRow,
    PhoneState,
    SimStanding,
)
from ui.style.tokens import Tone
from ui.text.words.core import Word, tr

PHONE_STATES = {
    PhoneState.READY: Word("ready", Tone.OK, "Its SMS are being read."),
    PhoneState.STARTING: Word("starting", Tone.INFO, "It is being asked what it is and which SIMs it holds."),
    PhoneState.BOOTING: Word("booting", Tone.INFO, "adb reaches it; Android is still starting."),
    PhoneState.LOCKED: Word(
        "locked", Tone.WARN, "Not unlocked since its restart: until then Android keeps its SMS encrypted."
    ),
    PhoneState.UNSTEADY: Word(
        "unsteady", Tone.BAD, "It keeps disconnecting. Its numbers go on offer again when it stays connected."
    ),
    PhoneState.UNAUTHORIZED: Word(
        "debugging not allowed",
        Tone.WARN,
        "USB debugging not allowed yet: the phone asks on its screen whether this PC may debug it.",
    ),
    PhoneState.AUTHORIZING: Word("authorizing", Tone.INFO, "It is checking this PC's key; a few seconds."),
    PhoneState.OFFLINE: Word("offline", Tone.BAD, "adb lists it, but it does not answer."),
    PhoneState.NO_PERMISSIONS: Word("no access", Tone.WARN, "This PC cannot open the phone's USB device."),
    PhoneState.OTHER_MODE: Word("not in Android", Tone.WARN, "It is in recovery, bootloader or sideload."),
    PhoneState.WITHHELD: Word("SMS withheld", Tone.WARN, "It answers, but does not let adb read its SMS."),
    PhoneState.FAILING: Word("failing", Tone.BAD, "The last readings failed; phonefarm keeps trying."),
    PhoneState.NOT_UNDERSTOOD: Word(
        "not understood", Tone.BAD, "phonefarm cannot read its answers: its numbers are not on offer."
    ),
    PhoneState.DUPLICATE: Word(
        "listed twice", Tone.IDLE, "It is read through another adb server; this one takes over if that one loses it."
    ),
    PhoneState.GONE: Word(
        "unplugged", Tone.IDLE, "adb does not see it: it is unplugged, off, or its adb server is down."
    ),
}

CONDITIONS = {
    Condition.NO_SIM: Word("no SIM", Tone.IDLE, "No SIM card is found in it."),
    Condition.AIRPLANE: Word("airplane mode", Tone.WARN, "Its radio is off: no SMS reaches it."),
    Condition.STORAGE_FULL: Word("storage full", Tone.BAD, "Android stores no more SMS: its numbers are not on offer."),
    Condition.NO_SMS_APP: Word("no SMS app", Tone.BAD, "Nothing on it stores SMS: its numbers are not on offer."),
    Condition.NOT_STORING: Word(
        "not storing",
        Tone.WARN,
        "It reported SMS but stored none. Flash messages look the same; if it continues, open its SMS app.",
    ),
    Condition.CODES_DELAYED: Word(
        "codes delayed", Tone.BAD, "Its Android shows one-time codes too late: its numbers are not on offer."
    ),
    Condition.HOT: Word("hot", Tone.WARN, "Its battery is too warm: it slows down and ages."),
    Condition.LOW_BATTERY: Word("low battery", Tone.WARN, "It will switch itself off soon."),
    Condition.NO_HINTS: Word(
        "no notices", Tone.IDLE, "Its log gives no notice of new SMS: its inbox is read more often instead."
    ),
    Condition.CLOCK_WRONG: Word("clock wrong", Tone.WARN, "The dates of its SMS cannot be trusted."),
}
BLOCKING = frozenset(condition for condition, word in CONDITIONS.items() if word.tone is Tone.BAD)
"""Red: the numbers of such a phone are not on offer. A test compares this with the domain's rule."""

SIM_STANDINGS = {
    SimStanding.ON_OFFER: Word("on offer", Tone.OK, "Onlinesim can rent this number now."),
    SimStanding.RENTED: Word("rented", Tone.INFO, "A rent is open on this number."),
    SimStanding.BANNED: Word("banned", Tone.WARN, "Off the offer for a while; it comes back by itself."),
    SimStanding.HELD_BACK: Word("paused", Tone.IDLE, "You paused it. Resume it to sell it again."),
    SimStanding.NO_NUMBER: Word("no number", Tone.WARN, "Its number is not known, so it cannot be offered."),
    SimStanding.NO_COUNTRY: Word("no network name", Tone.WARN, "Country and operator of its network are not set."),
    SimStanding.SAME_NUMBER: Word("same number", Tone.IDLE, "Another SIM has this number and is rented."),
    SimStanding.PIN: Word("asks for PIN", Tone.WARN, "It receives nothing until its PIN is entered."),
    SimStanding.PUK: Word("asks for PUK", Tone.BAD, "A wrong PIN was entered three times: only the PUK opens it."),
    SimStanding.CARD_LOCKED: Word("operator lock", Tone.BAD, "The phone accepts only another operator's SIMs."),
    SimStanding.CARD_FAULT: Word("card fault", Tone.BAD, "The phone cannot read the card."),
    SimStanding.AIRPLANE: Word("airplane mode", Tone.WARN, "Its phone's radio is off: no SMS reaches it."),
    SimStanding.NO_NETWORK: Word("no network", Tone.BAD, "The SIM is not registered: no signal, blocked, or unpaid."),
    SimStanding.AWAY: Word("phone not ready", Tone.BAD, "Its phone is not ready."),
    SimStanding.PHONE_BLOCKED: Word(
        "phone takes no SMS", Tone.BAD, "Its phone is ready, but an SMS to it would not be read in time."
    ),
    SimStanding.OUT: Word("not in a phone", Tone.IDLE, "It is in no connected phone."),
}


MEASURES = {
    "free_megabytes": "{value} MB free",
    "celsius": "{value} °C",
    "percent": "{value} %",
    "marks_codes": "Android may delay one-time codes",
}


def condition_measure(values: Fields) -> str:
    """`42 MB free`, `5 min slow`; empty if the condition has no measure."""
    if (minutes := values.get("minutes_fast")) is not None:
        text = "{value} min fast" if int(minutes) > 0 else "{value} min slow"
        return tr(text).format(value=abs(int(minutes)))
    return next((tr(text).format(value=values[name]) for name, text in MEASURES.items() if name in values), "")


def blocking_condition(phone: PhoneRow) -> ActiveCondition | None:
    """The condition that takes the numbers of a connected phone off the offer."""
    if phone.state is not PhoneState.READY:
        return None
    return next((active for active in phone.conditions if active.condition in BLOCKING), None)


def is_ready(phone: PhoneRow) -> bool:
    """Connected, and without a condition that takes its numbers off the offer."""
    return phone.state is PhoneState.READY and blocking_condition(phone) is None


def phone_word(phone: PhoneRow) -> Word:
    """The state; for a connected phone with a blocking condition, that condition instead."""
    blocking = blocking_condition(phone)
    return PHONE_STATES[phone.state] if blocking is None else CONDITIONS[blocking.condition]


def other_conditions(phone: PhoneRow) -> list[ActiveCondition]:
    """The conditions that `phone_word` does not show, most urgent first, grey ones last."""
    blocking = blocking_condition(phone)
    rest = [active for active in phone.conditions if active is not blocking]
    return sorted(rest, key=lambda active: CONDITIONS[active.condition].tone is Tone.IDLE)
