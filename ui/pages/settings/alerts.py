"""The alerts of the Settings page: when somebody is called, and how."""

from __future__ import annotations

from functools import partial

from PySide6.QtCore import Qt
from PySide6.QtGui import QKeySequence, QResizeEvent, QShortcut
from PySide6.QtWidgets import QBoxLayout, QHBoxLayout, QWidget

from phonefarm.application.model.alerts import (
    AlertPolicy,
    AlertsOverview,
    ChannelForm,
    ChannelKind,
    ChannelRow,
)
from phonefarm.support.tasks import Tasks
from ui.dialogs.channel_dialog import ChannelDialog
from ui.dialogs.questions import Question, confirm
from ui.engine.actions import Actions
from ui.engine.engine_link import Keys
from ui.engine.feed import Feed
from ui.pages.settings.alert_channels import ChannelsCard, ChannelWidget
from ui.pages.settings.alert_rules import RulesCard
from ui.style.theme import Theme
from ui.style.tokens import Tone
from ui.table.row_table import utc_now
from ui.text.words.core import counted, tr
from ui.widgets.basics import Label, button, restyle

CHANNELS_WIDTH = 344
SIDE_BY_SIDE_WIDTH = 880
GAP = 16
QWIDGETSIZE_MAX = (1 << 24) - 1


