"""The Money page: income by period and grouping, reconciled with Onlinesim's statement."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date
from decimal import Decimal
from time import monotonic

from PySide6.QtCore import QTimer
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QButtonGroup, QGridLayout, QHBoxLayout, QStackedWidget, QVBoxLayout, QWidget

from phonefarm.application.model.read_models import Grouping, MoneyRow, Sums, Topic
from phonefarm.support.tasks import Tasks
from ui.commands.money_commands import MoneyCommands
from ui.engine.actions import Actions
from ui.engine.engine_link import Keys
from ui.engine.feed import Feed
from ui.listing.page import Page
from ui.pages.money.money_lines import ESTIMATED, GROUPINGS, by_day, days_in, income_series, is_by_month, sums_in
from ui.pages.money.money_table import MoneyTable
from ui.style.theme import Theme
from ui.style.tokens import Tone
from ui.text import formats
from ui.text.periods import Period, PeriodName, covering, period_of
from ui.text.words import counted, tr
from ui.widgets.basics import Card, Label, button
from ui.widgets.charts import BarChart
from ui.widgets.page_head import EmptyView, PageHead
from ui.widgets.period_choice import PERIODS, CustomPeriod
from ui.widgets.tiles import Tile, arrange_tiles

REFRESH_MS = 2000
"""The least time between a change of rents and the next query; what the user chooses is queried at once."""
MAX_LOAD_FACTOR = 20
"""A slow query is repeated less often: it takes at most a twentieth of the time."""
TALL_PAGE = 720
"""Pixels."""
CHART_HEIGHT = 132
LOW_CHART_HEIGHT = 84


def local_today() -> date:
    return date.today()  # noqa: DTZ011 - the user's own day


def refresh_delay_ms(query_seconds: float) -> int:
    """The delay until the next query, after one of this length."""
    return max(REFRESH_MS, round(query_seconds * 1000 * MAX_LOAD_FACTOR))


class MoneyPage(Page):
    """Tiles, a chart, and a table with a total; a double click on a SIM or a phone requests its row."""

    def __init__(
        self,
        commands: MoneyCommands,
        actions: Actions,
        tasks: Tasks,
        theme: Theme,
        today: Callable[[], date] = local_today,
    ) -> None:
        super().__init__(Topic.MONEY)
        self._commands = commands
        self._actions = actions
        self._today = today
        self._queried_on = today()
        self.feed = Feed(self._refresh, tasks, tr("Money"), self)
        self._refresh_timer = QTimer(self, singleShot=True, interval=REFRESH_MS)
        self._refresh_timer.timeout.connect(lambda: self.feed.mark_stale(None))
        self.period_name = PeriodName.MONTH
        self.grouping = Grouping.DAY
        self.custom = CustomPeriod(period_of(PeriodName.MONTH, today()))
        self.head = PageHead(tr("Money"), [tr(text) for text in PERIODS.values()])
        self.tiles = {
            "today": Tile(tr("Income today")),
            "month": Tile(tr("Income this month")),
            "period": Tile(tr("Income, selected dates")),
            "reversed": Tile(tr("Refunded"), tr("Refunds on the selected dates, whenever the sale was credited.")),
            "estimated": Tile(tr("Estimated"), tr(ESTIMATED)),
        }
        self.chart = BarChart(theme, Tone.OK, tr("Income per day"))
        self.tables = {grouping: MoneyTable(grouping, theme) for grouping in GROUPINGS}
        self.empty = EmptyView()
        self._lay_out()
        self._connect()
        self._show_period()

    def _lay_out(self) -> None:
        self._grid = QGridLayout()
        self._grid.setSpacing(12)
        self._tables = QStackedWidget()
        for table in self.tables.values():
            self._tables.addWidget(table)
        account = QWidget()
        cards = QVBoxLayout(account)
        cards.setContentsMargins(0, 0, 0, 0)
        cards.setSpacing(12)
        cards.addWidget(self._chart_card())
        cards.addWidget(self._table_card(), 1)
        self._stack = QStackedWidget()
        for part in (account, self.empty):
            self._stack.addWidget(part)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(24, 16, 24, 20)
        layout.setSpacing(12)
        layout.addWidget(self.head)
        layout.addWidget(self.custom)
        layout.addLayout(self._grid)
        layout.addWidget(self._stack, 1)
        arrange_tiles(self._grid, self.tiles.values(), len(self.tiles))

    def _chart_card(self) -> Card:
        card = Card(margins=14, spacing=6)
        self._chart_title = Label("", "heading")
        card.content.addWidget(self._chart_title)
        card.content.addWidget(self.chart)
        return card

    def _table_card(self) -> Card:
        card = Card(margins=1, spacing=0)
        row = QHBoxLayout()
        row.setContentsMargins(14, 10, 14, 8)
        row.setSpacing(6)
        row.addWidget(Label(tr("Group by"), "dim"))
        self.groupings = QButtonGroup(self)
        for place, text in enumerate(GROUPINGS.values()):
            chip = button(tr(text), "filter", name=tr("Account by {grouping}").format(grouping=tr(text).lower()))
            chip.setCheckable(True)
            chip.setChecked(not place)
            self.groupings.addButton(chip, place)
            row.addWidget(chip)
        row.addStretch(1)
        card.content.addLayout(row)
        card.content.addWidget(self._tables, 1)
        return card

    def _connect(self) -> None:
        self.compare = button(
            tr("Reconcile with Onlinesim statement…"),
            tooltip=tr("Compare a CSV or XLSX statement of Onlinesim with the rents of the selected dates"),
        )
        self.save = button(tr("Save as CSV…"), tooltip=tr("Save the lines shown to a file"))
        self.head.add_tools([self.compare, self.save])
        self.compare.clicked.connect(lambda: self._commands.choose_statement(self.period()))
        self.save.clicked.connect(self._save)
        self.head.filter_chosen.connect(lambda place: self.choose_period(list(PERIODS)[place]))
        self.groupings.idClicked.connect(lambda place: self.choose_grouping(list(GROUPINGS)[place]))
        self.custom.changed.connect(lambda: self.feed.mark_stale(None))
        for table in self.tables.values():
            table.row_requested.connect(self.row_requested)

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: N802
        """On a low page the chart is lower, to leave room for the table."""
        super().resizeEvent(event)
        self.chart.setFixedHeight(CHART_HEIGHT if self.height() >= TALL_PAGE else LOW_CHART_HEIGHT)

    # Called by the shell ---------------------------------------------------

    def wake(self) -> None:
        self.feed.wake()

    def sleep(self) -> None:
        self.feed.sleep()

    def note_change(self, topic: Topic, keys: Keys) -> None:
        if topic in (Topic.MONEY, Topic.RENTS) and not self._refresh_timer.isActive():
            self._refresh_timer.start()

    def tick(self) -> None:
        """A new day changes the periods."""
        if self._today() != self._queried_on:
            self.feed.mark_stale(None)

    async def wait_until_idle(self) -> None:
        await self.feed.wait_until_idle()

    # Period and grouping ---------------------------------------------------

    def period(self) -> Period:
        return period_of(self.period_name, self._today(), self.custom.period())

    def choose_period(self, name: PeriodName) -> None:
        self.period_name = name
        self._show_period()
        self.feed.mark_stale(None)

    def choose_grouping(self, grouping: Grouping) -> None:
        self.grouping = grouping
        self.feed.mark_stale(None)

    def _show_period(self) -> None:
        self.head.show_filters(list(PERIODS).index(self.period_name), [0] * len(PERIODS))
        self.custom.setVisible(self.period_name is PeriodName.OWN)

    async def _refresh(self, keys: Keys) -> bool:
        began = monotonic()
        today, period, grouping = self._today(), self.period(), self.grouping
        whole = covering(period, period_of(PeriodName.MONTH, today))
        what = tr("reading the account")
        daily = await self._actions.ask(what, lambda desk: desk.money(Grouping.DAY, whole.begin, whole.end))
        if daily is None:
            return False
        days, rows = by_day(daily), days_in(daily, period)
        if grouping is not Grouping.DAY:
            grouped = await self._actions.ask(what, lambda desk: desk.money(grouping, period.begin, period.end))
            if grouped is None:
                return False
            rows = list(grouped)
        self._refresh_timer.setInterval(refresh_delay_ms(monotonic() - began))
        if (period, grouping) == (self.period(), self.grouping):
            self._queried_on = today
            self._show_account(days, rows, period, today)
        return True

    def _show_account(self, days: dict[date, Sums], rows: Sequence[MoneyRow], period: Period, today: date) -> None:
        self._show_tiles(days, period, today)
        series = income_series(days, period, today)
        self._chart_title.setText(tr("Income per month") if is_by_month(days, period) else tr("Income per day"))
        self.chart.show_series(series)
        self.tables[self.grouping].show_rows(rows)
        self._tables.setCurrentWidget(self.tables[self.grouping])
        self.save.setEnabled(bool(rows))
        self._stack.setCurrentIndex(0 if rows else 1)
        if self.period_name is PeriodName.ALL:
            self.empty.show_text(tr("No rent has ended yet"), tr("The income from a rent is shown here when it ends."))
        else:
            self.empty.show_text(tr("No rent ended on these dates"), tr("Choose another period, or All."))

    def _show_tiles(self, days: dict[date, Sums], period: Period, today: date) -> None:
        sums, now = sums_in(days, period), days.get(today, Sums())
        month = sums_in(days, period_of(PeriodName.MONTH, today))
        ended = counted(sums.rents, "1 rent ended", "%n rents ended")
        self.head.show_summary(f"{period.text(today)} · {ended}")
        self.tiles["today"].show_figure(formats.money(now.income), _sold_text(now))
        self.tiles["month"].show_figure(formats.money(month.income), _sold_text(month))
        self.tiles["period"].show_figure(formats.money(sums.income), _sold_text(sums))
        refunds = tr("{share} of the credits").format(share=_share_text(sums.reversed, sums.credited))
        self.tiles["reversed"].show_figure(formats.money(sums.reversed), refunds if sums.reversed else tr("nothing"))
        unconfirmed = tr("{sum} not confirmed").format(sum=formats.money(sums.estimated))
        self.tiles["estimated"].show_figure(
            _share_text(sums.estimated, sums.credited),
            unconfirmed if sums.estimated else tr("all amounts confirmed by Onlinesim"),
        )

    def _save(self) -> None:
        self._commands.save_account(self.tables[self.grouping].rows(), self.grouping, self.period())


def _share_text(part: Decimal, whole: Decimal) -> str:
    return formats.share(part / whole if whole else None)


def _sold_text(sums: Sums) -> str:
    if not sums.rents:
        return tr("no rent ended")
    return tr("{sold} of {rents} sold").format(sold=formats.number(sums.sold), rents=formats.number(sums.rents))
