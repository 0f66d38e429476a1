"""The words of the log and of the health checks' day."""

from __future__ import annotations

from collections.abc import Sequence

from phonefarm.application.model.log_entries import (
    EntryKind,
    Interval,
    Level,
    LogEntry,
    OrderStanding,
    Outcome,
    faults,
)
from phonefarm.application.model.timeline import TimelineEntry, TimelineKind
from phonefarm.wording.calls import OF_RENT, SENTENCES, call_reason, call_sentence
from phonefarm.wording.health import WEEKDAYS, health_text
from ui.style.tokens import Tone
from ui.text.safe_text import one_line
from ui.text.words.core import Word, counted, tr
from ui.text.words.timeline import SENTENCES as HAPPENINGS
from ui.text.words.timeline import TIMELINE_KINDS, timeline_sentence

ENTRY_KINDS = {
    EntryKind.ORDER: Word("Order", Tone.INFO),
    EntryKind.FINISH: Word("FINISH", Tone.IDLE),
    EntryKind.PUSH: Word("Push", Tone.OK),
    EntryKind.OFFER: Word("Offer asked", Tone.IDLE),
    EntryKind.WRONG_KEY: Word("Wrong key", Tone.WARN),
    EntryKind.BAD_CALL: Word("Bad call", Tone.WARN),
    EntryKind.PHONE: Word("Phones", Tone.INFO),
    EntryKind.SIM: Word("SIMs", Tone.IDLE),
    EntryKind.USER: Word("You", Tone.IDLE),
}
CHIPS = {
    EntryKind.ORDER: "Orders",
    EntryKind.FINISH: "FINISH",
    EntryKind.PUSH: "Pushes",
    EntryKind.OFFER: "Offers",
    EntryKind.WRONG_KEY: "Wrong key",
    EntryKind.BAD_CALL: "Bad calls",
    EntryKind.PHONE: "Phones",
    EntryKind.SIM: "SIMs",
    EntryKind.USER: "You",
}
"""The filters, in their order."""
_WARNS = frozenset(
    {
        Outcome.NO_NUMBER,
        Outcome.NO_SUCH_SIM,
        Outcome.PREFIXES_EXCLUDED,
        Outcome.NONE_FREE,
        Outcome.RENT_UNKNOWN,
        Outcome.PUSH_FAILED,
        Outcome.PUSH_REFUSED,
    }
)
_FAILS = frozenset(
    {
        Outcome.NOT_SELLING,
        Outcome.TOO_LATE,
        Outcome.DATABASE,
        Outcome.FAILED,
        Outcome.PUSH_KEY_REFUSED,
        Outcome.LOST,
    }
)
LEVELS = {
    Level.UP: Word("worked", Tone.OK),
    Level.WARN: Word("warning", Tone.WARN),
    Level.DOWN: Word("failed", Tone.BAD),
    Level.NOT_RUNNING: Word("phonefarm did not run", Tone.IDLE),
    Level.UNKNOWN: Word("not known", Tone.IDLE),
}
WRONG_KEY_FROM = "Call from {address} refused"
FAULT = {
    Level.WARN: "Warning at {time} for {span}",
    Level.DOWN: "Down at {time} for {span}",
}
FAULTS_BEFORE = ("1 more before", "%n more before")
NO_FAULT = "No fault in these 24 hours"
NO_FAULT_WHILE_RUNNING = "No fault while phonefarm ran"
ORDERS_AS_USUAL = "Orders as usual for a {weekday}"
ORDERS_FEWER = "Fewer orders than usual for a {weekday}"
ORDERS_MORE = "More orders than usual for a {weekday}"
ORDERS_RANGE = "{orders}: {today} today, {fewest} to {most} by this hour in the last weeks"
NO_ORDER_FOR = "No order for {span}, which is unusual for a {weekday}"


def entry_tone(entry: LogEntry) -> Tone:
    if entry.outcome in _FAILS:
        return Tone.BAD
    if entry.outcome in _WARNS:
        return Tone.WARN
    if entry.outcome is Outcome.FINISHED and entry.fields.get("status") == 3:
        return Tone.OK
    if entry.happening is not None:
        return TIMELINE_KINDS[entry.happening].tone
    return ENTRY_KINDS[entry.kind].tone


def entry_sentence(entry: LogEntry, number: str) -> str:
    """One line of plain text; `number` is the entry's phone number, formatted, without its plus sign."""
    if entry.happening is not None:
        told = timeline_sentence(TimelineEntry(at=entry.at, kind=entry.happening, fields=entry.fields))
        return one_line(told or TIMELINE_KINDS[entry.happening].label())
    assert entry.outcome is not None
    if entry.outcome is Outcome.WRONG_KEY and entry.address:
        return tr(WRONG_KEY_FROM).format(address=one_line(entry.address, 60))
    fields = {**entry.fields, **({"number": number} if number else {})}
    return one_line(call_sentence(entry.outcome, fields, tr, rent=entry.rent))


def entry_reason(entry: LogEntry) -> str:
    return "" if entry.outcome is None else call_reason(entry.outcome, entry.fields, tr)


def outcomes_named(text: str) -> frozenset[Outcome]:
    """Those whose words contain the text: a search finds what is shown."""
    wanted = text.casefold()
    templates = [*SENTENCES.items(), *OF_RENT.items(), (Outcome.WRONG_KEY, WRONG_KEY_FROM)]
    return frozenset(outcome for outcome, words in templates if wanted in tr(words).casefold())


def happenings_named(text: str) -> frozenset[TimelineKind]:
    wanted = text.casefold()
    return frozenset(kind for kind, words in HAPPENINGS.items() if wanted in tr(words).casefold())


def interval_text(interval: Interval, time: str, span: str) -> str:
    """`Down at 03:12 for 2 min: cannot be reached`; `time` and `span` are formatted."""
    if interval.level not in FAULT:
        return f"{LEVELS[interval.level].label()}, {time}, {span}"
    told = tr(FAULT[interval.level]).format(time=time, span=span)
    cause = "" if interval.health is None else one_line(health_text(interval.health, tr), 120)
    return f"{told}: {cause}" if cause else told


def last_fault(found: Sequence[Interval]) -> Interval | None:
    return next(iter(faults(found)), None)


def no_fault_text(found: Sequence[Interval]) -> str:
    was_off = any(each.level in (Level.NOT_RUNNING, Level.UNKNOWN) for each in found)
    return tr(NO_FAULT_WHILE_RUNNING if was_off else NO_FAULT)


def earlier_faults_text(found: Sequence[Interval]) -> str:
    count = len(faults(found)) - 1
    return counted(count, *FAULTS_BEFORE) if count > 0 else ""


def orders_text(standing: OrderStanding, span: str, today: str) -> str:
    """Today's orders in words; `span` since the last one and the count of today are formatted."""
    weekday = tr(WEEKDAYS[standing.weekday])
    if standing.is_gap_unusual:
        return tr(NO_ORDER_FOR).format(span=span, weekday=weekday)
    if standing.fewest is None or standing.most is None:
        return counted(standing.today, "1 order today", "%n orders today")
    words = ORDERS_AS_USUAL
    if standing.today < standing.fewest:
        words = ORDERS_FEWER
    elif standing.today > standing.most:
        words = ORDERS_MORE
    orders = tr(words).format(weekday=weekday)
    return tr(ORDERS_RANGE).format(orders=orders, today=today, fewest=standing.fewest, most=standing.most)
