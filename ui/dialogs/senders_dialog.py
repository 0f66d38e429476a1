"""The dialog of the block list: whose messages never leave this PC, with a field to try a sender."""

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
                "Messages of these senders never leave this PC: neither Onlinesim nor you see their text. "
                "A star stands for anything at the beginning or the end; capitals and blanks do not matter."
            ),
            (tr("Sender"), tr("What it is")),
            _pairs(senders),
            _pairs(built_in),
        )
        self.content.insertLayout(2, self._fields())
        self.search.textChanged.connect(self._filter)
        self.sender_field.textChanged.connect(self._try)
        self.table.itemChanged.connect(self._changed)
        self.table.model().rowsRemoved.connect(self._changed)
        self.table.model().rowsInserted.connect(self._changed)
        self.add_buttons(self.add, self.remove, self.reset)
        self._changed()

    def _fields(self) -> QGridLayout:
        grid = QGridLayout()
        grid.setHorizontalSpacing(12)
        grid.setVerticalSpacing(8)
        grid.setColumnStretch(1, 1)
        question = tr("Would a message be withheld from")
        for place, (name, field, told) in enumerate(
            ((tr("Search"), self.search, self.count), (question, self.sender_field, self.answer))
        ):
            caption = Label(name)
            caption.setBuddy(field)
            field.setAccessibleName(name)
            grid.addWidget(caption, place, 0)
            grid.addWidget(field, place, 1)
            grid.addWidget(told, place, 2)
        return grid

    def senders(self) -> list[BlockedSender]:
        return [BlockedSender(pattern=pattern, what=what) for pattern, what in self.pairs()]

    def add_line(self, pair: Pair = ("", "")) -> None:
        self.search.clear()
        super().add_line(pair)

    def _changed(self) -> None:
        self.count.setText(counted(len(self.pairs()), "1 sender", "%n senders"))
        self._try()

    def _filter(self) -> None:
        wanted = self.search.text().strip().casefold()
        for row in range(self.table.rowCount()):
            self.table.setRowHidden(row, bool(wanted) and wanted not in " ".join(self.pair_at(row)).casefold())
        self.table.clearSelection()

    def _try(self) -> None:
        sender = self.sender_field.text().strip()
        if not sender:
            self.answer.hide()
            return
        entry = BlockList(self.senders()).entry_for(sender)
        if entry is None:
            self.answer.show_text(tr("no, it goes through"), Tone.OK)
        else:
            self.answer.show_text(tr("yes, by {pattern}").format(pattern=one_line(entry.pattern, 24)), Tone.WARN)
        self.answer.setAccessibleName(self.answer.text())
        self.answer.show()


def _pairs(senders: Sequence[BlockedSender]) -> list[Pair]:
    return [(sender.pattern, sender.what) for sender in senders]
