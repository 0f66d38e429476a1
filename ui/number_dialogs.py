"""The dialogs of the Numbers page: how the market names a network, and the patterns of operators' messages."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QBrush
from PySide6.QtWidgets import (
    QAbstractItemView,
    QComboBox,
    QDialog,
    QGridLayout,
    QHBoxLayout,
    QHeaderView,
    QLineEdit,
    QTableWidget,
    QTableWidgetItem,
    QVBoxLayout,
    QWidget,
)

from phonefarm.application.read_models import NetworkRow, NumberPattern, SettingProblem
from ui import formats
from ui.safe_text import one_line
from ui.widgets import Label, button
from ui.words import counted, tr

LONGEST_NAME = 40
PATTERNS_SIZE = (680, 560)


class _Dialog(QDialog):
    """A title, what follows, and room for fields; the buttons come last."""

    def __init__(self, parent: QWidget, title: str, explanation: str) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle(title)
        self.content = QVBoxLayout(self)
        self.content.setContentsMargins(24, 20, 24, 20)
        self.content.setSpacing(12)
        self.content.addWidget(Label(title, "name", wrap=True))
        self.content.addWidget(Label(explanation, "dim", wrap=True))
        self.yes = button(tr("Save"), "main")
        self.no = button(tr("Cancel"))
        self.no.clicked.connect(self.reject)

    def add_buttons(self, *left: QWidget) -> None:
        row = QHBoxLayout()
        row.setSpacing(8)
        for widget in left:
            row.addWidget(widget)
        row.addStretch(1)
        row.addWidget(self.no)
        row.addWidget(self.yes)
        self.content.addSpacing(8)
        self.content.addLayout(row)


class NetworkDialog(_Dialog):
    """Says country and operator of one network; `named` carries code, country, operator."""

    named = Signal(str, str, str)

    def __init__(self, parent: QWidget, networks: Sequence[NetworkRow], mcc_mnc: str = "") -> None:
        super().__init__(
            parent,
            tr("Name a network"),
            tr(
                "As Onlinesim names country and operator, in small letters: russia, united_kingdom, mts. It holds for "
                "all SIMs of the network at once."
            ),
        )
        self.setMinimumWidth(460)
        self._networks = list(networks)
        self.network = QComboBox()
        for row in self._networks:
            self.network.addItem(_network_line(row), row.mcc_mnc)
        self.country = QLineEdit(maxLength=LONGEST_NAME, placeholderText="russia")
        self.operator = QLineEdit(maxLength=LONGEST_NAME, placeholderText=tr("may stay empty"))
        self._note = Label("", "caption", wrap=True)
        self._lay_out()
        self.take_back = button(tr("Use the built-in name"))
        self.take_back.clicked.connect(lambda: self._say("", ""))
        self.yes.clicked.connect(lambda: self._say(self.country.text(), self.operator.text()))
        self.yes.setDefault(True)
        self.add_buttons(self.take_back)
        self.network.currentIndexChanged.connect(self._show)
        self.country.textChanged.connect(self._check)
        place = self.network.findData(mcc_mnc)
        self.network.setCurrentIndex(max(place, 0))
        self._show()
        self.country.setFocus()

    def _lay_out(self) -> None:
        grid = QGridLayout()
        grid.setHorizontalSpacing(16)
        grid.setVerticalSpacing(10)
        grid.setColumnStretch(1, 1)
        fields = ((tr("Network"), self.network), (tr("Country"), self.country), (tr("Operator"), self.operator))
        for place, (name, field) in enumerate(fields):
            caption = Label(name)
            caption.setBuddy(field)
            field.setAccessibleName(name)
            grid.addWidget(caption, place, 0)
            grid.addWidget(field, place, 1)
        self.content.addSpacing(4)
        self.content.addLayout(grid)
        self.content.addWidget(self._note)

    def _row(self) -> NetworkRow:
        return self._networks[max(self.network.currentIndex(), 0)]

    def _show(self) -> None:
        row = self._row()
        self.country.setText(row.country)
        self.operator.setText(row.operator)
        sims = counted(row.sims, "1 SIM in a phone belongs to it", "%n SIMs in phones belong to it")
        known = {"yours": tr("the name is yours"), "built in": tr("the name is built in")}
        self._note.setText(f"{sims}; {known.get(row.source, tr('it has no name, so they cannot be offered'))}.")
        self.take_back.setVisible(row.source == "yours")
        self._check()

    def _check(self) -> None:
        self.yes.setEnabled(bool(self.country.text().strip()))

    def _say(self, country: str, operator: str) -> None:
        row = self._row()
        self.accept()
        self.named.emit(row.mcc_mnc, country.strip().lower(), operator.strip().lower())


def _network_line(row: NetworkRow) -> str:
    name = one_line(formats.place(row.country, row.operator), 60) if row.country else tr("unknown")
    return f"{row.mcc_mnc} · {name} · {counted(row.sims, '1 SIM', '%n SIMs')}"


class PatternsDialog(_Dialog):
    """A table of words and senders; `save_wanted` when the user has done, and the dialog stays for its problems."""

    save_wanted = Signal()

    def __init__(self, parent: QWidget, patterns: Sequence[NumberPattern], built_in: Sequence[NumberPattern]) -> None:
        super().__init__(
            parent,
            tr("SMS that state a number"),
            tr(
                "An SMS with these words is taken to state the number of the SIM that got it. {number} stands for the "
                "number, … for any few words; a sender, where one is named, must be exactly this one."
            ),
        )
        self.resize(*PATTERNS_SIZE)
        self._built_in = list(built_in)
        self.table = QTableWidget(0, 2)
        self.table.setHorizontalHeaderLabels([tr("Words"), tr("Sender")])
        self.table.setAccessibleName(tr("Patterns"))
        self.table.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.table.setAlternatingRowColors(False)
        self.table.setShowGrid(False)
        self.table.verticalHeader().hide()
        self.table.verticalHeader().setDefaultSectionSize(30)
        header = self.table.horizontalHeader()
        header.setSectionResizeMode(0, QHeaderView.ResizeMode.Stretch)
        header.setDefaultAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
        self.table.setColumnWidth(1, 160)
        self._problem = Label("", "problem", wrap=True)
        self._problem.hide()
        self.content.addWidget(self.table, 1)
        self.content.addWidget(self._problem)
        add, remove = button(tr("Add")), button(tr("Remove"))
        self.reset = button(tr("Reset to built-in"))
        add.clicked.connect(self.add_empty)
        remove.clicked.connect(self.remove_selected)
        self.reset.clicked.connect(lambda: self.show_patterns(self._built_in))
        self.yes.clicked.connect(self.save_wanted)
        self.add_buttons(add, remove, self.reset)
        self.show_patterns(patterns)

    def show_patterns(self, patterns: Sequence[NumberPattern]) -> None:
        self.table.setRowCount(0)
        for pattern in patterns:
            self._append(pattern)
        self._problem.hide()

    def patterns(self) -> list[NumberPattern]:
        """What stands in the table, without lines that are empty."""
        lines = [(self._cell(row, 0), self._cell(row, 1)) for row in range(self.table.rowCount())]
        return [NumberPattern(text=text, sender=sender) for text, sender in lines if text or sender]

    def show_problems(self, problems: Sequence[SettingProblem]) -> None:
        """Say the first in words, and colour the lines concerned."""
        filled = [row for row in range(self.table.rowCount()) if self._cell(row, 0) or self._cell(row, 1)]
        for row in filled:
            self._item(row, 0).setData(Qt.ItemDataRole.ForegroundRole, None)
        rows = [filled[int(problem.name)] for problem in problems if problem.name.isdecimal()]
        for row in rows:
            self._item(row, 0).setForeground(QBrush(Qt.GlobalColor.red))
        where = tr("Line {n}: ").format(n=rows[0] + 1) if rows else ""
        self._problem.setText(f"{where}{problems[0].problem}")
        self._problem.show()
        if rows:
            self.table.selectRow(rows[0])
            self.table.scrollToItem(self._item(rows[0], 0))

    def add_empty(self) -> None:
        row = self._append(NumberPattern(text="", sender=""))
        self.table.setCurrentCell(row, 0)
        self.table.editItem(self._item(row, 0))

    def remove_selected(self) -> None:
        for row in sorted({index.row() for index in self.table.selectedIndexes()}, reverse=True):
            self.table.removeRow(row)

    def _append(self, pattern: NumberPattern) -> int:
        row = self.table.rowCount()
        self.table.insertRow(row)
        self.table.setItem(row, 0, QTableWidgetItem(pattern.text))
        self.table.setItem(row, 1, QTableWidgetItem(pattern.sender))
        return row

    def _item(self, row: int, column: int) -> QTableWidgetItem:
        item = self.table.item(row, column)
        assert item is not None
        return item

    def _cell(self, row: int, column: int) -> str:
        item = self.table.item(row, column)
        return item.text().strip() if item is not None else ""
