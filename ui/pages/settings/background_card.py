"""The card "Window" of the Settings page: how it looks, whether it starts at login, what its close button does."""

from __future__ import annotations

from PySide6.QtWidgets import QCheckBox, QComboBox

from ui.dialogs.close_dialog import CloseMemory, OnClose
from ui.engine.actions import Actions
from ui.pages.settings.setting_rows import LabelledRow
from ui.text.words import tr
from ui.widgets.wheel_guard import guarded

CHOICES = {
    OnClose.ASK: "Ask what to do",
    OnClose.KEEP: "Keep selling in the background",
    OnClose.STOP: "Stop selling and quit",
}


class StartAtLoginRow(LabelledRow):
    """A switch that takes effect at once; it goes back if the system refuses."""

    def __init__(self, actions: Actions) -> None:
        self._actions = actions
        self.switch = QCheckBox(tr("Off"))
        self.switch.setAccessibleName(tr("Start at login"))
        self.switch.setEnabled(False)
        super().__init__(
            tr("Start at login"),
            tr("phonefarm starts in the background when you log in to this PC. Takes effect at once."),
            self.switch,
        )
        self.switch.clicked.connect(self._set)

    async def refresh(self) -> None:
        is_on = await self._actions.ask(tr("reading the start at login"), lambda desk: desk.starts_at_login())
        self.switch.setEnabled(is_on is not None)
        self._show(bool(is_on))

    def _set(self, on: bool) -> None:
        self.switch.setEnabled(False)
        self._actions.start(lambda: self._apply(on), tr("setting the start at login"))

    async def _apply(self, on: bool) -> None:
        await self._actions.ask(tr("setting the start at login"), lambda desk: desk.set_start_at_login(on))
        await self.refresh()

    def _show(self, on: bool) -> None:
        self.switch.setChecked(on)
        self.switch.setText(tr("On") if on else tr("Off"))


class CloseChoiceRow(LabelledRow):
    """The remembered answer of the question at closing."""

    def __init__(self, memory: CloseMemory) -> None:
        self._memory = memory
        self.box = guarded(QComboBox())
        for choice, text in CHOICES.items():
            self.box.addItem(tr(text), choice)
        self.box.setAccessibleName(tr("When the window is closed"))
        super().__init__(
            tr("When the window is closed"),
            tr("In the background phonefarm stays in the tray, or minimised where there is none."),
            self.box,
        )
        self._show()
        self.box.currentIndexChanged.connect(lambda place: memory.keep(list(CHOICES)[place]))
        memory.changed.connect(self._show)

    def _show(self) -> None:
        self.box.setCurrentIndex(list(CHOICES).index(self._memory.choice))
