"""The columns of the Phones page, the most important ones first."""

from __future__ import annotations

from datetime import datetime

from phonefarm.application.model.read_models import ActiveCondition, PhoneRow, PhoneState, Remedy
from ui.listing.common_columns import count_column, signal_text, since_column
from ui.pages.phones.phone_groups import FIXED_BY_USER, urgency
from ui.pages.phones.phone_sims import SimsByPhone
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
LOW_BATTERY_PERCENT = 20
EMPTY_BATTERY_PERCENT = 10
HOT_CELSIUS = 45.0


def phone_columns(sims: SimsByPhone) -> list[Column[PhoneRow]]:
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
            sort_key=lambda row: min((level for level in _levels(sims, row) if level is not None), default=None),
            sample="mm",
            rank=2,
            signals=lambda row: Signals(levels=_levels(sims, row)),
            tooltip=lambda row: _signals_text(sims, row),
        ),
        *_count_columns(),
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
        tooltip=lambda row: _last_known(row, battery_detail(row)),
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


def _count_columns() -> list[Column[PhoneRow]]:
    return [
        Column(
            title=tr("Read time"),
            text=lambda row, _: formats.seconds(row.query_seconds),
            sort_key=lambda row: row.query_seconds,
            sample="0.44 s",
            align_right=True,
            dim=True,
            rank=7,
            tooltip=lambda row: tr("Duration of the last SMS query."),
        ),
        count_column(
            tr("Rents"),
            lambda row: row.rents_open,
            sample="99",
            rank=5,
            tooltip=lambda row: tr("Open rents on its numbers."),
        ),
        count_column(tr("SMS today"), lambda row: row.sms_today, rank=6),
    ]


# State ---------------------------------------------------------------------


def state_chips(row: PhoneRow) -> Chips:
    """The state and the most urgent condition; as a note the next step, or the cause if no step is needed."""
    others = other_conditions(row)
    words = [phone_word(row), *(CONDITIONS[active.condition] for active in others[:1])]
    if row.state is PhoneState.READY:
        shown = [active for active in (blocking_condition(row), *others[:1]) if active is not None]
        note = next((measure for active in shown if (measure := condition_measure(active.values))), "")
        return Chips(words=words, note=note or (remedy_short(shown[0].remedy) if shown else ""))
    cause, step = one_line(row.detail, CAUSE_LIMIT), remedy_short(row.remedy)
    is_step_first = row.state in FIXED_BY_USER or row.remedy is Remedy.RESTART_PHONE
    return Chips(words=words, note=(step or cause) if is_step_first else (cause or step))


def _since(row: PhoneRow) -> datetime:
    """When what the first chip shows began."""
    blocking = blocking_condition(row)
    return row.since if blocking is None else blocking.since


def state_text(row: PhoneRow) -> str:
    chips = state_chips(row)
    return ", ".join([*(word.label() for word in chips.words), *([chips.note] if chips.note else [])])


def state_tooltip(row: PhoneRow) -> str:
    lines = [one_line(row.detail), phone_word(row).explanation()]
    lines += [
        f"{condition_text(active)}: {CONDITIONS[active.condition].explanation()}" for active in other_conditions(row)
    ]
    lines.append(remedy_advice(row.remedy, row.make))
    return "\n".join(line for line in lines if line)


def condition_text(active: ActiveCondition) -> str:
    """`low battery, 12 %`."""
    return ", ".join(part for part in (CONDITIONS[active.condition].label(), condition_measure(active.values)) if part)


# Figures -------------------------------------------------------------------


def number_text(sim: str) -> str:
    """A number has up to 15 digits; anything longer is an ICCID."""
    return formats.short_iccid(sim) if len(sim) > 15 else formats.msisdn(sim)


def model_text(row: PhoneRow) -> str:
    model = one_line(f"{row.make} {row.model}".strip(), 60)
    android = one_line(row.android, 20)
    return " · ".join(part for part in (model, android) if part) or formats.NOTHING


def is_read(row: PhoneRow) -> bool:
    """Whether its telemetry is current; otherwise it is the last known."""
    return row.state is PhoneState.READY


def _if_read(row: PhoneRow, text: str) -> str:
    return text if is_read(row) else formats.NOTHING


def _last_known(row: PhoneRow, text: str) -> str:
    return text if is_read(row) or text == formats.NOTHING else tr("last known: {value}").format(value=text)


def battery_text(row: PhoneRow) -> str:
    percent = row.telemetry.battery_percent
    return formats.NOTHING if percent is None else f"{percent}{formats.GAP}%"


def battery_tone(row: PhoneRow) -> Tone | None:
    percent = row.telemetry.battery_percent
    if percent is None or percent >= LOW_BATTERY_PERCENT or not is_read(row):
        return None
    return Tone.BAD if percent <= EMPTY_BATTERY_PERCENT else Tone.WARN


def battery_detail(row: PhoneRow) -> str:
    if row.telemetry.battery_percent is None or row.telemetry.is_charging is None:
        return battery_text(row)
    charging, not_charging = tr("{level}, charging"), tr("{level}, not charging")
    if not is_read(row):
        charging, not_charging = tr("{level}, was charging"), tr("{level}, was not charging")
    words = charging if row.telemetry.is_charging else not_charging
    return words.format(level=battery_text(row))


def temperature_text(row: PhoneRow) -> str:
    celsius = row.telemetry.temperature
    return formats.NOTHING if celsius is None else f"{celsius:.0f}{formats.GAP}°C"


def temperature_tone(row: PhoneRow) -> Tone | None:
    celsius = row.telemetry.temperature
    return Tone.WARN if celsius is not None and celsius > HOT_CELSIUS and is_read(row) else None


def _signals(sims: SimsByPhone, row: PhoneRow) -> list[int | None]:
    return [sim.signal for sim in sims.in_phone(row.phone_id)] if is_read(row) else []


def _levels(sims: SimsByPhone, row: PhoneRow) -> list[int | None]:
    return [sim.signal for sim in sims.in_phone(row.phone_id)] if is_read(row) else []


def _signals_text(sims: SimsByPhone, row: PhoneRow) -> str:
    if not is_read(row):
        return formats.NOTHING
    texts = [f"{formats.slot(sim.slot)}: {signal_text(sim)}" for sim in sims.in_phone(row.phone_id)]
    return " · ".join(texts) or formats.NOTHING
