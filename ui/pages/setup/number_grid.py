"""The grid of numbers: a line for each SIM; a number is typed, pasted as a column, or comes from a file."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QColor, QDragEnterEvent, QDragMoveEvent, QDropEvent, QGuiApplication, QKeyEvent, QKeySequence
from PySide6.QtWidgets import QAbstractItemView, QHeaderView, QTableWidget, QTableWidgetItem

from phonefarm.application.model.read_models import SimRow
from ui.style.theme import Theme
from ui.style.tokens import Tone
from ui.text import formats
from ui.text.safe_text import one_line
from ui.text.words import tr

TITLES = ("Phone", "Slot", "ICCID", "Operator", "Number", "")
PHONE, SLOT, ICCID, OPERATOR, NUMBER, PROBLEM = range(6)
ROW_HEIGHT = 32
MOST_ROWS_SHOWN = 5
WIDTHS = {PHONE: 124, SLOT: 44, ICCID: 204, OPERATOR: 140, NUMBER: 132}


@dataclass(frozen=True)
class GridLine:
    """A SIM of the grid."""

    sim: SimRow
    found: str = ""
    """A number that its own messages state."""


class NumberGrid(QTableWidget):
    """Emits `changed` when a number was typed, pasted or taken back, `file_dropped` with a path."""

    changed = Signal()
    file_dropped = Signal(str)

    def __init__(self, theme: Theme) -> None:
        super().__init__(0, len(TITLES))
        self._theme = theme
        self.lines: list[GridLine] = []
        self.problems: dict[str, str] = {}
        self._is_filling = False
        self.setHorizontalHeaderLabels([tr(title) if title else "" for title in TITLES])
        self.setAccessibleName(tr("Numbers of the SIMs"))
        self.verticalHeader().hide()
        self.verticalHeader().setDefaultSectionSize(ROW_HEIGHT)
        header = self.horizontalHeader()
        header.setDefaultAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
        for column, width in WIDTHS.items():
            self.setColumnWidth(column, width)
        header.setSectionResizeMode(PROBLEM, QHeaderView.ResizeMode.Stretch)
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectItems)
        triggers = QAbstractItemView.EditTrigger  # a click alone opens no editor, or it would swallow a pasted column
        self.setEditTriggers(triggers.DoubleClicked | triggers.EditKeyPressed | triggers.AnyKeyPressed)
        self.setTabKeyNavigation(False)
        self.setShowGrid(False)
        self.setWordWrap(False)
        self.setAcceptDrops(True)
        self.viewport().setAcceptDrops(True)
        self.itemChanged.connect(self._note_change)
        theme.changed.connect(self._paint_problems)

    # Lines ---------------------------------------------------------------------------

    def show_lines(self, lines: Sequence[GridLine]) -> None:
        """Drafts stay with their SIMs."""
        if list(lines) == self.lines:
            return
        drafts = self.drafts()
        self.lines = list(lines)
        self._is_filling = True
        try:
            self.setRowCount(len(lines))
            for row, line in enumerate(lines):
                self._fill(row, line, drafts.get(line.sim.sim_id, line.sim.msisdn and formats.msisdn(line.sim.msisdn)))
        finally:
            self._is_filling = False
        rows = min(max(len(lines), 1), MOST_ROWS_SHOWN)
        self.setFixedHeight(rows * ROW_HEIGHT + self.horizontalHeader().sizeHint().height() + 4)
        self._paint_problems()

    def _fill(self, row: int, line: GridLine, number: str) -> None:
        sim = line.sim
        texts = {
            PHONE: one_line(sim.phone_label, 60),
            SLOT: "" if sim.slot is None else str(sim.slot + 1),
            ICCID: formats.grouped_iccid(sim.iccid) if sim.iccid else tr("not told"),
            OPERATOR: one_line(formats.place(sim.country, sim.operator), 40) if sim.country else tr("unknown"),
            NUMBER: number,
            PROBLEM: "",
        }
        for column, text in texts.items():
            item = QTableWidgetItem(text)
            if column != NUMBER:
                item.setFlags(Qt.ItemFlag.ItemIsEnabled | Qt.ItemFlag.ItemIsSelectable)
                item.setForeground(self._theme.colour("dim" if column in (SLOT, ICCID, OPERATOR) else "text"))
            if column in (ICCID, NUMBER):
                item.setFont(self._theme.mono())
            self.setItem(row, column, item)

    # Drafts --------------------------------------------------------------------------

    def drafts(self) -> dict[str, str]:
        """Numbers that differ from those that are kept, by SIM; also empty ones that were not so."""
        drafts = {}
        for row, line in enumerate(self.lines):
            item = self.item(row, NUMBER)
            text = item.text().strip() if item is not None else ""
            if text and _digits(text) != _digits(line.sim.msisdn):
                drafts[line.sim.sim_id] = text
        return drafts

    def put(self, numbers: Mapping[str, str]) -> None:
        """Numbers by SIM, as drafts."""
        self._is_filling = True
        try:
            for row, line in enumerate(self.lines):
                item = self.item(row, NUMBER)
                if line.sim.sim_id in numbers and item is not None:
                    item.setText(numbers[line.sim.sim_id])
        finally:
            self._is_filling = False
        self.changed.emit()

    def put_column(self, text: str) -> None:
        """A column copied from a spreadsheet, from the current line downwards; of several columns the last one."""
        values = [line.split("\t")[-1].strip() for line in text.splitlines()]
        row = max(self.currentRow(), 0)
        sims = [line.sim.sim_id for line in self.lines[row:]]
        self.put({sim_id: value for sim_id, value in zip(sims, values, strict=False) if value})

    def take_back(self) -> None:
        """Forget all drafts."""
        self.put({line.sim.sim_id: formats.msisdn(line.sim.msisdn) if line.sim.msisdn else "" for line in self.lines})

    def show_problems(self, problems: Mapping[str, str]) -> None:
        self.problems = dict(problems)
        self._paint_problems()

    def _paint_problems(self) -> None:
        self._is_filling = True
        try:
            for row, line in enumerate(self.lines):
                self._paint(row, line)
        finally:
            self._is_filling = False

    def _paint(self, row: int, line: GridLine) -> None:
        number, note = self.item(row, NUMBER), self.item(row, PROBLEM)
        if number is None or note is None:
            return
        problem = self.problems.get(line.sim.sim_id, "")
        found = tr("found in an SMS: {number}").format(number=formats.msisdn(line.found)) if line.found else ""
        note.setText(problem or ("" if number.text() else found))
        note.setToolTip(note.text())
        bad = self._theme.ink(Tone.BAD)
        number.setForeground(bad if problem else self._theme.colour("text"))
        note.setForeground(bad if problem else self._theme.colour("dim"))
        number.setBackground(self._theme.fill(Tone.BAD) if problem else QColor(Qt.GlobalColor.transparent))

    def _note_change(self, item: QTableWidgetItem) -> None:
        if not self._is_filling and item.column() == NUMBER:
            self.changed.emit()

    # Keys and drops ------------------------------------------------------------------

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: N802
        if event.matches(QKeySequence.StandardKey.Paste):
            self.put_column(QGuiApplication.clipboard().text())
            return
        if event.key() == Qt.Key.Key_Delete and (item := self.item(self.currentRow(), NUMBER)) is not None:
            item.setText("")
            return
        super().keyPressEvent(event)

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:  # noqa: N802
        if _path_in(event):
            event.acceptProposedAction()

    def dragMoveEvent(self, event: QDragMoveEvent) -> None:  # noqa: N802
        if _path_in(event):
            event.acceptProposedAction()

    def dropEvent(self, event: QDropEvent) -> None:  # noqa: N802
        if path := _path_in(event):
            event.acceptProposedAction()
            self.file_dropped.emit(path)


def _path_in(event: QDropEvent) -> str:
    """The first local file that is dragged; empty where there is none."""
    return next((url.toLocalFile() for url in event.mimeData().urls() if url.isLocalFile()), "")


def _digits(text: str) -> str:
    return "".join(char for char in text if char.isdecimal())
