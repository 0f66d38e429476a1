"""The Settings page: every setting with its source, its problem, and when a change takes effect."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QComboBox, QHBoxLayout, QVBoxLayout, QWidget

from phonefarm.application.model.read_models import SettingField, SettingProblem, Topic
from phonefarm.support.tasks import Tasks
from ui.commands.privacy_commands import PrivacyCommands
from ui.dialogs.close_dialog import CloseMemory
from ui.dialogs.questions import Question, confirm
from ui.engine.actions import Actions
from ui.engine.engine_link import Keys
from ui.engine.feed import Feed
from ui.listing.page import SETUP_KEY, ScrollPage
from ui.pages.settings.alerts import AlertsPanel
from ui.pages.settings.background_card import CloseChoiceRow, StartAtLoginRow
from ui.pages.settings.setting_rows import FieldRow, LabelledRow
from ui.pages.settings.setup_row import SetupRow
from ui.style.theme import Theme, ThemeMode
from ui.style.tokens import Tone
from ui.text.words import setting_name, tr
from ui.widgets.basics import Card, Label, button, empty_layout
from ui.widgets.wheel_guard import guarded

PRIVACY = "Privacy"
GROUPS = {
    "Onlinesim": (
        "api_key",
        "push_url",
        "push_retry_seconds",
        "push_refusals_before_parking",
        "sms_id",
        "push_phone",
        "no_numbers",
        "retire_after_sale",
        "require_bearer",
    ),
    "Webhooks": (
        "listen",
        "shared_path",
        "admin_listen",
        "calls_per_second",
        "wrong_keys_per_minute",
        "most_connections",
    ),
    "Phones": ("adb_servers", "adb_path", "numbers_file", "poll_seconds", "rent_poll_seconds"),
    PRIVACY: ("block_senders", "text_hours"),
    "This PC": ("keep_awake",),
    "Storage": ("data_dir", "database_url", "backup_hours", "backup_keep"),
}
OTHER = "Other"
FORM_WIDTH = 760
MODES = {ThemeMode.SYSTEM: "System", ThemeMode.LIGHT: "Light", ThemeMode.DARK: "Dark"}


class SettingsPage(ScrollPage):
    """A form; Save stores all changes or none, apart from a key that no keyring accepts."""

    def __init__(
        self, privacy: PrivacyCommands, actions: Actions, tasks: Tasks, theme: Theme, close_memory: CloseMemory
    ) -> None:
        super().__init__(Topic.SETTINGS)
        self._privacy = privacy
        self._actions = actions
        self._theme = theme
        self.rows: dict[str, FieldRow] = {}
        self.key_question: Question | None = None
        self.feed = Feed(self._refresh, tasks, tr("Settings"), self)
        self.save = button(tr("Save"), "main")
        self.undo = button(tr("Undo changes"))
        self.save.clicked.connect(self._save)
        self.undo.clicked.connect(self._undo_changes)
        for pressed in (self.save, self.undo):
            pressed.setFocusPolicy(Qt.FocusPolicy.TabFocus)  # a click leaves the focus where it is
        self.theme_box = guarded(QComboBox())
        for mode, text in MODES.items():
            self.theme_box.addItem(tr(text), mode)
        self.theme_box.setCurrentIndex(list(MODES).index(theme.mode))
        self.theme_box.setAccessibleName(tr("Appearance"))
        self.theme_box.currentIndexChanged.connect(lambda place: theme.choose(list(MODES)[place]))
        theme.changed.connect(self._follow_theme)
        self.alerts = AlertsPanel(actions, tasks, theme)
        self.general_part, self.alerts_part = button(tr("General"), "filter"), button(tr("Alerts"), "filter")
        for part, is_alerts in ((self.general_part, False), (self.alerts_part, True)):
            part.setCheckable(True)
            part.clicked.connect(partial(self.show_alerts, is_shown=is_alerts))
        self.start_at_login = StartAtLoginRow(actions)
        self.close_choice = CloseChoiceRow(close_memory)
        self._lay_out()
        self._show_buttons()

    def _lay_out(self) -> None:
        head = QHBoxLayout()
        head.setSpacing(8)
        head.addWidget(Label(tr("Settings"), "title"))
        head.addSpacing(8)
        for part in (self.general_part, self.alerts_part):
            head.addWidget(part)
        head.addStretch(1)
        head.addWidget(self.alerts.head)
        head.addWidget(self.undo)
        head.addWidget(self.save)
        self._groups = QVBoxLayout()
        self._groups.setSpacing(12)
        column = QWidget()
        column.setMaximumWidth(FORM_WIDTH)
        form = QVBoxLayout(column)
        form.setContentsMargins(0, 0, 0, 0)
        form.setSpacing(12)
        form.addLayout(self._groups)
        form.addWidget(self._appearance())
        form.addStretch(1)
        self._general = QWidget()
        row = QHBoxLayout(self._general)
        row.setContentsMargins(0, 0, 0, 0)
        row.addWidget(column, 100)
        row.addStretch(1)
        inside = QWidget()
        layout = QVBoxLayout(inside)
        layout.setContentsMargins(24, 16, 24, 20)
        layout.setSpacing(12)
        layout.addLayout(head)
        layout.addWidget(self._general)
        layout.addWidget(self.alerts, 1)
        self.scroll_area.setWidget(inside)
        self.show_alerts(is_shown=False)

    def show_alerts(self, *, is_shown: bool) -> None:
        """The alerts, or all other settings."""
        self.general_part.setChecked(not is_shown)
        self.alerts_part.setChecked(is_shown)
        self._general.setVisible(not is_shown)
        self.alerts.setVisible(is_shown)
        self.alerts.head.setVisible(is_shown)
        for pressed in (self.save, self.undo):
            pressed.setVisible(not is_shown)

    def _appearance(self) -> Card:
        about = tr("Takes effect at once, on this PC only.")
        appearance = LabelledRow(tr("Appearance"), about, self.theme_box)
        self.setup = SetupRow(lambda: self.row_requested.emit(Topic.OVERVIEW, SETUP_KEY))
        return _group(tr("Window"), [appearance, self.start_at_login, self.close_choice, self.setup])

    def _senders_row(self) -> QWidget:
        edit = button(tr("Edit senders…"))
        edit.clicked.connect(lambda: self._privacy.edit_senders())
        holder = QWidget()
        row = QHBoxLayout(holder)
        row.setContentsMargins(0, 0, 0, 0)
        row.addWidget(edit)
        row.addStretch(1)
        about = tr("Banks, payment services, government: the text of their SMS is not kept. Takes effect at once.")
        return LabelledRow(tr("Blocked senders"), about, holder)

    # Called by the shell ---------------------------------------------------

    def wake(self) -> None:
        self.feed.wake()
        self.alerts.wake()

    def sleep(self) -> None:
        self.feed.sleep()
        self.alerts.sleep()

    def note_change(self, topic: Topic, keys: Keys) -> None:
        if topic is self.topic:
            self.feed.mark_stale(None)
            self.alerts.note_change()

    async def wait_until_idle(self) -> None:
        await self.feed.wait_until_idle()
        await self.alerts.wait_until_idle()

    async def _refresh(self, keys: Keys) -> bool:
        settings = await self._actions.ask(tr("reading the settings"), lambda desk: desk.settings())
        if settings is None:
            return False
        await self.start_at_login.refresh()
        if not any(row.is_changed() for row in self.rows.values()):
            self.show_settings(settings)
        return True

    def show_settings(self, settings: Sequence[SettingField]) -> None:
        if [row.setting for row in self.rows.values()] == list(settings):
            return
        if self._update_in_place(settings):
            return
        empty_layout(self._groups)
        self.rows = {setting.name: FieldRow(setting) for setting in settings}
        placed = {name for names in GROUPS.values() for name in names}
        groups = {**GROUPS, OTHER: tuple(name for name in self.rows if name not in placed)}
        for title, names in groups.items():
            rows: list[QWidget] = [self.rows[name] for name in names if name in self.rows]
            if title == PRIVACY:
                rows.append(self._senders_row())
            if rows:
                self._groups.addWidget(_group(tr(title), rows))
        for row in self.rows.values():
            row.changed.connect(self._show_buttons)
        self._show_buttons()

    def _update_in_place(self, settings: Sequence[SettingField]) -> bool:
        """Keeps scroll position and focus; False if there are other fields now."""
        if list(self.rows) != [setting.name for setting in settings]:
            return False
        return all(self.rows[setting.name].update_setting(setting) for setting in settings)

    # Saving ----------------------------------------------------------------

    def changes(self) -> dict[str, str]:
        return {name: row.value() for name, row in self.rows.items() if row.is_changed()}

    def _show_buttons(self) -> None:
        is_changed = bool(self.changes())
        self.save.setEnabled(is_changed)
        self.undo.setEnabled(is_changed)

    def _undo_changes(self) -> None:
        """Keeps scroll position and focus; from the button, which is now disabled, focus goes to a changed field."""
        position = self.scroll_area.verticalScrollBar().value()
        changed = [row for row in self.rows.values() if row.is_changed()]
        if self.undo.hasFocus() and changed:
            changed[0].editor.setFocus(Qt.FocusReason.OtherFocusReason)
        for row in self.rows.values():
            row.undo()
        self.scroll_area.verticalScrollBar().setValue(position)

    def _save(self) -> None:
        self._actions.start(self._save_changes, tr("saving the settings"))

    async def _save_changes(self) -> None:
        changes = self.changes()
        problems = await self._actions.ask(tr("saving the settings"), lambda desk: desk.save_settings(changes))
        if problems is None:
            return
        self.show_problems(problems)
        if any(problem.offers_key_file for problem in problems):
            self._offer_key_file(changes)
            return
        if problems:
            self._actions.notice(Tone.WARN, tr("Nothing was saved: correct the marked fields."))
            return
        self._finish_saving(changes)

    def _offer_key_file(self, changes: Mapping[str, str]) -> None:
        """Only the key was not saved; the input stays until the user has decided."""
        self.key_question = confirm(
            self,
            tr("Keep the key in a file?"),
            tr(
                "The system's keyring does not accept the key. All other settings are saved. The key can be kept in a "
                "file of the data folder that only your user account can read. Or cancel, and set "
                "PHONEFARM_API_KEY in the environment."
            ),
            tr("Keep in file"),
            lambda: self._actions.start(lambda: self._save_key_in_file(changes), tr("saving the key")),
        )

    async def _save_key_in_file(self, changes: Mapping[str, str]) -> None:
        key = {"api_key": changes["api_key"]}
        problems = await self._actions.ask(tr("saving the key"), lambda desk: desk.save_settings(key, key_in_file=True))
        if problems is None:
            return
        self.show_problems(problems)
        if not problems:
            self._finish_saving(changes)

    def _finish_saving(self, changes: Mapping[str, str]) -> None:
        is_restart = any(name != "api_key" for name in changes)
        applied = tr("Saved. Applies in about 3 s; rents and the push queue stay.") if is_restart else tr("Saved")
        self._actions.notice(Tone.OK, applied)
        for row in self.rows.values():
            row.undo()
        self.feed.mark_stale(None)

    def show_problems(self, problems: Sequence[SettingProblem]) -> None:
        by_name = {problem.name: problem.problem for problem in problems}
        for name, row in self.rows.items():
            row.show_problem(by_name.get(name, ""))
        for problem in problems:
            if problem.name in self.rows:
                self.rows[problem.name].editor.setFocus()
                self.scroll_area.ensureWidgetVisible(self.rows[problem.name])
                break
            self._actions.notice(Tone.WARN, f"{setting_name(problem.name)}: {problem.problem}")

    def _follow_theme(self) -> None:
        self.theme_box.setCurrentIndex(list(MODES).index(self._theme.mode))


def _group(title: str, rows: Sequence[QWidget]) -> Card:
    card = Card(margins=16, spacing=0)
    card.content.addWidget(Label(title, "name"))
    for row in rows:
        card.content.addWidget(row)
    return card
