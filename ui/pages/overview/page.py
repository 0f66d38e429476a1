"""The Overview page: income, rents, the push queue, phones, delivery time."""

from __future__ import annotations

from datetime import datetime

from PySide6.QtCore import Qt
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QGridLayout, QStackedWidget, QVBoxLayout, QWidget

from phonefarm.application.model.read_models import Overview, Topic
from ui.listing.page import ScrollPage
from ui.pages.overview.overview_series import days_series, hours_series, minutes_series
from ui.pages.phones.phone_groups import phone_shares
from ui.pages.rents import rent_columns
from ui.style.theme import Theme
from ui.style.tokens import Tone
from ui.table.row_table import RowTable, utc_now
from ui.table.table_view import FarmTable
from ui.text import formats
from ui.text.words import counted, tr
from ui.widgets.basics import Label
from ui.widgets.charts import BarChart, LineChart, ShareBar
from ui.widgets.page_head import HEIGHT as HEAD_HEIGHT
from ui.widgets.page_head import EmptyView
from ui.widgets.tiles import Tile, arrange_tiles, titled_card

TILE_COLUMNS_WIDE = 6
TILE_COLUMNS_NARROW = 3
WIDE_PAGE = 1000
"""Pixels."""


class OverviewPage(ScrollPage):
    """Shows an `Overview`; a double click on a waiting rent requests its row."""

    def __init__(self, theme: Theme) -> None:
        super().__init__(Topic.OVERVIEW)
        self.scroll_area.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self._tiles = {
            "offer": Tile(tr("Numbers on offer")),
            "rents": Tile(tr("Rents open")),
            "sms": Tile(tr("SMS today")),
            "queue": Tile(tr("Push queue")),
            "income": Tile(tr("Income today")),
            "arrival": Tile(tr("Delivery time")),
        }
        self._hours = BarChart(theme, Tone.INFO, tr("SMS per hour"))
        self._days = BarChart(theme, Tone.OK, tr("Income per day"))
        self._minutes = LineChart(theme, Tone.INFO, tr("Delivery time"))
        self._phones = ShareBar(theme, tr("Phones by state"))
        self._waiting = RowTable(rent_columns(short=True), key=lambda row: str(row.rent_id), sort_column=3, parent=self)
        self._table = FarmTable(self._waiting, theme)
        self._table.setAccessibleName(tr("Waiting for the first SMS"))
        self._table.doubleClicked.connect(lambda index: self._request_rent(index.row()))
        self._table.sort_by(3, Qt.SortOrder.AscendingOrder)
        self._empty = EmptyView()
        self._overview: Overview | None = None
        self._lay_out()

    def _lay_out(self) -> None:
        inside = QWidget()
        self._grid = QGridLayout()
        self._grid.setSpacing(12)
        layout = QVBoxLayout(inside)
        layout.setContentsMargins(24, 16, 24, 20)
        layout.setSpacing(12)
        title = Label(tr("Overview"), "title")
        title.setFixedHeight(HEAD_HEIGHT)
        layout.addWidget(title)
        layout.addLayout(self._grid)
        layout.addLayout(self._lay_out_cards(), 1)
        arrange_tiles(self._grid, self._tiles.values(), TILE_COLUMNS_WIDE)
        self.scroll_area.setWidget(inside)

    def _lay_out_cards(self) -> QGridLayout:
        self._stack = QStackedWidget()
        self._stack.addWidget(self._table)
        self._stack.addWidget(self._empty)
        self._stack.setMinimumHeight(5 * 32 + 36)
        self._phone_count = Label("", "dim")
        cards = QGridLayout()
        cards.setSpacing(12)
        cards.setColumnStretch(0, 5)
        cards.setColumnStretch(1, 4)
        cards.setRowStretch(0, 5)
        cards.setRowStretch(2, 6)
        cards.addWidget(titled_card(tr("SMS per hour"), tr("delivered, last 48 hours"), self._hours), 0, 0)
        cards.addWidget(titled_card(tr("Income per day"), tr("after refunds, last 30 days"), self._days), 0, 1)
        cards.addWidget(
            titled_card(tr("Waiting for the first SMS"), tr("Onlinesim cancels after 20 min"), self._stack),
            1,
            0,
            2,
            1,
        )
        cards.addWidget(titled_card(tr("Phones"), self._phone_count, self._phones), 1, 1)
        cards.addWidget(titled_card(tr("Delivery time"), tr("median, last hour"), self._minutes), 2, 1)
        return cards

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: N802
        super().resizeEvent(event)
        columns = TILE_COLUMNS_WIDE if self.width() >= WIDE_PAGE else TILE_COLUMNS_NARROW
        arrange_tiles(self._grid, self._tiles.values(), columns)

    def tick(self) -> None:
        self._table.tick()
        if self._overview is not None:
            self._show_queue(self._overview, utc_now())

    def show_overview(self, overview: Overview) -> None:
        self._overview = overview
        self._show_tiles(overview)
        self._show_queue(overview, utc_now())
        self._hours.show_series(hours_series(overview))
        self._days.show_series(days_series(overview))
        self._minutes.show_series(minutes_series(overview))
        self._waiting.replace_all(overview.waiting_rents)
        self._stack.setCurrentWidget(self._table if overview.waiting_rents else self._empty)
        self._show_empty_text(overview)
        self._show_phones(overview)

    def _show_tiles(self, overview: Overview) -> None:
        counts = overview.counts
        offered = tr("of {sims} SIMs").format(sims=formats.number(counts.sims))
        bans = counted(counts.bans, "1 banned", "%n banned")
        self._tiles["offer"].show_figure(
            formats.number(counts.numbers_on_offer), f"{offered}, {bans}" if counts.bans else offered
        )
        self._tiles["rents"].show_figure(formats.number(counts.rents_open), _waiting_text(overview))
        delivered = tr("{n} delivered").format(n=formats.number(overview.sms_delivered_today))
        held = counted(overview.sms_held, "1 held", "%n held")
        self._tiles["sms"].show_figure(
            formats.number(overview.sms_today), f"{delivered} · {held}" if overview.sms_held else delivered
        )
        month = tr("{sum} this month").format(sum=formats.money(overview.income_month))
        self._tiles["income"].show_figure(formats.money(overview.income_today), month)
        slow = tr("99 % within {time}").format(time=formats.seconds(overview.arrival_p99_seconds))
        self._tiles["arrival"].show_figure(
            formats.seconds(overview.arrival_p50_seconds),
            tr("nothing in the last hour") if overview.arrival_p99_seconds is None else slow,
        )

    def _show_queue(self, overview: Overview, now: datetime) -> None:
        waiting = formats.number(overview.counts.pushes_waiting)
        if overview.oldest_waiting_push_at is None:
            stopped = counted(overview.counts.pushes_parked, "1 stopped", "%n stopped")
            self._tiles["queue"].show_figure(
                waiting, stopped if overview.counts.pushes_parked else tr("nothing waiting")
            )
            return
        note = tr("oldest {age}").format(age=formats.span(now - overview.oldest_waiting_push_at))
        if overview.next_push_at is not None:
            left = overview.next_push_at - now
            note += " · " + (
                tr("next in {span}").format(span=formats.span(left)) if left.total_seconds() >= 1 else tr("next now")
            )
        self._tiles["queue"].show_figure(waiting, note)

    def _show_empty_text(self, overview: Overview) -> None:
        if not overview.counts.phones:
            self._empty.show_text(
                tr("No phones yet"), tr("Connect phones by USB and switch on USB debugging; see the Phones page.")
            )
        elif not overview.counts.numbers_on_offer and not overview.counts.rents_open:
            self._empty.show_text(tr("No number is on offer"), tr("The SIMs page shows the reason for each SIM."))
        else:
            self._empty.show_text(tr("No rents waiting for a first SMS"), tr("Every open rent has had an SMS."))

    def _show_phones(self, overview: Overview) -> None:
        self._phone_count.setText(formats.part(overview.counts.phones, overview.phones_of_farm))
        self._phones.show_shares(phone_shares(overview))

    def _request_rent(self, place: int) -> None:
        if (key := self._waiting.key_at(place)) is not None:
            self.row_requested.emit(Topic.RENTS, key)


def _waiting_text(overview: Overview) -> str:
    """How many rents wait for their first SMS, and how many first SMS are being sent."""
    waits, sending = overview.rents_waiting_first_sms, overview.rents_sending_first_sms
    texts = [
        counted(waits, "1 waits for its first SMS", "%n wait for their first SMS")
        if not sending
        else counted(waits, "1 waiting", "%n waiting"),
        counted(sending, "1 arriving", "%n arriving"),
    ]
    return " · ".join(text for text, count in zip(texts, (waits, sending), strict=True) if count) or tr("none waiting")
