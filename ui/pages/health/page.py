"""The page "Health and log": how the farm is and was on the left, what happened and why on the right."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from functools import partial
from pathlib import Path
from time import monotonic

from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout

from phonefarm.application.desk.farm_desk import FarmDesk
from phonefarm.application.model.log_entries import (
    CALLS,
    CallDetails,
    EntryKind,
    Interval,
    LogBatch,
    LogEntry,
    LogQuery,
    LogSummary,
    OrderStanding,
    Position,
)
from phonefarm.application.model.read_models import Overview, Topic
from phonefarm.support.tasks import Tasks
from ui.engine.actions import Actions
from ui.engine.engine_link import Keys
from ui.engine.feed import Feed
from ui.listing.page import Page
from ui.pages.health.checks_panel import WIDTH, ChecksPanel
from ui.pages.health.entry_text import as_text, fact, kind_text, sentence
from ui.pages.health.stream_panel import StreamPanel
from ui.style.theme import Theme
from ui.style.tokens import Tone
from ui.table.row_table import utc_now
from ui.text import formats
from ui.text.csv_file import ask_save_path, write_csv
from ui.text.words import counted, tr
from ui.text.words.log import entry_reason, orders_text
from ui.widgets.page_head import PageHead

LOG_PAUSE_SECONDS = 1.0
CHECKS_PAUSE_SECONDS = 5.0
SUMMARY_PAUSE_SECONDS = 5.0
"""Entries are counted less often than they are read: a long range takes time to count."""
CHECKS_EVERY_TICKS = 30
"""Strips grow by time alone."""
NARROW_CHECKS = 360
WIDE_PAGE = 1150
"""Pixels."""
EXPORT_BATCH = 1_000
JOURNAL_TOPICS = (Topic.PHONES, Topic.SIMS, Topic.RENTS, Topic.PUSHES)
"""Their changes may have an entry in the log."""


async def _read_entries(desk: FarmDesk, query: LogQuery) -> LogBatch:
    return await desk.log_entries(query)


class HealthPage(Page):
    def __init__(self, actions: Actions, tasks: Tasks, theme: Theme, now: Callable[[], datetime] = utc_now) -> None:
        super().__init__(Topic.LOG)
        self._actions = actions
        self._tasks = tasks
        self._now = now
        self._next_before: Position | None = None
        self._is_loaded = False
        self._has_failed = False
        self._reading_older: asyncio.Task[None] | None = None
        self._reading_choice: asyncio.Task[None] | None = None
        self._pending: LogBatch | None = None
        """The newest entries, while they are not shown."""
        self._has_called = True
        self._standing: OrderStanding | None = None
        self._summary: LogSummary | None = None
        self._summary_read_at = 0.0
        self._ticks = 0
        self._query = LogQuery()
        self.head = PageHead(tr("Health and log"), [])
        self.checks = ChecksPanel(theme)
        self.stream = StreamPanel(theme, now)
        self.log_feed = Feed(self._refresh_log, tasks, tr("Log"), self, pause_seconds=LOG_PAUSE_SECONDS)
        self.checks_feed = Feed(self._refresh_checks, tasks, tr("Checks"), self, pause_seconds=CHECKS_PAUSE_SECONDS)
        self._lay_out()
        self._connect()

    def _lay_out(self) -> None:
        middle = QHBoxLayout()
        middle.setSpacing(12)
        middle.addWidget(self.checks)
        middle.addWidget(self.stream, 1)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(24, 16, 24, 20)
        layout.setSpacing(12)
        layout.addWidget(self.head)
        layout.addLayout(middle, 1)

    def _connect(self) -> None:
        self.checks.interval_chosen.connect(self._show_fault)
        self.stream.choice_changed.connect(self._read_anew)
        self.stream.retry_requested.connect(self._retry)
        self.stream.export_requested.connect(self._ask_export_path)
        self.stream.settings_requested.connect(lambda: self.row_requested.emit(Topic.SETTINGS, ""))
        self.stream.news.clicked.connect(self._show_news)
        view = self.stream.view
        view.end_neared.connect(self._read_older)
        view.open_requested.connect(self._open)
        view.closed.connect(self._apply_pending)
        view.row_requested.connect(self.row_requested)
        view.copy_requested.connect(_copy)
        view.verticalScrollBar().valueChanged.connect(lambda value: self._apply_pending() if not value else None)

    # Called by the shell ---------------------------------------------------

    def wake(self) -> None:
        self.log_feed.wake()
        self.checks_feed.wake()

    def sleep(self) -> None:
        self.log_feed.sleep()
        self.checks_feed.sleep()

    def note_change(self, topic: Topic, keys: Keys) -> None:
        if topic is Topic.LOG or topic in JOURNAL_TOPICS:
            self.log_feed.mark_stale(None)

    def show_overview(self, overview: Overview) -> None:
        self.checks.show_checks(overview.checks)
        self.checks_feed.mark_stale(None)

    def tick(self) -> None:
        self._ticks += 1
        if self._ticks % CHECKS_EVERY_TICKS == 0:
            self.checks_feed.mark_stale(None)
        self.stream.view.show_today(f"{self._now().astimezone():%Y-%m-%d}")
        self._show_orders()

    async def wait_until_idle(self) -> None:
        await self.log_feed.wait_until_idle()
        await self.checks_feed.wait_until_idle()
        for task in (self._reading_choice, self._reading_older):
            if task is not None:
                await asyncio.wait([task])

    def select_example(self) -> None:
        rows = range(self.stream.model.rowCount())
        entries = [entry for row in rows if (entry := self.stream.model.entry_at(row)) is not None]
        orders = [entry for entry in entries if entry.kind is EntryKind.ORDER]
        example = next((entry for entry in orders if entry_reason(entry)), next(iter(entries), None))
        if example is not None:
            self._open(example)

    # The log ---------------------------------------------------------------

    def _read_anew(self) -> None:
        """The choice has changed."""
        self._is_loaded = False
        self._pending = None
        self.stream.show_news(0)
        self.stream.view.close_entry(quietly=True)
        self._reading_choice = self._tasks.start(self._read_choice(), tr("reading the log"))

    async def _read_choice(self) -> None:
        """At once: the feed may be pausing."""
        if not await self._refresh_log(None):
            self.log_feed.mark_stale(None)

    async def _refresh_log(self, keys: Keys) -> bool:
        choice = self.stream.choice
        query = choice.query(self._now())
        what = tr("reading the log")
        batch = await self._actions.ask(what, lambda desk: desk.log_entries(query))
        is_summary_due = not self._is_loaded or monotonic() - self._summary_read_at > SUMMARY_PAUSE_SECONDS
        summary = self._summary
        if batch is not None and (is_summary_due or summary is None):
            summary = await self._actions.ask(what, lambda desk: desk.log_summary(query))
            self._summary_read_at = monotonic()
        self._has_failed = batch is None or summary is None
        self.stream.show_failure(visible=self._has_failed)
        if batch is None or summary is None:
            return False
        if choice != self.stream.choice:
            return True  # stale: another choice is read next
        self._summary = summary
        self._has_called = summary.last_call_at is not None
        self.stream.show_summary(summary)
        self.stream.view.show_today(f"{self._now().astimezone():%Y-%m-%d}")
        if self._is_loaded:
            self._pending = batch
            self._show_or_count()
        else:
            self._show_first(query, batch)
        return True

    def _show_first(self, query: LogQuery, batch: LogBatch) -> None:
        self._query, self._is_loaded, self._next_before = query, True, batch.next_before
        self.stream.show_first(batch)
        self._show_state()
        self._read_older_if_short()

    def _show_or_count(self) -> None:
        """The list moves only while its top is shown and no entry is open."""
        view = self.stream.view
        if view.is_at_top and not view.open_id:
            self._apply_pending()
        elif self._pending is not None:
            self.stream.show_news(self.stream.model.count_new(self._pending.entries))

    def _apply_pending(self) -> None:
        batch, self._pending = self._pending, None
        self.stream.show_news(0)
        if batch is None:
            return
        if not self.stream.model.merge_newest(batch.entries):
            self.stream.show_first(batch)
            self._next_before = batch.next_before
        self._show_state()

    def _show_news(self) -> None:
        self.stream.view.close_entry(quietly=True)
        self._apply_pending()
        self.stream.view.scrollToTop()

    def _show_state(self) -> None:
        self.stream.show_state(
            is_loaded=self._is_loaded, is_searching=self._next_before is not None, has_called=self._has_called
        )

    def _read_older_if_short(self) -> None:
        """A search may find nothing in the first batches, and a short list has no scroll bar to ask for more."""
        view = self.stream.view
        view.executeDelayedItemsLayout()
        if view.verticalScrollBar().maximum() == 0:
            self._read_older()

    def _read_older(self) -> None:
        is_reading = self._reading_older is not None and not self._reading_older.done()
        if self._next_before is not None and self._is_loaded and not is_reading and not self._has_failed:
            self._reading_older = self._tasks.start(self._read_batch(), tr("reading older entries"))

    async def _read_batch(self) -> None:
        while self._next_before is not None:
            choice, query = self.stream.choice, replace(self._query, before=self._next_before)
            batch = await self._actions.ask(tr("reading the log"), partial(_read_entries, query=query))
            if choice != self.stream.choice or not self._is_loaded:
                return
            self._has_failed = batch is None
            self.stream.show_failure(visible=batch is None)
            if batch is None:
                return
            self._next_before = batch.next_before
            self.stream.model.append(batch.entries)
            self._show_state()
            self.stream.view.executeDelayedItemsLayout()
            if batch.entries and self.stream.view.verticalScrollBar().maximum() > 0:
                return

    def _retry(self) -> None:
        self._has_failed = False
        self.stream.show_failure(visible=False)
        if self._is_loaded:
            self._read_older()
        self.log_feed.mark_stale(None)

    def _show_fault(self, fault: Interval) -> None:
        self.stream.choose_fault(fault)

    # One entry ---------------------------------------------------------------

    def _open(self, entry: LogEntry) -> None:
        if entry.position.source != CALLS:
            self.stream.view.open_entry(entry, None)
            return
        self.stream.view.open_entry(entry, None, is_loading=True)
        self._actions.start(lambda: self._read_details(entry), tr("reading a call"))

    async def _read_details(self, entry: LogEntry) -> None:
        number = entry.position.number
        details = await self._actions.ask(tr("reading a call"), lambda desk: desk.call_details(number))
        if self.stream.view.open_id == entry.entry_id:
            self.stream.view.open_entry(entry, details)

    # Checks and orders --------------------------------------------------------

    async def _refresh_checks(self, keys: Keys) -> bool:
        what = tr("reading the health checks")
        history = await self._actions.ask(what, lambda desk: desk.health_history())
        standing = await self._actions.ask(what, lambda desk: desk.order_standing())
        if history is not None:
            self.checks.show_history(history)
        self._standing = standing
        self._show_orders()
        return history is not None and standing is not None

    def _show_orders(self) -> None:
        standing = self._standing
        if standing is None:
            return
        now = self._now()
        span = "" if standing.last_order_at is None else formats.span(now - standing.last_order_at)
        told = orders_text(standing, span, formats.number(standing.today))
        if standing.last_order_at is not None and not standing.is_gap_unusual:
            told = f"{told} · " + tr("last order {ago}").format(ago=formats.ago(standing.last_order_at, now))
        self.head.show_summary(told)

    # Export ------------------------------------------------------------------

    def _ask_export_path(self) -> None:
        name = f"phonefarm-log-{self._now().astimezone():%Y-%m-%d}.csv"
        self.export_dialog = ask_save_path(self, name, self.export_to)

    def export_to(self, path: Path) -> None:
        """Write the chosen entries, in the background."""
        query = replace(self.stream.choice.query(self._now()), limit=EXPORT_BATCH)
        self._actions.start(lambda: self._export(path, query), tr("exporting the log"))

    async def _export(self, path: Path, query: LogQuery) -> None:
        rows: list[tuple[str, ...]] = []
        self.stream.export.setEnabled(False)
        try:
            while True:
                batch = await self._actions.ask(
                    tr("exporting the log"),
                    partial(_read_entries, query=query),
                )
                if batch is None:
                    return
                rows += map(_csv_row, batch.entries)
                self.stream.export.setText(tr("Exporting {count}…").format(count=formats.number(len(rows))))
                if batch.next_before is None:
                    break
                query = replace(query, before=batch.next_before)
            await asyncio.to_thread(write_csv, path, [tr(text) for text in CSV_COLUMNS], rows)
            self._actions.notice(Tone.OK, counted(len(rows), "1 entry exported.", "%n entries exported."))
        finally:
            self.stream.export.setText(tr("Export…"))
            self.stream.export.setEnabled(True)

    def resizeEvent(self, event: object) -> None:  # noqa: N802
        super().resizeEvent(event)  # type: ignore[arg-type]
        self.checks.setFixedWidth(WIDTH if self.width() >= WIDE_PAGE else NARROW_CHECKS)


CSV_COLUMNS = (
    "Time",
    "First",
    "Count",
    "Kind",
    "What",
    "Why",
    "Fact",
    "Number",
    "Phone",
    "Address",
    "HTTP status",
    "ms",
)


def _csv_row(entry: LogEntry) -> tuple[str, ...]:
    """Requests and responses are left out: they may hold more than the reader of a table should see."""
    return (
        entry.at.astimezone().isoformat(timespec="seconds"),
        entry.begun_at.astimezone().isoformat(timespec="seconds"),
        str(entry.count),
        kind_text(entry),
        sentence(entry),
        entry_reason(entry),
        fact(entry),
        entry.number,
        entry.phone,
        entry.address,
        "" if entry.status is None else str(entry.status),
        "" if entry.milliseconds is None else f"{entry.milliseconds:.1f}",
    )


def _copy(entry: LogEntry, details: CallDetails | None) -> None:
    QGuiApplication.clipboard().setText(as_text(entry, details))
