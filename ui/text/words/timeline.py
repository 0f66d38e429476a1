"""The words of a timeline: for each kind of entry its caption, its tone, and a template for its fields."""

from __future__ import annotations

from phonefarm.application.model.read_models import NO_FIELDS, Condition, Fields, FinishStatus, PhoneState
from phonefarm.application.model.timeline import Step, TimelineEntry, TimelineKind
from ui.style.tokens import Tone
from ui.text.words.core import Word, tr
from ui.text.words.phones import CONDITIONS, PHONE_STATES, condition_measure
from ui.text.words.trade import FINISHES

Kind = TimelineKind

TIMELINE_KINDS = {
    Kind.TEXT: Word("Earlier entry", Tone.IDLE),
    Kind.PHONE_STATE: Word("Phone", Tone.INFO),
    Kind.PHONES_LEFT: Word("Phone", Tone.INFO),
    Kind.CONDITION_BEGAN: Word("Trouble", Tone.WARN),
    Kind.CONDITION_ENDED: Word("Resolved", Tone.OK),
    Kind.RECOVERY_STEP: Word("Auto-repair", Tone.INFO),
    Kind.RECOVERY_FAILED: Word("Auto-repair", Tone.INFO),
    Kind.SIM_RULE_SET: Word("You", Tone.INFO),
    Kind.SIM_RULES_FORGOTTEN: Word("You", Tone.INFO),
    Kind.SIM_SEEN: Word("SIM seen", Tone.INFO),
    Kind.SIM_MOVED: Word("SIM moved", Tone.INFO),
    Kind.SIM_TAKEN_OUT: Word("SIM moved", Tone.INFO),
    Kind.NUMBER_TYPED: Word("Number set", Tone.INFO),
    Kind.NUMBER_IMPORTED: Word("Number set", Tone.INFO),
    Kind.NUMBER_ACCEPTED: Word("Number set", Tone.INFO),
    Kind.NUMBER_REJECTED: Word("SIM", Tone.IDLE),
    Kind.BANNED_BY_RULE: Word("Banned", Tone.WARN),
    Kind.BANNED_BY_HAND: Word("Banned", Tone.WARN),
    Kind.BAN_LIFTED: Word("Ban lifted", Tone.OK),
    Kind.BAN_ENDED: Word("Ban ended", Tone.OK),
    Kind.PAUSED: Word("Paused", Tone.IDLE),
    Kind.PAUSED_AFTER_SALE: Word("Paused", Tone.IDLE),
    Kind.RESUMED: Word("Resumed", Tone.OK),
    Kind.SELLING_PAUSED: Word("Selling paused", Tone.WARN),
    Kind.SELLING_RESUMED: Word("Selling resumed", Tone.OK),
    Kind.RENT_ORDERED: Word("Ordered", Tone.INFO),
    Kind.RENT_ENDED: Word("Finished", Tone.IDLE),
    Kind.ORDERED: Word("Ordered", Tone.INFO),
    Kind.ANSWERED: Word("Answered", Tone.INFO),
    Kind.ANSWER_LOST: Word("Answer lost", Tone.BAD),
    Kind.WITHDRAWN: Word("Withdrawn", Tone.OK),
    Kind.RELEASED: Word("Released", Tone.OK),
    Kind.FINISHED: Word("Finished", Tone.IDLE),
    Kind.REFUNDED: Word("Finished", Tone.IDLE),
    Kind.RENT_UNKNOWN: Word("Refused", Tone.BAD),
    Kind.SMS: Word("SMS", Tone.OK),
    Kind.SIM_FOUND: Word("SMS", Tone.OK),
    Kind.SIM_CHOSEN: Word("You", Tone.INFO),
    Kind.PUSH_SENDING: Word("Sending", Tone.INFO),
    Kind.PUSH_FAILED: Word("Push failed", Tone.WARN),
    Kind.PUSH_DELIVERED: Word("Delivered", Tone.OK),
    Kind.PUSH_REFUSED: Word("Refused", Tone.BAD),
    Kind.PUSH_PARKED: Word("Stopped", Tone.WARN),
    Kind.PUSH_CLOSED: Word("Push closed", Tone.IDLE),
    Kind.PUSH_UNCERTAIN: Word("Push uncertain", Tone.WARN),
    Kind.RESENT: Word("You", Tone.INFO),
    Kind.DROPPED: Word("Push closed", Tone.IDLE),
}

