"""Writes a table as a CSV file, atomically, and without cells that a spreadsheet executes."""

from __future__ import annotations

import csv
import os
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFileDialog, QWidget

from phonefarm.application.model.read_models import KnownError
from phonefarm.support.atomic_files import atomic_write
from phonefarm.support.csv_cells import ENCODING, cell
from phonefarm.support.os_errors import cause_of
from ui.text.words import tr

ENDING = ".csv"


def write_csv(path: Path, columns: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Readable by its owner only. Raises KnownError if it cannot be written; may block for two seconds."""
    draft = path.with_name(f".{path.name}.new")
    try:
        with atomic_write(path, draft):
            handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
            with os.fdopen(handle, "w", encoding=ENCODING, errors="replace", newline="") as file:
                writer = csv.writer(file, lineterminator="\n")
                writer.writerow(columns)
                writer.writerows([cell(value) for value in row] for row in rows)
    except OSError as error:
        raise KnownError(f"{path} cannot be written: {cause_of(error)}.") from error


def ask_save_path(parent: QWidget, name: str, then: Callable[[Path], None]) -> QFileDialog:
    """Ask for a file to write, and call `then` with its path."""
    dialog = QFileDialog(parent, tr("Save as CSV"), name, tr("CSV (*.csv)"))
    dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
    dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
    dialog.setDefaultSuffix(ENDING.removeprefix("."))
    dialog.selectFile(name)
    dialog.fileSelected.connect(lambda path: then(Path(path)))
    dialog.open()
    return dialog
