"""The columns of the Phones page: what is scanned first comes first and is the last to give way."""

from __future__ import annotations

from datetime import datetime

from phonefarm.application.model.read_models import ActiveCondition, PhoneRow, PhoneState, Remedy
from ui.listing.usual_columns import signal_text, since_column
from ui.pages.phones.phone_groups import YOURS_TO_MEND, urgency
from ui.pages.phones.phone_sims import SimsOfPhones
from ui.style.tokens import Tone
from ui.table.row_index import natural
from ui.table.row_table import Chips, Column, Signals
from ui.text import formats
from ui.text.safe_text import one_line
from ui.text.words import (
    CONDITIONS,
    blocking_condition,
    condition_measure,
    other_conditions,
    phone_word,
    remedy_advice,
    remedy_short,
    tr,
)

CAUSE_LIMIT = 80
LOW_BATTERY = 20
EMPTY_BATTERY = 10
HOT = 45.0


def phone_columns(sims: SimsOfPhones) -> list[Column[PhoneRow]]:
    return [
        Column(
            title=tr("Phone"),
            text=lambda row, _: one_line(row.label, 60),
            sort_key=lambda row: natural(row.label),
            sample="samsung SM-A536B mm",
        ),
        Column(
            title=tr("State"),
            text=lambda row, _: state_text(row),
            sort_key=urgency,
            sample=tr("ready low battery mm"),
            stretch=True,
            chips=state_chips,
            tooltip=state_tooltip,
        ),
        since_column(_since, rank=3),
        _numbers_column(),
        _battery_column(),
        Column(
            title=tr("Signal"),
            text=lambda row, _: _signals_text(sims, row),
            sort_key=lambda row: min(
                (sim.signal for sim in sims.of(row.phone_id) if sim.signal is not None and is_read(row)), default=None
            ),
            sample="mm",
            rank=2,
            signals=lambda row: Signals(levels=[sim.signal for sim in sims.of(row.phone_id)] if is_read(row) else []),
            tooltip=lambda row: _signals_text(sims, row),
        ),
        *_figures(),
        Column(
            title=tr("Model"),
            text=lambda row, _: model_text(row),
            sort_key=lambda row: (row.make.casefold(), row.model.casefold(), natural(row.android)),
            sample="Xiaomi Redmi 12 · 13",
            dim=True,
            rank=8,
        ),
        _temperature_column(),
        Column(
            title=tr("Serial"),
            text=lambda row, _: one_line(row.serial, 40),
            sort_key=lambda row: row.serial,
            sample="R58M30ABCDE",
            mono=True,
            dim=True,
            rank=11,
        ),
    ]


def _numbers_column() -> Column[PhoneRow]:
    return Column(
        title=tr("Numbers"),
        text=lambda row, _: ", ".join(number_text(sim) for sim in row.sims if sim) or formats.NOTHING,
        sort_key=lambda row: row.sims or None,
        sample="+380672037872, +79281234567",
        mono=True,
        rank=4,
    )


def _battery_column() -> Column[PhoneRow]:
    return Column(
        title=tr("Battery"),
        text=lambda row, _: _if_read(row, battery_text(row)),
        sort_key=lambda row: row.telemetry.battery_percent if is_read(row) else None,
        sample="100 %",
        align_right=True,
        rank=1,
        tone=battery_tone,
        bolt=lambda row: bool(row.telemetry.is_charging) and is_read(row),
        tooltip=lambda row: _last_known(row, battery_told(row)),
    )


def _temperature_column() -> Column[PhoneRow]:
    return Column(
        title=tr("Temperature"),
        text=lambda row, _: _if_read(row, temperature_text(row)),
        sort_key=lambda row: row.telemetry.temperature if is_read(row) else None,
        sample="47 °C",
        align_right=True,
        dim=True,
        rank=10,
        tone=temperature_tone,
        tooltip=lambda row: _last_known(row, temperature_text(row)),
    )


def _figures() -> list[Column[PhoneRow]]:
    return [
        Column(
            title=tr("Read time"),
            text=lambda row, _: formats.seconds(row.query_seconds),
            sort_key=lambda row: row.query_seconds,
            sample="0.44 s",
            align_right=True,
            dim=True,
            rank=7,
            tooltip=lambda row: tr("How long its last SMS query took."),
        ),
        Column(
            title=tr("Rents"),
            text=lambda row, _: str(row.rents_open),
            sort_key=lambda row: row.rents_open,
            sample="99",
            align_right=True,
            rank=5,
            tooltip=lambda row: tr("Rents that are open on its numbers."),
        ),
        Column(
            title=tr("SMS today"),
            text=lambda row, _: formats.number(row.sms_today),
            sort_key=lambda row: row.sms_today,
            sample="9 999",
            align_right=True,
            rank=6,
        ),
    ]


