"""The Bans page: which numbers are banned, why, and until when."""

from __future__ import annotations

from datetime import datetime, timedelta

from phonefarm.application.model.read_models import BanRow, Topic
from phonefarm.application.model.row_queries import BANS
from ui.commands.row_commands import RowCommands
from ui.listing.common_columns import moment_column, number_column, phone_column, place_column, word_column
from ui.listing.list_spec import EmptyText, Fact, ListSpec, RowAction
from ui.style.tokens import Tone
from ui.table.row_index import RowFilter, RowIndex
from ui.table.row_table import Bar, Column
from ui.text import formats
from ui.text.safe_text import one_line
from ui.text.words import ban_word, counted, tr


def bans_spec(commands: RowCommands) -> ListSpec[BanRow]:
    return ListSpec(
        query=BANS,
        title=tr("Bans"),
        columns=_columns(),
        haystack=lambda row: " ".join((row.msisdn, row.sim_id, row.phone_label, row.country, row.operator)),
        filters=[
            RowFilter("all", tr("All"), lambda row: True),
            RowFilter("rule", tr("Three unused rents"), lambda row: not row.by_hand),
            RowFilter("hand", tr("Set by you"), lambda row: row.by_hand),
        ],
        sort_column=1,
        summary=_summary,
        heading=lambda row: formats.grouped_msisdn(row.msisdn),
        word=ban_word,
        facts=_facts,
        actions=_actions(commands),
        empty=EmptyText(
            tr("No number is banned"),
            tr(
                "After three rents in a row without an SMS, a number is off the offer for 24 hours. "
                "Then it comes back by itself."
            ),
        ),
        empty_by_filter={"hand": EmptyText(tr("You have not banned a number"))},
    )


def ban_bar(row: BanRow, now: datetime) -> Bar:
    left = row.until - now
    if left <= timedelta(0):
        return Bar(passed=1.0, figure=tr("over"), tone=Tone.OK)
    whole = max(row.until - row.since, timedelta(seconds=1))
    return Bar(passed=1 - left / whole, figure=formats.clock_span(left), tone=Tone.WARN)


def _columns() -> list[Column[BanRow]]:
    return [
        number_column(BanRow),
        Column(
            title=tr("Time left"),
            text=lambda row, now: ban_bar(row, now).figure,
            sort_key=lambda row: row.until,
            sample="720:00:00",
            bar=ban_bar,
        ),
        word_column(tr("Cause"), ban_word, sample=tr("three unused rents"), sort_key=lambda row: row.by_hand, rank=1),
        place_column(BanRow, rank=2, stretch=True),
        moment_column(tr("Banned"), lambda row: row.since, rank=3),
        phone_column(BanRow, rank=4),
    ]


def _summary(index: RowIndex[BanRow]) -> str:
    return counted(len(index), "1 number banned", "%n numbers banned")


def _facts(row: BanRow, now: datetime) -> list[Fact]:
    return [
        Fact(tr("Banned"), formats.day_time(row.since, now)),
        Fact(tr("Comes back"), formats.day_time(row.until, now)),
        Fact(tr("Time left"), formats.span(row.until - now)),
        Fact(tr("Country, operator"), one_line(formats.place(row.country, row.operator))),
        Fact(tr("Phone"), one_line(row.phone_label) or formats.NOTHING),
    ]


def _actions(commands: RowCommands) -> list[RowAction[BanRow]]:
    return [
        RowAction(text=tr("Lift ban"), run=lambda rows: commands.lift_bans([row.sim_id for row in rows]), several=True),
        RowAction(text=tr("Copy number"), run=lambda rows: commands.copy(f"+{rows[0].msisdn}")),
        RowAction(text=tr("Show SIM"), run=lambda rows: commands.go(Topic.SIMS, rows[0].sim_id)),
    ]
