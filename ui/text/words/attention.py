"""The sentences of the top line: what needs the user, where, and what to do about it."""

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
    AttentionKind.PHONE_NO_PERMISSIONS: "This PC may not open phone “{subject}”: a udev rule or a driver is missing",
    AttentionKind.PHONE_WITHHELD: "Phone “{subject}” keeps its SMS from adb: allow it in its developer options",
    AttentionKind.PHONE_FAILING: "Phone “{subject}” fails to give its SMS: look at its cable and its screen",
    AttentionKind.PHONE_NOT_UNDERSTOOD: "Phone “{subject}” answers and is not understood: its numbers are not on offer",
    AttentionKind.PHONE_OFFLINE: "Phone “{subject}” is offline: replug its cable",
    AttentionKind.PHONE_GONE: "Phone “{subject}” was unplugged during a rent. Reconnect it: the customer is waiting",
    AttentionKind.PHONES_UNPLUGGED: "%n phones are unplugged, {numbers} off the offer: plug them in again",
    AttentionKind.PHONE_LOCKED: "Phone “{subject}” has restarted: unlock it once, before that its SMS cannot be read",
    AttentionKind.PHONE_UNSTEADY: "Phone “{subject}” comes and goes: change its cable or its port",
    AttentionKind.PHONE_NOT_IN_ANDROID: "Phone “{subject}” is not in Android: choose “Reboot system now” on its screen",
    AttentionKind.PHONE_NOT_STARTING: "Phone “{subject}” has been starting for too long: restart it by its power key",
    AttentionKind.PHONE_CONDITION: "Phone “{subject}” needs a look",
    AttentionKind.PHONES_LEFT: "%n phones left together: USB hub {subject}. Check its power and its cable",
    AttentionKind.SIM_LOCKED: "The SIM in “{subject}” is locked: it receives nothing until you unlock it",
    AttentionKind.SIM_UNREADABLE: "The SIM in “{subject}” cannot be read: take it out, wipe it, put it back",
    AttentionKind.NETWORK_UNKNOWN: "The network of the SIM in “{subject}” has no name: name it, and it goes on offer",
    AttentionKind.SMS_HELD: "An SMS on “{subject}” needs a decision: say which SIM it belongs to",
    AttentionKind.PUSH_PARKED: "Onlinesim keeps ignoring an SMS ({subject}): resend it or drop it",
    AttentionKind.KEY_REFUSED: "Onlinesim refuses the API key ({subject}): enter the right one in the settings",
    AttentionKind.MARKET_DOWN: "Onlinesim {subject}: SMS wait and are sent as soon as it takes them",
    AttentionKind.ADB_DOWN: "The adb server does not answer ({subject}): no phone can be read",
    AttentionKind.NOT_SELLING: "Nothing is for sale: {subject}",
    AttentionKind.NOTHING_WORKS: "Nothing is for sale: {subject}",
    AttentionKind.FEW_WORK: "Much less is for sale than usual: {subject}",
    AttentionKind.NUMBER_MISSING: "The SIM in “{subject}” has no number: enter it, and it goes on offer",
    AttentionKind.POSSIBLE_ORPHAN: "The market may not know of the rent on {subject}: check it there, then release it",
    AttentionKind.RENT_OVERDUE: "The rent on {subject} is past its 20 minutes and the market has not ended it",
    AttentionKind.STORAGE_FAILING: "Nothing is for sale, and SMS may be lost: {subject}",
    AttentionKind.BUG: "A bug in phonefarm: {subject}. The log has the details",
}
AILING = {
    Condition.NO_SIM: "Phone “{subject}” holds no SIM: put one in",
    Condition.AIRPLANE: "Phone “{subject}” is in airplane mode: switch it off",
    Condition.STORAGE_FULL: "Phone “{subject}” stores no SMS: its storage is full{detail}",
    Condition.NO_SMS_APP: "Phone “{subject}” stores no SMS: no SMS app is chosen on it",
    Condition.NOT_STORING: "Phone “{subject}” announces SMS and stores none, maybe flash messages: open its SMS app",
    Condition.CODES_DELAYED: "Phone “{subject}” shows one-time codes too late: move its SIM to an older phone",
    Condition.HOT: "Phone “{subject}” is hot{detail}: let it cool before its battery swells",
    Condition.LOW_BATTERY: "Phone “{subject}” is running out of battery{detail}: check its cable and its port",
    Condition.NO_HINTS: "Phone “{subject}” does not announce its SMS: switch its log on",
    Condition.CLOCK_WRONG: "The clock of phone “{subject}” is wrong{detail}: let it set the time by itself",
}
"""`{detail}` is the measure in brackets, ` (42 MB free)`, or nothing."""
WHOLE_BUS = "%n phones left together: USB bus {subject}. Check the hub's power and its cable to this PC"
MARKET_DENIES = "Onlinesim says {subject}"
"""It takes SMS, and knows nothing of a rent that is open."""
PARKED_BY_RESTORE = "An SMS may have been sent since the backup that you restored: resend it or drop it"
NO_HUB = "%n phones left together. Check the power and the cable of what they hang on"
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
TOLD_WHOLE = frozenset({AttentionKind.STORAGE_FAILING, AttentionKind.NOT_SELLING})
"""Their cause holds the next step."""
LONG_CAUSE = 180


