"""The Settings page: every setting with its source, what is wrong with it, and what takes effect when."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QComboBox, QFrame, QHBoxLayout, QScrollArea, QVBoxLayout, QWidget

from phonefarm.application.model.read_models import SettingField, SettingProblem, Topic
from phonefarm.support.tasks import Tasks
from ui.commands.privacy_orders import PrivacyOrders
from ui.dialogs.questions import Question, confirm
from ui.engine.actions import Actions
from ui.engine.engine_link import Keys
from ui.engine.feed import Feed
from ui.pages.settings.setting_rows import FieldRow, LabelledRow
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
MODES = {ThemeMode.SYSTEM: "As the system", ThemeMode.LIGHT: "Light", ThemeMode.DARK: "Dark"}


class SettingsPage(QScrollArea):
    """A form; nothing is kept until Save, and then all of it or nothing."""

    topic = Topic.SETTINGS

    def __init__(self, privacy: PrivacyOrders, actions: Actions, tasks: Tasks, theme: Theme) -> None:
        super().__init__()
        self.setObjectName("page")
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setWidgetResizable(True)
        self._privacy = privacy
        self._actions = actions
        self._theme = theme
        self.rows: dict[str, FieldRow] = {}
        self.key_question: Question | None = None
        self.feed = Feed(self._refresh, tasks, tr("Settings"), self)
        self.save = button(tr("Save"), "main")
        self.undo = button(tr("Undo changes"))
        self.save.clicked.connect(self._save)
        self.undo.clicked.connect(self._take_back)
        for pressed in (self.save, self.undo):
            pressed.setFocusPolicy(Qt.FocusPolicy.TabFocus)  # a click leaves the focus in its field
        self.theme_box = guarded(QComboBox())
        for mode, text in MODES.items():
            self.theme_box.addItem(tr(text), mode)
        self.theme_box.setCurrentIndex(list(MODES).index(theme.mode))
        self.theme_box.setAccessibleName(tr("Appearance"))
        self.theme_box.currentIndexChanged.connect(lambda place: theme.choose(list(MODES)[place]))
        theme.changed.connect(self._follow_theme)
        self._lay_out()
        self._show_buttons()

    def _lay_out(self) -> None:
        head = QHBoxLayout()
        head.setSpacing(8)
        head.addWidget(Label(tr("Settings"), "title"))
        head.addStretch(1)
        head.addWidget(self.undo)
        head.addWidget(self.save)
        self._groups = QVBoxLayout()
        self._groups.setSpacing(12)
        column = QWidget()
        column.setMaximumWidth(FORM_WIDTH)
        form = QVBoxLayout(column)
        form.setContentsMargins(24, 16, 24, 20)
        form.setSpacing(12)
        form.addLayout(head)
        form.addLayout(self._groups)
        form.addWidget(self._appearance())
        form.addStretch(1)
        inside = QWidget()
        layout = QHBoxLayout(inside)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(column, 100)
        layout.addStretch(1)
        self.setWidget(inside)

    def _appearance(self) -> Card:
        about = tr("Takes effect at once, on this PC only.")
        return _group(tr("Window"), [LabelledRow(tr("Appearance"), about, self.theme_box)])

    def _senders_row(self) -> QWidget:
        edit = button(tr("Blocked senders…"))
        edit.clicked.connect(lambda: self._privacy.edit_senders())
        holder = QWidget()
        row = QHBoxLayout(holder)
        row.setContentsMargins(0, 0, 0, 0)
        row.addWidget(edit)
        row.addStretch(1)
        about = tr("Banks, payment services, government: their messages never leave this PC. Takes effect at once.")
        return LabelledRow(tr("Whose messages are withheld"), about, holder)

    # Life ------------------------------------------------------------------

    def wake(self) -> None:
        self.feed.wake()

    def sleep(self) -> None:
        self.feed.sleep()

    def note(self, keys: Keys) -> None:
        self.feed.note(None)

    def tick(self) -> None:
        """Nothing here counts down."""

    async def settled(self) -> None:
        await self.feed.settled()

    def select_example(self) -> None:
        """Nothing here is selected."""

    async def _refresh(self, keys: Keys) -> bool:
        settings = await self._actions.ask(tr("reading the settings"), lambda desk: desk.settings())
        if settings is None:
            return False
        if not any(row.is_changed() for row in self.rows.values()):
            self.show_settings(settings)
        return True

    def show_settings(self, settings: Sequence[SettingField]) -> None:
        if [row.setting for row in self.rows.values()] == list(settings):
            return
        if self._renew(settings):
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

    def _renew(self, settings: Sequence[SettingField]) -> bool:
        """In place where the fields stay the same, so that neither place nor focus is lost."""
        if list(self.rows) != [setting.name for setting in settings]:
            return False
        return all(self.rows[setting.name].renew(setting) for setting in settings)

    # Saving ----------------------------------------------------------------

    def changes(self) -> dict[str, str]:
        return {name: row.value() for name, row in self.rows.items() if row.is_changed()}

    def _show_buttons(self) -> None:
        is_changed = bool(self.changes())
        self.save.setEnabled(is_changed)
        self.undo.setEnabled(is_changed)

    def _take_back(self) -> None:
        """Place and focus stay; from the button, which has nothing left to do, the focus goes to what it undid."""
        place = self.verticalScrollBar().value()
        changed = [row for row in self.rows.values() if row.is_changed()]
        if self.undo.hasFocus() and changed:
            changed[0].editor.setFocus(Qt.FocusReason.OtherFocusReason)
        for row in self.rows.values():
            row.take_back()
        self.verticalScrollBar().setValue(place)

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
            self._actions.notice(Tone.WARN, tr("Nothing was saved: see the fields marked below."))
            return
        self._all_is_saved(changes)

    def _offer_key_file(self, changes: Mapping[str, str]) -> None:
        """The key alone was not kept; what was typed stays until the user has chosen."""
        self.key_question = confirm(
            self,
            tr("Keep the key in a file?"),
            tr(
                "The system's keyring does not take the key; all other settings are saved. The key can be kept in a "
                "file of the data folder that only your user of this PC can read. Or cancel, and set "
                "PHONEFARM_API_KEY in the environment."
            ),
            tr("Keep it in a file"),
            lambda: self._actions.start(lambda: self._save_key_in_file(changes), tr("saving the key")),
        )

    async def _save_key_in_file(self, changes: Mapping[str, str]) -> None:
        key = {"api_key": changes["api_key"]}
        problems = await self._actions.ask(tr("saving the key"), lambda desk: desk.save_settings(key, key_in_file=True))
        if problems is None:
            return
        self.show_problems(problems)
        if not problems:
            self._all_is_saved(changes)

    def _all_is_saved(self, changes: Mapping[str, str]) -> None:
        needs_restart = any(self.rows[name].setting.needs_restart for name in changes)
        self._actions.notice(
            Tone.OK, tr("Saved. Restart phonefarm for it to take effect.") if needs_restart else tr("Saved")
        )
        for row in self.rows.values():
            row.take_back()
        self.feed.note(None)

    def show_problems(self, problems: Sequence[SettingProblem]) -> None:
        by_name = {problem.name: problem.problem for problem in problems}
        for name, row in self.rows.items():
            row.show_problem(by_name.get(name, ""))
        for problem in problems:
            if problem.name in self.rows:
                self.rows[problem.name].editor.setFocus()
                self.ensureWidgetVisible(self.rows[problem.name])
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
