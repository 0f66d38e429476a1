"""The dialogs of the Numbers page: a network's country and operator, and the number templates."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QComboBox, QGridLayout, QLineEdit, QWidget

from phonefarm.application.model.read_models import NetworkRow, NumberPattern
from ui.dialogs.form_dialog import FormDialog
from ui.dialogs.pairs_dialog import PairsDialog
from ui.style.theme import Theme
from ui.text import formats
from ui.text.safe_text import one_line
from ui.text.words import counted, tr
from ui.widgets.basics import Label, button
from ui.widgets.wheel_guard import guarded

LONGEST_NAME = 40


class NetworkDialog(FormDialog):
    """Asks for country and operator of one network."""

    named = Signal(str, str, str)
    """MCC and MNC, country, operator; both empty for the built-in name."""

    def __init__(self, parent: QWidget, networks: Sequence[NetworkRow], mcc_mnc: str = "") -> None:
        super().__init__(
            parent,
            tr("Country and operator of a network"),
            tr(
                "As Onlinesim names them, in small letters: russia, united_kingdom, mts. All SIMs of the network "
                "change at once."
            ),
        )
        self.setMinimumWidth(460)
        self._networks = list(networks)
        self.network = guarded(QComboBox())
        for row in self._networks:
            self.network.addItem(_network_line(row), row.mcc_mnc)
        self.country = QLineEdit(maxLength=LONGEST_NAME, placeholderText="russia")
        self.operator = QLineEdit(maxLength=LONGEST_NAME, placeholderText=tr("may stay empty"))
        self._note = Label("", "caption", wrap=True)
        self._lay_out()
        self.use_built_in = button(tr("Use the built-in name"))
        self.use_built_in.clicked.connect(lambda: self._emit_name("", ""))
        self.yes.clicked.connect(lambda: self._emit_name(self.country.text(), self.operator.text()))
        self.yes.setDefault(True)
        self.add_buttons(self.use_built_in)
        self.network.currentIndexChanged.connect(self._show_network)
        self.country.textChanged.connect(self._check)
        place = self.network.findData(mcc_mnc)
        self.network.setCurrentIndex(max(place, 0))
        self._show_network()
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
        self.content.addWidget(self.problem)
        self.content.addWidget(self._note)
        self.problem_field = self.country

    def _selected_network(self) -> NetworkRow:
        return self._networks[max(self.network.currentIndex(), 0)]

    def _show_network(self) -> None:
        row = self._selected_network()
        self.country.setText(row.country)
        self.operator.setText(row.operator)
        sims = counted(row.sims, "1 SIM in a phone", "%n SIMs in phones")
        sources = {"yours": tr("name set by you"), "built in": tr("built-in name")}
        self._note.setText(f"{sims}; {sources.get(row.source, tr('no name, so they cannot be offered'))}.")
        self.use_built_in.setVisible(row.source == "yours")
        self._check()

    def _check(self) -> None:
        self.show_problem("")
        self.yes.setEnabled(bool(self.country.text().strip()))

    def _emit_name(self, country: str, operator: str) -> None:
        row = self._selected_network()
        self.wait_for_outcome()
        self.named.emit(row.mcc_mnc, country.strip().lower(), operator.strip().lower())


def _network_line(row: NetworkRow) -> str:
    name = one_line(formats.place(row.country, row.operator), 60) if row.country else tr("unknown")
    return f"{row.mcc_mnc} · {name} · {counted(row.sims, '1 SIM', '%n SIMs')}"


class PatternsDialog(PairsDialog):
    """Edits the templates by which an SMS is known to state its SIM's number."""

    def __init__(
        self, parent: QWidget, theme: Theme, patterns: Sequence[NumberPattern], built_in: Sequence[NumberPattern]
    ) -> None:
        super().__init__(
            parent,
            theme,
            tr("Number templates"),
            tr(
                "An SMS that matches a template states the number of the SIM that received it. {number} stands for the "
                "number, … for a few words of any kind. If a sender is given, it must match exactly."
            ),
            (tr("Words"), tr("Sender")),
            [(pattern.text, pattern.sender) for pattern in patterns],
            [(pattern.text, pattern.sender) for pattern in built_in],
        )
        self.add_buttons(self.add, self.remove, self.reset)

    def patterns(self) -> list[NumberPattern]:
        return [NumberPattern(text=text, sender=sender) for text, sender in self.pairs()]
