"""The Rents page: open and finished rents, the time left for a first SMS, the income."""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import Decimal

from phonefarm.application.model.read_models import RentRow, RentState, Topic
from phonefarm.application.model.row_queries import RENTS
from ui.commands.row_commands import RowCommands
from ui.listing.common_columns import (
    count_column,
    moment_column,
    number_column,
    phone_column,
    place_column,
    rent_column,
    sum_column,
)
from ui.listing.list_spec import Advice, EmptyText, Fact, ListSpec, RowAction
from ui.style.tokens import Tone
from ui.table.row_index import RowFilter, RowIndex
from ui.table.row_table import Bar, Chips, Column
from ui.text import formats
from ui.text.safe_text import one_line
from ui.text.words import LAST_CHANCE, counted, rent_advice, rent_step, rent_word, rent_words, tr

SOON = timedelta(minutes=5)
NEEDS_ACTION = frozenset({RentState.OVERDUE, RentState.POSSIBLE_ORPHAN})


def rents_spec(commands: RowCommands) -> ListSpec[RentRow]:
    return ListSpec(
        query=RENTS,
        title=tr("Rents"),
        columns=rent_columns(),
        haystack=lambda row: " ".join((str(row.rent_id), row.msisdn, row.phone_label, row.country, row.operator)),
        filters=_filters(),
        sort_column=0,
        descending=True,
        summary=_summary,
        heading=lambda row: tr("Rent {id}").format(id=row.rent_id),
        word=rent_word,
        advice=_advice,
        facts=_facts,
        actions=_actions(commands),
        empty=EmptyText(
            tr("No rents yet"),
            tr(
                "They appear here as soon as Onlinesim orders a number. "
                "For that, numbers must be on offer and the webhooks reachable."
            ),
        ),
        empty_by_filter={
            "open": EmptyText(tr("No rent is open"), tr("Onlinesim's next order appears here by itself.")),
            "waiting": EmptyText(tr("No rent waits for its first SMS")),
            "overdue": EmptyText(tr("No rent is overdue")),
            "orphan": EmptyText(tr("Every rent is confirmed")),
            "near": EmptyText(
                tr("No number is near a ban"), tr("Three rents in a row without an SMS ban a number for 24 hours.")
            ),
        },
        is_example=lambda row: row.state is RentState.ACTIVE and row.sms_count > 1,
    )


def time_left_bar(row: RentRow, now: datetime) -> Bar | None:
    """How much of the 20 minutes has passed; None unless the first SMS is awaited."""
    if row.state not in (RentState.WAITING, RentState.OVERDUE):
        return None
    left = row.first_sms_deadline - now
    whole = row.first_sms_deadline - row.ordered_at
    if left <= timedelta(0):
        return Bar(passed=1.0, figure=tr("over"), tone=Tone.WARN)
    return Bar(passed=1 - left / whole, figure=formats.clock_span(left), tone=Tone.WARN if left < SOON else Tone.INFO)


def rent_columns(*, short: bool = False) -> list[Column[RentRow]]:
    """`short`: for the Overview's table of waiting rents."""
    number = number_column(RentRow)
    place = place_column(RentRow, rank=2 if short else 5, stretch=short)
    state = Column[RentRow](
        title=tr("State"),
        text=lambda row, _: ", ".join(filter(None, [*(word.label() for word in rent_words(row)), rent_step(row)])),
        sort_key=lambda row: rent_word(row).text,
        sample=tr("overdue 1 failure from a ban mmm"),
        stretch=not short,
        chips=lambda row: Chips(words=rent_words(row), note=rent_step(row)),
        tooltip=lambda row: " ".join(word.explanation() for word in rent_words(row)),
    )
    left = Column[RentRow](
        title=tr("Time left"),
        text=lambda row, now: bar.figure if (bar := time_left_bar(row, now)) else "",
        sort_key=lambda row: row.first_sms_deadline if time_left_bar(row, row.ordered_at) else None,
        sample="00:00",
        bar=time_left_bar,
        rank=1,
    )
    phone = phone_column(RentRow, rank=7)
    if short:
        return [number, place, phone, left, state]
    rent_id = rent_column(RentRow, dim=False)
    return [rent_id, number, state, left, *_money_columns(), place, phone]


