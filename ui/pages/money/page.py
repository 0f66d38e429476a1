"""The Money page: what rents brought, by whatever the user asks, and held against the market's account."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date
from decimal import Decimal
from time import monotonic

from PySide6.QtCore import QTimer, Signal
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QButtonGroup, QGridLayout, QHBoxLayout, QStackedWidget, QVBoxLayout, QWidget

from phonefarm.application.model.read_models import Grouping, MoneyRow, Sums, Topic
from phonefarm.support.tasks import Tasks
from ui.commands.money_orders import MoneyOrders
from ui.engine.actions import Actions
from ui.engine.engine_link import Keys
from ui.engine.feed import Feed
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
from ui.widgets.period_choice import PERIODS, OwnPeriod
from ui.widgets.tiles import Tile, arrange_tiles

REST_MS = 2000
"""Between two looks at the account while rents come and go; what the user chooses is shown at once."""
RESTS_A_LOOK = 20
"""An account that takes long to sum up is looked at less often: a twentieth of the time at most."""
TALL = 720
CHART_HEIGHT = 132
LOW_CHART_HEIGHT = 84


def this_day() -> date:
    return date.today()  # noqa: DTZ011 - the user's own day


def rest_after(seconds: float) -> int:
    """Milliseconds until the next look, after one that took so long."""
    return max(REST_MS, round(seconds * 1000 * RESTS_A_LOOK))


class MoneyPage(QWidget):
    """Tiles, a chart by day, and a table that adds up; `row_wanted` by a double click on a SIM or a phone."""

    row_wanted = Signal(object, str)
    topic = Topic.MONEY

    def __init__(
        self,
        orders: MoneyOrders,
        actions: Actions,
        tasks: Tasks,
        theme: Theme,
        today: Callable[[], date] = this_day,
    ) -> None:
        super().__init__()
        self.setObjectName("page")
        self._orders = orders
        self._actions = actions
        self._today = today
        self._shown_on = today()
        self.feed = Feed(self._refresh, tasks, tr("Money"), self)
        self._news = QTimer(self, singleShot=True, interval=REST_MS)
        self._news.timeout.connect(lambda: self.feed.note(None))
        self.name = PeriodName.MONTH
        self.grouping = Grouping.DAY
        self.own = OwnPeriod(period_of(PeriodName.MONTH, today()))
        self.head = PageHead(tr("Money"), [tr(text) for text in PERIODS.values()])
        self.tiles = {
            "today": Tile(tr("Income today")),
            "month": Tile(tr("Income this month")),
            "period": Tile(tr("Income, selected dates")),
            "reversed": Tile(tr("Refunded"), tr("Refunds of the period, whenever the sale was credited.")),
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
        layout.addWidget(self.own)
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
        row.addWidget(Label(tr("By"), "dim"))
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
            tooltip=tr("Compare a CSV or XLSX statement of Onlinesim with the rents of this period"),
        )
        self.save = button(tr("Save as CSV…"), tooltip=tr("Write the lines shown into a file"))
        self.head.add_tools([self.compare, self.save])
        self.compare.clicked.connect(lambda: self._orders.choose_account(self.period()))
        self.save.clicked.connect(self._save)
        self.head.filter_chosen.connect(lambda place: self.choose_period(list(PERIODS)[place]))
        self.groupings.idClicked.connect(lambda place: self.choose_grouping(list(GROUPINGS)[place]))
        self.own.changed.connect(lambda: self.feed.note(None))
        for table in self.tables.values():
            table.row_wanted.connect(self.row_wanted)

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: N802
        """Where it is low, the chart gives way to the table."""
        super().resizeEvent(event)
        self.chart.setFixedHeight(CHART_HEIGHT if self.height() >= TALL else LOW_CHART_HEIGHT)

    # Life ------------------------------------------------------------------

    def wake(self) -> None:
        self.feed.wake()

    def sleep(self) -> None:
        self.feed.sleep()

    def note(self, keys: Keys) -> None:
        if not self._news.isActive():
            self._news.start()

    def tick(self) -> None:
        """Nothing here counts down; but a new day begins a new account."""
        if self._today() != self._shown_on:
            self.feed.note(None)

    async def settled(self) -> None:
        await self.feed.settled()

    def select_example(self) -> None:
        """Nothing here is selected: the page is for looking."""

    # What is shown ---------------------------------------------------------

    def period(self) -> Period:
        return period_of(self.name, self._today(), self.own.period())

    def choose_period(self, name: PeriodName) -> None:
        self.name = name
        self._show_period()
        self.feed.note(None)

    def choose_grouping(self, grouping: Grouping) -> None:
        self.grouping = grouping
        self.feed.note(None)

    def _show_period(self) -> None:
        self.head.show_filters(list(PERIODS).index(self.name), [0] * len(PERIODS))
        self.own.setVisible(self.name is PeriodName.OWN)

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
            asked = await self._actions.ask(what, lambda desk: desk.money(grouping, period.begin, period.end))
            if asked is None:
                return False
            rows = list(asked)
        self._news.setInterval(rest_after(monotonic() - began))
        if (period, grouping) == (self.period(), self.grouping):
            self._shown_on = today
            self._show(days, rows, period, today)
        return True

    def _show(self, days: dict[date, Sums], rows: Sequence[MoneyRow], period: Period, today: date) -> None:
        self._say_tiles(days, period, today)
        series = income_series(days, period, today)
        self._chart_title.setText(tr("Income per month") if is_by_month(days, period) else tr("Income per day"))
        self.chart.show_series(series)
        self.tables[self.grouping].show_rows(rows)
        self._tables.setCurrentWidget(self.tables[self.grouping])
        self.save.setEnabled(bool(rows))
        self._stack.setCurrentIndex(0 if rows else 1)
        if self.name is PeriodName.ALL:
            self.empty.say(tr("No rent has ended yet"), tr("What the market pays for a rent stands here once it ends."))
        else:
            self.empty.say(tr("No rent ended in this time"), tr("Choose another period, or All."))

    def _say_tiles(self, days: dict[date, Sums], period: Period, today: date) -> None:
        sums, now = sums_in(days, period), days.get(today, Sums())
        month = sums_in(days, period_of(PeriodName.MONTH, today))
        ended = counted(sums.rents, "1 rent ended", "%n rents ended")
        self.head.show_summary(f"{period.said(today)} · {ended}")
        self.tiles["today"].say(formats.money(now.income), _sold(now))
        self.tiles["month"].say(formats.money(month.income), _sold(month))
        self.tiles["period"].say(formats.money(sums.income), _sold(sums))
        lost = tr("{share} of the credits").format(share=_share(sums.reversed, sums.credited))
        self.tiles["reversed"].say(formats.money(sums.reversed), lost if sums.reversed else tr("nothing"))
        unnamed = tr("{sum} not confirmed").format(sum=formats.money(sums.estimated))
        self.tiles["estimated"].say(
            _share(sums.estimated, sums.credited),
            unnamed if sums.estimated else tr("all amounts confirmed by Onlinesim"),
        )

    def _save(self) -> None:
        self._orders.save_account(self.tables[self.grouping].rows(), self.grouping, self.period())


def _share(part: Decimal, whole: Decimal) -> str:
    return formats.share(part / whole if whole else None)


def _sold(sums: Sums) -> str:
    if not sums.rents:
        return tr("no rent ended")
    return tr("{sold} of {rents} sold").format(sold=formats.number(sums.sold), rents=formats.number(sums.rents))
