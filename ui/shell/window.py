"""The main window: lays out rail, top line and pages, and passes the engine's changes on to them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial

from PySide6.QtCore import QSettings, QTimer, Signal
from PySide6.QtGui import QCloseEvent, QKeySequence, QShortcut
from PySide6.QtWidgets import QHBoxLayout, QStackedWidget, QVBoxLayout, QWidget

from phonefarm.application.model.alerts import Alert, MessageKind
from phonefarm.application.model.read_models import Attention, Overview, Topic
from phonefarm.support.tasks import Tasks
from ui.commands.money_commands import MoneyCommands
from ui.commands.number_commands import NumberCommands
from ui.commands.privacy_commands import PrivacyCommands
from ui.commands.row_commands import RowCommands
from ui.commands.selling_commands import SellingCommands
from ui.dialogs.close_dialog import CloseMemory
from ui.engine.actions import Actions
from ui.engine.alert_link import AlertLink
from ui.engine.engine_link import EngineLink, Keys
from ui.engine.feed import Feed
from ui.listing.list_page import ListPage
from ui.listing.page import Page
from ui.pages.bans import bans_spec
from ui.pages.health.page import HealthPage
from ui.pages.messages import messages_spec
from ui.pages.money.page import MoneyPage
from ui.pages.numbers import NumbersPage
from ui.pages.overview.page import OverviewPage
from ui.pages.overview.start_page import StartPage
from ui.pages.phones.page import PhonesPage
from ui.pages.pushes import PushesPage
from ui.pages.rents import rents_spec
from ui.pages.settings.page import SettingsPage
from ui.pages.setup.page import SetupPage
from ui.pages.sims.page import sims_spec
from ui.shell.notice_bar import NoticeBar
from ui.shell.rail import Rail
from ui.shell.restored_bar import RestoredBar
from ui.shell.sale_bar import SaleBar
from ui.shell.top_line import TopLine
from ui.style.theme import Theme, ThemeMode
from ui.style.tokens import Tone
from ui.table.row_table import utc_now
from ui.text.words import tr

SIZE = (1440, 900)
MINIMUM_SIZE = (980, 600)
OVERVIEW_PAUSE_SECONDS = 0.5
OVERVIEW_REFRESH_MS = 20_000
"""A state that lasts too long announces no change, so the overview is also refreshed periodically."""


class MainWindow(QWidget):
    """The frame around the pages. All pages are treated alike."""

    overview_shown = Signal(object)
    """An Overview."""
    closed = Signal()
    """By the user."""

    def __init__(
        self, link: EngineLink, actions: Actions, tasks: Tasks, theme: Theme, title: str, memory: QSettings
    ) -> None:
        super().__init__()
        self.setObjectName("window")
        self.setWindowTitle(title)
        self.setMinimumSize(*MINIMUM_SIZE)
        self.resize(*SIZE)
        self._actions = actions
        self._memory = memory
        self.close_memory = CloseMemory(memory, self)
        self.may_close: Callable[[], bool] | None = None
        """Whether the close button ends the program; it always does where nothing is set."""
        self._theme = theme
        self.rail = Rail(theme, title)
        self.top_line = TopLine()
        self.sale_bar = SaleBar()
        self.selling = SellingCommands(actions)
        self.notices = NoticeBar()
        self.restored = RestoredBar()
        self.pages = {page.topic: page for page in self._make_pages(actions, tasks, theme)}
        self.overview_feed = Feed(
            self._refresh_overview, tasks, tr("Overview"), self, pause_seconds=OVERVIEW_PAUSE_SECONDS
        )
        self._current_topic = Topic.OVERVIEW
        self.alerts = AlertLink(link, self)
        self._lay_out()
        self._connect(link)
        self._tick_timer = QTimer(self, interval=1000)
        self._tick_timer.timeout.connect(self.tick)
        self._overview_timer = QTimer(self, interval=OVERVIEW_REFRESH_MS)
        self._overview_timer.timeout.connect(partial(self.overview_feed.mark_stale, None))
        self._load_look()
        self.go(Topic.OVERVIEW)

    def _make_pages(self, actions: Actions, tasks: Tasks, theme: Theme) -> list[Page]:
        privacy = PrivacyCommands(actions, self, theme)
        commands = RowCommands(actions, self, self.go, privacy)
        number_commands = NumberCommands(actions, self, theme)
        return [
            StartPage(OverviewPage(theme), SetupPage(actions, tasks, theme)),
            HealthPage(actions, tasks, theme),
            PhonesPage(commands, actions, tasks, theme),
            ListPage(sims_spec(commands), actions, tasks, theme),
            NumbersPage(commands, number_commands, actions, tasks, theme),
            ListPage(rents_spec(commands), actions, tasks, theme),
            ListPage(messages_spec(commands), actions, tasks, theme),
            PushesPage(commands, actions, tasks, theme),
            ListPage(bans_spec(commands), actions, tasks, theme),
            MoneyPage(MoneyCommands(actions, self, theme, self.go), actions, tasks, theme),
            SettingsPage(privacy, actions, tasks, theme, self.close_memory),
        ]

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
        right.addWidget(self.sale_bar)
        right.addLayout(bars)
        right.addWidget(self._stack, 1)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addWidget(self.rail)
        layout.addLayout(right, 1)

    def _connect(self, link: EngineLink) -> None:
        link.changed.connect(self._pass_changes_on)
        self._actions.noticed.connect(self.notices.show_notice)
        self.alerts.arrived.connect(self._show_alert)
        self.restored.filter_requested.connect(self._go_to_filter)
        self.restored.dismissed.connect(lambda: self._actions.start(self._dismiss_restored, tr("dismissing a notice")))
        self.rail.page_chosen.connect(self.go)
        self.sale_bar.pause_requested.connect(self.selling.pause)
        self.sale_bar.resume_requested.connect(self.selling.resume)
        self.top_line.attention.show_requested.connect(self.show_attention)
        self.top_line.search.textChanged.connect(self._search)
        for page in self.pages.values():
            page.row_requested.connect(self.go)
            page.search_clear_requested.connect(self.top_line.search.clear)
            page.unsaved_changed.connect(self.rail.item(page.topic).show_unsaved)
        QShortcut(QKeySequence.StandardKey.Find, self, self._focus_search)
        QShortcut(QKeySequence.StandardKey.Refresh, self, self.refresh)
        QShortcut(QKeySequence("Ctrl+L"), self, partial(self.go, Topic.LOG))
        for place, topic in enumerate((topic for topic in self.pages if topic is not Topic.LOG), 1):
            QShortcut(QKeySequence(f"Ctrl+{place % 10}"), self, partial(self.go, topic))

    # Lifecycle -------------------------------------------------------------

    def start(self) -> None:
        """Start the first queries and the timers."""
        self.overview_feed.wake()
        self._actions.start(self._check_for_restore, tr("checking for a restore"))
        self._actions.start(self.alerts.open, tr("listening for alerts"))
        self._tick_timer.start()
        self._overview_timer.start()

    def stop(self) -> None:
        self.alerts.close()
        self._tick_timer.stop()
        self._overview_timer.stop()
        self.overview_feed.sleep()
        self.page.sleep()

    def tick(self) -> None:
        if self.isVisible() and not self.isMinimized():
            self.page.tick()

    @property
    def page(self) -> Page:
        """The page that is shown."""
        return self.pages[self._current_topic]

    async def wait_until_idle(self) -> None:
        """Until the page shows what it has asked for."""
        await self.overview_feed.wait_until_idle()
        await self.page.wait_until_idle()

    # Changes ---------------------------------------------------------------

    def _pass_changes_on(self, changes: Mapping[Topic, Keys]) -> None:
        if Topic.OVERVIEW in changes:
            self.overview_feed.mark_stale(None)
        for topic, keys in changes.items():
            for page in self.pages.values():
                page.note_change(topic, keys)

    def refresh(self) -> None:
        """Read everything again."""
        self._pass_changes_on(dict.fromkeys(Topic))

    async def _refresh_overview(self, keys: Keys) -> bool:
        overview = await self._actions.ask(tr("reading the overview"), lambda desk: desk.overview())
        if overview is not None:
            self.show_overview(overview)
        return overview is not None

    async def _check_for_restore(self) -> None:
        restored = await self._actions.ask(tr("checking for a restore"), lambda desk: desk.restored())
        if restored is not None:
            self.restored.show_restored(restored, utc_now())

    def _show_alert(self, alert: Alert) -> None:
        tone = Tone.WARN if alert.kind is not MessageKind.RECOVERY else Tone.OK
        self._actions.notice(Tone.BAD if alert.stops_sales else tone, f"{alert.title}. {alert.body}")

    async def _dismiss_restored(self) -> None:
        await self._actions.ask(tr("dismissing a notice"), lambda desk: desk.dismiss_restored())

    def show_overview(self, overview: Overview) -> None:
        self.rail.show_overview(overview)
        self.top_line.attention.show_overview(overview, utc_now())
        self.sale_bar.show_overview(overview, utc_now())
        self.overview_shown.emit(overview)
        for page in self.pages.values():
            page.show_overview(overview)

    # Navigation ------------------------------------------------------------

    def go(self, topic: Topic, *keys: str) -> None:
        """Show a page, and select the rows with these keys on it."""
        if topic is not self._current_topic:
            self.page.sleep()
        self._current_topic = topic
        page = self.page
        self.rail.mark_current(topic)
        self._stack.setCurrentWidget(page)
        search = self.top_line.search
        search.setEnabled(page.is_searchable)
        page.search(search.text())
        page.wake()
        if present := list(filter(None, keys)):
            page.show_keys(*present)

    def _go_to_filter(self, topic: Topic, name: str) -> None:
        self.go(topic)
        self.page.show_filter(name)

    def show_attention(self, attention: Attention) -> None:
        self.go(attention.topic, *attention.keys)

    def _search(self, query: str) -> None:
        self.page.search(query)

    def _focus_search(self) -> None:
        if self.page.focus_search():
            return
        if not self.page.is_searchable:
            self.go(Topic.SIMS)
        self.top_line.search.setFocus()
        self.top_line.search.selectAll()

    # Settings of the window ------------------------------------------------

    def _load_look(self) -> None:
        stored = str(self._memory.value("theme", ThemeMode.SYSTEM))
        self._theme.choose(ThemeMode(stored) if stored in list(ThemeMode) else ThemeMode.SYSTEM)
        geometry = self._memory.value("geometry")
        if geometry is not None:
            self.restoreGeometry(geometry)

    def _store_look(self) -> None:
        self._memory.setValue("theme", str(self._theme.mode))
        self._memory.setValue("geometry", self.saveGeometry())

    def closeEvent(self, event: QCloseEvent) -> None:  # noqa: N802
        self._store_look()
        if self.may_close is not None and not self.may_close():
            event.ignore()
            return
        self.stop()
        super().closeEvent(event)
        self.closed.emit()
