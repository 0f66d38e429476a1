"""The sentences of the top line: what needs action, where, and what to do."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from phonefarm.application.model.read_models import Attention, AttentionKind, Condition, HealthKind
from phonefarm.wording.health import health_text
from ui.style.tokens import Tone
from ui.text.safe_text import one_line
from ui.text.words.core import counted, tr
from ui.text.words.phones import BLOCKING, condition_measure
from ui.text.words.shortage import shortage_sentence
from ui.text.words.trade import RESTORED

ATTENTION = {
    AttentionKind.PHONE_UNAUTHORIZED: (
        "USB debugging not allowed yet on “{subject}”: confirm “Allow USB debugging” on its screen"
    ),
    AttentionKind.PHONE_NO_PERMISSIONS: "This PC cannot open phone “{subject}”: a udev rule or a driver is missing",
    AttentionKind.PHONE_WITHHELD: "Phone “{subject}” does not let adb read its SMS: allow it in its developer options",
    AttentionKind.PHONE_FAILING: "The SMS of phone “{subject}” cannot be read: check its cable and its screen",
    AttentionKind.PHONE_NOT_UNDERSTOOD: "The answers of phone “{subject}” cannot be read: its numbers are not on offer",
    AttentionKind.PHONE_OFFLINE: "Phone “{subject}” is offline: replug its cable",
    AttentionKind.PHONE_GONE: "Phone “{subject}” was unplugged during a rent. Reconnect it: the customer is waiting",
    AttentionKind.PHONES_UNPLUGGED: "%n phones are unplugged, {numbers} off the offer: plug them in again",
    AttentionKind.PHONE_LOCKED: "Phone “{subject}” has restarted: unlock it once, so that its SMS can be read",
    AttentionKind.PHONE_UNSTEADY: "Phone “{subject}” keeps disconnecting: change its cable or its port",
    AttentionKind.PHONE_NOT_IN_ANDROID: "Phone “{subject}” is not in Android: choose “Reboot system now” on its screen",
    AttentionKind.PHONE_NOT_STARTING: "Phone “{subject}” takes too long to start: restart it with its power key",
    AttentionKind.PHONE_CONDITION: "Phone “{subject}” has a problem: see its details",
    AttentionKind.PHONES_LEFT: "%n phones disconnected together: USB hub {subject}. Check its power and its cable",
    AttentionKind.SIM_LOCKED: "The SIM in “{subject}” is locked: it receives nothing until you unlock it",
    AttentionKind.SIM_UNREADABLE: "The SIM in “{subject}” cannot be read: take it out, wipe it, put it back",
    AttentionKind.NETWORK_UNKNOWN: "The network of the SIM in “{subject}” has no name: set country and operator",
    AttentionKind.SMS_HELD: "An SMS on “{subject}” needs a decision: choose the SIM that received it",
    AttentionKind.PUSH_PARKED: "Onlinesim keeps ignoring an SMS ({subject}): resend it or drop it",
    AttentionKind.KEY_REFUSED: "Onlinesim refuses the API key ({subject}): enter the right one in the settings",
    AttentionKind.MARKET_DOWN: "Onlinesim {subject}: SMS wait, and are sent when it accepts them again",
    AttentionKind.ADB_DOWN: "The adb server does not answer ({subject}): no phone can be read",
    AttentionKind.NOT_SELLING: "Nothing is for sale: {subject}",
    AttentionKind.NOTHING_WORKS: "Nothing is for sale: {subject}",
    AttentionKind.FEW_WORK: "Much less is for sale than usual: {subject}",
    AttentionKind.NUMBER_MISSING: "The SIM in “{subject}” has no number: enter it to sell it",
    AttentionKind.POSSIBLE_ORPHAN: "The rent on {subject} is unconfirmed: look for it in your Onlinesim account",
    AttentionKind.RENT_OVERDUE: "The rent on {subject} got no SMS in 20 minutes, and Onlinesim has not ended it yet",
    AttentionKind.STORAGE_FAILING: "Nothing is for sale, and SMS may be lost: {subject}",
    AttentionKind.BUG: "A bug in phonefarm: {subject}. The log has the details",
}
CONDITION_SENTENCES = {
    Condition.NO_SIM: "Phone “{subject}” holds no SIM: put one in",
    Condition.AIRPLANE: "Phone “{subject}” is in airplane mode: switch it off",
    Condition.STORAGE_FULL: "Phone “{subject}” stores no SMS: its storage is full{detail}",
    Condition.NO_SMS_APP: "Phone “{subject}” stores no SMS: no SMS app is chosen on it",
    Condition.NOT_STORING: "Phone “{subject}” reports SMS but stores none (flash messages?): open its SMS app",
    Condition.CODES_DELAYED: "Phone “{subject}” shows one-time codes too late: move its SIM to an older phone",
    Condition.HOT: "Phone “{subject}” is hot{detail}: let it cool before its battery swells",
    Condition.LOW_BATTERY: "Phone “{subject}” is running out of battery{detail}: check its cable and its port",
    Condition.NO_HINTS: "Phone “{subject}” gives no notice of new SMS: switch its log on",
    Condition.CLOCK_WRONG: "The clock of phone “{subject}” is wrong{detail}: switch on automatic time",
}
"""`{detail}` is the measure in brackets, ` (42 MB free)`, or nothing."""
WHOLE_BUS = "%n phones disconnected together: USB bus {subject}. Check the hub's power and its cable to this PC"
RENT_UNKNOWN = "Onlinesim says {subject}"
"""It accepts SMS, but does not know a rent that is open here."""
PARKED_BY_RESTORE = "An SMS may have been sent since the backup that you restored: resend it or drop it"
NO_HUB = "%n phones disconnected together. Check the power and the cable that they share"
ONE_UNPLUGGED = "Phone “{subject}” is unplugged, {numbers} off the offer: plug it in, or pause its SIM"
URGENT = frozenset(
    {
        AttentionKind.KEY_REFUSED,
        AttentionKind.ADB_DOWN,
        AttentionKind.STORAGE_FAILING,
        AttentionKind.NOT_SELLING,
        AttentionKind.NOTHING_WORKS,
        AttentionKind.FEW_WORK,
        AttentionKind.BUG,
    }
)
"""Red instead of amber: money or messages are being lost now."""
LONG_SUBJECTS = frozenset({AttentionKind.STORAGE_FAILING, AttentionKind.NOT_SELLING})
"""Their subject includes the next step, and must not be cut."""
SUBJECT_LIMIT = 80
LONG_SUBJECT_LIMIT = 180


def attention_sentence(attention: Attention) -> str:
    subject = attention.subject if attention.health is None else health_text(attention.health, tr)
    subject = one_line(subject, LONG_SUBJECT_LIMIT if attention.kind in LONG_SUBJECTS else SUBJECT_LIMIT)
    if attention.shortage is not None:
        return shortage_sentence(attention.shortage, subject)
    if attention.kind is AttentionKind.PHONES_UNPLUGGED:
        return _unplugged_sentence(subject, len(attention.keys), attention.numbers)
    if attention.kind is AttentionKind.PHONES_LEFT:
        return _disconnected_sentence(subject, len(attention.keys))
    if attention.health is not None and attention.health.kind is HealthKind.RENT_UNKNOWN:
        return tr(RENT_UNKNOWN).format(subject=subject)
    if attention.kind is AttentionKind.PUSH_PARKED and subject.startswith(RESTORED):
        return tr(PARKED_BY_RESTORE)
    if attention.kind is AttentionKind.PHONE_CONDITION and attention.condition is not None:
        measure = condition_measure(attention.values)
        detail = f" ({measure})" if measure else ""
        return tr(CONDITION_SENTENCES[attention.condition]).format(subject=subject, detail=detail)
    return tr(ATTENTION[attention.kind]).format(subject=subject)


def _unplugged_sentence(phone: str, count: int, numbers: int) -> str:
    if count == 1:
        lost = counted(numbers, "its number is", "its %n numbers are")
        return tr(ONE_UNPLUGGED).format(subject=phone, numbers=lost)
    several = ATTENTION[AttentionKind.PHONES_UNPLUGGED]
    lost = counted(numbers, "1 number is", "%n numbers are")
    return counted(count, several, several).format(numbers=lost)


def _disconnected_sentence(hub: str, count: int) -> str:
    if not hub:
        return counted(count, NO_HUB, NO_HUB)
    many = WHOLE_BUS if hub.isdecimal() else ATTENTION[AttentionKind.PHONES_LEFT]
    return counted(count, many, many).format(subject=hub)


def attention_tone(attention: Attention) -> Tone:
    """Red also for phones lost together, and for a phone whose numbers are off the offer."""
    if attention.kind is AttentionKind.PHONES_LEFT or attention.condition in BLOCKING:
        return Tone.BAD
    return Tone.BAD if attention.kind in URGENT else Tone.WARN


def group_by_kind(all_of_them: Iterable[Attention]) -> list[tuple[Attention, int]]:
    """One item per kind with the keys of all of that kind, and their number; the order is kept."""
    groups: dict[tuple[AttentionKind, Condition | None, str], list[Attention]] = {}
    for one in all_of_them:
        alone = one.subject if one.kind is AttentionKind.PHONES_LEFT else ""
        groups.setdefault((one.kind, one.condition, alone), []).append(one)
    return [(_merge_keys(group), len(group)) for group in groups.values()]


def _merge_keys(group: Sequence[Attention]) -> Attention:
    keys = [key for one in group for key in one.keys]
    return replace(group[0], others=tuple(keys[1:]))