# State ---------------------------------------------------------------------


def state_chips(row: PhoneRow) -> Chips:
    """The state, beside it the most urgent active, behind them the next step, or the cause where none is needed."""
    others = other_conditions(row)
    words = [phone_word(row), *(CONDITIONS[active.condition] for active in others[:1])]
    if row.state is PhoneState.READY:
        told = [active for active in (blocking_condition(row), *others[:1]) if active is not None]
        note = next((measure for active in told if (measure := condition_measure(active.values))), "")
        return Chips(words=words, note=note or (remedy_short(told[0].remedy) if told else ""))
    cause, step = one_line(row.detail, CAUSE_LIMIT), remedy_short(row.remedy)
    step_first = row.state in YOURS_TO_MEND or row.remedy is Remedy.RESTART_PHONE
    return Chips(words=words, note=(step or cause) if step_first else (cause or step))


def _since(row: PhoneRow) -> datetime:
    """How long it has been as the chip says."""
    blocking = blocking_condition(row)
    return row.since if blocking is None else blocking.since


def state_text(row: PhoneRow) -> str:
    chips = state_chips(row)
    return ", ".join([*(word.said() for word in chips.words), *([chips.note] if chips.note else [])])


def state_tooltip(row: PhoneRow) -> str:
    lines = [one_line(row.detail), phone_word(row).explained()]
    lines += [
        f"{condition_text(active)}: {CONDITIONS[active.condition].explained()}" for active in other_conditions(row)
    ]
    lines.append(remedy_advice(row.remedy, row.make))
    return "\n".join(line for line in lines if line)


def condition_text(active: ActiveCondition) -> str:
    """`low battery, 12 %`."""
    return ", ".join(part for part in (CONDITIONS[active.condition].said(), condition_measure(active.values)) if part)


# Figures -------------------------------------------------------------------


def number_text(sim: str) -> str:
    """Numbers are up to 15 digits; a longer one is an ICCID."""
    return formats.short_iccid(sim) if len(sim) > 15 else formats.msisdn(sim)


def model_text(row: PhoneRow) -> str:
    model = one_line(f"{row.make} {row.model}".strip(), 60)
    android = one_line(row.android, 20)
    return " · ".join(part for part in (model, android) if part) or formats.NOTHING


def is_read(row: PhoneRow) -> bool:
    """Whether its telemetry are those of now: else they are the last known ones."""
    return row.state is PhoneState.READY


def _if_read(row: PhoneRow, told: str) -> str:
    return told if is_read(row) else formats.NOTHING


def _last_known(row: PhoneRow, told: str) -> str:
    return told if is_read(row) or told == formats.NOTHING else tr("last known: {value}").format(value=told)


def battery_text(row: PhoneRow) -> str:
    percent = row.telemetry.battery_percent
    return formats.NOTHING if percent is None else f"{percent}{formats.GAP}%"


def battery_tone(row: PhoneRow) -> Tone | None:
    percent = row.telemetry.battery_percent
    if percent is None or percent >= LOW_BATTERY or not is_read(row):
        return None
    return Tone.BAD if percent <= EMPTY_BATTERY else Tone.WARN


def battery_told(row: PhoneRow) -> str:
    if row.telemetry.battery_percent is None or row.telemetry.is_charging is None:
        return battery_text(row)
    charging, not_charging = tr("{level}, charging"), tr("{level}, not charging")
    if not is_read(row):
        charging, not_charging = tr("{level}, was charging"), tr("{level}, was not charging")
    words = charging if row.telemetry.is_charging else not_charging
    return words.format(level=battery_text(row))


def temperature_text(row: PhoneRow) -> str:
    warmth = row.telemetry.temperature
    return formats.NOTHING if warmth is None else f"{warmth:.0f}{formats.GAP}°C"


def temperature_tone(row: PhoneRow) -> Tone | None:
    warmth = row.telemetry.temperature
    return Tone.WARN if warmth is not None and warmth > HOT and is_read(row) else None


def _signals_text(sims: SimsOfPhones, row: PhoneRow) -> str:
    if not is_read(row):
        return formats.NOTHING
    told = [f"{formats.slot(sim.slot)}: {signal_text(sim)}" for sim in sims.of(row.phone_id)]
    return " · ".join(told) or formats.NOTHING


def _weakest(sims: SimsOfPhones, row: PhoneRow) -> int | None:
    return min((sim.signal for sim in sims.of(row.phone_id) if sim.signal is not None), default=None)
