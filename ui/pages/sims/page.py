"""The SIMs page: every card, its number, whether it is on offer, and why not."""

from __future__ import annotations

from phonefarm.application.model.read_models import SimRow, SimStanding, Topic
from phonefarm.application.model.row_queries import SIMS
from ui.commands.orders import Orders
from ui.listing.list_spec import Emptiness, ListSpec, RowAction
from ui.listing.usual_columns import network_note, number_column, place_column, signal_text, since_column, widest
from ui.pages.sims.sim_facts import RENTS_TO_BAN, sim_advice, sim_facts, sim_place, sim_tooltip
from ui.table.row_index import RowFilter, RowIndex, natural
from ui.table.row_table import Chips, Column, Signals
from ui.text import formats
from ui.text.words import SIM_STANDINGS, counted, remedy_short, tr

NEED_YOU = frozenset(
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
    for place, standing in enumerate([s for group in (NEED_YOU, UNREACHED) for s in SimStanding if s in group])
}


def sims_spec(orders: Orders) -> ListSpec[SimRow]:
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
        actions=_actions(orders),
        empty=Emptiness(
            tr("No SIMs yet"), tr("SIMs appear by themselves once a phone that holds them is connected and ready.")
        ),
        empty_by_filter={
            "rented": Emptiness(tr("No number is rented")),
            "need": Emptiness(tr("No SIM needs action")),
            "held": Emptiness(tr("No SIM is paused")),
            "unreached": Emptiness(tr("Every SIM in a phone can be reached")),
            "offer": Emptiness(
                tr("No number is on offer"),
                tr("A number goes on offer when its phone is ready and its number is known."),
            ),
        },
        sensible=lambda row: row.standing is SimStanding.RENTED,
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
            text=lambda row, _: SIM_STANDINGS[row.standing].said(),
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
        Column(
            title=tr("Rents"),
            text=lambda row, _: formats.number(row.rents_total),
            sort_key=lambda row: row.rents_total,
            sample="9 999",
            align_right=True,
            rank=7,
        ),
        Column(
            title=tr("Failed in a row"),
            text=lambda row, _: tr("{n} of {most}").format(n=row.unused_in_a_row, most=RENTS_TO_BAN),
            sort_key=lambda row: row.unused_in_a_row,
            sample="2 of 3",
            align_right=True,
            dim=True,
            rank=8,
            tooltip=lambda row: tr("Rents in a row without an SMS; the third bans the number for 24 hours."),
        ),
        Column(
            title=tr("Income"),
            text=lambda row, _: formats.money(row.income_total),
            sort_key=lambda row: row.income_total,
            sample="₽ 99 999",
            align_right=True,
            rank=6,
        ),
        Column(
            title=tr("ICCID"),
            text=lambda row, _: formats.short_iccid(row.iccid),
            sort_key=lambda row: row.iccid or None,
            sample="8970 … 4417",
            mono=True,
            dim=True,
            rank=9,
            tooltip=lambda row: formats.grouped_iccid(row.iccid),
        ),
    ]


def _filters() -> list[RowFilter[SimRow]]:
    return [
        RowFilter("all", tr("All"), lambda row: True),
        RowFilter("offer", tr("On offer"), lambda row: row.standing is SimStanding.ON_OFFER),
        RowFilter("rented", tr("Rented"), lambda row: row.standing is SimStanding.RENTED),
        RowFilter("need", tr("Needs action"), lambda row: row.standing in NEED_YOU, calls=True),
        RowFilter("held", tr("Paused"), lambda row: row.standing is SimStanding.HELD_BACK),
        RowFilter("unreached", tr("Unreached"), lambda row: row.standing in UNREACHED),
    ]


def _summary(index: RowIndex[SimRow]) -> str:
    offered = sum(row.standing is SimStanding.ON_OFFER for row in index)
    needing = sum(row.standing in NEED_YOU for row in index)
    parts = [tr("{n} on offer").format(n=formats.number(offered))]
    if needing:
        parts.append(counted(needing, "1 needs action", "%n need action"))
    return " · ".join(parts)


def _actions(orders: Orders) -> list[RowAction[SimRow]]:
    def is_rented(row: SimRow) -> bool:
        return row.rent_id is not None

    return [
        RowAction(text=tr("Copy number"), run=lambda rows: orders.copy(f"+{rows[0].msisdn}"), applies=_has_number),
        RowAction(
            text=tr("Edit number…"),
            run=lambda rows: orders.edit_number(rows[0]),
            applies=lambda row: not is_rented(row),
        ),
        RowAction(text=tr("Pause…"), run=orders.hold_back, applies=lambda row: not _is_held(row), several=True),
        RowAction(text=tr("Resume"), run=orders.release, applies=_is_held, several=True),
        RowAction(
            text=tr("Ban…"),
            run=lambda rows: orders.set_ban(rows[0]),
            applies=lambda row: row.banned_until is None and _has_number(row),
        ),
        RowAction(
            text=tr("Lift ban"),
            run=lambda rows: orders.lift_bans([row.sim_id for row in rows]),
            applies=lambda row: row.banned_until is not None,
            several=True,
        ),
        RowAction(
            text=tr("Show rent"), run=lambda rows: orders.go(Topic.RENTS, str(rows[0].rent_id)), applies=is_rented
        ),
        RowAction(
            text=tr("Show phone"),
            run=lambda rows: orders.go(Topic.PHONES, rows[0].phone_id),
            applies=lambda row: bool(row.phone_id),
        ),
        RowAction(
            text=tr("Erase texts of this number…"),
            run=lambda rows: orders.privacy.erase_number(rows[0].msisdn),
            applies=_has_number,
            danger=True,
        ),
    ]


def _has_number(row: SimRow) -> bool:
    return bool(row.msisdn)


def _is_held(row: SimRow) -> bool:
    """A held SIM that is rented or banned shows that first; its reason tells."""
    return row.standing is SimStanding.HELD_BACK or bool(row.held_reason)
