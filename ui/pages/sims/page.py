"""The SIMs page: every SIM, its number, and whether it is on offer or why not."""

from __future__ import annotations

from phonefarm.application.model.read_models import SimRow, SimStanding, Topic
from phonefarm.application.model.row_queries import SIMS
from ui.commands.row_commands import RowCommands
from ui.listing.common_columns import (
    count_column,
    iccid_column,
    network_note,
    number_column,
    place_column,
    signal_text,
    since_column,
    sum_column,
    widest,
)
from ui.listing.list_spec import EmptyText, ListSpec, RowAction
from ui.pages.sims.sim_facts import RENTS_TO_BAN, sim_advice, sim_facts, sim_place, sim_tooltip
from ui.table.row_index import RowFilter, RowIndex, natural
from ui.table.row_table import Chips, Column, Signals
from ui.text import formats
from ui.text.words import SIM_STANDINGS, counted, remedy_short, tr

NEEDS_ACTION = frozenset(
    {
        SimStanding.NO_NUMBER,
        SimStanding.NO_COUNTRY,
        SimStanding.PIN,
        SimStanding.PUK,
        SimStanding.CARD_LOCKED,
        SimStanding.CARD_FAULT,
    }
)
UNREACHED = frozenset(
    {
        SimStanding.NO_NETWORK,
        SimStanding.AIRPLANE,
        SimStanding.AWAY,
        SimStanding.PHONE_BLOCKED,
        SimStanding.OUT,
        SimStanding.SAME_NUMBER,
    }
)
URGENCY = {
    standing: place
    for place, standing in enumerate([s for group in (NEEDS_ACTION, UNREACHED) for s in SimStanding if s in group])
}


def sims_spec(commands: RowCommands) -> ListSpec[SimRow]:
    return ListSpec(
        query=SIMS,
        title=tr("SIMs"),
        columns=_columns(),
        haystack=lambda row: " ".join(
            (row.msisdn, row.iccid, row.phone_label, row.country, row.operator, row.mcc_mnc, str(row.rent_id or ""))
        ),
        filters=_filters(),
        sort_column=1,
        summary=_summary,
        heading=lambda row: formats.grouped_msisdn(row.msisdn) if row.msisdn else tr("SIM without a number"),
        word=lambda row: SIM_STANDINGS[row.standing],
        advice=sim_advice,
        facts=sim_facts,
        actions=_actions(commands),
        empty=EmptyText(tr("No SIMs yet"), tr("SIMs appear by themselves when their phone is connected and ready.")),
        empty_by_filter={
            "rented": EmptyText(tr("No number is rented")),
            "need": EmptyText(tr("No SIM needs action")),
            "held": EmptyText(tr("No SIM is paused")),
            "unreached": EmptyText(tr("Every SIM in a phone can be reached")),
            "offer": EmptyText(
                tr("No number is on offer"),
                tr("A SIM goes on offer when its phone is ready and its number is known."),
            ),
        },
        is_example=lambda row: row.standing is SimStanding.RENTED,
    )


