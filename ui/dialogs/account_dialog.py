"""Shows on which rents Onlinesim's statement and phonefarm differ."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from decimal import Decimal

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QWidget

from phonefarm.application.model.read_models import Difference
from ui.dialogs.form_dialog import FormDialog
from ui.style.theme import Theme
from ui.style.tokens import Tone
from ui.table.row_table import Column, RowTable
from ui.table.table_view import FarmTable
from ui.text import formats
from ui.text.periods import Period
from ui.text.safe_text import one_line
from ui.text.words import Word, counted, tr
from ui.widgets.basics import Label, button, restyle

SIZE = (620, 480)
FILE_COLUMNS = ("rent_id", "ours", "theirs", "difference")
UNKNOWN_HERE = Word("not in phonefarm", Tone.WARN, "Onlinesim paid for a rent that did not end here on these dates.")
UNKNOWN_THERE = Word("not in the statement", Tone.BAD, "phonefarm has income for it, and the statement has no line.")
UNEQUAL = Word("different sum", Tone.WARN, "Both list the rent, with different sums.")


def difference_word(difference: Difference) -> Word:
    if difference.ours is None:
        return UNKNOWN_HERE
    return UNKNOWN_THERE if difference.theirs is None else UNEQUAL


def difference_cells(difference: Difference) -> list[object]:
    return [difference.rent_id, difference.ours, difference.theirs, difference.amount]


class AccountDialog(FormDialog):
    """The differences as a table; a double click requests the rent's page."""

    rent_requested = Signal(str)
    save_requested = Signal()

    def __init__(
        self, parent: QWidget, theme: Theme, differences: Sequence[Difference], file_name: str, period: Period
    ) -> None:
        super().__init__(parent, tr("Onlinesim statement and phonefarm"), "")
        today = datetime.now().astimezone().date()
        self.verdict = Label(_verdict(differences), wrap=True)
        restyle(self.verdict, "ink", str(Tone.WARN if differences else Tone.OK))
        self.explanation.setText(
            tr("{file}, compared with the rents that ended on these dates: {period}.").format(
                file=one_line(file_name, 60), period=period.text(today)
            )
        )
        self.content.addWidget(self.verdict)
        self.table = RowTable(_columns(), key=lambda row: str(row.rent_id), parent=self)
        self.table.replace_all(differences)
        self.view = FarmTable(self.table, theme)
        self.view.setAccessibleName(tr("Differences"))
        self.view.sort_by(0, Qt.SortOrder.AscendingOrder)
        self.view.doubleClicked.connect(lambda index: self._request_rent(index.row()))
        self.save = button(tr("Save as CSV…"))
        self.save.clicked.connect(self.save_requested)
        self.no.setText(tr("Close"))
        self.no.setAccessibleName(tr("Close"))
        self.yes.hide()
        if differences:
            self.resize(*SIZE)
            self.content.addWidget(self.view, 1)
            hint = tr("Lines outside these dates differ, too. Choose the dates that the file covers.")
            self.content.addWidget(Label(hint, "caption", wrap=True))
            self.add_buttons(self.save)
        else:
            self.setMinimumWidth(440)
            self.add_buttons()

    def _request_rent(self, place: int) -> None:
        if (key := self.table.key_at(place)) is not None:
            self.accept()
            self.rent_requested.emit(key)


def _verdict(differences: Sequence[Difference]) -> str:
    if not differences:
        return tr("Everything matches.")
    ours_more = sum((difference.amount for difference in differences), Decimal(0))
    rents = counted(len(differences), "1 rent differs", "%n rents differ")
    if not ours_more:
        return tr("{rents}; the totals are equal.").format(rents=rents)
    who = tr("phonefarm has {sum} more") if ours_more > 0 else tr("the Onlinesim statement has {sum} more")
    return f"{rents}; {who.format(sum=formats.money(abs(ours_more)))}."


def _columns() -> list[Column[Difference]]:
    return [
        Column(
            title=tr("Rent"),
            text=lambda row, _: str(row.rent_id),
            sort_key=lambda row: row.rent_id,
            sample="1234567890",
            mono=True,
        ),
        Column(
            title=tr("Problem"),
            text=lambda row, _: difference_word(row).label(),
            sort_key=lambda row: difference_word(row).text,
            sample=UNKNOWN_THERE.label(),
            word=difference_word,
            stretch=True,
        ),
        _sum_column(tr("phonefarm"), lambda row: row.ours),
        _sum_column(tr("Onlinesim"), lambda row: row.theirs),
        _sum_column(tr("Difference"), lambda row: row.amount),
    ]


def _sum_column(title: str, value: Callable[[Difference], Decimal | None]) -> Column[Difference]:
    return Column(
        title=title,
        text=lambda row, _: formats.money(value(row)),
        sort_key=value,
        sample="₽ 999 999.99",
        align_right=True,
    )
