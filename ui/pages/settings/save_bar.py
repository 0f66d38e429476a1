"""The bar at the foot of the settings: what is changed, what is wrong, Discard and Save."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QFrame, QHBoxLayout, QWidget

from ui.pages.settings.groups import SettingGroup
from ui.text import formats
from ui.text.words import counted, tr
from ui.widgets.basics import Label, button, plain_tooltip

HEIGHT = 56
SAVED_SHOWN_MS = 5_000


class SaveBar(QFrame):
    """Always in sight; no part of it is cut: parts that do not fit are left out, the least important first."""

    problem_requested = Signal()
    """Show the first wrong field."""

    def __init__(self) -> None:
        super().__init__()
        self.setObjectName("savebar")
        self.setFixedHeight(HEIGHT)
        self.count = Label(tr("No changes"), "dim")
        self.places = Label("", "dim")
        self.wrong = Label("", "heading")
        self.wrong.setProperty("ink", "bad")
        self.problem = button("", "link")
        self.state = Label("", "dim")
        self.discard = button(tr("Discard"))
        self.save = button(tr("Save"), "main")
        self._saved = QTimer(self, singleShot=True, interval=SAVED_SHOWN_MS)
        self._saved.timeout.connect(self._forget_saved)
        self._is_saving = False
        self.problem.clicked.connect(self.problem_requested)
        for pressed in (self.save, self.discard):
            pressed.setFocusPolicy(Qt.FocusPolicy.TabFocus)  # a click leaves the focus where it is
        row = QHBoxLayout(self)
        row.setContentsMargins(20, 0, 20, 0)
        row.setSpacing(8)
        for widget in (self.count, self.places, self.wrong, self.problem):
            row.addWidget(widget)
        row.addStretch(1)
        for widget in (self.state, self.discard, self.save):
            row.addWidget(widget)
        self.show_changes({}, None, None, restarts=False)

    def show_changes(
        self,
        changed: Mapping[SettingGroup, int],
        here: SettingGroup | None,
        wrong: tuple[int, str] | None,
        *,
        restarts: bool,
    ) -> None:
        """`wrong`: how many settings, and the name of the first one; `restarts`: Save restarts the engine."""
        total = sum(changed.values())
        self.count.setText(counted(total, "1 change", "%n changes") if total else tr("No changes"))
        self.count.setProperty("role", "heading" if total else "dim")
        self.count.style().polish(self.count)
        self.places.setText(_places(changed, here))
        self.wrong.setText(counted(wrong[0], "1 to correct:", "%n to correct:") if wrong else "")
        self.problem.setText(wrong[1] if wrong else "")
        self.problem.setAccessibleName(tr("Show the wrong setting: {name}").format(name=self.problem.text()))
        self.discard.setEnabled(bool(total) and not self._is_saving)
        self.save.setEnabled(bool(total) and not wrong and not self._is_saving)
        self.save.setToolTip(plain_tooltip(f"{how_applied(restarts=restarts)} ({tr('Ctrl+S')})") if total else "")
        if total and not self._is_saving:
            self._saved.stop()
        if not self._is_saving and not self._saved.isActive():
            self.state.setText(how_applied(restarts=restarts) if total else "")
        self._fit()

    def show_saving(self, *, restarts: bool) -> None:
        self._is_saving = True
        self.state.setText(how_applied(restarts=restarts))
        self.save.setEnabled(False)
        self.discard.setEnabled(False)
        self._fit()

    def show_saved(self, now: datetime) -> None:
        self._is_saving = False
        self.state.setText(tr("Saved {time}").format(time=formats.hour_minute(now)))
        self._saved.start()
        self._fit()

    def end_saving(self) -> None:
        """Nothing was saved."""
        self._is_saving = False
        self.state.setText("")

    def _forget_saved(self) -> None:
        self.state.setText("")
        self._fit()

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: N802
        super().resizeEvent(event)
        self._fit()

    def _fit(self) -> None:
        """What must be corrected comes before how it is applied, and that before the places."""
        parts: list[tuple[QWidget, bool]] = [
            (self.count, True),
            (self.wrong, bool(self.wrong.text())),
            (self.problem, bool(self.problem.text())),
            (self.discard, True),
            (self.save, True),
            (self.state, bool(self.state.text())),
            (self.places, bool(self.places.text())),
        ]
        room = self.width() - 40
        for widget, is_wanted in parts:
            width = widget.sizeHint().width() + 8
            is_shown = is_wanted and width <= room
            room -= width if is_shown else 0
            widget.setVisible(is_shown)


def how_applied(*, restarts: bool) -> str:
    if restarts:
        return tr("Applies in about 3 s, rents and queue stay")
    return tr("Applies at once, selling goes on")


def _places(changed: Mapping[SettingGroup, int], here: SettingGroup | None) -> str:
    """`3 here, 1 in Phones`; nothing if all of them are here."""
    elsewhere = {group: count for group, count in changed.items() if count and group is not here}
    if not elsewhere:
        return ""
    places = [tr("{count} in {group}").format(count=count, group=group.label()) for group, count in elsewhere.items()]
    if here is not None and changed.get(here):
        places.insert(0, tr("{count} here").format(count=changed[here]))
    return ", ".join(places)
