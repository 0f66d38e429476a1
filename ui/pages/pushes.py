"""The Push queue page: SMS that Onlinesim has not accepted yet, and those that it refused."""

from __future__ import annotations

from datetime import datetime, timedelta

from phonefarm.application.model.read_models import OPEN_PUSH_STATES, PushRow, PushState, Topic
from phonefarm.application.model.row_queries import PUSHES
from phonefarm.support.tasks import Tasks
from ui.commands.row_commands import RowCommands
from ui.engine.actions import Actions
from ui.listing.common_columns import count_column, moment_column, number_column, rent_column, sender_column
from ui.listing.list_page import ListPage
from ui.listing.list_spec import Advice, EmptyText, Fact, ListSpec, RowAction
from ui.style.theme import Theme
from ui.style.tokens import Tone
from ui.table.row_index import RowFilter, RowIndex
from ui.table.row_table import Bar, Chips, Column
from ui.text import formats
from ui.text.safe_text import CELL_LIMIT, one_line
from ui.text.words import PUSH_STATES, counted, push_advice, push_answer, push_words, tr
from ui.widgets.basics import button

CLOSED = frozenset({PushState.RENT_OVER, PushState.DROPPED})
STOPPED = frozenset({PushState.PARKED, PushState.REFUSED})
"""Onlinesim's answer is the reason."""
FULL_BAR = timedelta(seconds=10)


class PushesPage(ListPage[PushRow]):
    """A list page with a button that resends all stopped or all refused pushes."""

    def __init__(self, commands: RowCommands, actions: Actions, tasks: Tasks, theme: Theme) -> None:
        self.resend_parked = button(tr("Resend all stopped"), tooltip=tr("Resend every SMS that was stopped"))
        self.resend_refused = button(
            tr("Resend all refused"), tooltip=tr("Resend every SMS that Onlinesim refused; it rarely helps")
        )
        super().__init__(pushes_spec(commands), actions, tasks, theme)
        self.resend_parked.clicked.connect(lambda: commands.resend(self.rows_in(PushState.PARKED)))
        self.resend_refused.clicked.connect(lambda: commands.resend_refused(self.rows_in(PushState.REFUSED)))
        self.head.add_tools([self.resend_parked, self.resend_refused])
        self._show_tools()

    def rows_in(self, state: PushState) -> list[PushRow]:
        return [row for row in self.table.index_of_rows if row.state is state]

    def _show_head(self) -> None:
        super()._show_head()
        index = self.table.index_of_rows
        self.resend_parked.setEnabled(index.count_named("parked") > 0)
        self.resend_refused.setEnabled(index.count_named("refused") > 0)

    def _choose_filter(self, place: int) -> None:
        super()._choose_filter(place)
        self._show_tools()

    def _show_tools(self) -> None:
        """One button at a time: for the refused ones only under their filter."""
        active = self.table.index_of_rows.active_filter
        shows_refused = active is not None and active.name == "refused"
        self.resend_parked.setVisible(not shows_refused)
        self.resend_refused.setVisible(shows_refused)


def pushes_spec(commands: RowCommands) -> ListSpec[PushRow]:
    return ListSpec(
        query=PUSHES,
        title=tr("Push queue"),
        columns=_columns(),
        haystack=lambda row: " ".join((str(row.sms_id), str(row.rent_id), row.msisdn, row.sender)),
        filters=_filters(),
        sort_column=0,
        descending=True,
        summary=_summary,
        heading=lambda row: tr("Push of SMS {id}").format(id=row.sms_id),
        word=lambda row: PUSH_STATES[row.state],
        advice=_advice,
        facts=_facts,
        actions=_actions(commands),
        empty=EmptyText(
            tr("Nothing to push yet"),
            tr(
                "An SMS for an open rent is queued here when it arrives. "
                "Enter the push URL in the settings: without it nothing is for sale."
            ),
        ),
        empty_by_filter={
            "open": EmptyText(tr("Nothing waiting"), tr("Every SMS has been accepted, refused or stopped.")),
            "parked": EmptyText(tr("Nothing is stopped")),
            "refused": EmptyText(tr("Nothing was refused")),
            "uncertain": EmptyText(
                tr("Nothing is uncertain"), tr("The outcome of every attempt is known: nothing was sent twice.")
            ),
        },
        is_example=lambda row: row.state is PushState.WAITING,
    )


def next_try_bar(row: PushRow, now: datetime) -> Bar | None:
    """The time until the next attempt; the bar fills over the last ten seconds."""
    if row.state is PushState.SENDING:
        return Bar(passed=1.0, figure=tr("now"), tone=Tone.INFO)
    if row.state is not PushState.WAITING or row.next_at is None:
        return None
    left = max(row.next_at - now, timedelta(0))
    figure = formats.clock_span(left) if left >= timedelta(seconds=1) else tr("now")
    return Bar(passed=1 - min(1.0, left / FULL_BAR), figure=figure, tone=Tone.INFO)


