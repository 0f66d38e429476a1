"""The selection of a list page: shows its details and timeline, and runs actions on it."""

from __future__ import annotations

from functools import partial
from typing import Generic, TypeVar

from PySide6.QtCore import QObject, QPoint, Qt
from PySide6.QtWidgets import QMenu

from phonefarm.support.tasks import Tasks
from ui.engine.actions import Actions
from ui.engine.engine_link import Keys
from ui.engine.feed import Feed
from ui.listing.details import DetailsPanel
from ui.listing.list_spec import ListSpec, RowAction
from ui.table.row_table import RowTable
from ui.table.table_view import FarmTable
from ui.text.words import tr
from ui.widgets.basics import connect_call

Row = TypeVar("Row")


class SelectedRows(QObject, Generic[Row]):
    """Keeps the details panel on one row, by its key.

    Invariant: the row is visible in the table, so that no button acts on a hidden row.
    """

    def __init__(
        self,
        spec: ListSpec[Row],
        table: RowTable[Row],
        view: FarmTable,
        panel: DetailsPanel,
        actions: Actions,
        tasks: Tasks,
        parent: QObject,
    ) -> None:
        super().__init__(parent)
        self._spec = spec
        self._table = table
        self._view = view
        self._panel = panel
        self._actions = actions
        self._details_key: str | None = None
        self.timeline_feed = Feed(self._refresh_timeline, tasks, tr("a timeline"), self)
        view.selection_moved.connect(self._follow_selection)
        table.rows_changed.connect(self._follow_selection)
        view.customContextMenuRequested.connect(self._open_menu)

    def note_change(self, keys: Keys) -> None:
        """Rows have changed, and so may have the timeline."""
        if self._details_key is not None and (keys is None or self._details_key in keys):
            self.timeline_feed.mark_stale(None)

    def refresh(self) -> None:
        """Show the row's present values, or nothing if it is gone or hidden."""
        self._show_details(self._details_key)

    def refresh_facts(self) -> None:
        row = self._visible_row(self._details_key)
        if row is None:
            return
        spec, now = self._spec, self._table.clock()
        heading = spec.heading(row)
        count = len(self._view.selected_keys())
        if count > 1:
            heading = tr("{count} selected · {one}").format(count=count, one=heading)
        self._panel.show_row(heading, spec.word(row), spec.facts(row, now), spec.body(row), spec.advice(row))

    def _follow_selection(self) -> None:
        keys = self._view.selected_keys()
        if not keys:
            self.refresh()
            return
        current = self._table.key_at(self._view.currentIndex().row())
        self._show_details(current if current in keys else keys[0])

    def _show_details(self, key: str | None) -> None:
        if key is None or self._visible_row(key) is None:
            self._details_key = None
            self._panel.show_nothing()
            return
        if key != self._details_key:
            self._details_key = key
            self._panel.show_timeline((), self._table.clock())
            self.timeline_feed.mark_stale(None)
        self.refresh_facts()
        enabled = [action for action in self._spec.actions if self.is_enabled(action)]
        self._panel.show_actions([(action.text, action.danger, partial(self.run, action)) for action in enabled])

    def _visible_row(self, key: str | None) -> Row | None:
        """None if search or filter hides it."""
        return self._table.row_of(key) if key is not None and self._table.place_of(key) is not None else None

    async def _refresh_timeline(self, keys: Keys) -> bool:
        key = self._details_key
        if key is None:
            return True
        lines = await self._actions.ask(
            tr("reading a timeline"), lambda desk: desk.timeline(self._spec.query.topic, key)
        )
        if lines is not None and key == self._details_key:
            self._panel.show_timeline(lines, self._table.clock())
        return lines is not None

    # Actions ---------------------------------------------------------------

    def rows(self) -> list[Row]:
        """The selected rows; if none is selected, the one in the details."""
        keys: list[str | None] = [*self._view.selected_keys()] or [self._details_key]
        return [row for key in keys if (row := self._visible_row(key)) is not None]

    def is_enabled(self, action: RowAction[Row]) -> bool:
        rows = self.rows()
        return bool(rows) and (action.several or len(rows) == 1) and all(action.applies(row) for row in rows)

    def run(self, action: RowAction[Row]) -> None:
        """On all selected rows, if it still applies: a row may have changed since the button was shown."""
        if self.is_enabled(action):
            action.run(self.rows())

    def make_menu(self) -> QMenu:
        menu = QMenu(self._view)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        for action in self._spec.actions:
            entry = menu.addAction(action.text)
            entry.setEnabled(self.is_enabled(action))
            connect_call(entry.triggered, self.run, action)
        return menu

    def _open_menu(self, position: QPoint) -> None:
        if self.rows():
            self.make_menu().popup(self._view.viewport().mapToGlobal(position))
