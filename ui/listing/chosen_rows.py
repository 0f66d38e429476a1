"""What is selected on a page: shows its details and timeline, and does what may be done with it."""

from __future__ import annotations

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

Row = TypeVar("Row")


class ChosenRows(QObject, Generic[Row]):
    """Keeps the details panel on a row by its key as long as it is seen: no button acts on a hidden row."""

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
        self._shown_key: str | None = None
        self.timeline_feed = Feed(self._refresh_timeline, tasks, tr("a timeline"), self)
        view.selection_moved.connect(self._selection_moved)
        table.rows_changed.connect(self._selection_moved)
        view.customContextMenuRequested.connect(self._open_menu)

    def note(self, keys: Keys) -> None:
        """Rows have changed; the timeline of the one shown may have too."""
        if self._shown_key is not None and (keys is None or self._shown_key in keys):
            self.timeline_feed.note(None)

    def refresh(self) -> None:
        """Show the row anew as it is now, or nothing where it is gone or hidden."""
        self._show(self._shown_key)

    def refresh_facts(self) -> None:
        row = self._seen(self._shown_key)
        if row is None:
            return
        spec, now = self._spec, self._table.clock()
        heading = spec.heading(row)
        count = len(self._view.selected_keys())
        if count > 1:
            heading = tr("{count} selected · {one}").format(count=count, one=heading)
        self._panel.show_row(heading, spec.word(row), spec.facts(row, now), spec.body(row), spec.advice(row))

    def _selection_moved(self) -> None:
        keys = self._view.selected_keys()
        if not keys:
            self.refresh()
            return
        current = self._table.key_at(self._view.currentIndex().row())
        self._show(current if current in keys else keys[0])

    def _show(self, key: str | None) -> None:
        if key is None or self._seen(key) is None:
            self._shown_key = None
            self._panel.show_nothing()
            return
        if key != self._shown_key:
            self._shown_key = key
            self._panel.show_timeline((), self._table.clock())
            self.timeline_feed.note(None)
        self.refresh_facts()
        offered = [action for action in self._spec.actions if self.may(action)]
        self._panel.show_actions([(action.text, action.danger, _Run(self, action)) for action in offered])

    def _seen(self, key: str | None) -> Row | None:
        """The row of this key, if search and filter show it."""
        return self._table.row_of(key) if key is not None and self._table.place_of(key) is not None else None

    async def _refresh_timeline(self, keys: Keys) -> bool:
        key = self._shown_key
        if key is None:
            return True
        lines = await self._actions.ask(
            tr("reading a timeline"), lambda desk: desk.timeline(self._spec.query.topic, key)
        )
        if lines is not None and key == self._shown_key:
            self._panel.show_timeline(lines, self._table.clock())
        return lines is not None

    # Actions ---------------------------------------------------------------

    def rows(self) -> list[Row]:
        """The selected rows; where none is selected, the one that the details show."""
        keys: list[str | None] = [*self._view.selected_keys()] or [self._shown_key]
        return [row for key in keys if (row := self._seen(key)) is not None]

    def may(self, action: RowAction[Row]) -> bool:
        rows = self.rows()
        return bool(rows) and (action.several or len(rows) == 1) and all(action.applies(row) for row in rows)

    def do(self, action: RowAction[Row]) -> None:
        """Do it for the chosen rows, if it still applies: a row may have changed under the pointer."""
        if self.may(action):
            action.run(self.rows())

    def make_menu(self) -> QMenu:
        menu = QMenu(self._view)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        for action in self._spec.actions:
            entry = menu.addAction(action.text)
            entry.setEnabled(self.may(action))
            entry.triggered.connect(_Run(self, action))
        return menu

    def _open_menu(self, at: QPoint) -> None:
        if self.rows():
            self.make_menu().popup(self._view.viewport().mapToGlobal(at))


class _Run(Generic[Row]):
    """One action, callable by a button and by a menu entry (which also tells its check mark)."""

    def __init__(self, chosen: ChosenRows[Row], action: RowAction[Row]) -> None:
        self._chosen = chosen
        self._action = action

    def __call__(self, checked: bool = False) -> None:
        self._chosen.do(self._action)