def attention_sentence(attention: Attention) -> str:
    subject = attention.subject if attention.health is None else health_text(attention.health, tr)
    subject = one_line(subject, LONG_CAUSE if attention.kind in TOLD_WHOLE else 80)
    if attention.shortage is not None:
        return shortage_sentence(attention.shortage, subject)
    if attention.kind is AttentionKind.PHONES_UNPLUGGED:
        return _unplugged(subject, len(attention.keys), attention.numbers)
    if attention.kind is AttentionKind.PHONES_LEFT:
        return _left_together(subject, len(attention.keys))
    if attention.health is not None and attention.health.kind is HealthKind.RENT_UNKNOWN:
        return tr(MARKET_DENIES).format(subject=subject)
    if attention.kind is AttentionKind.PUSH_PARKED and subject.startswith(RESTORED):
        return tr(PARKED_BY_RESTORE)
    if attention.kind is AttentionKind.PHONE_CONDITION and attention.condition is not None:
        measure = condition_measure(attention.values)
        detail = f" ({measure})" if measure else ""
        return tr(AILING[attention.condition]).format(subject=subject, detail=detail)
    return tr(ATTENTION[attention.kind]).format(subject=subject)


def _unplugged(phone: str, count: int, numbers: int) -> str:
    if count == 1:
        taken = counted(numbers, "its number is", "its %n numbers are")
        return tr(ONE_UNPLUGGED).format(subject=phone, numbers=taken)
    several = ATTENTION[AttentionKind.PHONES_UNPLUGGED]
    taken = counted(numbers, "1 number is", "%n numbers are")
    return counted(count, several, several).format(numbers=taken)


def _left_together(hub: str, count: int) -> str:
    if not hub:
        return counted(count, NO_HUB, NO_HUB)
    many = WHOLE_BUS if hub.isdecimal() else ATTENTION[AttentionKind.PHONES_LEFT]
    return counted(count, many, many).format(subject=hub)


def attention_tone(attention: Attention) -> Tone:
    """Red as well where several phones are gone, or one that answers takes no message."""
    if attention.kind is AttentionKind.PHONES_LEFT or attention.condition in BLOCKING:
        return Tone.BAD
    return Tone.BAD if attention.kind in URGENT else Tone.WARN


def group_by_kind(all_of_them: Iterable[Attention]) -> list[tuple[Attention, int]]:
    """One of each kind, about the rows of all that are like it, and how many these are; in the order of urgency."""
    groups: dict[tuple[AttentionKind, Condition | None, str], list[Attention]] = {}
    for one in all_of_them:
        alone = one.subject if one.kind is AttentionKind.PHONES_LEFT else ""
        groups.setdefault((one.kind, one.condition, alone), []).append(one)
    return [(_together(group), len(group)) for group in groups.values()]


def _together(group: Sequence[Attention]) -> Attention:
    keys = [key for one in group for key in one.keys]
    return replace(group[0], others=tuple(keys[1:]))