DISCONNECTED_TOGETHER = "Disconnected together with {others} others (shared cause unknown)"
PUSH_ATTEMPT = "Push {attempt}: {answer}"
SENTENCES = {
    Kind.TEXT: "{text}",
    Kind.CONDITION_ENDED: "Resolved: {condition}",
    Kind.SIM_RULE_SET: "Messages marked '{mark}' go to {owner} from now on",
    Kind.SIM_RULES_FORGOTTEN: "SIM rules forgotten: its messages are not assigned by them any more",
    Kind.SIM_SEEN: "In {phone}, slot {slot}",
    Kind.SIM_MOVED: "In {phone}, slot {slot}",
    Kind.SIM_TAKEN_OUT: "Taken out of {phone}",
    Kind.NUMBER_TYPED: "Number entered by you: +{number}",
    Kind.NUMBER_IMPORTED: "Number imported: +{number}",
    Kind.NUMBER_ACCEPTED: "Number taken from a message of {sender}: +{number}",
    Kind.NUMBER_REJECTED: "+{number} is a number of {of_country}, but the SIM is of {country}: {source}, not used",
    Kind.BANNED_BY_RULE: "Banned for 24 h: three rents in a row without an SMS",
    Kind.BANNED_BY_HAND: "Banned by you for {hours:g} h",
    Kind.BAN_LIFTED: "Ban lifted by you",
    Kind.BAN_ENDED: "Ban ended",
    Kind.SELLING_PAUSED: "All selling paused by {by}",
    Kind.SELLING_RESUMED: "All selling resumed by {by}",
    Kind.PAUSED: "Paused: {reason}",
    Kind.PAUSED_AFTER_SALE: "Paused after its sale",
    Kind.RESUMED: "Back on offer",
    Kind.RENT_ORDERED: "Rent {rent} ordered",
    Kind.RENT_ENDED: "Rent {rent} {status}, {sms} SMS",
    Kind.ORDERED: "Ordered: {country}, {operator}, expected {expected} RUB",
    Kind.ANSWERED: "Answered: Onlinesim has the number",
    Kind.ANSWER_LOST: "The answer was cut off: Onlinesim may not know this rent",
    Kind.WITHDRAWN: "Withdrawn: Onlinesim closed the connection before the answer, so it does not know this rent",
    Kind.RELEASED: "Released by you: not confirmed by Onlinesim",
    Kind.FINISHED: "Finished by Onlinesim: {status}, {credited} RUB",
    Kind.REFUNDED: "Refunded after the sale: {amount} RUB",
    Kind.RENT_UNKNOWN: "Onlinesim does not know this rent: check the setting sms_id",
    Kind.SMS: "SMS from {sender}",
    Kind.SIM_FOUND: "Assigned automatically to {owner}",
    Kind.SIM_CHOSEN: "Assigned by you to {owner}",
    Kind.PUSH_SENDING: "Push {attempt}: in progress",
    Kind.PUSH_DELIVERED: "Push {attempt}: delivered, {seconds:.2f} s after arrival",
    Kind.PUSH_FAILED: PUSH_ATTEMPT,
    Kind.PUSH_REFUSED: PUSH_ATTEMPT,
    Kind.PUSH_PARKED: PUSH_ATTEMPT,
    Kind.PUSH_CLOSED: PUSH_ATTEMPT,
    Kind.PUSH_UNCERTAIN: PUSH_ATTEMPT,
    Kind.RESENT: "Sent again by you",
    Kind.DROPPED: "Dropped by you",
}
"""The templates of the other kinds depend on their fields: see `_template`."""

STEPS = {
    Step.RECONNECT: ("Reconnected by phonefarm", "Reconnecting failed: {problem}"),
    Step.RECONNECT_OFFLINE: (
        "Reconnected by adb, with all other offline phones",
        "Reconnecting all offline phones failed: {problem}",
    ),
    Step.RESET_USB: ("Its USB port was reset", "Resetting its USB port failed: {problem}"),
    Step.RESTART_ADB: ("adb was restarted, because none of its phones worked", "Restarting adb failed: {problem}"),
}
"""The templates after success and after failure."""
SOURCES = {
    "hand": "entered by you",
    "file": "stated by the numbers file",
    "import": "stated by an imported table",
    "message": "stated by a message",
    "phone": "stated by the phone",
}


def timeline_sentence(entry: TimelineEntry) -> str:
    """In the user's language. It may contain a sender's name: never show it as rich text."""
    template = _template(entry.kind, entry.fields)
    return tr(template).format(**{**entry.fields, **_field_texts(entry.kind, entry.fields)})


def _template(kind: TimelineKind, fields: Fields) -> str:
    match kind:
        case Kind.PHONE_STATE:
            return "{state}: {cause}" if fields["cause"] else "{state}"
        case Kind.PHONES_LEFT:
            if not fields["hub"]:
                return DISCONNECTED_TOGETHER
            return "Disconnected together with {others} others (USB hub {hub})"
        case Kind.CONDITION_BEGAN:
            return "{condition}: {measure}" if condition_measure(fields) else "{condition}"
        case Kind.NUMBER_IMPORTED if not fields["number"]:
            return "Number removed by an import"
        case Kind.RECOVERY_STEP:
            return STEPS[Step(str(fields["step"]))][0]
        case Kind.RECOVERY_FAILED:
            return STEPS[Step(str(fields["step"]))][1]
        case _:
            return SENTENCES[kind]


def _field_texts(kind: TimelineKind, fields: Fields) -> Fields:
    """The texts for fields that hold codes."""
    match kind:
        case Kind.PHONE_STATE:
            return {"state": _capitalized(PHONE_STATES[PhoneState(str(fields["state"]))].label())}
        case Kind.CONDITION_BEGAN | Kind.CONDITION_ENDED:
            condition = CONDITIONS[Condition(str(fields["condition"]))].label()
            is_first = kind is Kind.CONDITION_BEGAN
            return {
                "condition": _capitalized(condition) if is_first else condition,
                "measure": condition_measure(fields),
            }
        case Kind.SIM_RULE_SET | Kind.SIM_FOUND | Kind.SIM_CHOSEN:
            return {"owner": f"+{fields['number']}" if fields["number"] else tr("SIM {sim}").format(**fields)}
        case Kind.SIM_SEEN | Kind.SIM_MOVED:
            return {"slot": int(fields["slot"]) + 1}
        case Kind.NUMBER_REJECTED:
            of_country = fields["of_country"] or tr("another country")
            return {"of_country": of_country, "source": tr(SOURCES[str(fields["source"])])}
        case Kind.ORDERED:
            return {
                "country": fields["country"] or tr("any country"),
                "operator": fields["operator"] or tr("any operator"),
            }
        case Kind.RENT_ENDED | Kind.FINISHED:
            return {"status": _finish_text(int(fields["status"]))}
        case _:
            return NO_FIELDS


def _finish_text(status: int) -> str:
    return FINISHES[FinishStatus(status)].label() if status else tr("released")


def _capitalized(word: str) -> str:
    return word[:1].upper() + word[1:]
