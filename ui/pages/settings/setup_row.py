"""The row that opens the path to the first sale again."""

from __future__ import annotations

from collections.abc import Callable

from ui.pages.settings.setting_rows import LabelledRow, beside
from ui.text.words import tr
from ui.widgets.basics import button


class SetupRow(LabelledRow):
    def __init__(self, open_setup: Callable[[], None]) -> None:
        self.open = button(tr("Open the checklist"))
        self.open.clicked.connect(lambda: open_setup())
        about = tr("The seven steps from the key to the first order.")
        super().__init__(tr("Ready to sell"), about, beside(self.open))