def _columns() -> list[Column[SimRow]]:
    return [
        number_column(SimRow),
        Column(
            title=tr("Phone"),
            text=lambda row, _: sim_place(row),
            sort_key=lambda row: (natural(row.phone_label), row.slot or 0) if row.phone_label else None,
            sample="Samsung Galaxy A14 · slot 1",
            dim=True,
            rank=2,
        ),
        Column(
            title=tr("State"),
            text=lambda row, _: SIM_STANDINGS[row.standing].label(),
            sort_key=lambda row: (URGENCY.get(row.standing, len(URGENCY)), row.standing),
            sample=widest(SIM_STANDINGS),
            stretch=True,
            chips=lambda row: Chips(words=(SIM_STANDINGS[row.standing],), note=remedy_short(row.remedy)),
            tooltip=sim_tooltip,
        ),
        since_column(lambda row: row.standing_since, rank=3),
        Column(
            title=tr("Signal"),
            text=lambda row, _: signal_text(row),
            sort_key=lambda row: row.signal,
            sample=tr("LTE roaming"),
            rank=1,
            signals=lambda row: Signals(levels=(row.signal,), note=network_note(row)),
            tooltip=signal_text,
        ),
        place_column(SimRow, rank=4),
        count_column(tr("Rents"), lambda row: row.rents_total, rank=7),
        Column(
            title=tr("Failed in a row"),
            text=lambda row, _: tr("{n} of {most}").format(n=row.unused_in_a_row, most=RENTS_TO_BAN),
            sort_key=lambda row: row.unused_in_a_row,
            sample="2 of 3",
            align_right=True,
            dim=True,
            rank=8,
            tooltip=lambda row: tr("Rents in a row without an SMS. The third bans the number for 24 hours."),
        ),
        sum_column(tr("Income"), lambda row: row.income_total, rank=6),
        iccid_column(SimRow, rank=9),
    ]


def _filters() -> list[RowFilter[SimRow]]:
    return [
        RowFilter("all", tr("All"), lambda row: True),
        RowFilter("offer", tr("On offer"), lambda row: row.standing is SimStanding.ON_OFFER),
        RowFilter("rented", tr("Rented"), lambda row: row.standing is SimStanding.RENTED),
        RowFilter("need", tr("Needs action"), lambda row: row.standing in NEEDS_ACTION, needs_action=True),
        RowFilter("held", tr("Paused"), lambda row: row.standing is SimStanding.HELD_BACK),
        RowFilter("unreached", tr("Unreachable"), lambda row: row.standing in UNREACHED),
    ]


def _summary(index: RowIndex[SimRow]) -> str:
    offered = sum(row.standing is SimStanding.ON_OFFER for row in index)
    needing = sum(row.standing in NEEDS_ACTION for row in index)
    parts = [tr("{n} on offer").format(n=formats.number(offered))]
    if needing:
        parts.append(counted(needing, "1 needs action", "%n need action"))
    return " · ".join(parts)


def _actions(commands: RowCommands) -> list[RowAction[SimRow]]:
    def is_rented(row: SimRow) -> bool:
        return row.rent_id is not None

    return [
        RowAction(text=tr("Copy number"), run=lambda rows: commands.copy(f"+{rows[0].msisdn}"), applies=_has_number),
        RowAction(
            text=tr("Edit number…"),
            run=lambda rows: commands.edit_number(rows[0]),
            applies=lambda row: not is_rented(row),
        ),
        RowAction(text=tr("Pause…"), run=commands.pause, applies=lambda row: not _is_paused(row), several=True),
        RowAction(text=tr("Resume"), run=commands.resume, applies=_is_paused, several=True),
        RowAction(
            text=tr("Ban…"),
            run=lambda rows: commands.set_ban(rows[0]),
            applies=lambda row: row.banned_until is None and _has_number(row),
        ),
        RowAction(
            text=tr("Lift ban"),
            run=lambda rows: commands.lift_bans([row.sim_id for row in rows]),
            applies=lambda row: row.banned_until is not None,
            several=True,
        ),
        RowAction(
            text=tr("Show rent"), run=lambda rows: commands.go(Topic.RENTS, str(rows[0].rent_id)), applies=is_rented
        ),
        RowAction(
            text=tr("Show phone"),
            run=lambda rows: commands.go(Topic.PHONES, rows[0].phone_id),
            applies=lambda row: bool(row.phone_id),
        ),
        RowAction(
            text=tr("Erase texts of this number…"),
            run=lambda rows: commands.privacy.erase_number(rows[0].msisdn),
            applies=_has_number,
            danger=True,
        ),
    ]


def _has_number(row: SimRow) -> bool:
    return bool(row.msisdn)


def _is_paused(row: SimRow) -> bool:
    """A paused SIM that is rented or banned has that standing; its reason shows the pause."""
    return row.standing is SimStanding.HELD_BACK or bool(row.held_reason)
