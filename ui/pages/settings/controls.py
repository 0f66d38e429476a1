"""The controls of settings: one for each kind, all used alike."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QObject, Qt, Signal
from PySide6.QtGui import QFocusEvent
from PySide6.QtWidgets import QComboBox, QFileDialog, QHBoxLayout, QLineEdit, QPushButton, QWidget

from phonefarm.application.model.read_models import SettingField, SettingKind
from ui.style.theme import Theme
from ui.text.words import choice_label, setting_name, tr
from ui.widgets.basics import Label, button, restyle
from ui.widgets.number_field import NumberField
from ui.widgets.switch import Switch
from ui.widgets.wheel_guard import guarded

HEIGHT = 32
SECRET_DOTS = "••••••••"
_NO_LEAVING = (Qt.FocusReason.PopupFocusReason, Qt.FocusReason.MenuBarFocusReason)


class Control(QWidget):
    """Shows one value as text; `field` is what gets the focus."""

    changed = Signal()
    left = Signal()
    """The user has finished with the field: the focus has left it, or a choice was made."""

    def __init__(self, field: QWidget, *beside: QWidget) -> None:
        super().__init__()
        self.field = field
        self.setFocusProxy(field)
        field.installEventFilter(self)
        self.setMinimumHeight(HEIGHT)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(8)
        row.addWidget(field)
        for widget in beside:
            row.addWidget(widget)

    def value(self) -> str:
        raise NotImplementedError

    def show_setting(self, setting: SettingField) -> None:
        """The setting as it is saved; input of the user is given up."""
        raise NotImplementedError

    def show_value(self, text: str) -> None:
        """As if the user had entered it."""
        raise NotImplementedError

    def show_problem(self, is_wrong: bool) -> None:
        restyle(self.field, "state", "problem" if is_wrong else "")

    def name(self, name: str, explanation: str) -> None:
        self.field.setAccessibleName(name)
        self.field.setAccessibleDescription(explanation)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:  # noqa: N802
        if event.type() == QEvent.Type.FocusOut and isinstance(event, QFocusEvent):
            self._note_leaving(event.reason())
        return False

    def _note_leaving(self, reason: Qt.FocusReason) -> None:
        if reason not in _NO_LEAVING:
            self.left.emit()

    def _fill_up(self) -> None:
        """Keeps the field at its own width."""
        layout = self.layout()
        assert isinstance(layout, QHBoxLayout)
        layout.addStretch(1)


class SwitchControl(Control):
    def __init__(self, theme: Theme) -> None:
        self.switch = Switch(theme, "")
        self.word = Label("", "dim")
        super().__init__(self.switch, self.word)
        self._fill_up()
        self.switch.toggled.connect(self._toggled)
        self.switch.clicked.connect(self.left)
        self._toggled(False)

    def value(self) -> str:
        return "true" if self.switch.isChecked() else "false"

    def show_setting(self, setting: SettingField) -> None:
        self.switch.setEnabled(not setting.is_fixed)
        self.show_value(setting.value)

    def show_value(self, text: str) -> None:
        self.switch.setChecked(text == "true")

    def _toggled(self, is_on: bool) -> None:
        self.word.setText(on_or_off(is_on))
        self.changed.emit()


class ChoiceControl(Control):
    def __init__(self, name: str, choices: tuple[str, ...]) -> None:
        self.box = guarded(QComboBox())
        super().__init__(self.box)
        for choice in choices:
            self.box.addItem(choice_label(name, choice), choice)
        self.box.currentIndexChanged.connect(lambda _: self.changed.emit())
        self.box.activated.connect(lambda _: self.left.emit())

    def value(self) -> str:
        return str(self.box.currentData())

    def show_setting(self, setting: SettingField) -> None:
        self.box.setEnabled(not setting.is_fixed)
        self.show_value(setting.value)

    def show_value(self, text: str) -> None:
        self.box.setCurrentIndex(self.box.findData(text))


class NumberControl(Control):
    """An emptied field means the default."""

    def __init__(self, theme: Theme, setting: SettingField) -> None:
        unit = tr(setting.unit) if setting.unit else ""
        self.number = guarded(NumberField(theme, unit, setting.minimum, setting.maximum, is_whole=setting.is_whole))
        super().__init__(self.number)
        self._fill_up()
        self._default = setting.default
        self.number.changed.connect(self.changed)

    def name(self, name: str, explanation: str) -> None:
        super().name(name, explanation)
        self.number.lineEdit().setAccessibleName(name)

    def value(self) -> str:
        return self.number.value()

    def show_setting(self, setting: SettingField) -> None:
        self.number.setReadOnly(setting.is_fixed)
        self.number.setEnabled(not setting.is_fixed)
        self._default = setting.default
        self.show_value(setting.value)

    def show_value(self, text: str) -> None:
        self.number.show_value(text)

    def _note_leaving(self, reason: Qt.FocusReason) -> None:
        if not self.value():
            self.show_value(self._default)
        super()._note_leaving(reason)


class LineControl(Control):
    """Text and addresses."""

    def __init__(self, *beside: QWidget) -> None:
        self.line = QLineEdit()
        super().__init__(self.line, *beside)
        self.line.textChanged.connect(lambda _: self.changed.emit())

    def value(self) -> str:
        return self.line.text().strip()

    def show_setting(self, setting: SettingField) -> None:
        self.line.setReadOnly(setting.is_fixed)
        self.line.setPlaceholderText(setting.default or tr("none"))
        self.show_value(setting.value)
        self.line.setCursorPosition(0)

    def show_value(self, text: str) -> None:
        if text != self.line.text():
            cursor = self.line.cursorPosition()
            self.line.setText(text)
            self.line.setCursorPosition(cursor)


class PathControl(LineControl):
    """A file, typed or chosen."""

    def __init__(self, name: str) -> None:
        self.choose = button(tr("Choose…"), name=tr("Choose a file: {name}").format(name=setting_name(name)))
        super().__init__(self.choose)
        self._title = setting_name(name)
        self.dialog: QFileDialog | None = None
        self.choose.clicked.connect(self._open_dialog)

    def show_setting(self, setting: SettingField) -> None:
        super().show_setting(setting)
        self.choose.setVisible(not setting.is_fixed)

    def _open_dialog(self) -> None:
        self.dialog = dialog = QFileDialog(self, self._title, self.value())
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.setFileMode(QFileDialog.FileMode.ExistingFile)
        dialog.fileSelected.connect(self._take)
        dialog.open()

    def _take(self, path: str) -> None:
        self.show_value(path)
        self.left.emit()


class SecretControl(Control):
    """Never shows the secret: dots if there is one, and a way to replace it."""

    def __init__(self) -> None:
        self.line = QLineEdit()
        self.replace: QPushButton = button(tr("Replace…"))
        super().__init__(self.line, self.replace)
        self._is_set = False
        self._is_fixed = False
        self._is_entering = False
        self.replace.clicked.connect(self._switch)
        self.line.textChanged.connect(lambda _: self.changed.emit())

    def value(self) -> str:
        """What replaces the secret; empty while nothing was entered."""
        return self.line.text().strip() if self._is_entering else ""

    def show_setting(self, setting: SettingField) -> None:
        self._is_set, self._is_fixed = setting.is_set, setting.is_fixed
        self._enter(is_entering=not setting.is_set and not setting.is_fixed)

    def show_value(self, text: str) -> None:
        self._enter(is_entering=bool(text) or not self._is_set)
        self.line.setText(text if self._is_entering else self.line.text())

    def _switch(self) -> None:
        self._enter(is_entering=not self._is_entering)
        if self._is_entering:
            self.line.setFocus(Qt.FocusReason.OtherFocusReason)

    def _enter(self, *, is_entering: bool) -> None:
        self._is_entering = is_entering
        self.line.setReadOnly(not is_entering)
        echo = QLineEdit.EchoMode.Password if is_entering else QLineEdit.EchoMode.Normal
        self.line.setEchoMode(echo)
        self.line.setText("" if is_entering or not self._is_set else SECRET_DOTS)
        self.line.setPlaceholderText(tr("Paste it here") if is_entering else tr("none"))
        self.replace.setText(tr("Keep the old one") if is_entering else tr("Replace…"))
        self.replace.setVisible(self._is_set and not self._is_fixed)


def make_control(setting: SettingField, theme: Theme) -> Control:
    match setting.kind:
        case SettingKind.SWITCH:
            return SwitchControl(theme)
        case SettingKind.CHOICE:
            return ChoiceControl(setting.name, setting.choices)
        case SettingKind.NUMBER:
            return NumberControl(theme, setting)
        case SettingKind.PATH:
            return PathControl(setting.name)
        case SettingKind.SECRET:
            return SecretControl()
        case SettingKind.TEXT | SettingKind.ADDRESS:
            return LineControl()


def on_or_off(is_on: bool) -> str:
    return tr("On") if is_on else tr("Off")
