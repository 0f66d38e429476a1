"""The entries of the log that are loaded, newest first."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from PySide6.QtCore import QAbstractListModel, QModelIndex, QObject, QPersistentModelIndex, Qt

from phonefarm.application.model.log_entries import LogEntry, Position
from ui.pages.health.entry_text import fact, kind_text, sentence
from ui.text import formats
from ui.widgets.basics import plain_tooltip

Index = QModelIndex | QPersistentModelIndex


class StreamModel(QAbstractListModel):
    """Older batches are appended, newer entries inserted above; an entry that has grown moves to its new place."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._entries: list[LogEntry] = []

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: N802, B008 - as Qt declares it
        return 0 if parent.isValid() else len(self._entries)

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        entry = self.entry_at(index.row())
        if entry is None:
            return None
        if role in (Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.AccessibleTextRole):
            parts = (formats.time_of_day(entry.at), kind_text(entry), sentence(entry), fact(entry))
            return ", ".join(filter(None, parts))
        if role == Qt.ItemDataRole.ToolTipRole:
            return plain_tooltip(sentence(entry))
        return None

    def entry_at(self, row: int) -> LogEntry | None:
        return self._entries[row] if 0 <= row < len(self._entries) else None

    def row_of(self, entry_id: str) -> int | None:
        return next((row for row, entry in enumerate(self._entries) if entry.entry_id == entry_id), None)

    @property
    def newest(self) -> Position | None:
        return self._entries[0].position if self._entries else None

    def replace_all(self, entries: Sequence[LogEntry]) -> None:
        self.beginResetModel()
        self._entries = list(entries)
        self.endResetModel()

    def append(self, entries: Sequence[LogEntry]) -> None:
        known = {entry.entry_id for entry in self._entries}
        new = [entry for entry in entries if entry.entry_id not in known]
        if new:
            first = len(self._entries)
            self.beginInsertRows(QModelIndex(), first, first + len(new) - 1)
            self._entries += new
            self.endInsertRows()

    def count_new(self, newest: Sequence[LogEntry]) -> int:
        """How many of the newest entries are not shown as they are."""
        shown = {entry.entry_id: entry.position for entry in self._entries}
        return sum(shown.get(entry.entry_id) != entry.position for entry in newest)

    def merge_newest(self, newest: Sequence[LogEntry]) -> bool:
        """Show the newest entries above; False if there is a gap between them and what is shown."""
        if not self._entries or not newest:
            self.replace_all(newest)
            return True
        if all(entry.position > self._entries[0].position for entry in newest):
            return False
        shown = {entry.entry_id: entry for entry in self._entries}
        changed = [entry for entry in newest if shown.get(entry.entry_id) != entry]
        for entry in changed:
            if entry.entry_id in shown:
                self._remove(entry.entry_id)
        for entry in reversed(changed):
            self._insert(entry)
        return True

    def _remove(self, entry_id: str) -> None:
        row = self.row_of(entry_id)
        assert row is not None
        self.beginRemoveRows(QModelIndex(), row, row)
        del self._entries[row]
        self.endRemoveRows()

    def _insert(self, entry: LogEntry) -> None:
        older = (place for place, each in enumerate(self._entries) if each.position < entry.position)
        row = next(older, len(self._entries))
        self.beginInsertRows(QModelIndex(), row, row)
        self._entries.insert(row, entry)
        self.endInsertRows()
