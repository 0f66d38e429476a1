"""The rows of the Settings page."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QComboBox, QHBoxLayout, QLineEdit, QVBoxLayout, QWidget

from phonefarm.application.model.read_models import SettingField
from ui.text.safe_text import one_line
from ui.text.words import setting_name, tr
from ui.widgets.basics import Label, restyle
from ui.widgets.wheel_guard import guarded


class LabelledRow(QWidget):
    """Name and explanation on the left, content on the right."""

    def __init__(self, name: str, explanation: str, *content: QWidget) -> None:
        super().__init__()
        left = QVBoxLayout()
        left.setSpacing(2)
        left.addWidget(Label(name, "heading", wrap=True))
        left.addWidget(Label(explanation, "caption", wrap=True))
        left.addStretch(1)
        self._right = QVBoxLayout()
        self._right.setSpacing(4)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 8, 0, 8)
        row.setSpacing(24)
        row.addLayout(left, 1)
        row.addLayout(self._right, 1)
        self.add_content(*content)

    def add_content(self, *content: QWidget) -> None:
        if content:
            for widget in content:
                self._right.addWidget(widget)
            self._right.addStretch(1)


class FieldRow(LabelledRow):
    """One setting: name and help on the left; on the right its value, and below it the problem and the source."""

    changed = Signal()

    def __init__(self, setting: SettingField) -> None:
        super().__init__(setting_name(setting.name), tr(setting.help))
        self.setting = setting
        self.editor = self._make_editor()
        self._show_state()
        self.editor.setAccessibleName(setting_name(setting.name))
        self.editor.setAccessibleDescription(setting.help)
        self.note = Label(self._source(), "caption", wrap=True)
        self.problem = Label("", "problem", wrap=True)
        self.problem.hide()
        self.add_content(self.editor, self.problem, self.note)

    @property
    def is_editable(self) -> bool:
        return self.setting.source != "environment"

    def update_setting(self, setting: SettingField) -> bool:
        """Show the present value in place; False if it needs another kind of editor."""
        before = self.setting
        if (before.name, before.choices, before.secret) != (setting.name, setting.choices, setting.secret):
            return False
        self.setting = setting
        self._show_state()
        self.undo()
        self.note.setText(self._source())
        return True

    def _make_editor(self) -> QLineEdit | QComboBox:
        setting = self.setting
        if setting.choices:
            box = guarded(QComboBox())
            box.addItems(list(setting.choices))
            box.setCurrentText(setting.value)
            box.currentTextChanged.connect(self.changed)
            return box
        line = QLineEdit(setting.value)
        line.setCursorPosition(0)
        if setting.secret:
            line.setEchoMode(QLineEdit.EchoMode.Password)
        line.textChanged.connect(self.changed)
        return line

    def _show_state(self) -> None:
        """Whether it is editable, and the placeholder of an empty field."""
        editor, setting = self.editor, self.setting
        if isinstance(editor, QComboBox):
            editor.setEnabled(self.is_editable)
            return
        editor.setReadOnly(not self.is_editable)
        if setting.secret:
            editor.setPlaceholderText(tr("set; enter a new one to replace it") if setting.is_set else tr("not set"))
        else:
            editor.setPlaceholderText("" if setting.value else setting.default or tr("not set"))

    def value(self) -> str:
        return self.editor.currentText() if isinstance(self.editor, QComboBox) else self.editor.text()

    def is_changed(self) -> bool:
        return self.is_editable and self.value() != ("" if self.setting.secret else self.setting.value)

    def undo(self) -> None:
        value = "" if self.setting.secret else self.setting.value
        if isinstance(self.editor, QComboBox):
            self.editor.setCurrentText(value)
        elif value != self.editor.text():
            cursor = self.editor.cursorPosition()
            self.editor.setText(value)
            self.editor.setCursorPosition(cursor)
        self.show_problem("")

    def show_problem(self, problem: str) -> None:
        self.problem.setText(one_line(problem, 400))
        self.problem.setVisible(bool(problem))
        restyle(self.editor, "state", "problem" if problem else "")

    def _source(self) -> str:
        setting = self.setting
        match setting.source:
            case "environment":
                return tr("Set in the environment by {name}: change it there.").format(name=setting.environment)
            case "keyring":
                source = tr("kept in the system's keyring")
            case "key file":
                source = tr("kept in a file that only you can read")
            case "file":
                source = tr("from settings.toml")
            case _:
                source = tr("default")
        return source
