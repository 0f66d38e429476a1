"""The Phones page: which phone is where, how it is, and what it needs."""

from __future__ import annotations

from datetime import datetime

from phonefarm.application.read_models import PhoneRow, PhoneState, Topic
from ui import formats
from ui.list_spec import Emptiness, Fact, ListSpec, RowAction
from ui.orders import Orders
from ui.pages.usual_columns import moment_column
from ui.row_index import RowFilter, RowIndex, natural
from ui.row_table import Column
from ui.safe_text import one_line
from ui.words import PHONE_STATES, counted, tr

NEED_YOU = frozenset({PhoneState.UNAUTHORIZED, PhoneState.NO_PERMISSIONS, PhoneState.WITHHELD, PhoneState.OTHER_MODE})
TROUBLED = frozenset({PhoneState.FAILING, PhoneState.OFFLINE})
URGENCY = {state: place for place, state in enumerate([*sorted(NEED_YOU), *sorted(TROUBLED)])}


def phones_spec(orders: Orders) -> ListSpec[PhoneRow]:
    return ListSpec(
        topic=Topic.PHONES,
        title=tr("Phones"),
        columns=_columns(),
        key=lambda row: row.phone_id,
        read=lambda desk, keys: desk.phones(keys),
        haystack=lambda row: " ".join((row.label, row.serial, row.make, row.model, *row.sims)),
        filters=_filters(),
        sort_column=0,
        summary=_summary,
        heading=lambda row: one_line(row.label),
        word=lambda row: PHONE_STATES[row.state],
        facts=_facts,
        actions=_actions(orders),
        empty=Emptiness(
            tr("No phones yet"),
            tr(
                "Connect a phone by USB. On the phone: Settings, About, tap “Build number” seven times; then "
                "Developer options, switch on “USB debugging”, and confirm the question on its screen."
            ),
        ),
        empty_by_filter={
            "need": Emptiness(tr("No phone needs you")),
            "trouble": Emptiness(tr("No phone is in trouble")),
            "gone": Emptiness(tr("No phone is unplugged")),
        },
        sensible=lambda row: row.state is PhoneState.UNAUTHORIZED,
    )


def _columns() -> list[Column[PhoneRow]]:
    return [
        Column(
            title=tr("Phone"),
            text=lambda row, _: one_line(row.label, 60),
            sort_key=lambda row: natural(row.label),
            sample="shelf 12, port 12",
            stretch=True,
        ),
        Column(
            title=tr("State"),
            text=lambda row, _: PHONE_STATES[row.state].said(),
            sort_key=lambda row: (URGENCY.get(row.state, len(URGENCY)), row.state),
            sample=tr("not in Android"),
            word=lambda row: PHONE_STATES[row.state],
            tooltip=lambda row: _cause(row),
        ),
        moment_column(tr("Since"), lambda row: row.since, rank=4),
        Column(
            title=tr("Numbers"),
            text=lambda row, _: ", ".join(_number(sim) for sim in row.sims) or formats.NOTHING,
            sort_key=lambda row: row.sims or None,
            sample="+79281234567, +79281234567",
            mono=True,
            rank=3,
        ),
        Column(
            title=tr("Model"),
            text=lambda row, _: one_line(f"{row.make} {row.model}", 60),
            sort_key=lambda row: (row.make.casefold(), row.model.casefold()),
            sample="Xiaomi Redmi 12",
            dim=True,
            rank=5,
        ),
        Column(
            title=tr("Rents"),
            text=lambda row, _: str(row.rents_open),
            sort_key=lambda row: row.rents_open,
            sample="99",
            align_right=True,
            rank=1,
        ),
        Column(
            title=tr("SMS today"),
            text=lambda row, _: formats.number(row.sms_today),
            sort_key=lambda row: row.sms_today,
            sample="9 999",
            align_right=True,
            rank=2,
        ),
        Column(
            title=tr("Serial"),
            text=lambda row, _: one_line(row.serial, 40),
            sort_key=lambda row: row.serial,
            sample="R58M30ABCDE",
            mono=True,
            dim=True,
            rank=6,
        ),
    ]


def _filters() -> list[RowFilter[PhoneRow]]:
    return [
        RowFilter("all", tr("All"), lambda row: True),
        RowFilter("ready", tr("Ready"), lambda row: row.state is PhoneState.READY),
        RowFilter("need", tr("Need you"), lambda row: row.state in NEED_YOU),
        RowFilter("trouble", tr("In trouble"), lambda row: row.state in TROUBLED),
        RowFilter("gone", tr("Unplugged"), lambda row: row.state is PhoneState.GONE),
    ]


def _summary(index: RowIndex[PhoneRow]) -> str:
    ready = sum(row.state is PhoneState.READY for row in index)
    needing = sum(row.state in NEED_YOU for row in index)
    parts = [tr("{ready} of {all} ready").format(ready=ready, all=len(index))]
    if needing:
        parts.append(counted(needing, "1 needs you", "%n need you"))
    return " · ".join(parts)


def _facts(row: PhoneRow, now: datetime) -> list[Fact]:
    skew = row.clock_skew_seconds
    hints = {True: tr("announced by the phone"), False: tr("found by reading")}
    facts = [
        Fact(tr("Cause"), one_line(row.detail)) if row.detail else None,
        Fact(tr("Since"), formats.day_time(row.since, now)),
        *[Fact(tr("Number {n}").format(n=n), _grouped(sim)) for n, sim in enumerate(row.sims, 1)],
        Fact(tr("Open rents"), str(row.rents_open)),
        Fact(tr("Last read"), formats.ago(row.last_read_at, now)),
        Fact(tr("Reading takes"), formats.seconds(row.query_seconds)) if row.query_seconds is not None else None,
        Fact(tr("Its clock"), _skew(skew)) if skew is not None else None,
        Fact(tr("New SMS are"), hints[row.hints_working]) if row.hints_working is not None else None,
        Fact(tr("Model"), one_line(f"{row.make} {row.model}".strip()) or formats.NOTHING),
        Fact(tr("Android"), one_line(row.android) or formats.NOTHING),
        Fact(tr("Serial"), one_line(row.serial), mono=True),
        Fact(tr("adb server"), one_line(row.server)),
    ]
    return [fact for fact in facts if fact is not None]


def _actions(orders: Orders) -> list[RowAction[PhoneRow]]:
    return [
        RowAction(text=tr("Name…"), run=lambda rows: orders.name_phone(rows[0])),
        RowAction(
            text=tr("Reconnect"),
            run=orders.reconnect,
            applies=lambda row: row.state is not PhoneState.GONE,
            several=True,
        ),
        RowAction(text=tr("Copy serial"), run=lambda rows: orders.copy(rows[0].serial)),
    ]


def _cause(row: PhoneRow) -> str:
    meaning = PHONE_STATES[row.state].explained()
    return f"{one_line(row.detail)}\n{meaning}" if row.detail else meaning


def _skew(seconds: float) -> str:
    if abs(seconds) < 1:
        return tr("right")
    words = tr("{s} s fast") if seconds > 0 else tr("{s} s slow")
    return words.format(s=f"{abs(seconds):.1f}")


def _number(sim: str) -> str:
    """Numbers are up to 15 digits; a longer one is an ICCID."""
    return formats.short_iccid(sim) if len(sim) > 15 else formats.msisdn(sim)


def _grouped(sim: str) -> str:
    return formats.grouped_iccid(sim) if len(sim) > 15 else formats.grouped_msisdn(sim)