def _money_columns() -> list[Column[RentRow]]:
    return [
        count_column(tr("SMS"), lambda row: row.sms_count, sample="999", rank=3),
        moment_column(tr("Ordered"), lambda row: row.ordered_at, rank=6),
        sum_column(
            tr("Income"),
            _income,
            sample="₽ 9 999",
            rank=4,
            tooltip=lambda row: tr("credited") if row.credited is not None else tr("expected"),
        ),
    ]


def _income(row: RentRow) -> Decimal:
    return row.expected if row.credited is None else row.credited


def _is_open(row: RentRow) -> bool:
    return row.state is not RentState.FINISHED


def is_near_ban(row: RentRow) -> bool:
    """Whether its number is banned if it ends without an SMS."""
    return LAST_CHANCE in rent_words(row)


def _filters() -> list[RowFilter[RentRow]]:
    return [
        RowFilter("open", tr("Open"), _is_open),
        RowFilter("waiting", tr("Waiting"), lambda row: row.state is RentState.WAITING),
        RowFilter("overdue", tr("Overdue"), lambda row: row.state is RentState.OVERDUE, needs_action=True),
        RowFilter("orphan", tr("Unconfirmed"), lambda row: row.state is RentState.POSSIBLE_ORPHAN, needs_action=True),
        RowFilter("near", tr("Near a ban"), is_near_ban),
        RowFilter("finished", tr("Finished"), lambda row: row.state is RentState.FINISHED),
        RowFilter("all", tr("All"), lambda row: True),
    ]


def _summary(index: RowIndex[RentRow]) -> str:
    needing = sum(row.state in NEEDS_ACTION for row in index)
    parts = [counted(sum(map(_is_open, index)), "1 open", "%n open")]
    if needing:
        parts.append(counted(needing, "1 needs action", "%n need action"))
    return " · ".join(parts)


def _advice(row: RentRow) -> Advice:
    return Advice(text=rent_advice(row), tone=rent_word(row).tone if row.state in NEEDS_ACTION else Tone.IDLE)


def _facts(row: RentRow, now: datetime) -> list[Fact]:
    until = row.finished_at or now
    credited = formats.money(row.credited)
    facts = [
        _deadline(row, now),
        Fact(tr("Number"), formats.grouped_msisdn(row.msisdn)),
        Fact(tr("SIM"), formats.short_iccid(row.sim_id)) if row.sim_id.isdecimal() else None,
        Fact(tr("Country, operator"), one_line(formats.place(row.country, row.operator))),
        Fact(tr("Phone"), one_line(row.phone_label)),
        Fact(tr("Without SMS"), tr("banned for 24 h"), tone=Tone.WARN) if is_near_ban(row) else None,
        Fact(tr("Ordered"), formats.exact(row.ordered_at, now)),
        Fact(tr("Ended"), formats.day_time(row.finished_at, now)) if row.finished_at else None,
        Fact(tr("Open for"), formats.span(until - row.ordered_at)),
        Fact(tr("SMS delivered"), tr("{done} of {all}").format(done=row.sms_delivered, all=row.sms_count)),
        Fact(tr("Expected"), formats.money(row.expected)),
        Fact(tr("Credited"), tr("{sum}, estimated").format(sum=credited) if row.credited_is_estimate else credited)
        if row.credited is not None
        else None,
    ]
    return [fact for fact in facts if fact is not None]


def _deadline(row: RentRow, now: datetime) -> Fact | None:
    bar = time_left_bar(row, now)
    if bar is None:
        return None
    if now < row.first_sms_deadline:
        return Fact(tr("First SMS within"), bar.figure)
    return Fact(tr("Overdue for"), formats.span(now - row.first_sms_deadline), tone=Tone.WARN)


def _actions(commands: RowCommands) -> list[RowAction[RentRow]]:
    return [
        RowAction(text=tr("Copy number"), run=lambda rows: commands.copy(f"+{rows[0].msisdn}")),
        RowAction(text=tr("Show SIM"), run=lambda rows: commands.go(Topic.SIMS, rows[0].sim_id)),
        RowAction(text=tr("Show phone"), run=lambda rows: commands.go(Topic.PHONES, rows[0].phone_id)),
        RowAction(
            text=tr("Release…"),
            run=lambda rows: commands.release_unconfirmed(rows[0]),
            applies=lambda row: row.state is RentState.POSSIBLE_ORPHAN,
            danger=True,
        ),
    ]
