"""A dialog with an editable table of two columns, for number templates and blocked senders."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QRectF, Qt, Signal
from PySide6.QtGui import QColor, QIcon, QPainter, QPixmap
from PySide6.QtWidgets import QAbstractItemView, QHeaderView, QTableWidget, QTableWidgetItem, QWidget

from phonefarm.application.model.read_models import SettingProblem
from ui.dialogs.form_dialog import FormDialog
from ui.style.theme import Theme
from ui.style.tokens import Tone
from ui.text.words import counted, tr
from ui.widgets.basics import button, plain_tooltip

SIZE = (680, 560)
MARK = 12

Pair = tuple[str, str]


class PairsDialog(FormDialog):
    """Stays open after `save_requested`: its owner closes it, or shows the problems."""

    save_requested = Signal()

    def __init__(
        self,
        parent: QWidget,
        theme: Theme,
        title: str,
        explanation: str,
        columns: Pair,
        pairs: Sequence[Pair],
        built_in: Sequence[Pair],
    ) -> None:
        super().__init__(parent, title, explanation)
        self.resize(*SIZE)
        self._theme = theme
        self._built_in = list(built_in)
        self.table = _make_table(columns)
        self.table.setAccessibleName(title)
        self.content.addWidget(self.table, 1)
        self.content.addWidget(self.problem)
        self.add, self.remove = button(tr("Add")), button(tr("Remove"))
        self.reset = button(tr("Reset to built-in"))
        self.add.clicked.connect(lambda: self.add_line())
        self.remove.clicked.connect(self.remove_selected)
        self.reset.clicked.connect(lambda: self.show_pairs(self._built_in))
        self.yes.clicked.connect(self.save_requested)
        self.show_pairs(pairs)

    def show_pairs(self, pairs: Sequence[Pair]) -> None:
        self.table.setRowCount(0)
        for pair in pairs:
            self._append(pair)
        self.problem.hide()

    def pairs(self) -> list[Pair]:
        """All lines of the table that are not empty."""
        return [self.pair_at(row) for row in self._filled_lines()]

    def show_problems(self, problems: Sequence[SettingProblem]) -> None:
        """Show the first as text, and mark the lines concerned."""
        filled = self._filled_lines()
        for row in filled:
            self._mark(row, "")
        rows = {filled[int(problem.name)]: problem.problem for problem in problems if problem.name.isdecimal()}
        for row, problem in rows.items():
            self._mark(row, problem)
        first = min(rows, default=None)
        where = tr("Line {n}: ").format(n=first + 1) if first is not None else ""
        more = " · " + counted(len(rows) - 1, "1 more line is marked", "%n more lines are marked")
        text = rows[first] if first is not None else problems[0].problem
        self.problem.setText(f"{where}{text}{more if len(rows) > 1 else ''}")
        self.problem.show()
        if first is not None:
            self.table.setRowHidden(first, False)
            self.table.setCurrentCell(first, 0)
            self.table.scrollToItem(self.item(first, 0))

    def add_line(self, pair: Pair = ("", "")) -> None:
        """Add a line at the end and start editing it."""
        row = self._append(pair)
        self.table.setCurrentCell(row, 0)
        self.table.scrollToItem(self.item(row, 0))
        self.table.editItem(self.item(row, 0))

    def remove_selected(self) -> None:
        """Remove the selected lines, or else the one with the cursor."""
        selected = {index.row() for index in self.table.selectedIndexes()} or {self.table.currentRow()} - {-1}
        for row in sorted(selected, reverse=True):
            self.table.removeRow(row)

    def item(self, row: int, column: int) -> QTableWidgetItem:
        item = self.table.item(row, column)
        assert item is not None
        return item

    def _append(self, pair: Pair) -> int:
        row = self.table.rowCount()
        self.table.insertRow(row)
        for column, text in enumerate(pair):
            self.table.setItem(row, column, QTableWidgetItem(text))
        return row

    def _mark(self, row: int, problem: str) -> None:
        """By an icon as well as a colour: it shows on a selected line, too, and to colour-blind users."""
        item, ink = self.item(row, 0), self._theme.ink(Tone.BAD)
        item.setForeground(ink if problem else self._theme.colour("text"))
        item.setIcon(_problem_icon(ink) if problem else QIcon())
        item.setToolTip(plain_tooltip(problem))

    def _filled_lines(self) -> list[int]:
        return [row for row in range(self.table.rowCount()) if any(self.pair_at(row))]

    def pair_at(self, row: int) -> Pair:
        items = (self.table.item(row, 0), self.table.item(row, 1))
        first, second = (item.text().strip() if item is not None else "" for item in items)
        return first, second


def _make_table(columns: Pair) -> QTableWidget:
    table = QTableWidget(0, 2)
    table.setHorizontalHeaderLabels(list(columns))
    table.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
    table.setShowGrid(False)
    table.verticalHeader().hide()
    table.verticalHeader().setDefaultSectionSize(30)
    header = table.horizontalHeader()
    header.setSectionResizeMode(0, QHeaderView.ResizeMode.Stretch)
    header.setDefaultAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
    table.setColumnWidth(1, 160)
    return table


def _problem_icon(ink: QColor) -> QIcon:
    """A disc with an exclamation mark cut out of it."""
    pixmap = QPixmap(MARK * 2, MARK * 2)
    pixmap.setDevicePixelRatio(2)
    pixmap.fill(Qt.GlobalColor.transparent)
    painter = QPainter(pixmap)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(ink)
    painter.drawEllipse(QRectF(0, 0, MARK, MARK))
    painter.setCompositionMode(QPainter.CompositionMode.CompositionMode_Clear)
    painter.fillRect(QRectF(MARK / 2 - 0.75, 2.5, 1.5, 4.5), ink)
    painter.fillRect(QRectF(MARK / 2 - 0.75, 8, 1.5, 1.5), ink)
    painter.end()
    icon = QIcon(pixmap)
    icon.addPixmap(pixmap, QIcon.Mode.Selected)
    return icon