class AlertsPanel(QWidget):
    """Rules on the left, channels on the right; what is shown is kept fresh while it is awake."""

    def __init__(self, actions: Actions, tasks: Tasks, theme: Theme) -> None:
        super().__init__()
        self._actions = actions
        self.feed = Feed(self._refresh, tasks, tr("Alerts"), self)
        self.head = QWidget()
        """Summary and button, for the title line of the page."""
        self.summary = Label("", "dim")
        self.seen = button(tr("Mark as seen"), tooltip=tr("No reminders of what you know already."))
        self.rules = RulesCard(theme)
        self.channels = ChannelsCard(theme)
        self.dialog: ChannelDialog | None = None
        self.removal: Question | None = None
        self._lay_out()
        self.seen.hide()
        self.seen.clicked.connect(partial(self._start, self._mark_seen, tr("marking alerts as seen")))
        self.rules.save_requested.connect(
            lambda policy: self._start(partial(self._save_policy, policy), tr("saving the alerts"))
        )
        self.channels.add_requested.connect(self.open_dialog)
        keys = QShortcut(QKeySequence.StandardKey.Save, self, self.rules.save.click)
        keys.setContext(Qt.ShortcutContext.WidgetWithChildrenShortcut)

    def _lay_out(self) -> None:
        head = QHBoxLayout(self.head)
        head.setContentsMargins(0, 0, 0, 0)
        head.setSpacing(12)
        head.addWidget(self.summary)
        head.addWidget(self.seen)
        self._cards = QBoxLayout(QBoxLayout.Direction.LeftToRight, self)
        self._cards.setContentsMargins(0, 0, 0, 0)
        self._cards.setSpacing(GAP)
        self._cards.addWidget(self.rules, 1)
        self._cards.addWidget(self.channels)

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: N802
        """Side by side where there is room, else one below the other."""
        super().resizeEvent(event)
        is_wide = self.width() >= SIDE_BY_SIDE_WIDTH
        directions = QBoxLayout.Direction
        self._cards.setDirection(directions.LeftToRight if is_wide else directions.TopToBottom)
        self.channels.setMinimumWidth(CHANNELS_WIDTH if is_wide else 0)
        self.channels.setMaximumWidth(CHANNELS_WIDTH if is_wide else QWIDGETSIZE_MAX)

    # Lifecycle -------------------------------------------------------------

    def wake(self) -> None:
        self.feed.wake()

    def sleep(self) -> None:
        self.feed.sleep()

    def note_change(self) -> None:
        self.feed.mark_stale(None)

    async def wait_until_idle(self) -> None:
        await self.feed.wait_until_idle()

    async def _refresh(self, keys: Keys) -> bool:
        overview = await self._actions.ask(tr("reading the alerts"), lambda desk: desk.alerts_overview())
        if overview is not None:
            self.show_alerts(overview)
        return overview is not None

    def show_alerts(self, overview: AlertsOverview) -> None:
        """What the user is changing stays as it is."""
        now = utc_now()
        if not self.rules.is_changed:
            self.rules.show_policy(overview.policy)
        self.rules.show_last_times(overview.last_told_at, now)
        for widget in self.channels.show_channels(overview.channels, now):
            self._connect(widget)
        is_alone = not any(_calls_somebody(row) for row in overview.channels)
        sent = counted(overview.sent_in_30_days, "Last 30 days: 1 alert", "Last 30 days: %n alerts")
        self.summary.setText(tr("Nobody is called. Add a channel") if is_alone else sent)
        restyle(self.summary, "ink", "warn" if is_alone else "idle")
        self.seen.setVisible(overview.open_causes > 0)

    def _connect(self, widget: ChannelWidget) -> None:
        what = tr("testing a channel")
        widget.test_requested.connect(lambda channel_id: self._start(partial(self._send_test, channel_id), what))
        widget.change_requested.connect(self._change)
        widget.switch_requested.connect(
            lambda channel_id, is_on: self._start(partial(self._switch, channel_id, is_on), tr("switching a channel"))
        )

    def _start(self, work: object, what: str) -> None:
        self._actions.start(work, what)  # type: ignore[arg-type]

    # Commands --------------------------------------------------------------

    async def _save_policy(self, policy: AlertPolicy) -> None:
        what = tr("saving the alerts")
        problems = await self._actions.ask(what, lambda desk: desk.save_alert_policy(policy))
        if problems is None:
            return
        if problems:
            self._actions.notice(Tone.WARN, problems[0].problem)
            return
        self.rules.show_policy(policy)
        self.rules.show_saved(utc_now())

    async def _send_test(self, channel_id: str) -> None:
        self.channels.widgets[channel_id].show_sending()
        what = tr("testing a channel")
        delivery = await self._actions.ask(what, lambda desk: desk.test_alert_channel(channel_id))
        widget = self.channels.widgets.get(channel_id)
        if widget is None:
            return
        if delivery is None:
            widget.show_state(utc_now())
        else:
            widget.show_delivery(delivery)

    async def _switch(self, channel_id: str, is_on: bool) -> None:
        await self._actions.ask(
            tr("switching a channel"), lambda desk: desk.switch_alert_channel(channel_id, is_on=is_on)
        )
        self.feed.mark_stale(None)

    async def _mark_seen(self) -> None:
        await self._actions.ask(tr("marking alerts as seen"), lambda desk: desk.mark_alerts_seen())
        self.feed.mark_stale(None)

    def _change(self, channel_id: str) -> None:
        channel = self.channels.widgets[channel_id].row.channel
        self.open_dialog(channel.kind, channel_id)

    def open_dialog(self, kind: ChannelKind, channel_id: str = "") -> None:
        channel = self.channels.widgets[channel_id].row.channel if channel_id else None
        self.dialog = dialog = ChannelDialog(self, kind, channel)
        dialog.save_requested.connect(
            lambda form: self._start(partial(self._save_channel, dialog, form), tr("saving a channel"))
        )
        dialog.remove_requested.connect(partial(self._ask_removal, dialog))
        dialog.open()

    async def _save_channel(self, dialog: ChannelDialog, form: ChannelForm) -> None:
        problems = await self._actions.ask(tr("saving a channel"), lambda desk: desk.save_alert_channel(form))
        if problems is None:
            dialog.show_refusal(tr("It was not saved: see the notice on top."))
        elif problems:
            dialog.show_problems(problems)
        else:
            dialog.close_accepted()
            self.feed.mark_stale(None)

    def _ask_removal(self, dialog: ChannelDialog, channel_id: str) -> None:
        self.removal = confirm(
            dialog,
            tr("Remove this channel?"),
            tr("No alert goes there any more, and its password or token is forgotten."),
            tr("Remove"),
            lambda: self._start(partial(self._remove, dialog, channel_id), tr("removing a channel")),
            danger=True,
        )

    async def _remove(self, dialog: ChannelDialog, channel_id: str) -> None:
        await self._actions.ask(tr("removing a channel"), lambda desk: desk.remove_alert_channel(channel_id))
        dialog.close_accepted()
        self.feed.mark_stale(None)


def _calls_somebody(row: ChannelRow) -> bool:
    return row.channel.is_on and row.channel.kind is not ChannelKind.DESKTOP
