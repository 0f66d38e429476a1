"""The dialog of the block list: senders whose messages are withheld, and a field to test a sender."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtWidgets import QGridLayout, QLineEdit, QWidget

from phonefarm.application.model.read_models import BlockedSender, BlockList
from ui.dialogs.pairs_dialog import Pair, PairsDialog
from ui.style.theme import Theme
from ui.style.tokens import Tone
from ui.text.safe_text import one_line
from ui.text.words import counted, tr
from ui.widgets.basics import Chip, Label

LONGEST_SENDER = 40


class SendersDialog(PairsDialog):
    def __init__(
        self, parent: QWidget, theme: Theme, senders: Sequence[BlockedSender], built_in: Sequence[BlockedSender]
    ) -> None:
        self.search = QLineEdit(maxLength=LONGEST_SENDER, placeholderText=tr("Search the list…"))
        self.sender_field = QLineEdit(maxLength=LONGEST_SENDER, placeholderText=tr("Sender, as the phone shows it"))
        self.answer = Chip()
        self.count = Label("", "caption")
        super().__init__(
            parent,
            theme,
            tr("Blocked senders"),
            tr(
                "The text of their messages is not kept: neither Onlinesim nor you see it. A star at the beginning or "
                "the end stands for any text; case and spaces do not matter."
            ),
            (tr("Sender"), tr("Kind")),
            _pairs(senders),
            _pairs(built_in),
        )
        self.content.insertLayout(2, self._make_fields())
        self.search.textChanged.connect(self._filter)
        self.sender_field.textChanged.connect(self._test_sender)
        self.table.itemChanged.connect(self._show_count_and_answer)
        self.table.model().rowsRemoved.connect(self._show_count_and_answer)
        self.table.model().rowsInserted.connect(self._show_count_and_answer)
        self.add_buttons(self.add, self.remove, self.reset)
        self._show_count_and_answer()

    def _make_fields(self) -> QGridLayout:
        grid = QGridLayout()
        grid.setHorizontalSpacing(12)
        grid.setVerticalSpacing(8)
        grid.setColumnStretch(1, 1)
        question = tr("Test a sender")
        for place, (name, field, result) in enumerate(
            ((tr("Search"), self.search, self.count), (question, self.sender_field, self.answer))
        ):
            caption = Label(name)
            caption.setBuddy(field)
            field.setAccessibleName(name)
            grid.addWidget(caption, place, 0)
            grid.addWidget(field, place, 1)
            grid.addWidget(result, place, 2)
        return grid

    def senders(self) -> list[BlockedSender]:
        return [BlockedSender(pattern=pattern, what=what) for pattern, what in self.pairs()]

    def add_line(self, pair: Pair = ("", "")) -> None:
        self.search.clear()
        super().add_line(pair)

    def _show_count_and_answer(self) -> None:
        self.count.setText(counted(len(self.pairs()), "1 sender", "%n senders"))
        self._test_sender()

    def _filter(self) -> None:
        wanted = self.search.text().strip().casefold()
        for row in range(self.table.rowCount()):
            self.table.setRowHidden(row, bool(wanted) and wanted not in " ".join(self.pair_at(row)).casefold())
        self.table.clearSelection()

    def _test_sender(self) -> None:
        sender = self.sender_field.text().strip()
        if not sender:
            self.answer.hide()
            return
        entry = BlockList(self.senders()).entry_for(sender)
        if entry is None:
            self.answer.show_text(tr("not withheld"), Tone.OK)
        else:
            self.answer.show_text(tr("withheld by {pattern}").format(pattern=one_line(entry.pattern, 24)), Tone.WARN)
        self.answer.setAccessibleName(self.answer.text())
        self.answer.show()


def _pairs(senders: Sequence[BlockedSender]) -> list[Pair]:
    return [(sender.pattern, sender.what) for sender in senders]
