"""Step 4: the phones, each with its next click, and a picture of where the switch is."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QHBoxLayout, QPushButton, QVBoxLayout, QWidget

from phonefarm.application.model.read_models import PhoneRow, PhoneState, Remedy
from phonefarm.application.model.row_queries import PHONES
from ui.engine.actions import Actions
from ui.pages.setup.step_body import StepBody
from ui.pages.setup.switch_picture import SwitchPicture
from ui.style.theme import Theme
from ui.text.words import counted, phone_word, remedy_advice, remedy_short, tr
from ui.widgets.basics import Chip, ElidedLabel, Label, button, connect_call, empty_layout, hairline

MOST_SHOWN = 6
_NOT_CONNECTED = frozenset({PhoneState.GONE, PhoneState.DUPLICATE})
TAP_ALLOW = "tap “Allow” on its screen"
FIRST_STEPS = "On the phone: switch on USB debugging, connect it by USB, and tap “Allow” when it asks."


class PhonesStep(StepBody):
    phones_requested = Signal()
    """The user wants the Phones page."""

    def __init__(self, actions: Actions, theme: Theme) -> None:
        super().__init__(actions)
        self.rows: list[PhoneRow] = []
        self.lines: list[QPushButton] = []
        self._chosen = ""
        self._list = QVBoxLayout()
        self._list.setSpacing(0)
        self.more = Label("", "caption")
        self.open_page = button(tr("Open the Phones page"))
        self.open_page.clicked.connect(self.phones_requested)
        self.form.addLayout(self._list)
        self.form.addWidget(self.more)
        self.form.addSpacing(6)
        row = QHBoxLayout()
        row.addWidget(self.open_page)
        row.addStretch(1)
        self.form.addLayout(row)
        self.picture = SwitchPicture(theme)
        self.name = Label("", "heading", wrap=True)
        self.advice = Label("", wrap=True)
        words = QVBoxLayout()
        words.addWidget(self.name)
        words.addWidget(self.advice)
        words.addStretch(1)
        columns = QHBoxLayout()
        columns.setSpacing(16)
        columns.addWidget(self.picture, 0, Qt.AlignmentFlag.AlignTop)
        columns.addLayout(words, 1)
        self.found.addLayout(columns)
        self.found.addStretch(1)
        self.show_phones([])

    async def refresh(self) -> None:
        rows = await self._actions.ask(tr("reading the phones"), lambda desk: desk.rows(PHONES))
        if rows is not None:
            self.show_phones(rows)

    def focus_first(self) -> None:
        (self.lines[0] if self.lines else self.open_page).setFocus()

    def show_phones(self, rows: Sequence[PhoneRow]) -> None:
        """Those that need the user first."""
        connected = [row for row in rows if row.state not in _NOT_CONNECTED]
        shown = sorted(connected, key=lambda row: (row.state is PhoneState.READY, row.remedy is Remedy.WAIT, row.label))
        if shown == self.rows and self.lines:
            return
        had_focus = next(
            (row.phone_id for row, line in zip(self.rows, self.lines, strict=False) if line.hasFocus()), ""
        )
        self.rows = shown
        empty_layout(self._list)
        self.lines = []
        for row in shown[:MOST_SHOWN]:
            holder, line = _line(row)
            connect_call(line.clicked, self._choose, row.phone_id)
            self.lines.append(line)
            self._list.addWidget(holder)
            self._list.addWidget(hairline())
            if row.phone_id == had_focus:
                line.setFocus()
        left = len(shown) - MOST_SHOWN
        self.more.setText(counted(left, "1 more on the Phones page", "%n more on the Phones page") if left > 0 else "")
        self.more.setVisible(left > 0)
        self._show_advice()

    def _choose(self, phone_id: str) -> None:
        self._chosen = phone_id
        self._show_advice()

    def _show_advice(self) -> None:
        row = next((row for row in self.rows if row.phone_id == self._chosen), None)
        row = row or next(iter(self.rows), None)
        self.picture.show_make("" if row is None else row.make)
        if row is None:
            self.name.setText(tr("No phone is connected"))
            self.advice.setText(tr(FIRST_STEPS))
            return
        self.name.setText(row.label)
        is_ready = row.state is PhoneState.READY and row.remedy is Remedy.NONE
        self.advice.setText(tr("It is ready.") if is_ready else remedy_advice(row.remedy, row.make) or tr(FIRST_STEPS))


def next_click(remedy: Remedy) -> str:
    """The user's next step in a few words; empty where there is none."""
    return tr(TAP_ALLOW) if remedy is Remedy.CONFIRM_DEBUGGING else remedy_short(remedy)


def _line(row: PhoneRow) -> tuple[QWidget, QPushButton]:
    holder = QWidget()
    layout = QHBoxLayout(holder)
    layout.setContentsMargins(0, 3, 0, 3)
    layout.setSpacing(8)
    name = button(row.label, "quiet", name=tr("{phone}: show what to do").format(phone=row.label))
    word = phone_word(row)
    chip = Chip(word)
    layout.addWidget(name)
    layout.addWidget(ElidedLabel(next_click(row.remedy), "dim"), 1)
    layout.addWidget(chip)
    return holder, name
