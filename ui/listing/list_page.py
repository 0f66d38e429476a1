"""A page that lists rows: title, filters, table on the left, details of the selected row on the right."""

from __future__ import annotations

from typing import Generic, TypeVar

from PySide6.QtCore import Qt
from PySide6.QtGui import QKeySequence, QResizeEvent, QShortcut
from PySide6.QtWidgets import QHBoxLayout, QStackedWidget, QVBoxLayout

from phonefarm.application.model.read_models import Topic
from phonefarm.support.tasks import Tasks
from ui.engine.actions import Actions
from ui.engine.engine_link import Keys
from ui.engine.feed import Feed
from ui.listing.details import NARROW, WIDTH, DetailsPanel
from ui.listing.list_spec import EmptyText, ListSpec
from ui.listing.page import Page
from ui.listing.selected_rows import SelectedRows
from ui.style.theme import Theme
from ui.table.row_table import RowTable
from ui.table.table_view import FarmTable
from ui.text import formats
from ui.text.words import tr
from ui.widgets.basics import Card
from ui.widgets.page_head import EmptyView, PageHead

Row = TypeVar("Row")

WIDE_PAGE = 1000
"""From this page width (px) on, the details get their full width."""


class ListPage(Page, Generic[Row]):
    """Shows what a `ListSpec` describes, and keeps it fresh while it is shown."""

    is_searchable = True

    def __init__(self, spec: ListSpec[Row], actions: Actions, tasks: Tasks, theme: Theme) -> None:
        super().__init__(spec.query.topic)
        self.spec = spec
        self._actions = actions
        self._requested_keys: tuple[str, ...] = ()
        self._is_loaded = False
        self.table = RowTable(
            spec.columns,
            key=spec.query.key,
            haystack=spec.haystack,
            filters=spec.filters,
            sort_column=spec.sort_column,
            descending=spec.descending,
            parent=self,
        )
        self.feed = Feed(self._refresh, tasks, spec.title, self)
        self.view = FarmTable(self.table, theme)
        self.view.setAccessibleName(spec.title)
        self.details = DetailsPanel(theme)
        self.head = PageHead(spec.title, [f.title for f in spec.filters], [f.needs_action for f in spec.filters])
        self.selected = SelectedRows(spec, self.table, self.view, self.details, actions, tasks, self)
        self._empty = EmptyView()
        self._lay_out()
        self._connect()
        if spec.filters:
            self.table.show_filter(spec.filters[0])
        direction = Qt.SortOrder.DescendingOrder if spec.descending else Qt.SortOrder.AscendingOrder
        self.view.sort_by(spec.sort_column, direction)
        self._show_head()

    def _lay_out(self) -> None:
        card = Card(margins=1, spacing=0)
        self._stack = QStackedWidget()
        self._stack.addWidget(self.view)
        self._stack.addWidget(self._empty)
        card.content.addWidget(self._stack)
        middle = QHBoxLayout()
        middle.setSpacing(16)
        middle.addWidget(card, 1)
        middle.addWidget(self.details)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(24, 16, 24, 20)
        layout.setSpacing(12)
        layout.addWidget(self.head)
        layout.addLayout(middle, 1)

    def _connect(self) -> None:
        self.head.filter_chosen.connect(self._choose_filter)
        self.head.details_toggled.connect(self._toggle_details)
        self.details.hide_requested.connect(self._toggle_details)
        self._empty.button_pressed.connect(self._show_all_rows)
        self.view.doubleClicked.connect(self._show_details)
        QShortcut(QKeySequence("Ctrl+D"), self, self._toggle_details)

    # Called by the shell ---------------------------------------------------

    def wake(self) -> None:
        self.feed.wake()
        self.selected.timeline_feed.wake()

    def sleep(self) -> None:
        self.feed.sleep()
        self.selected.timeline_feed.sleep()

    def note_change(self, topic: Topic, keys: Keys) -> None:
        if topic is self.topic:
            self.feed.mark_stale(keys)
            self.selected.note_change(keys)

    def tick(self) -> None:
        """Repaint what counts down."""
        self.view.tick()
        self.selected.refresh_facts()

    async def wait_until_idle(self) -> None:
        await self.feed.wait_until_idle()
        await self.selected.timeline_feed.wait_until_idle()

    def search(self, query: str) -> None:
        self.table.search(query)
        self._show_head()

    def show_filter(self, name: str) -> None:
        """As if the chip of this filter was pressed."""
        self._choose_filter(next(place for place, f in enumerate(self.spec.filters) if f.name == name))

    def show_keys(self, *keys: str) -> None:
        """Select these rows, now or when they are loaded.

        A filter that hides them is dropped; several are shown without any others.
        """
        self._requested_keys = keys
        self._select_requested()

    def select_example(self) -> None:
        places = range(self.table.rowCount())
        rows = [row for place in places if (row := self.table.row_at(place)) is not None]
        for row in [*filter(self.spec.is_example, rows), *rows][:1]:
            self.view.select_key(self.spec.query.key(row))

    # Data ------------------------------------------------------------------

    async def _refresh(self, keys: Keys) -> bool:
        rows = await self._actions.ask(
            tr("reading {page}").format(page=self.spec.title), lambda desk: desk.rows(self.spec.query, keys)
        )
        if rows is None:
            return False
        if keys is None:
            self.table.replace_all(rows)
        else:
            self.table.upsert(rows, gone=keys - {self.spec.query.key(row) for row in rows})
        self._is_loaded = True
        self._select_requested()
        self._show_head()
        self.selected.refresh()
        return True

    def _select_requested(self) -> None:
        loaded = [key for key in self._requested_keys if self.table.row_of(key) is not None]
        if not loaded:
            return
        is_several = len(self._requested_keys) > 1
        self._requested_keys = ()
        if is_several or self.table.place_of(loaded[0]) is None:
            self._show_all_rows()
        if is_several:
            self.table.show_only(loaded)
            self._show_head()
        self.view.select_keys(loaded)

    # Filters ---------------------------------------------------------------

    def _choose_filter(self, place: int) -> None:
        self.table.show_only(None)
        self.table.show_filter(self.spec.filters[place])
        self._show_head()

    def _show_all_rows(self) -> None:
        """Drop filter and search; the search field is the shell's and is cleared there."""
        if any(f.name == "all" for f in self.spec.filters):
            self.show_filter("all")
        if self.table.index_of_rows.search_terms:
            self.search_clear_requested.emit()

    def _show_head(self) -> None:
        index = self.table.index_of_rows
        active = index.active_filter
        place = None if index.is_limited_to_keys or active is None else self.spec.filters.index(active)
        self.head.show_filters(place, [index.count(row_filter) for row_filter in self.spec.filters])
        self.head.show_summary(self._summary())
        if self.table.rowCount():
            self._stack.setCurrentWidget(self.view)
            return
        self._stack.setCurrentWidget(self._empty)
        if not self._is_loaded:
            self._empty.show_text("", "")
        elif not len(index):
            self._empty.show_text(self.spec.empty.title, self.spec.empty.next_step)
        elif index.search_terms:
            self._empty.show_text(tr("Nothing here matches the search"), "", tr("Clear search"))
        else:
            name = active.name if active is not None else ""
            empty = self.spec.empty_by_filter.get(name, EmptyText(tr("Nothing here")))
            self._empty.show_text(empty.title, empty.next_step, tr("Show all"))

    def _summary(self) -> str:
        index = self.table.index_of_rows
        if not self._is_loaded:
            return tr("reading…")
        if index.is_limited_to_keys:
            shown, whole = formats.number(self.table.rowCount()), formats.number(len(index))
            return tr("only {shown} of {all} are shown").format(shown=shown, all=whole)
        return self.spec.summary(index) if len(index) else tr("none yet")

    # Details ---------------------------------------------------------------

    def _toggle_details(self) -> None:
        self.details.setVisible(self.details.isHidden())
        self.head.show_details_button(visible=self.details.isHidden())

    def _show_details(self) -> None:
        if self.details.isHidden():
            self._toggle_details()

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: N802
        self.details.setFixedWidth(WIDTH if self.width() >= WIDE_PAGE else NARROW)
        super().resizeEvent(event)
