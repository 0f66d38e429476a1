"""The Numbers page: SIMs without a number or a network name, and the ways to set them."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

from PySide6.QtGui import QDragEnterEvent, QDropEvent

from phonefarm.application.model.read_models import NumberTask, Topic
from phonefarm.application.model.row_queries import NUMBER_TASKS
from phonefarm.support.tasks import Tasks
from ui.commands.number_commands import NumberCommands
from ui.commands.row_commands import RowCommands
from ui.engine.actions import Actions
from ui.listing.common_columns import SENDER_LIMIT, iccid_column, word_column
from ui.listing.list_page import ListPage
from ui.listing.list_spec import EmptyText, Fact, ListSpec, RowAction
from ui.style.theme import Theme
from ui.table.row_index import RowFilter, RowIndex, natural
from ui.table.row_table import Column
from ui.text import formats
from ui.text.safe_text import one_line
from ui.text.words import (
    NUMBER_FOREIGN,
    NUMBER_FOUND,
    NUMBER_MISSING,
    NUMBER_TAKEN,
    NUMBER_UNSURE,
    UNKNOWN_NETWORK,
    Word,
    counted,
    tr,
)
from ui.widgets.basics import button

TABLE_ENDINGS = (".csv", ".txt", ".xlsx")


class NumbersPage(ListPage[NumberTask]):
    """A list page that also imports a file of numbers, by a button or by drag and drop."""

    def __init__(
        self, commands: RowCommands, number_commands: NumberCommands, actions: Actions, tasks: Tasks, theme: Theme
    ):
        super().__init__(numbers_spec(commands, number_commands), actions, tasks, theme)
        self._number_commands = number_commands
        self.setAcceptDrops(True)
        import_file = button(
            tr("Import…"), tooltip=tr("Import numbers from a CSV or XLSX file, or drop the file on this page")
        )
        networks = button(tr("Networks…"), tooltip=tr("Onlinesim's country and operator for the networks of your SIMs"))
        patterns = button(tr("Number templates…"), tooltip=tr("The words by which an SMS states its SIM's number"))
        import_file.clicked.connect(lambda: number_commands.choose_file())
        networks.clicked.connect(lambda: number_commands.name_network())
        patterns.clicked.connect(lambda: number_commands.edit_patterns())
        self.head.add_tools([import_file, networks, patterns])

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:  # noqa: N802
        if _dropped_file(event) is not None:
            event.acceptProposedAction()

    def dropEvent(self, event: QDropEvent) -> None:  # noqa: N802
        path = _dropped_file(event)
        if path is not None:
            event.acceptProposedAction()
            self._number_commands.import_file(path)


def _dropped_file(event: QDropEvent) -> str | None:
    urls = event.mimeData().urls()
    path = urls[0].toLocalFile() if len(urls) == 1 else ""
    return path if Path(path).suffix.lower() in TABLE_ENDINGS else None


def numbers_spec(commands: RowCommands, number_commands: NumberCommands) -> ListSpec[NumberTask]:
    return ListSpec(
        query=NUMBER_TASKS,
        title=tr("Numbers"),
        columns=_columns(),
        haystack=lambda row: " ".join(
            (row.iccid, row.phone_label, row.msisdn, row.found, row.mcc_mnc, row.country, row.operator)
        ),
        filters=[
            RowFilter("missing", tr("Number missing"), lambda row: not row.msisdn, needs_action=True),
            RowFilter("found", tr("Found"), is_found),
            RowFilter("network", tr("Network unknown"), lambda row: not row.country, needs_action=True),
            RowFilter("all", tr("All"), lambda row: True),
        ],
        sort_column=0,
        summary=_summary,
        heading=_phone_and_slot,
        word=task_word,
        facts=_facts,
        actions=_actions(commands, number_commands),
        empty=EmptyText(
            tr("Every SIM has its number"),
            tr("SIMs without a number, or of a network without a name, are listed here."),
        ),
        empty_by_filter={
            "missing": EmptyText(tr("No number is missing")),
            "found": EmptyText(
                tr("No SMS states a number"),
                tr("Ask the operator for the number, for example by its USSD code: the answer is found here."),
            ),
            "network": EmptyText(tr("Every network has a name")),
        },
        body=lambda row: row.found_text,
        is_example=is_found,
    )


def is_found(row: NumberTask) -> bool:
    return bool(row.found) and not row.msisdn


def task_word(row: NumberTask) -> Word:
    if row.msisdn:
        return UNKNOWN_NETWORK
    if not row.found:
        return NUMBER_FOREIGN if row.is_foreign else NUMBER_MISSING
    if row.found_on:
        return NUMBER_TAKEN
    return NUMBER_UNSURE if row.found_others else NUMBER_FOUND


def _columns() -> list[Column[NumberTask]]:
    return [
        Column(
            title=tr("Phone"),
            text=lambda row, _: _phone_and_slot(row),
            sort_key=lambda row: (natural(row.phone_label), row.slot or 0),
            sample="shelf 12, port 12 · slot 1",
            stretch=True,
        ),
        word_column(tr("State"), task_word, sample=tr("number used by another SIM")),
        Column(
            title=tr("Number"),
            text=lambda row, _: formats.msisdn(row.msisdn or row.found),
            sort_key=lambda row: int(row.msisdn or row.found) if row.msisdn or row.found else None,
            sample="+4915112345678",
            mono=True,
            rank=1,
        ),
        Column(
            title=tr("Number source"),
            text=lambda row, _: one_line(row.found_sender, SENDER_LIMIT) or formats.NOTHING,
            sort_key=lambda row: row.found_sender or None,
            sample="MegaFon Info",
            dim=True,
            rank=3,
        ),
        Column(
            title=tr("Network"),
            text=lambda row, _: _network(row),
            sort_key=lambda row: (row.country, row.operator, row.mcc_mnc),
            sample="kazakhstan · beeline",
            rank=2,
        ),
        iccid_column(NumberTask, rank=4),
    ]


def _summary(index: RowIndex[NumberTask]) -> str:
    missing = sum(not row.msisdn for row in index)
    found = sum(is_found(row) for row in index)
    unknown = len({row.mcc_mnc for row in index if not row.country})
    parts = [counted(missing, "1 missing", "%n missing")] if missing else []
    if found:
        parts.append(counted(found, "1 found", "%n found"))
    if unknown:
        parts.append(counted(unknown, "1 network unknown", "%n networks unknown"))
    return " · ".join(parts)


def _facts(row: NumberTask, now: datetime) -> list[Fact]:
    others = ", ".join(formats.msisdn(other) for other in row.found_others)
    facts = [
        Fact(tr("Number in SMS"), formats.grouped_msisdn(row.found)) if row.found else None,
        Fact(tr("Number source"), one_line(row.found_sender)) if row.found else None,
        Fact(tr("Found"), formats.day_time(row.found_at, now)) if row.found_at else None,
        Fact(tr("Conflicting numbers"), others) if others else None,
        Fact(tr("Already used by"), one_line(row.found_on)) if row.found_on else None,
        Fact(tr("Number"), formats.grouped_msisdn(row.msisdn)) if row.msisdn else None,
        Fact(tr("Network"), _network(row)),
        Fact(tr("Network code"), row.mcc_mnc or formats.NOTHING),
        Fact(tr("ICCID"), formats.grouped_iccid(row.iccid), mono=True),
    ]
    return [fact for fact in facts if fact is not None]


def _actions(commands: RowCommands, number_commands: NumberCommands) -> list[RowAction[NumberTask]]:
    return [
        RowAction(
            text=tr("Accept number"),
            run=number_commands.accept,
            applies=lambda row: is_found(row) and not row.found_on,
            several=True,
        ),
        RowAction(text=tr("Enter number…"), run=lambda rows: commands.edit_number(rows[0])),
        RowAction(
            text=tr("Set country and operator…"),
            run=lambda rows: number_commands.name_network(rows[0].mcc_mnc),
            applies=lambda row: bool(row.mcc_mnc),
        ),
        RowAction(text=tr("Show SIM"), run=lambda rows: commands.go(Topic.SIMS, rows[0].sim_id)),
        RowAction(
            text=tr("Show phone"),
            run=lambda rows: commands.go(Topic.PHONES, rows[0].phone_id),
            applies=lambda row: bool(row.phone_id),
        ),
    ]


def _phone_and_slot(row: NumberTask) -> str:
    return formats.phone_and_slot(row.phone_label, row.slot) if row.phone_label else formats.short_iccid(row.iccid)


def _network(row: NumberTask) -> str:
    if row.country:
        return one_line(formats.place(row.country, row.operator), 60)
    return tr("unknown, {code}").format(code=row.mcc_mnc) if row.mcc_mnc else tr("unknown")
