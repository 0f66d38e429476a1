"""The table of the account by one grouping, with a total below."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QVBoxLayout, QWidget

from phonefarm.application.model.read_models import Grouping, MoneyRow, Topic
from ui.pages.money.money_lines import DATED, GROUPINGS, line_key, money_columns, total_row
from ui.style.theme import Theme
from ui.table.row_table import RowTable
from ui.table.table_view import FarmTable
from ui.table.total_line import TotalLine
from ui.text.words import tr

PAGES_BY_GROUPING = {Grouping.SIM: Topic.SIMS, Grouping.PHONE: Topic.PHONES}
"""Which page a double click on a line requests."""


class MoneyTable(QWidget):
    """Dates are sorted newest first, anything else by income."""

    row_requested = Signal(object, str)
    """Topic and key of the SIM or phone that a line is about."""

    def __init__(self, grouping: Grouping, theme: Theme) -> None:
        super().__init__()
        self._grouping = grouping
        columns = money_columns(grouping)
        first = 0 if grouping in DATED else len(columns) - 1
        self.table = RowTable(columns, key=line_key, sort_column=first, descending=True, parent=self)
        self.view = FarmTable(self.table, theme)
        self.view.setAccessibleName(tr("Account by {grouping}").format(grouping=tr(GROUPINGS[grouping]).lower()))
        self.view.sort_by(first, Qt.SortOrder.DescendingOrder)
        self.view.doubleClicked.connect(lambda index: self._request_row(index.row()))
        self.total = TotalLine(self.table, self.view, theme)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addWidget(self.view, 1)
        layout.addWidget(self.total)

    def show_rows(self, rows: Sequence[MoneyRow]) -> None:
        self.table.replace_all(rows)
        self.total.show_row(total_row(rows))

    def rows(self) -> list[MoneyRow]:
        """In their present sort order."""
        places = range(self.table.rowCount())
        return [row for place in places if (row := self.table.row_at(place)) is not None]

    def _request_row(self, place: int) -> None:
        row, topic = self.table.row_at(place), PAGES_BY_GROUPING.get(self._grouping)
        if row is not None and topic is not None:
            self.row_requested.emit(topic, row.key)
