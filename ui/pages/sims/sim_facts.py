"""The details of a SIM: the next step, its number, network and income."""

from __future__ import annotations

from datetime import datetime

from phonefarm.application.model.read_models import SimRow, SimStanding
from ui.listing.common_columns import signal_text
from ui.listing.list_spec import Advice, Fact
from ui.table.delegates import signal_tone
from ui.text import formats
from ui.text.safe_text import one_line
from ui.text.words import REMEDIES, SIM_STANDINGS, remedy_advice, tr

PHONE_STANDINGS = frozenset({SimStanding.AWAY, SimStanding.PHONE_BLOCKED})
RENTS_TO_BAN = 3


def sim_advice(row: SimRow) -> Advice:
    text = remedy_advice(row.remedy)
    if text and row.standing in PHONE_STANDINGS:
        text = tr("On its phone: {step}").format(step=text)
    return Advice(text=text, command=REMEDIES[row.remedy].command, tone=SIM_STANDINGS[row.standing].tone)


def sim_tooltip(row: SimRow) -> str:
    return "\n".join(text for text in (SIM_STANDINGS[row.standing].explanation(), sim_advice(row).text) if text)


def sim_facts(row: SimRow, now: datetime) -> list[Fact]:
    sources = {
        "phone": tr("from the SIM"),
        "file": tr("from the numbers file"),
        "import": tr("from an imported table"),
        "message": tr("from an SMS to it"),
        "hand": tr("entered by you"),
        "another country": tr("of another country, not used; see its timeline"),
    }
    facts = [
        Fact(tr("Your reason"), one_line(row.held_reason)) if row.held_reason else None,
        Fact(tr("Banned until"), formats.day_time(row.banned_until, now)) if row.banned_until else None,
        Fact(tr("Since"), formats.day_time(row.standing_since, now)) if row.standing_since else None,
        Fact(tr("Rent"), str(row.rent_id)) if row.rent_id is not None else None,
        Fact(tr("Number source"), sources.get(row.msisdn_source, tr("not known"))),
        Fact(tr("ICCID"), formats.grouped_iccid(row.iccid), mono=True),
        Fact(tr("Country, operator"), one_line(formats.place(row.country, row.operator))),
        Fact(tr("Network code"), one_line(row.mcc_mnc) or formats.NOTHING),
        Fact(tr("Phone"), sim_place(row)),
        Fact(tr("Signal"), signal_text(row), tone=signal_tone(row.signal) if row.signal is not None else None),
        Fact(tr("Rents"), formats.number(row.rents_total)),
        Fact(tr("Failed in a row"), tr("{n} of {most}").format(n=row.unused_in_a_row, most=RENTS_TO_BAN)),
        Fact(tr("Income"), formats.money(row.income_total)),
        Fact(tr("Last rented"), formats.day_time(row.last_rented_at, now)),
    ]
    return [fact for fact in facts if fact is not None]


def sim_place(row: SimRow) -> str:
    return formats.phone_and_slot(row.phone_label, row.slot) if row.phone_label else formats.NOTHING
