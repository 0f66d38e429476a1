"""Enters one channel of the alerts: the few fields of its kind; a secret is never shown again."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QGridLayout, QLineEdit, QWidget

from phonefarm.application.model.alerts import FORMS, Channel, ChannelForm, ChannelKind
from phonefarm.application.model.read_models import SettingProblem
from ui.dialogs.form_dialog import FormDialog
from ui.text.safe_text import one_line
from ui.text.words.alerts import CHANNEL_HELP, CHANNELS, FIELDS, KEPT, PLACEHOLDERS
from ui.text.words.core import tr
from ui.widgets.basics import Label, button, restyle

NAME = "name"
LONGEST_NAME = 40
LONGEST_VALUE = 2000


class ChannelDialog(FormDialog):
    """`save_requested` carries a ChannelForm; `remove_requested` the id of the channel that is changed."""

    save_requested = Signal(object)
    remove_requested = Signal(str)

    def __init__(self, parent: QWidget, kind: ChannelKind, channel: Channel | None = None) -> None:
        name = tr(CHANNELS[kind])
        title = tr("Add {kind}") if channel is None else tr("Change {kind}")
        super().__init__(parent, title.format(kind=name), tr(CHANNEL_HELP[kind]))
        self.setMinimumWidth(460)
        self._kind = kind
        self._channel = channel
        self.fields: dict[str, QLineEdit] = {}
        self._problems: dict[str, Label] = {}
        self._grid = QGridLayout()
        self._grid.setHorizontalSpacing(16)
        self._grid.setVerticalSpacing(4)
        self._grid.setColumnStretch(1, 1)
        self._add_field(NAME, tr("Name"), LONGEST_NAME).setText(name if channel is None else channel.name)
        for field in FORMS[kind]:
            self._add_form_field(field.name, is_secret=field.is_secret)
        self.content.addSpacing(4)
        self.content.addLayout(self._grid)
        self.content.addWidget(self.problem)
        self.remove = button(tr("Remove"), "danger")
        if channel is None:
            self.remove.hide()
        self.remove.clicked.connect(self._request_removal)
        self.yes.clicked.connect(self._request_save)
        self.yes.setDefault(True)
        self.add_buttons(self.remove)
        self.fields[FORMS[kind][0].name].setFocus()

    def form(self) -> ChannelForm:
        values = {name: field.text() for name, field in self.fields.items() if name != NAME}
        return ChannelForm(
            channel_id="" if self._channel is None else self._channel.channel_id,
            kind=self._kind,
            name=self.fields[NAME].text() or tr(CHANNELS[self._kind]),
            is_on=True if self._channel is None else self._channel.is_on,
            values=values,
        )

    def show_problems(self, problems: Sequence[SettingProblem]) -> None:
        """Each at its field; what was entered stays."""
        by_name = {problem.name: problem.problem for problem in problems}
        for name, label in self._problems.items():
            said = one_line(by_name.get(name, ""), 300)
            label.setText(said)
            label.setVisible(bool(said))
            restyle(self.fields[name], "state", "problem" if said else "")
        self.yes.setEnabled(True)
        for problem in problems:
            if problem.name in self.fields:
                self.fields[problem.name].setFocus()
                break
        self._grow_to_fit()

    def _add_form_field(self, name: str, *, is_secret: bool) -> None:
        line = self._add_field(name, tr(FIELDS[name]), LONGEST_VALUE)
        line.setPlaceholderText(tr(PLACEHOLDERS.get((self._kind, name), "")))
        if is_secret:
            line.setEchoMode(QLineEdit.EchoMode.Password)
        if self._channel is None:
            return
        if is_secret:
            line.setPlaceholderText(tr(KEPT))
        else:
            line.setText(self._channel.fields.get(name, ""))

    def _add_field(self, name: str, caption_text: str, longest: int) -> QLineEdit:
        line = QLineEdit(maxLength=longest)
        line.setAccessibleName(caption_text)
        caption = Label(caption_text)
        caption.setBuddy(line)
        problem = Label("", "problem", wrap=True)
        problem.hide()
        place = self._grid.rowCount()
        self._grid.addWidget(caption, place, 0)
        self._grid.addWidget(line, place, 1)
        self._grid.addWidget(problem, place + 1, 1)
        self.fields[name] = line
        self._problems[name] = problem
        return line

    def _request_save(self) -> None:
        self.wait_for_outcome()
        self.save_requested.emit(self.form())

    def _request_removal(self) -> None:
        if self._channel is not None:
            self.remove_requested.emit(self._channel.channel_id)
