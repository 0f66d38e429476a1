"""The rows of the Settings page: what it is, its control, and a note beside it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QFrame, QHBoxLayout, QVBoxLayout, QWidget

from phonefarm.application.model.read_models import SettingField, SettingKind, SettingProblem
from ui.pages.settings.controls import HEIGHT, make_control, on_or_off
from ui.style.theme import Theme
from ui.style.tokens import Tone
from ui.text.safe_text import one_line
from ui.text.words import choice_label, problem_sentence, setting_name, tr
from ui.widgets.basics import Label, button, plain_tooltip
from ui.widgets.flow_layout import FlowLayout
from ui.widgets.marked_label import MarkedLabel
from ui.widgets.timeline import Dot

CONTROL_WIDTH = 300
LABEL_SHARE, NOTE_SHARE = 392, 196
MARGIN = 20
WIDE = 860
"""From this width on the note has a column of its own."""
NOTE_HEIGHT, NOTE_TOP = 18, 7
"""Beside a control of 32 pixels, the note stands at its middle."""
LONGEST_FORMER = 22
"""Characters of a former value that is named beside its field."""


class LabelledRow(QFrame):
    """Name and explanation on the left, content in the middle, a note on the right or under the content."""

    def __init__(self, name: str, explanation: str, *content: QWidget) -> None:
        super().__init__()
        self.setProperty("role", "setting")
        self.name = MarkedLabel(name, "heading")
        self.explanation = MarkedLabel(explanation, "caption")
        left = QVBoxLayout()
        left.setSpacing(2)
        left.addWidget(self.name)
        left.addWidget(self.explanation)
        left.addStretch(1)
        middle = QWidget()
        middle.setFixedWidth(CONTROL_WIDTH)
        self._content = QVBoxLayout(middle)
        self._content.setContentsMargins(0, 0, 0, 0)
        self._content.setSpacing(4)
        self._right = QVBoxLayout()
        self._note_part: QWidget | None = None
        self._is_wide = False
        self._columns = QHBoxLayout(self)
        self._columns.setContentsMargins(MARGIN, 11, MARGIN, 11)
        self._columns.setSpacing(24)
        self._columns.addLayout(left, LABEL_SHARE)
        self._columns.addWidget(middle, 0, Qt.AlignmentFlag.AlignTop)
        self._columns.addLayout(self._right)
        self.add_content(*content)

    def add_content(self, *content: QWidget) -> None:
        for widget in content:
            self._content.addWidget(widget)

    def add_note(self, note: QWidget) -> None:
        self._note_part = note
        self._place_note()

    def search_text(self) -> str:
        return f"{self.name.plain} {self.explanation.plain}"

    def mark(self, words: Sequence[str], theme: Theme) -> None:
        self.name.mark(words, theme)
        self.explanation.mark(words, theme)

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: N802
        super().resizeEvent(event)
        if (is_wide := self.width() >= WIDE) is not self._is_wide:
            self._is_wide = is_wide
            self._place_note()

    def _place_note(self) -> None:
        self._columns.setStretch(2, NOTE_SHARE if self._is_wide else 0)
        if (note := self._note_part) is None:
            return
        note.setContentsMargins(0, NOTE_TOP if self._is_wide else 0, 0, 0)
        if self._is_wide:
            self._right.addWidget(note, 0, Qt.AlignmentFlag.AlignTop)
        else:
            self._content.addWidget(note)


def beside(*widgets: QWidget) -> QWidget:
    """Widgets in a line, each at its own width."""
    holder = QWidget()
    holder.setMinimumHeight(HEIGHT)
    row = QHBoxLayout(holder)
    row.setContentsMargins(0, 0, 0, 0)
    row.setSpacing(8)
    for widget in widgets:
        row.addWidget(widget)
    row.addStretch(1)
    return holder


class FieldRow(LabelledRow):
    """One setting: the page asks what was changed, and shows what is wrong."""

    changed = Signal()
    left = Signal()

    def __init__(self, setting: SettingField, theme: Theme) -> None:
        super().__init__(setting_name(setting.name), tr(setting.help))
        self.setting = setting
        self.problem: SettingProblem | None = None
        self.control = make_control(setting, theme)
        self.control.name(self.name.plain, self.explanation.plain)
        self.control.show_setting(setting)
        self.problem_text = Label("", "problem", wrap=True)
        self.problem_text.hide()
        self._dot = Dot(theme, Tone.INFO)
        self.note = Label("", "caption")
        self.note.setFixedHeight(NOTE_HEIGHT)
        self.fixed_note = Label("", "caption", wrap=True)
        self.link = button("", "link")
        self.link.clicked.connect(self._follow_link)
        self.add_content(self.control, self.problem_text)
        self.add_note(self._make_note())
        self.control.changed.connect(self._react)
        self.control.left.connect(self.left)
        self._show_note()

    def _make_note(self) -> QWidget:
        line = QWidget()
        flow = FlowLayout(line, spacing=6)
        for widget in (self._dot, self.note, self.link):
            flow.addWidget(widget)
        note = QWidget()
        column = QVBoxLayout(note)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(line)
        column.addWidget(self.fixed_note)
        line.setVisible(not self.setting.is_fixed)
        return note

    @property
    def field(self) -> QWidget:
        """What gets the focus."""
        return self.control.field

    def search_text(self) -> str:
        choices = (choice_label(self.setting.name, choice) for choice in self.setting.choices)
        return " ".join((super().search_text(), self.setting.name, *choices))

    # Its value -------------------------------------------------------------

    def value(self) -> str:
        return self.control.value()

    def is_changed(self) -> bool:
        return not self.setting.is_fixed and self.value() != self._saved_value()

    def undo(self) -> None:
        self.control.show_setting(self.setting)
        self.show_problem(None)

    def update_setting(self, setting: SettingField) -> bool:
        """Show the present value in place; False if it needs another kind of control."""
        before = self.setting
        if (before.name, before.kind, before.choices) != (setting.name, setting.kind, setting.choices):
            return False
        self.setting = setting
        self.undo()
        return True

    def accept(self, saved: str) -> None:
        """This value was saved; what was entered since stays a change."""
        is_all = self.value() == saved
        if self.setting.kind is SettingKind.SECRET:
            self.setting = replace(self.setting, is_set=True)
        else:
            self.setting = replace(self.setting, value=saved, source="file")
        if is_all:
            self.undo()
        else:
            self._show_note()

    def _saved_value(self) -> str:
        return "" if self.setting.kind is SettingKind.SECRET else self.setting.value

    def _react(self) -> None:
        self.show_problem(None)
        self.changed.emit()

    # What is wrong ---------------------------------------------------------

    def show_problem(self, problem: SettingProblem | None) -> None:
        self.problem = problem
        text = one_line(problem_sentence(problem.problem), 400) if problem is not None else ""
        self.problem_text.setText(text)
        self.problem_text.setVisible(bool(text))
        self.control.show_problem(bool(text))
        self._show_note()

    # The note --------------------------------------------------------------

    def _show_note(self) -> None:
        is_changed = self.is_changed()
        repair = self.problem.repair if self.problem is not None else ""
        text, link = self._note_words(is_changed=is_changed, repair=repair)
        self._dot.setVisible(is_changed and not repair)
        self.note.setText(text)
        self.note.setVisible(bool(text))
        is_set = self.setting.source == "environment"
        fixed = tr("Set by {name} in the environment") if is_set else tr("Only {name} in the environment sets it")
        self.fixed_note.setText(fixed.format(name=self.setting.environment))
        self.fixed_note.setVisible(self.setting.is_fixed)
        self.link.setText(link)
        self.link.setAccessibleName(f"{link}: {self.name.plain}")
        self.link.setVisible(bool(link))
        self.note.setToolTip(plain_tooltip(self._saved_value()) if is_changed else "")

    def _note_words(self, *, is_changed: bool, repair: str) -> tuple[str, str]:
        """The text and the link behind it."""
        if repair:
            is_url = repair.startswith("https://")
            return "", tr("Change to https://") if is_url else tr("Change to {value}").format(value=repair)
        if is_changed:
            former = self._words(self._saved_value())
            if self.setting.kind is SettingKind.SECRET or len(former) > LONGEST_FORMER:
                return tr("changed"), tr("Undo")
            return tr("changed, was {value}").format(value=former), tr("Undo")
        setting = self.setting
        if setting.is_fixed:
            return "", ""
        if setting.kind is SettingKind.SECRET:
            return _place_of_secret(setting.source), ""
        if setting.value == setting.default:
            return tr("default"), ""
        if not setting.default or len(self._words(setting.default)) > LONGEST_FORMER:
            return "", ""
        return tr("default: {value}").format(value=self._words(setting.default)), tr("Use it")

    def _words(self, value: str) -> str:
        match self.setting.kind:
            case SettingKind.SWITCH:
                return on_or_off(value == "true").lower()
            case SettingKind.CHOICE:
                return choice_label(self.setting.name, value)
            case _:
                return value or tr("empty")

    def _follow_link(self) -> None:
        """The link goes, so the focus must not be left on it."""
        self.field.setFocus(Qt.FocusReason.OtherFocusReason)
        if self.problem is not None and self.problem.repair:
            self.control.show_value(self.problem.repair)
        elif self.is_changed():
            self.undo()
            self.changed.emit()
        else:
            self.control.show_value(self.setting.default)
        self.left.emit()


def _place_of_secret(source: str) -> str:
    match source:
        case "keyring":
            return tr("in the keyring of this PC")
        case "key file":
            return tr("in a file that only you can read")
        case "environment":
            return tr("from the environment")
        case _:
            return tr("not set")
