"""The Messages page: every SMS that arrived, whose it is, and whether Onlinesim has it."""

from __future__ import annotations

from datetime import datetime

from phonefarm.application.model.read_models import Doubt, MessageRow, PushState, SmsStanding, Topic
from phonefarm.application.model.row_queries import MESSAGES
from ui.commands.orders import Orders
from ui.listing.list_spec import Emptiness, Fact, ListSpec, RowAction
from ui.listing.usual_columns import moment_column, number_column, phone_column, rent_column, widest
from ui.style.tokens import Tone
from ui.table.row_index import RowFilter, RowIndex
from ui.table.row_table import Column
from ui.text import formats
from ui.text.safe_text import CELL_LIMIT, one_line
from ui.text.words import PUSH_STATES, SMS_STANDINGS, counted, message_word, tr

SENDER_LIMIT = 40


def messages_spec(orders: Orders) -> ListSpec[MessageRow]:
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
        actions=_actions(orders),
        empty=Emptiness(
            tr("No messages yet"), tr("Every SMS that reaches a connected phone appears here within seconds.")
        ),
        empty_by_filter={
            "held": Emptiness(tr("No message needs action")),
            "withheld": Emptiness(
                tr("No message was withheld"),
                tr("Whose messages are withheld stands in the settings: Privacy, Blocked senders."),
            ),
            "undelivered": Emptiness(tr("All delivered")),
        },
        body=_text,
        sensible=lambda row: row.push_state is PushState.DELIVERED,
    )


def _columns() -> list[Column[MessageRow]]:
    return [
        moment_column(tr("Arrived"), lambda row: row.arrived_at),
        Column(
            title=tr("Sender"),
            text=lambda row, _: one_line(row.sender, SENDER_LIMIT),
            sort_key=lambda row: row.sender.casefold(),
            sample="+447700900123",
            rank=1,
        ),
        Column(
            title=tr("Text"),
            text=lambda row, _: one_line(_text(row), CELL_LIMIT),
            sort_key=lambda row: row.text[:CELL_LIMIT].casefold(),
            sample="Your verification code is 902-118 for",
            stretch=True,
            tone=_ink_of_text,
        ),
        Column(
            title=tr("State"),
            text=lambda row, _: message_word(row).said(),
            sort_key=lambda row: message_word(row).text,
            sample=widest(SMS_STANDINGS, PUSH_STATES),
            word=message_word,
        ),
        number_column(MessageRow, rank=2),
        Column(
            title=tr("Took"),
            text=lambda row, _: formats.seconds(row.delivered_after_seconds),
            sort_key=lambda row: row.delivered_after_seconds,
            sample="0.44 s",
            align_right=True,
            dim=True,
            rank=4,
            tooltip=lambda row: tr("From its arrival at the phone to Onlinesim's answer."),
        ),
        rent_column(MessageRow, rank=3),
        phone_column(MessageRow, rank=5),
    ]


def _text(row: MessageRow) -> str:
    if row.text or not row.is_erased:
        return row.text
    return tr("(its text was not kept)") if _is_withheld(row) else tr("(its text is erased)")


def _is_withheld(row: MessageRow) -> bool:
    return row.standing is SmsStanding.WITHHELD


def _ink_of_text(row: MessageRow) -> Tone | None:
    """What stands for a text that is gone is not the text: dimmed."""
    return Tone.IDLE if row.is_erased and not row.text else None


def _is_undelivered(row: MessageRow) -> bool:
    return row.standing is SmsStanding.FOR_RENT and row.push_state is not PushState.DELIVERED


def _filters() -> list[RowFilter[MessageRow]]:
    return [
        RowFilter("all", tr("All"), lambda row: True),
        RowFilter("rent", tr("For rents"), lambda row: row.standing is SmsStanding.FOR_RENT),
        RowFilter("undelivered", tr("Undelivered"), _is_undelivered),
        RowFilter("held", tr("Which SIM?"), lambda row: row.standing is SmsStanding.HELD, calls=True),
        RowFilter("none", tr("No rent"), lambda row: row.standing is SmsStanding.NO_RENT),
        RowFilter("withheld", tr("Withheld"), _is_withheld),
    ]


def _summary(index: RowIndex[MessageRow]) -> str:
    by_name = {row_filter.name: index.count(row_filter) for row_filter in index.filters}
    parts = [tr("the newest {count}").format(count=formats.number(len(index)))]
    if by_name["held"]:
        parts.append(counted(by_name["held"], "1 needs action", "%n need action"))
    return " · ".join(parts)


def _facts(row: MessageRow, now: datetime) -> list[Fact]:
    facts = [
        Fact(tr("Arrived"), formats.exact(row.arrived_at, now)),
        Fact(tr("Dated by the phone"), _phone_date(row, now)) if row.doubt is Doubt.TIME else None,
        Fact(tr("Number"), formats.grouped_msisdn(row.msisdn)),
        Fact(tr("Phone"), one_line(row.phone_label)),
        Fact(tr("Rent"), str(row.rent_id)) if row.rent_id is not None else None,
        Fact(tr("Onlinesim had it after"), formats.seconds(row.delivered_after_seconds))
        if row.delivered_after_seconds is not None
        else None,
    ]
    return [fact for fact in facts if fact is not None]


def _phone_date(row: MessageRow, now: datetime) -> str:
    return tr("not at all") if row.phone_date is None else formats.exact(row.phone_date, now)


def _actions(orders: Orders) -> list[RowAction[MessageRow]]:
    return [
        RowAction(
            text=tr("Choose its SIM…"),
            run=lambda rows: orders.assign_sim(rows[0]),
            applies=lambda row: row.standing is SmsStanding.HELD,
        ),
        RowAction(text=tr("Copy text"), run=lambda rows: orders.copy(rows[0].text), applies=lambda row: bool(row.text)),
        RowAction(
            text=tr("Copy number"),
            run=lambda rows: orders.copy(f"+{rows[0].msisdn}"),
            applies=lambda row: bool(row.msisdn),
        ),
        RowAction(
            text=tr("Show rent"),
            run=lambda rows: orders.go(Topic.RENTS, str(rows[0].rent_id)),
            applies=lambda row: row.rent_id is not None,
        ),
        RowAction(
            text=tr("Show push"),
            run=lambda rows: orders.go(Topic.PUSHES, str(rows[0].sms_id)),
            applies=lambda row: row.push_state is not None,
        ),
        RowAction(text=tr("Show phone"), run=lambda rows: orders.go(Topic.PHONES, rows[0].phone_id)),
        RowAction(
            text=tr("Blocked senders…"),
            run=lambda rows: orders.privacy.edit_senders(rows[0].sender),
            applies=_is_withheld,
        ),
        RowAction(
            text=tr("Erase texts of this number…"),
            run=lambda rows: orders.privacy.erase_number(rows[0].msisdn),
            applies=lambda row: bool(row.msisdn),
            danger=True,
        ),
    ]
