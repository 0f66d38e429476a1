"""All settings under each other, group by group; one group is shown, or the hits of a search."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from PySide6.QtWidgets import QVBoxLayout, QWidget

from phonefarm.application.model.read_models import SettingField
from ui.pages.settings.groups import GROUPS, SettingGroup, group_of, is_of_use
from ui.pages.settings.setting_rows import MARGIN, FieldRow, LabelledRow
from ui.style.theme import Theme
from ui.text.words import tr
from ui.widgets.basics import Label


class _Section(QWidget):
    """A group: its heading (in a search only), the parts above, the settings, the parts below."""

    def __init__(self, group: SettingGroup) -> None:
        super().__init__()
        self.group = group
        self.heading = Label(group.label(), "section")
        self.heading.setIndent(0)
        self.heading.setContentsMargins(MARGIN, 14, MARGIN, 2)
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(0, 0, 0, 0)
        self._column.setSpacing(0)
        self._column.addWidget(self.heading)
        self._above: list[QWidget] = []
        self._below: list[QWidget] = []
        self.rows: list[FieldRow] = []

    @property
    def parts(self) -> list[QWidget]:
        return self._above + self._below

    def add_part(self, part: QWidget, *, is_above: bool) -> None:
        if is_above:
            self._above.append(part)
            self._column.insertWidget(len(self._above), part)
        else:
            self._below.append(part)
            self._column.addWidget(part)

    def fill(self, rows: Sequence[FieldRow]) -> None:
        for row in self.rows:
            row.hide()
            row.deleteLater()
        self.rows = list(rows)
        for place, row in enumerate(self.rows, 1 + len(self._above)):
            self._column.insertWidget(place, row)


class SettingList(QWidget):
    """Rows are hidden and shown, never moved, so that input, focus and scroll position stay."""

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._theme = theme
        self.rows: dict[str, FieldRow] = {}
        self.nothing = Label("", "dim", wrap=True)
        self.nothing.setContentsMargins(MARGIN, MARGIN, MARGIN, MARGIN)
        self._sections = {group: _Section(group) for group in SettingGroup}
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(self.nothing)
        for section in self._sections.values():
            column.addWidget(section)
        column.addStretch(1)

    # What there is ---------------------------------------------------------

    def add_part(self, group: SettingGroup, part: QWidget, *, is_above: bool) -> None:
        self._sections[group].add_part(part, is_above=is_above)

    def has_content(self, group: SettingGroup) -> bool:
        return bool(GROUPS[group] or self._sections[group].parts)

    def fill(self, settings: Sequence[SettingField]) -> Iterator[FieldRow]:
        """Make the rows anew; returns them."""
        made = {setting.name: FieldRow(setting, self._theme) for setting in settings}
        self.rows = {
            name: made[name]
            for group, section in self._sections.items()
            for name in (*GROUPS[group], *made)
            if name in made and group_of(name) is section.group
        }
        for group, section in self._sections.items():
            section.fill([row for name, row in self.rows.items() if group_of(name) is group])
        return iter(self.rows.values())

    def update_in_place(self, settings: Sequence[SettingField]) -> bool:
        """False if there are other settings now."""
        by_name = {setting.name: setting for setting in settings}
        if by_name.keys() != self.rows.keys():
            return False
        return all(row.update_setting(by_name[name]) for name, row in self.rows.items())

    def group_of(self, name: str) -> SettingGroup:
        return group_of(name)

    # What is shown ---------------------------------------------------------

    def show_rows(self, group: SettingGroup, query: Sequence[str]) -> None:
        """The settings of a group that are of use; with a query, those of all groups that match it."""
        wanted = [word.casefold() for word in query]
        values = {name: row.value() for name, row in self.rows.items()}
        found = False
        for section in self._sections.values():
            is_here = section.group is group
            for row in section.rows:
                is_useful = is_of_use(row.setting.name, values) or row.is_changed() or row.problem is not None
                row.setVisible(_matches(row, section.group, wanted) if wanted else is_here and is_useful)
                row.mark(query, self._theme)
            for part in section.parts:
                if isinstance(part, LabelledRow):
                    part.setVisible(_matches(part, section.group, wanted) if wanted else is_here)
                    part.mark(query, self._theme)
                else:
                    part.setVisible(is_here and not wanted)
            is_shown = any(not widget.isHidden() for widget in (*section.rows, *section.parts))
            section.heading.setVisible(bool(wanted))
            section.setVisible(is_shown)
            found |= is_shown
        self.nothing.setText(tr("No setting matches “{query}”.").format(query=" ".join(query)))
        self.nothing.setVisible(bool(wanted) and not found)

    def first_shown(self) -> FieldRow | None:
        return next((row for row in self.rows.values() if row.isVisibleTo(self)), None)


def _matches(row: LabelledRow, group: SettingGroup, words: Sequence[str]) -> bool:
    text = f"{row.search_text()} {group.label()}".casefold()
    return all(word in text for word in words)
