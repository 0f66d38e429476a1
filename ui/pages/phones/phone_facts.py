"""The details of a phone: advice, problems, SIMs, telemetry, how it is read, and the handset."""

from __future__ import annotations

from datetime import datetime, timedelta

from phonefarm.application.model.read_models import PhoneRow, PhoneState, Remedy, SimRow
from ui.listing.common_columns import signal_text
from ui.listing.list_spec import Advice, Fact, Heading
from ui.pages.phones.phone_columns import battery_detail, battery_tone, is_read, temperature_text, temperature_tone
from ui.pages.phones.phone_sims import SimsByPhone
from ui.style.tokens import Tone
from ui.table.delegates import signal_tone
from ui.text import formats
from ui.text.safe_text import one_line
from ui.text.words import (
    CONDITIONS,
    PHONE_STATES,
    REMEDIES,
    SIM_STANDINGS,
    condition_measure,
    phone_word,
    remedy_advice,
    remedy_short,
    tr,
)

WRONG_CLOCK_SECONDS = 600.0
LOW_STORAGE_BYTES = 200 * 10**6
SLOW_NOTICE_SECONDS = 10.0


def phone_advice(row: PhoneRow) -> Advice:
    """The next step first; with several conditions, each step is prefixed by its condition."""
    steps: dict[Remedy, str] = {row.remedy: ""}
    for active in row.conditions:
        steps[active.remedy] = CONDITIONS[active.condition].label()
    advice = [(name, step) for remedy, name in steps.items() if (step := remedy_advice(remedy, row.make))]
    is_several = len(advice) > 1
    text = "\n\n".join(f"{_capitalize(name)}: {step}" if is_several and name else step for name, step in advice)
    return Advice(text=text, command=REMEDIES[row.remedy].command, tone=_advice_tone(row))


def _advice_tone(row: PhoneRow) -> Tone:
    tones = {phone_word(row).tone, *(CONDITIONS[active.condition].tone for active in row.conditions)}
    return next((tone for tone in (Tone.BAD, Tone.WARN) if tone in tones), Tone.IDLE)


def phone_facts(row: PhoneRow, now: datetime, sims: SimsByPhone) -> list[Fact]:
    facts = [
        Fact(tr("Cause"), one_line(row.detail)) if row.detail else None,
        _state_since(row, now),
        *_conditions(row, now),
        *_numbers(row, sims.in_phone(row.phone_id)),
        *_drop_unknown(_telemetry(row, now)),
        *_drop_unknown(_reading(row, now)),
        *_identity(row),
    ]
    return [fact for fact in facts if fact is not None]


def _drop_unknown(group: list[Fact | None]) -> list[Fact]:
    """The group without facts whose value is unknown; a heading without facts is dropped, too."""
    known = [fact for fact in group if fact is not None and fact.value != formats.NOTHING]
    return known if any(not isinstance(fact, Heading) for fact in known) else []


def _state_since(row: PhoneRow, now: datetime) -> Fact:
    state = _capitalize(PHONE_STATES[row.state].label())
    name = tr("Connected since") if row.state is PhoneState.READY else tr("{state} since").format(state=state)
    return Fact(name, formats.day_time(row.since, now))


def _conditions(row: PhoneRow, now: datetime) -> list[Fact]:
    if not row.conditions:
        return []
    return [
        Heading(tr("Problems")),
        *[
            Fact(
                _capitalize(CONDITIONS[active.condition].label()),
                ", ".join(
                    part for part in (condition_measure(active.values), formats.since(active.since, now)) if part
                ),
                tone=CONDITIONS[active.condition].tone,
            )
            for active in row.conditions
        ],
    ]


def _numbers(row: PhoneRow, sims: tuple[SimRow, ...]) -> list[Fact]:
    facts: list[Fact] = [Heading(tr("SIMs"))] if sims or row.sims else []
    for sim in sims:
        number = formats.grouped_msisdn(sim.msisdn) if sim.msisdn else formats.short_iccid(sim.iccid)
        facts.append(Fact(_capitalize(formats.slot(sim.slot)), number))
        facts.append(_standing(sim))
        if sim.signal is not None and is_read(row):
            facts.append(Fact(tr("Signal"), signal_text(sim), tone=signal_tone(sim.signal)))
    if not sims:
        facts += [Fact(tr("Number {n}").format(n=n), _grouped(sim)) for n, sim in enumerate(row.sims, 1)]
    return [*facts, Fact(tr("Open rents"), str(row.rents_open)), Fact(tr("SMS today"), formats.number(row.sms_today))]


def _standing(sim: SimRow) -> Fact:
    """The SIM's standing, and the next step if it needs one."""
    word, step = SIM_STANDINGS[sim.standing], remedy_short(sim.remedy)
    is_problem = word.tone in (Tone.WARN, Tone.BAD)
    text = f"{word.label()}: {step}" if is_problem and step else word.label()
    return Fact(tr("State"), text, tone=word.tone if is_problem else None)


