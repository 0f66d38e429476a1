"""Commands of the Money page: reconcile with a statement of Onlinesim, save as a file."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFileDialog, QWidget

from phonefarm.application.model.read_models import Difference, Grouping, MoneyRow, Topic
from ui.commands.number_commands import TABLE_FILES
from ui.dialogs.account_dialog import FILE_COLUMNS as DIFFERENCE_COLUMNS
from ui.dialogs.account_dialog import AccountDialog, difference_cells
from ui.engine.actions import Actions
from ui.style.theme import Theme
from ui.style.tokens import Tone
from ui.text.csv_file import ask_save_path, write_csv
from ui.text.periods import Period
from ui.text.words import tr

FILE_COLUMNS = ("key", "label", "rents", "sold", "expected", "credited", "estimated", "taken_back", "income")


class MoneyCommands:
    def __init__(self, actions: Actions, parent: QWidget, theme: Theme, go: Callable[[Topic, str], None]) -> None:
        self._actions = actions
        self._parent = parent
        self._theme = theme
        self._go = go

    def choose_statement(self, period: Period) -> QFileDialog:
        """Ask for the statement's file, then show how it differs."""
        dialog = QFileDialog(self._parent, tr("Onlinesim statement"), "", tr(TABLE_FILES))
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.setFileMode(QFileDialog.FileMode.ExistingFile)
        dialog.fileSelected.connect(lambda path: self.reconcile(path, period))
        dialog.open()
        return dialog

    def reconcile(self, path: str, period: Period) -> None:
        self._actions.start(partial(self._reconcile, path, period), tr("reconciling a statement"))

    async def _reconcile(self, path: str, period: Period) -> None:
        differences = await self._actions.ask(
            tr("reconciling a statement"), lambda desk: desk.reconcile(path, period.begin, period.end)
        )
        if differences is None:
            return
        dialog = AccountDialog(self._parent, self._theme, differences, Path(path).name, period)
        dialog.rent_requested.connect(lambda key: self._go(Topic.RENTS, key))
        dialog.save_requested.connect(lambda: self._save_differences(differences, dialog))
        dialog.open()

    def _save_differences(self, differences: Sequence[Difference], dialog: QWidget) -> None:
        cells = [difference_cells(difference) for difference in differences]
        self._save("differences.csv", DIFFERENCE_COLUMNS, cells, dialog)

    def save_account(self, rows: Sequence[MoneyRow], grouping: Grouping, period: Period) -> None:
        name = f"income by {grouping} {period.first:%Y-%m-%d} {period.last:%Y-%m-%d}.csv"
        self._save(name, FILE_COLUMNS, [file_cells(row) for row in rows], self._parent)

    def _save(self, name: str, columns: Sequence[str], rows: Sequence[Sequence[object]], parent: QWidget) -> None:
        def write(path: Path) -> None:
            self._actions.start(partial(self._write, path, columns, rows), tr("saving a file"))

        ask_save_path(parent, name, write)

    async def _write(self, path: Path, columns: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
        await asyncio.to_thread(write_csv, path, columns, rows)
        self._actions.notice(Tone.OK, tr("Saved {path}").format(path=path))


def file_cells(row: MoneyRow) -> list[object]:
    sums = row.sums
    counts = [sums.rents, sums.sold]
    return [row.key, row.label, *counts, sums.expected, sums.credited, sums.estimated, sums.reversed, sums.income]