def _columns() -> list[Column[PushRow]]:
    return [
        moment_column(tr("Queued"), lambda row: row.created_at),
        Column(
            title=tr("State"),
            text=lambda row, _: ", ".join(word.label() for word in push_words(row)),
            sort_key=lambda row: (row.state, row.uncertain),
            sample=tr("delivered"),
            stretch=True,
            chips=lambda row: Chips(words=push_words(row)),
            tooltip=lambda row: " ".join(word.explanation() for word in push_words(row)),
        ),
        Column(
            title=tr("Next try"),
            text=lambda row, now: bar.figure if (bar := next_try_bar(row, now)) else "",
            sort_key=lambda row: row.next_at,
            sample="00:00",
            bar=next_try_bar,
            rank=1,
        ),
        count_column(tr("Tries"), lambda row: row.attempts, rank=2),
        Column(
            title=tr("Last answer"),
            text=lambda row, _: one_line(push_answer(row), CELL_LIMIT) or formats.NOTHING,
            sort_key=lambda row: row.last_answer or None,
            sample="HTTP 502 after 310 ms",
            dim=True,
            stretch=True,
            tone=lambda row: PUSH_STATES[row.state].tone if row.state in STOPPED else None,
        ),
        sender_column(PushRow, rank=3),
        number_column(PushRow, rank=4),
        rent_column(PushRow, rank=5),
    ]


def _filters() -> list[RowFilter[PushRow]]:
    return [
        RowFilter("open", tr("Waiting"), lambda row: row.state in OPEN_PUSH_STATES),
        RowFilter(
            "parked", tr("Stopped, needs a decision"), lambda row: row.state is PushState.PARKED, needs_action=True
        ),
        RowFilter("refused", tr("Refused"), lambda row: row.state is PushState.REFUSED),
        RowFilter("uncertain", tr("Uncertain"), lambda row: row.uncertain > 0),
        RowFilter("closed", tr("Closed"), lambda row: row.state in CLOSED),
        RowFilter("delivered", tr("Delivered"), lambda row: row.state is PushState.DELIVERED),
        RowFilter("all", tr("All"), lambda row: True),
    ]


def _summary(index: RowIndex[PushRow]) -> str:
    parked = index.count_named("parked")
    parts = [counted(index.count_named("open"), "1 waiting", "%n waiting")]
    if parked:
        parts.append(counted(parked, "1 needs action", "%n need action"))
    return " · ".join(parts)


def _advice(row: PushRow) -> Advice:
    if row.state not in STOPPED:
        return Advice()
    return Advice(text=push_advice(row), tone=PUSH_STATES[row.state].tone)


def _facts(row: PushRow, now: datetime) -> list[Fact]:
    bar = next_try_bar(row, now)
    facts = [
        Fact(tr("Last answer"), one_line(row.last_answer)) if row.last_answer else None,
        Fact(tr("Next try"), bar.figure) if bar is not None else None,
        Fact(tr("Tries"), formats.number(row.attempts)),
        Fact(tr("Uncertain tries"), formats.number(row.uncertain)) if row.uncertain else None,
        Fact(tr("Queued"), formats.day_time(row.created_at, now)),
        Fact(tr("Ended"), formats.day_time(row.ended_at, now)) if row.ended_at else None,
        Fact(tr("Sender"), one_line(row.sender)),
        Fact(tr("Number"), formats.grouped_msisdn(row.msisdn)),
        Fact(tr("Rent"), str(row.rent_id)),
    ]
    return [fact for fact in facts if fact is not None]


def _actions(commands: RowCommands) -> list[RowAction[PushRow]]:
    return [
        RowAction(
            text=tr("Send again"),
            run=commands.resend,
            applies=lambda row: row.state not in OPEN_PUSH_STATES and row.state is not PushState.DELIVERED,
            several=True,
        ),
        RowAction(
            text=tr("Stop sending…"),
            run=commands.drop,
            applies=lambda row: row.state in (PushState.WAITING, PushState.PARKED),
            several=True,
            danger=True,
        ),
        RowAction(text=tr("Show message"), run=lambda rows: commands.go(Topic.MESSAGES, str(rows[0].sms_id))),
        RowAction(text=tr("Show rent"), run=lambda rows: commands.go(Topic.RENTS, str(rows[0].rent_id))),
        RowAction(text=tr("Copy number"), run=lambda rows: commands.copy(f"+{rows[0].msisdn}")),
    ]
