"""The main window: puts rail, top line and pages together and brings changes to those who care."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from PySide6.QtCore import QSettings, QTimer, Signal
from PySide6.QtGui import QCloseEvent, QKeySequence, QShortcut
from PySide6.QtWidgets import QHBoxLayout, QStackedWidget, QVBoxLayout, QWidget

from phonefarm.application.model.read_models import Attention, Overview, Topic
from phonefarm.support.tasks import Tasks
from ui.commands.money_orders import MoneyOrders
from ui.commands.number_orders import NumberOrders
from ui.commands.orders import Orders
from ui.commands.privacy_orders import PrivacyOrders
from ui.engine.actions import Actions
from ui.engine.engine_link import EngineLink, Keys
from ui.engine.feed import Feed
from ui.listing.list_page import ListPage
from ui.pages.bans import bans_spec
from ui.pages.messages import messages_spec
from ui.pages.money.page import MoneyPage
from ui.pages.numbers import NumbersPage
from ui.pages.overview.page import OverviewPage
from ui.pages.phones.page import PhonesPage
from ui.pages.pushes import PushesPage
from ui.pages.rents import rents_spec
from ui.pages.settings.page import SettingsPage
from ui.pages.sims.page import sims_spec
from ui.shell.notice_bar import NoticeBar
from ui.shell.rail import Rail
from ui.shell.restored_bar import RestoredBar
from ui.shell.top_line import TopLine
from ui.style.theme import Theme, ThemeMode
from ui.table.row_table import utc_now
from ui.text.words import tr

Page = ListPage[Any] | OverviewPage | MoneyPage | SettingsPage

SIZE = (1440, 900)
OVERVIEW_REST = 0.5
LOOK_AGAIN_MS = 20_000
"""What goes on for too long is no event: the overview is asked for now and then, too."""
LEAST = (980, 600)


class MainWindow(QWidget):
    """The frame around the pages; `closed` when the user has enough."""

    closed = Signal()

    def __init__(
        self, link: EngineLink, actions: Actions, tasks: Tasks, theme: Theme, title: str, memory: QSettings
    ) -> None:
        super().__init__()
        self.setObjectName("window")
        self.setWindowTitle(title)
        self.setMinimumSize(*LEAST)
        self.resize(*SIZE)
        self._actions = actions
        self._memory = memory
        self._theme = theme
        self.rail = Rail(theme, title)
        self.top_line = TopLine()
        self.notices = NoticeBar()
        self.restored = RestoredBar()
        self.pages = self._make_pages(actions, tasks, theme)
        self.overview_feed = Feed(self._refresh_overview, tasks, tr("Overview"), self, rest=OVERVIEW_REST)
        self._shown = Topic.OVERVIEW
        self._lay_out()
        self._connect(link)
        self._pulse = QTimer(self, interval=1000)
        self._pulse.timeout.connect(self.tick)
        self._look_again = QTimer(self, interval=LOOK_AGAIN_MS)
        self._look_again.timeout.connect(lambda: self.overview_feed.note(None))
        self._restore()
        self.go(Topic.OVERVIEW)

    def _make_pages(self, actions: Actions, tasks: Tasks, theme: Theme) -> dict[Topic, Page]:
        privacy = PrivacyOrders(actions, self, theme)
        orders = Orders(actions, self, self.go, privacy)
        number_orders = NumberOrders(actions, self, theme)
        pages: dict[Topic, Page] = {Topic.OVERVIEW: OverviewPage(theme)}

        def add(*specs: Any) -> None:
            for make_spec in specs:
                spec = make_spec(orders)
                pages[spec.query.topic] = ListPage(spec, actions, tasks, theme)

        pages[Topic.PHONES] = PhonesPage(orders, actions, tasks, theme)
        add(sims_spec)
        pages[Topic.NUMBERS] = NumbersPage(orders, number_orders, actions, tasks, theme)
        add(rents_spec, messages_spec)
        pages[Topic.PUSHES] = PushesPage(orders, actions, tasks, theme)
        add(bans_spec)
        pages[Topic.MONEY] = MoneyPage(MoneyOrders(actions, self, theme, self.go), actions, tasks, theme)
        pages[Topic.SETTINGS] = SettingsPage(privacy, actions, tasks, theme)
        return pages

    def _lay_out(self) -> None:
        self._stack = QStackedWidget()
        for page in self.pages.values():
            self._stack.addWidget(page)
        bars = QVBoxLayout()
        bars.setContentsMargins(24, 12, 24, 0)
        bars.setSpacing(8)
        bars.addWidget(self.restored)
        bars.addWidget(self.notices)
        right = QVBoxLayout()
        right.setSpacing(0)
        right.addWidget(self.top_line)
        right.addLayout(bars)
        right.addWidget(self._stack, 1)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addWidget(self.rail)
        layout.addLayout(right, 1)

    def _connect(self, link: EngineLink) -> None:
        link.changed.connect(self._take_changes)
        self._actions.noticed.connect(self.notices.show_notice)
        self.restored.page_wanted.connect(self._go_to_filter)
        self.restored.dismissed.connect(lambda: self._actions.start(self._dismiss_restored, tr("dismissing a notice")))
        self.rail.page_chosen.connect(self.go)
        self.top_line.attention.show_wanted.connect(self._show_attention)
        self.top_line.search.textChanged.connect(self._search)
        for page in self.pages.values():
            if isinstance(page, OverviewPage):
                page.rent_wanted.connect(lambda key: self.go(Topic.RENTS, key))
            elif isinstance(page, MoneyPage):
                page.row_wanted.connect(self.go)
            elif isinstance(page, ListPage):
                page.head.search_clear_wanted.connect(self.top_line.search.clear)
        QShortcut(QKeySequence.StandardKey.Find, self, self._focus_search)
        QShortcut(QKeySequence.StandardKey.Refresh, self, self.refresh)
        for place, topic in enumerate(self.pages, 1):
            QShortcut(QKeySequence(f"Ctrl+{place % 10}"), self, lambda topic=topic: self.go(topic))

    # Life ------------------------------------------------------------------

    def start(self) -> None:
        """Begin to ask and to count."""
        self.overview_feed.wake()
        self._actions.start(self._look_for_restore, tr("looking for a restore"))
        self._pulse.start()
        self._look_again.start()

    def stop(self) -> None:
        self._pulse.stop()
        self._look_again.stop()
        self.overview_feed.sleep()
        page = self.page
        if not isinstance(page, OverviewPage):
            page.sleep()

    def tick(self) -> None:
        if self.isVisible() and not self.isMinimized():
            self.page.tick()

    @property
    def page(self) -> Page:
        return self.pages[self._shown]

    async def settled(self) -> None:
        """Until the page shown has what it asked for."""
        await self.overview_feed.settled()
        if not isinstance(self.page, OverviewPage):
            await self.page.settled()

    # Changes ---------------------------------------------------------------

    def _take_changes(self, changes: Mapping[Topic, Keys]) -> None:
        if Topic.OVERVIEW in changes:
            self.overview_feed.note(None)
        for topic, keys in changes.items():
            self._note_page(topic, keys)
        phones = self.pages[Topic.PHONES]
        if Topic.RENTS in changes:
            self._note_page(Topic.MONEY, None)
        if Topic.SIMS in changes and isinstance(phones, PhonesPage):
            phones.note_sims(changes[Topic.SIMS])

    def _note_page(self, topic: Topic, keys: Keys) -> None:
        page = self.pages[topic]
        if not isinstance(page, OverviewPage):
            page.note(keys)

    def refresh(self) -> None:
        self._take_changes(dict.fromkeys(Topic))

    async def _refresh_overview(self, keys: Keys) -> bool:
        seen = await self._actions.ask(tr("reading the overview"), lambda desk: desk.overview())
        if seen is not None:
            self.show_overview(seen)
        return seen is not None

    async def _look_for_restore(self) -> None:
        restored = await self._actions.ask(tr("looking for a restore"), lambda desk: desk.restored())
        if restored is not None:
            self.restored.show_restored(restored, utc_now())

    async def _dismiss_restored(self) -> None:
        await self._actions.ask(tr("dismissing a notice"), lambda desk: desk.dismiss_restored())

    def show_overview(self, seen: Overview) -> None:
        self.rail.show_overview(seen)
        self.top_line.attention.show_overview(seen, utc_now())
        overview, phones = self.pages[Topic.OVERVIEW], self.pages[Topic.PHONES]
        if isinstance(overview, OverviewPage):
            overview.show_overview(seen)
        if isinstance(phones, PhonesPage):
            phones.show_needing(seen.needing(Topic.PHONES))

    # Ways ------------------------------------------------------------------

    def go(self, topic: Topic, *keys: str) -> None:
        """Show a page, and on it the row with this key, or those with these alone."""
        if topic is not self._shown:
            old = self.page
            if not isinstance(old, OverviewPage):
                old.sleep()
        self._shown = topic
        page = self.page
        self.rail.check(topic)
        self._stack.setCurrentWidget(page)
        search = self.top_line.search
        search.setEnabled(isinstance(page, ListPage))
        if isinstance(page, ListPage):
            page.search(search.text())
            page.wake()
            if wanted := list(filter(None, keys)):
                page.show_key(*wanted)
        elif not isinstance(page, OverviewPage):
            page.wake()

    def _go_to_filter(self, topic: Topic, name: str) -> None:
        self.go(topic)
        if isinstance(self.page, ListPage):
            self.page.show_filter(name)

    def _show_attention(self, attention: Attention) -> None:
        self.go(attention.topic, *attention.keys)

    def _search(self, query: str) -> None:
        if isinstance(self.page, ListPage):
            self.page.search(query)

    def _focus_search(self) -> None:
        if not isinstance(self.page, ListPage):
            self.go(Topic.SIMS)
        self.top_line.search.setFocus()
        self.top_line.search.selectAll()

    # Memory ----------------------------------------------------------------

    def _restore(self) -> None:
        stored = str(self._memory.value("theme", ThemeMode.SYSTEM))
        self._theme.choose(ThemeMode(stored) if stored in list(ThemeMode) else ThemeMode.SYSTEM)
        geometry = self._memory.value("geometry")
        if geometry is not None:
            self.restoreGeometry(geometry)

    def closeEvent(self, event: QCloseEvent) -> None:  # noqa: N802
        self._memory.setValue("theme", str(self._theme.mode))
        self._memory.setValue("geometry", self.saveGeometry())
        self.stop()
        super().closeEvent(event)
        self.closed.emit()
