"""The Settings page: groups and search at the left, their settings, and a bar with Save and Discard."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from functools import partial

from PySide6.QtCore import Qt
from PySide6.QtGui import QKeySequence, QShortcut
from PySide6.QtWidgets import QComboBox, QFrame, QHBoxLayout, QScrollArea, QStackedWidget, QVBoxLayout, QWidget

from phonefarm.application.model.read_models import SettingField, SettingProblem, Topic
from phonefarm.support.tasks import Tasks
from ui.commands.privacy_commands import PrivacyCommands
from ui.dialogs.close_dialog import CloseMemory
from ui.dialogs.questions import Question, confirm
from ui.engine.actions import Actions
from ui.engine.engine_link import Keys
from ui.engine.feed import Feed
from ui.listing.page import SETUP_KEY, Page
from ui.pages.settings.alerts import AlertsPanel
from ui.pages.settings.background_card import CloseChoiceRow, StartAtLoginRow
from ui.pages.settings.group_list import GroupList
from ui.pages.settings.groups import SettingGroup
from ui.pages.settings.save_bar import SaveBar
from ui.pages.settings.setting_list import SettingList
from ui.pages.settings.setting_rows import MARGIN, FieldRow, LabelledRow, beside
from ui.pages.settings.setup_row import SetupRow
from ui.panels.public_address_panel import PublicAddressPanel
from ui.style.theme import Theme, ThemeMode
from ui.style.tokens import Tone
from ui.table.row_table import utc_now
from ui.text.words import setting_name, tr
from ui.widgets.basics import Card, Label, button
from ui.widgets.wheel_guard import guarded

KEY = "api_key"
"""A new key is used at once; the engine restarts for every other setting."""
HEAD_HEIGHT = 32
"""Also with a button in it, so that nothing moves when the group changes."""
GAP = 16
MODES = {ThemeMode.SYSTEM: "System", ThemeMode.LIGHT: "Light", ThemeMode.DARK: "Dark"}


class SettingsPage(Page):
    """Keeps what the user enters until it is saved or discarded; Save stores all changes or none.

    Only a key that no keyring accepts stays behind while the rest is saved.
    """

    def __init__(
        self, privacy: PrivacyCommands, actions: Actions, tasks: Tasks, theme: Theme, close_memory: CloseMemory
    ) -> None:
        super().__init__(Topic.SETTINGS)
        self._privacy = privacy
        self._actions = actions
        self._theme = theme
        self._group = SettingGroup.SELLING
        self._checks = 0
        self._is_saving = False
        self.key_question: Question | None = None
        self.feed = Feed(self._refresh, tasks, tr("Settings"), self)
        self._part_feeds: list[Feed] = []
        self.groups = GroupList(theme)
        self.list = SettingList(theme)
        self.bar = SaveBar()
        self.save, self.discard = self.bar.save, self.bar.discard
        self.scroll_area = QScrollArea()
        self.place = Label("", "dim")
        self.alerts = AlertsPanel(actions, tasks, theme)
        self._lay_out()
        self._add_parts(tasks, close_memory)
        self._connect()
        self.show_group(self._group)

    def _lay_out(self) -> None:
        head = QHBoxLayout()
        head.setSpacing(12)
        title = Label(tr("Settings"), "title")
        title.setMinimumHeight(HEAD_HEIGHT)
        head.addWidget(title)
        head.addWidget(self.place)
        head.addStretch(1)
        head.addWidget(self.alerts.head)
        card = Card(margins=1, spacing=0)
        card.content.addWidget(_scrolling(self.scroll_area, self.list), 1)
        card.content.addWidget(self.bar)
        self._stack = QStackedWidget()
        self._stack.addWidget(card)
        self._stack.addWidget(_scrolling(QScrollArea(), self.alerts))
        columns = QHBoxLayout()
        columns.setSpacing(GAP)
        columns.addWidget(self.groups)
        columns.addWidget(self._stack, 1)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(24, 16, 24, 16)
        layout.setSpacing(12)
        layout.addLayout(head)
        layout.addLayout(columns, 1)

    def _add_parts(self, tasks: Tasks, close_memory: CloseMemory) -> None:
        """What the groups show beside settings of the file."""
        address = PublicAddressPanel(self._actions, tasks)
        address.setProperty("role", "setting")
        address.content.setContentsMargins(MARGIN, 14, MARGIN, 14)
        self.add_part(SettingGroup.PUBLIC_ADDRESS, address, feed=address.feed, is_above=True)
        self.add_part(SettingGroup.PRIVACY, self._senders_row())
        self._part_feeds.append(self.alerts.feed)
        self.add_part(SettingGroup.ALERTS, self._alerts_row())
        self.theme_box = guarded(QComboBox())
        for mode, text in MODES.items():
            self.theme_box.addItem(tr(text), mode)
        self.theme_box.setAccessibleName(tr("Appearance"))
        self._follow_theme()
        appearance = LabelledRow(
            tr("Appearance"), tr("Light or dark, on this PC only; changes at once."), self.theme_box
        )
        self.add_part(SettingGroup.LOOK, appearance)
        self.setup = SetupRow(lambda: self.row_requested.emit(Topic.OVERVIEW, SETUP_KEY))
        self.start_at_login = StartAtLoginRow(self._actions, self._theme)
        self.close_choice = CloseChoiceRow(close_memory)
        self.add_part(SettingGroup.SELLING, self.setup)
        self.add_part(SettingGroup.ADVANCED, self.start_at_login, is_above=True)
        self.add_part(SettingGroup.ADVANCED, self.close_choice, is_above=True)

    def add_part(self, group: SettingGroup, part: QWidget, *, feed: Feed | None = None, is_above: bool = False) -> None:
        """Show a widget in a group, below or above its settings; `feed` is awake while the page is."""
        self.list.add_part(group, part, is_above=is_above)
        if feed is not None:
            self._part_feeds.append(feed)
        for each, item in self.groups.items.items():
            item.setVisible(self.list.has_content(each))

    def _alerts_row(self) -> LabelledRow:
        """The way from a search to the group, which is a panel of its own."""
        go = button(tr("Show alerts"))
        go.clicked.connect(lambda: self.show_group(SettingGroup.ALERTS))
        return LabelledRow(tr("Alerts"), tr("When somebody is called, and how: rules and channels."), beside(go))

    def _senders_row(self) -> LabelledRow:
        edit = button(tr("Edit senders…"))
        edit.clicked.connect(lambda: self._privacy.edit_senders())
        return LabelledRow(tr("Blocked senders"), tr("Whose messages are withheld; changes at once."), beside(edit))

    def _connect(self) -> None:
        self.groups.chosen.connect(self._choose_group)
        self.groups.search.textChanged.connect(self._search)
        self.groups.search.returnPressed.connect(self._focus_first_hit)
        self.groups.search.escaped.connect(lambda: self.groups.items[self._group].setFocus())
        self.save.clicked.connect(self._save)
        self.discard.clicked.connect(self._discard)
        self.bar.problem_requested.connect(self._show_first_problem)
        self.theme_box.currentIndexChanged.connect(lambda place: self._theme.choose(list(MODES)[place]))
        self._theme.changed.connect(self._follow_theme)
        self._theme.changed.connect(self._show)
        self._save_keys = QShortcut(QKeySequence.StandardKey.Save, self, self.save.click)

    @property
    def rows(self) -> dict[str, FieldRow]:
        return self.list.rows

    # Called by the shell ---------------------------------------------------

    def wake(self) -> None:
        for feed in (self.feed, *self._part_feeds):
            feed.wake()

    def sleep(self) -> None:
        for feed in (self.feed, *self._part_feeds):
            feed.sleep()

    def note_change(self, topic: Topic, keys: Keys) -> None:
        if topic is self.topic:
            for feed in (self.feed, *self._part_feeds):
                feed.mark_stale(None)

    async def wait_until_idle(self) -> None:
        for feed in (self.feed, *self._part_feeds):
            await feed.wait_until_idle()

    def focus_search(self) -> bool:
        self.groups.search.setFocus(Qt.FocusReason.ShortcutFocusReason)
        self.groups.search.selectAll()
        return True

    async def _refresh(self, keys: Keys) -> bool:
        settings = await self._actions.ask(tr("reading the settings"), lambda desk: desk.settings())
        if settings is None:
            return False
        if not self.changes() and not self._is_saving:
            self.show_settings(settings)
        await self.start_at_login.refresh()
        return True

    def show_settings(self, settings: Sequence[SettingField]) -> None:
        """Keeps scroll position and focus, unless there are other settings now."""
        if [row.setting for row in self.rows.values()] == list(settings):
            return
        if not self.list.update_in_place(settings):
            for row in self.list.fill(settings):
                row.changed.connect(self._note_input)
                row.left.connect(partial(self._check, row))
        self._show()

    # Groups and search -----------------------------------------------------

    def show_group(self, group: SettingGroup) -> None:
        self._group = group
        self.groups.search.clear()
        self._show()
        self.scroll_area.verticalScrollBar().setValue(0)

    def _choose_group(self, group: SettingGroup) -> None:
        self.show_group(group)

    def _search(self) -> None:
        self._show()
        self.scroll_area.verticalScrollBar().setValue(0)

    def _focus_first_hit(self) -> None:
        if (row := self.list.first_shown()) is not None:
            row.field.setFocus(Qt.FocusReason.ShortcutFocusReason)

    def _show(self) -> None:
        query = self.groups.search.text().split()
        self.list.show_rows(self._group, query)
        self.groups.mark_current(None if query else self._group)
        self.place.setText(tr("Search in all groups") if query else self._group.label())
        is_alerts = self._group is SettingGroup.ALERTS and not query
        self._stack.setCurrentIndex(int(is_alerts))
        self.alerts.head.setVisible(is_alerts)
        self._save_keys.setEnabled(not is_alerts)  # the alerts have a Save of their own
        self._show_counts()

    # Changes ---------------------------------------------------------------

    def changes(self) -> dict[str, str]:
        return {name: row.value() for name, row in self.rows.items() if row.is_changed()}

    def _note_input(self) -> None:
        self.list.show_rows(self._group, self.groups.search.text().split())
        self._show_counts()

    def _show_counts(self) -> None:
        changes = self.changes()
        wrong = [name for name, row in self.rows.items() if row.problem is not None]
        changed_in = Counter(self.list.group_of(name) for name in changes)
        self.groups.show_counts(changed_in, Counter(self.list.group_of(name) for name in wrong))
        here = None if self.groups.search.text().split() else self._group
        first = (len(wrong), setting_name(wrong[0])) if wrong else None
        self.bar.show_changes(changed_in, here, first, restarts=restarts(changes))
        self.unsaved_changed.emit(len(changes))

    def _check(self, row: FieldRow) -> None:
        """The user has left a field: say at once what is wrong with it."""
        if row.is_changed() or row.problem is not None:
            self._actions.start(self._check_changes, tr("checking the settings"))

    async def _check_changes(self) -> None:
        self._checks += 1
        check, changes = self._checks, self.changes()
        problems = await self._actions.ask(tr("checking the settings"), lambda desk: desk.check_settings(changes))
        is_stale = check != self._checks or changes != self.changes()
        if problems is not None and not is_stale and not self._is_saving:
            self._show_problems(problems)

    def _discard(self) -> None:
        """Keeps the scroll position; from the button, which is now disabled, focus goes to a changed field."""
        position = self.scroll_area.verticalScrollBar().value()
        changed = [row for row in self.rows.values() if row.is_changed()]
        if self.discard.hasFocus() and changed:
            changed[0].field.setFocus(Qt.FocusReason.OtherFocusReason)
        for row in self.rows.values():
            row.undo()
        self._show()
        self.scroll_area.verticalScrollBar().setValue(position)

    # Problems --------------------------------------------------------------

    def _show_problems(self, problems: Sequence[SettingProblem]) -> None:
        by_name = {problem.name: problem for problem in problems}
        for name, row in self.rows.items():
            row.show_problem(by_name.get(name))
        self._note_input()

    def _show_first_problem(self) -> None:
        name = next((name for name, row in self.rows.items() if row.problem is not None), None)
        if name is not None:
            self.show_setting(name)

    def show_setting(self, name: str) -> None:
        """Go to a setting and put the focus on it."""
        row = self.rows[name]
        if not row.isVisibleTo(self.list):
            self.show_group(self.list.group_of(name))
        row.field.setFocus(Qt.FocusReason.OtherFocusReason)
        self.list.updateGeometry()
        self.scroll_area.ensureWidgetVisible(row)

    # Saving ----------------------------------------------------------------

    def _save(self) -> None:
        changes = self.changes()
        if not self._is_saving and changes:
            self._begin_saving(changes)
            self._actions.start(partial(self._save_changes, changes), tr("saving the settings"))

    async def _save_changes(self, changes: Mapping[str, str]) -> None:
        try:
            problems = await self._actions.ask(tr("saving the settings"), lambda desk: desk.save_settings(changes))
            if problems is not None and not problems:
                await self._finish_saving(changes)
                return
        finally:
            self._end_saving()
        if problems is not None:
            self._refuse(changes, problems)

    def _refuse(self, changes: Mapping[str, str], problems: Sequence[SettingProblem]) -> None:
        self._show_problems(problems)
        for problem in problems:
            if problem.name not in self.rows:
                self._actions.notice(Tone.WARN, f"{setting_name(problem.name)}: {problem.problem}")
        if any(problem.offers_key_file for problem in problems):
            self._offer_key_file(changes)
        else:
            self._show_first_problem()

    def _offer_key_file(self, changes: Mapping[str, str]) -> None:
        """Only the key was not saved; it stays entered until the user has decided."""
        for name, value in changes.items():
            if name != KEY:
                self.rows[name].accept(value)
        self._show_counts()
        key = {KEY: changes[KEY]}
        self.key_question = confirm(
            self,
            tr("Keep the key in a file?"),
            tr(
                "The system's keyring does not accept the key. All other settings are saved. The key can be kept in a "
                "file of the data folder that only your user account can read. Or cancel, and set "
                "PHONEFARM_API_KEY in the environment."
            ),
            tr("Keep in file"),
            lambda: self._actions.start(lambda: self._save_key_in_file(key), tr("saving the key")),
        )

    async def _save_key_in_file(self, key: Mapping[str, str]) -> None:
        self._begin_saving(key)
        try:
            problems = await self._actions.ask(
                tr("saving the key"), lambda desk: desk.save_settings(key, key_in_file=True)
            )
            if problems is not None and not problems:
                await self._finish_saving(key)
                return
        finally:
            self._end_saving()
        if problems is not None:
            self._show_problems(problems)

    def _begin_saving(self, changes: Mapping[str, str]) -> None:
        self._is_saving = True
        self.bar.show_saving(restarts=restarts(changes))

    def _end_saving(self) -> None:
        if self._is_saving:
            self._is_saving = False
            self.bar.end_saving()
            self._show_counts()

    async def _finish_saving(self, saved: Mapping[str, str]) -> None:
        """The desk answers when the engine runs with what was saved, or with the former settings if that failed."""
        settings = await self._actions.ask(tr("reading the settings"), lambda desk: desk.settings())
        former = {name: self.rows[name].setting.value for name in saved if name != KEY}
        for name, value in saved.items():
            self.rows[name].accept(value)
        self._is_saving = False
        self.bar.show_saved(utc_now())
        if settings is not None and not self.changes():
            self.show_settings(settings)
            self._tell_if_put_back(saved, former)
        self._show()

    def _tell_if_put_back(self, saved: Mapping[str, str], former: Mapping[str, str]) -> None:
        back = [name for name, value in former.items() if self.rows[name].setting.value == value != saved[name]]
        if back:
            names = ", ".join(setting_name(name) for name in back)
            self._actions.notice(
                Tone.WARN,
                tr("The engine did not start with the new settings, so the former ones are back: {names}.").format(
                    names=names
                ),
            )

    def _follow_theme(self) -> None:
        self.theme_box.setCurrentIndex(list(MODES).index(self._theme.mode))


def _scrolling(area: QScrollArea, content: QWidget) -> QScrollArea:
    area.setFrameShape(QFrame.Shape.NoFrame)
    area.setWidgetResizable(True)
    area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
    area.setWidget(content)
    return area


def restarts(changes: Mapping[str, str]) -> bool:
    """Whether the engine restarts to apply these changes."""
    return any(name != KEY for name in changes)
