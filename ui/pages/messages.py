"""The Messages page: every SMS that arrived, its rent, and whether Onlinesim has it."""

from __future__ import annotations

from datetime import datetime

from phonefarm.application.model.read_models import Doubt, MessageRow, PushState, SmsStanding, Topic
from phonefarm.application.model.row_queries import MESSAGES
from ui.commands.row_commands import RowCommands
from ui.listing.common_columns import (
    SENDER_LIMIT,
    moment_column,
    number_column,
    phone_column,
    rent_column,
    sender_column,
    widest,
    word_column,
)
from ui.listing.list_spec import EmptyText, Fact, ListSpec, RowAction
from ui.style.tokens import Tone
from ui.table.row_index import RowFilter, RowIndex
from ui.table.row_table import Column
from ui.text import formats
from ui.text.safe_text import CELL_LIMIT, one_line
from ui.text.words import PUSH_STATES, SMS_STANDINGS, counted, message_word, tr


def messages_spec(commands: RowCommands) -> ListSpec[MessageRow]:
    return ListSpec(
        query=MESSAGES,
        title=tr("Messages"),
        columns=_columns(),
        haystack=lambda row: " ".join((row.sender, row.msisdn, row.phone_label, str(row.rent_id or ""))),
        filters=_filters(),
        sort_column=0,
        descending=True,
        summary=_summary,
        heading=lambda row: tr("SMS from {sender}").format(sender=one_line(row.sender, SENDER_LIMIT)),
        word=message_word,
        facts=_facts,
        actions=_actions(commands),
        empty=EmptyText(
            tr("No messages yet"), tr("Every SMS that reaches a connected phone appears here within seconds.")
        ),
        empty_by_filter={
            "held": EmptyText(tr("No message needs action")),
            "withheld": EmptyText(
                tr("No message was withheld"),
                tr("The blocked senders are listed in the settings: Privacy, Blocked senders."),
            ),
            "undelivered": EmptyText(tr("All delivered")),
        },
        body=_body,
        is_example=lambda row: row.push_state is PushState.DELIVERED,
    )


def _columns() -> list[Column[MessageRow]]:
    return [
        moment_column(tr("Arrived"), lambda row: row.arrived_at),
        sender_column(MessageRow, rank=1),
        Column(
            title=tr("Text"),
            text=lambda row, _: one_line(_body(row), CELL_LIMIT),
            sort_key=lambda row: row.text[:CELL_LIMIT].casefold(),
            sample="Your verification code is 902-118 for",
            stretch=True,
            tone=_body_tone,
        ),
        word_column(tr("State"), message_word, sample=widest(SMS_STANDINGS, PUSH_STATES)),
        number_column(MessageRow, rank=2),
        Column(
            title=tr("Took"),
            text=lambda row, _: formats.seconds(row.delivered_after_seconds),
            sort_key=lambda row: row.delivered_after_seconds,
            sample="0.44 s",
            align_right=True,
            dim=True,
            rank=4,
            tooltip=lambda row: tr("From the arrival at the phone to Onlinesim's answer."),
        ),
        rent_column(MessageRow, rank=3),
        phone_column(MessageRow, rank=5),
    ]


def _body(row: MessageRow) -> str:
    if row.text or not row.is_erased:
        return row.text
    return tr("(text not kept)") if _is_withheld(row) else tr("(text erased)")


def _is_withheld(row: MessageRow) -> bool:
    return row.standing is SmsStanding.WITHHELD


def _body_tone(row: MessageRow) -> Tone | None:
    """Dims the placeholder of an erased text."""
    return Tone.IDLE if row.is_erased and not row.text else None


def _is_undelivered(row: MessageRow) -> bool:
    return row.standing is SmsStanding.FOR_RENT and row.push_state is not PushState.DELIVERED


def _filters() -> list[RowFilter[MessageRow]]:
    return [
        RowFilter("all", tr("All"), lambda row: True),
        RowFilter("rent", tr("For rents"), lambda row: row.standing is SmsStanding.FOR_RENT),
        RowFilter("undelivered", tr("Undelivered"), _is_undelivered),
        RowFilter("held", tr("Which SIM?"), lambda row: row.standing is SmsStanding.HELD, needs_action=True),
        RowFilter("none", tr("No rent"), lambda row: row.standing is SmsStanding.NO_RENT),
        RowFilter("withheld", tr("Withheld"), _is_withheld),
    ]


def _summary(index: RowIndex[MessageRow]) -> str:
    held = index.count_named("held")
    parts = [tr("the newest {count}").format(count=formats.number(len(index)))]
    if held:
        parts.append(counted(held, "1 needs action", "%n need action"))
    return " · ".join(parts)


def _facts(row: MessageRow, now: datetime) -> list[Fact]:
    facts = [
        Fact(tr("Arrived"), formats.exact(row.arrived_at, now)),
        Fact(tr("Phone's date"), _phone_date(row, now)) if row.doubt is Doubt.TIME else None,
        Fact(tr("Number"), formats.grouped_msisdn(row.msisdn)),
        Fact(tr("Phone"), one_line(row.phone_label)),
        Fact(tr("Rent"), str(row.rent_id)) if row.rent_id is not None else None,
        Fact(tr("Delivered after"), formats.seconds(row.delivered_after_seconds))
        if row.delivered_after_seconds is not None
        else None,
    ]
    return [fact for fact in facts if fact is not None]


def _phone_date(row: MessageRow, now: datetime) -> str:
    return tr("none") if row.phone_date is None else formats.exact(row.phone_date, now)


def _actions(commands: RowCommands) -> list[RowAction[MessageRow]]:
    return [
        RowAction(
            text=tr("Choose SIM…"),
            run=lambda rows: commands.assign_sim(rows[0]),
            applies=lambda row: row.standing is SmsStanding.HELD,
        ),
        RowAction(
            text=tr("Copy text"), run=lambda rows: commands.copy(rows[0].text), applies=lambda row: bool(row.text)
        ),
        RowAction(
            text=tr("Copy number"),
            run=lambda rows: commands.copy(f"+{rows[0].msisdn}"),
            applies=lambda row: bool(row.msisdn),
        ),
        RowAction(
            text=tr("Show rent"),
            run=lambda rows: commands.go(Topic.RENTS, str(rows[0].rent_id)),
            applies=lambda row: row.rent_id is not None,
        ),
        RowAction(
            text=tr("Show push"),
            run=lambda rows: commands.go(Topic.PUSHES, str(rows[0].sms_id)),
            applies=lambda row: row.push_state is not None,
        ),
        RowAction(text=tr("Show phone"), run=lambda rows: commands.go(Topic.PHONES, rows[0].phone_id)),
        RowAction(
            text=tr("Blocked senders…"),
            run=lambda rows: commands.privacy.edit_senders(rows[0].sender),
            applies=_is_withheld,
        ),
        RowAction(
            text=tr("Erase texts of this number…"),
            run=lambda rows: commands.privacy.erase_number(rows[0].msisdn),
            applies=lambda row: bool(row.msisdn),
            danger=True,
        ),
    ]