def _telemetry(row: PhoneRow, now: datetime) -> list[Fact | None]:
    telemetry = row.telemetry
    free, airplane = telemetry.free_bytes, {True: tr("on"), False: tr("off")}
    storage_tone = Tone.BAD if free is not None and free < LOW_STORAGE_BYTES and is_read(row) else None
    return [
        Heading(_telemetry_heading(row, now)),
        Fact(tr("Battery"), battery_detail(row), tone=battery_tone(row)),
        Fact(tr("Battery temperature"), temperature_text(row), tone=temperature_tone(row)),
        Fact(tr("Free storage"), formats.NOTHING if free is None else formats.size(free), tone=storage_tone),
        Fact(
            tr("Airplane mode"),
            airplane[telemetry.airplane_mode],
            tone=Tone.WARN if telemetry.airplane_mode and is_read(row) else None,
        )
        if telemetry.airplane_mode is not None
        else None,
        _sms_app(telemetry.sms_app),
        Fact(tr("Running for"), _uptime(row, now)),
    ]


def _telemetry_heading(row: PhoneRow, now: datetime) -> str:
    """With the time of the last reading, if the phone is not read now."""
    if is_read(row):
        return tr("Battery and state")
    if row.last_read_at is None:
        return tr("Battery and state, last known")
    return tr("Battery and state, last known {time}").format(time=formats.day_time(row.last_read_at, now))


def _sms_app(package: str | None) -> Fact | None:
    if package is None:
        return None
    return Fact(tr("SMS app"), one_line(package, 80) or tr("none"), mono=True, tone=None if package else Tone.BAD)


def _uptime(row: PhoneRow, now: datetime) -> str:
    if row.booted_at is None or not is_read(row):
        return formats.NOTHING
    return f"{formats.span(now - row.booted_at)}, {formats.since(row.booted_at, now)}"


def _reading(row: PhoneRow, now: datetime) -> list[Fact | None]:
    sms_count, skew = row.sms_hinted + row.sms_unhinted, row.clock_skew_seconds
    modes = {True: tr("batch"), False: tr("one by one, slower")}
    detection = {True: tr("notified by the phone"), False: tr("found by reading")}
    is_late = row.hint_to_row_seconds is not None and row.hint_to_row_seconds >= SLOW_NOTICE_SECONDS
    return [
        Heading(tr("Reading")),
        Fact(tr("Last read"), formats.ago(row.last_read_at, now)) if row.last_read_at else None,
        Fact(tr("Read time"), formats.seconds(row.query_seconds)),
        Fact(tr("Read mode"), modes[row.reads_hex]) if row.reads_hex is not None else None,
        Fact(tr("New SMS are"), detection[row.hints_working]) if row.hints_working is not None else None,
        Fact(tr("Notice to SMS stored"), formats.seconds(row.hint_to_row_seconds), tone=Tone.WARN if is_late else None),
        Fact(tr("Notified"), _share_text(row.sms_hinted, sms_count)),
        Fact(tr("Missed notices"), formats.number(row.sms_unhinted)) if sms_count else None,
        Fact(tr("Notified but not saved"), formats.number(row.hints_without_row))
        if sms_count or row.hints_without_row
        else None,
        Fact(tr("Clock"), _skew_text(skew), tone=Tone.WARN if abs(skew) >= WRONG_CLOCK_SECONDS else None)
        if skew is not None
        else None,
        Fact(tr("SIM column"), one_line(row.sim_column, 40), mono=True) if row.sim_column else None,
        Fact(tr("Your SIM rules"), str(row.sim_rules)) if row.sim_rules else None,
    ]


def _share_text(part: int, whole: int) -> str:
    if not whole:
        return formats.NOTHING
    return tr("{n} of {all} SMS").format(n=formats.number(part), all=formats.number(whole))


def _identity(row: PhoneRow) -> list[Fact | None]:
    return [
        Heading(tr("Handset")),
        Fact(tr("Model"), one_line(f"{row.make} {row.model}".strip(), 80) or formats.NOTHING),
        Fact(tr("Android"), one_line(row.android) or formats.NOTHING),
        Fact(tr("Port"), one_line(row.usb_path, 40), mono=True) if row.usb_path else None,
        Fact(tr("Firmware"), one_line(row.firmware), mono=True) if row.firmware else None,
        Fact(tr("Serial"), one_line(row.serial), mono=True),
        Fact(tr("adb server"), one_line(row.server)),
    ]


def _grouped(sim: str) -> str:
    return formats.grouped_iccid(sim) if len(sim) > 15 else formats.grouped_msisdn(sim)


def _skew_text(seconds: float) -> str:
    if abs(seconds) < 1:
        return tr("OK")
    words = tr("{span} fast") if seconds > 0 else tr("{span} slow")
    length = formats.seconds(abs(seconds)) if abs(seconds) < 10 else formats.span(timedelta(seconds=abs(seconds)))
    return words.format(span=length)


def _capitalize(text: str) -> str:
    return text[:1].upper() + text[1:]
