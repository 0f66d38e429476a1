"""The row that opens the path to the first sale again."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtWidgets import QHBoxLayout, QWidget

from ui.pages.settings.setting_rows import LabelledRow
from ui.text.words import tr
from ui.widgets.basics import button


class SetupRow(LabelledRow):
    def __init__(self, open_setup: Callable[[], None]) -> None:
        self.open = button(tr("Open the checklist"))
        self.open.clicked.connect(lambda: open_setup())
        holder = QWidget()
        row = QHBoxLayout(holder)
        row.setContentsMargins(0, 0, 0, 0)
        row.addWidget(self.open)
        row.addStretch(1)
        super().__init__(tr("Ready to sell"), tr("The seven steps from the key to the first order."), holder)
