"""Watches the farm, tells what needs somebody, and keeps rules and channels: the alerts as a whole.

Nothing of it is waited for by the farm: it reads snapshots, decides, and hands over to queues of its own.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta, tzinfo

import structlog

from phonefarm.application.alerts.channels import ChannelSecrets, CheckedForm, HideSecret, Sender, ShowNotice, checked
from phonefarm.application.alerts.deliveries import Deliveries
from phonefarm.application.alerts.observer import CHANNEL_GRACE, Observer
from phonefarm.application.model.alerts import (
    STOPS_SALES,
    Alert,
    AlertMemory,
    AlertMessage,
    AlertPolicy,
    AlertSettings,
    AlertsOverview,
    Channel,
    ChannelForm,
    ChannelRow,
    Delivery,
    MessageKind,
)
from phonefarm.application.model.read_models import SettingProblem
from phonefarm.application.ports.alerts import AlertStore, NamedSecrets, Notifier
from phonefarm.domain.alert_causes import FailingChannel, causes_of
from phonefarm.domain.alert_channels import DESKTOP_CHANNEL
from phonefarm.domain.alert_rules import REMINDER_HOURS, RuleKind, completed, wrong_rules
from phonefarm.domain.alerts import AlertState, decide, marked_seen
from phonefarm.domain.errors import KnownError
from phonefarm.support.clock import Clock
from phonefarm.support.deadlines import is_set_within, within
from phonefarm.support.tasks import Tasks
from phonefarm.wording.alerts import alert_body, alert_title

log = structlog.get_logger(__name__)

LOOK_SECONDS = 10.0
WRITE_SECONDS = 2.0
HISTORY_KEPT = timedelta(days=30)
MOST_HISTORY = 1000


class Alerts:
    """`start`, then `run` until cancelled; lives on the engine's loop."""

    def __init__(
        self,
        observer: Observer,
        store: AlertStore,
        notifier: Notifier,
        secrets: NamedSecrets,
        hide: HideSecret,
        tasks: Tasks,
        clock: Clock,
        show_notice: ShowNotice,
        *,
        changed: Callable[[], None] = lambda: None,
        zone: tzinfo | None = None,
        look_seconds: float = LOOK_SECONDS,
    ) -> None:
        """`hide`: takes a secret out of all logs. `changed`: the page may show something new. `zone`: of the wall."""
        self._observer = observer
        self._store = store
        self._notifier = notifier
        self._secrets = ChannelSecrets(secrets, hide)
        self._sender = Sender(notifier, self._secrets, show_notice)
        self._clock = clock
        self._changed = changed
        self._zone = zone
        self._look_seconds = look_seconds
        self._settings = AlertSettings()
        self._state = AlertState()
        self._history: tuple[Alert, ...] = ()
        self._kept: AlertMemory | None = None
        self._has_delivered = asyncio.Event()
        self._deliveries = Deliveries(self._sender.send, tasks, clock, self._note_delivery)
        self._saving = asyncio.Lock()

    async def start(self) -> None:
        """Take up what the last run left: its causes, and the alerts that had not arrived."""
        self._settings = await asyncio.to_thread(self._store.read_settings)
        memory = await asyncio.to_thread(self._store.read_memory)
        self._state, self._history = memory.state, memory.history
        self._kept = memory
        self._deliveries.restore(memory.pending, memory.results)
        self._deliveries.use(self._settings.channels)

    async def run(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            next_look = loop.time() + self._look_seconds
            await self.look()
            while (left := next_look - loop.time()) > 0:
                if await is_set_within(self._has_delivered, left):
                    self._has_delivered.clear()
                    await self._keep_memory()

    async def stop(self) -> None:
        """Write down what is still on its way."""
        await self._keep_memory()

    async def look(self) -> None:
        """Tell what is to be told now."""
        policy = self._settings.policy
        observation = await self._observer.observe(policy, self._failing_channels())
        now = self._clock()
        decision = decide(
            causes_of(observation.facts, policy, now),
            self._state,
            policy,
            now,
            now.astimezone(self._zone).time(),
            observation.unobserved,
        )
        self._state = decision.state
        for message in decision.messages:
            self._tell(message)
        await self._keep_memory()

    # Page -------------------------------------------------------------------

    async def overview(self) -> AlertsOverview:
        return AlertsOverview(
            policy=self._settings.policy,
            last_told_at=dict(self._state.told_at),
            channels=tuple(
                ChannelRow(channel=channel, result=self._deliveries.result_of(channel.channel_id))
                for channel in self._settings.channels
            ),
            sent_in_30_days=len(self._history),
            open_causes=sum(entry.is_standing and not entry.is_seen for entry in self._state.entries),
        )

    async def recent(self) -> Sequence[Alert]:
        """The alerts of the last 30 days, newest first."""
        return self._history[::-1]

    async def save_policy(self, policy: AlertPolicy) -> Sequence[SettingProblem]:
        """Keep it and go by it at once, or keep nothing and say what is wrong; `name` is the rule's kind."""
        wrong = [SettingProblem(name=str(kind), problem="This is outside its limits.") for kind in wrong_rules(policy)]
        if not REMINDER_HOURS.least <= policy.reminder_hours <= REMINDER_HOURS.most:
            wrong.append(SettingProblem(name="reminder", problem="This is outside its limits."))
        if not wrong:
            await self._save(replace(self._settings, policy=replace(policy, rules=completed(policy.rules))))
        return wrong

    async def save_channel(self, form: ChannelForm) -> Sequence[SettingProblem]:
        """Keep it and use it at once, or keep nothing and say what is wrong; `name` is the form's field."""
        found = await checked(form, self._settings.channels, self._secrets, self._notifier)
        if not isinstance(found, CheckedForm):
            return found
        await self._secrets.keep(found.channel.channel_id, found.secrets)
        others = self._settings.channels
        is_new = all(channel.channel_id != found.channel.channel_id for channel in others)
        channels = (*others, found.channel) if is_new else tuple(_replaced(others, found.channel))
        await self._save(replace(self._settings, channels=channels))
        return []

    async def switch_channel(self, channel_id: str, *, is_on: bool) -> None:
        channel = replace(self._channel(channel_id), is_on=is_on)
        await self._save(replace(self._settings, channels=tuple(_replaced(self._settings.channels, channel))))

    async def remove_channel(self, channel_id: str) -> None:
        self._channel(channel_id)
        if channel_id == DESKTOP_CHANNEL.channel_id:
            raise KnownError("The notices of this PC cannot be removed. Switch them off instead.")
        left = tuple(channel for channel in self._settings.channels if channel.channel_id != channel_id)
        await self._save(replace(self._settings, channels=left))
        await self._secrets.forget(channel_id)

    async def send_test(self, channel_id: str) -> Delivery:
        channel = self._channel(channel_id)
        delivery = await self._deliveries.test(channel, a_test(self._clock()))
        await self._keep_memory()
        return delivery

    async def mark_seen(self) -> None:
        """No reminders of what was told until now."""
        self._state = marked_seen(self._state)
        await self._keep_memory()
        self._changed()

    # Telling ----------------------------------------------------------------

    def _tell(self, message: AlertMessage) -> None:
        alert = worded(message, self._zone)
        log.info("alert", kind=str(alert.kind), about=[str(kind) for kind in sorted(message.kinds)])
        oldest = alert.at - HISTORY_KEPT
        self._history = tuple(kept for kept in (*self._history, alert) if kept.at > oldest)[-MOST_HISTORY:]
        self._deliveries.put(alert, without=_of_themselves(message))
        self._changed()

    def _note_delivery(self) -> None:
        self._has_delivered.set()
        self._changed()

    def _failing_channels(self) -> list[FailingChannel]:
        """Those that have something to deliver and have not managed for a while."""
        now, results = self._clock(), self._deliveries.results()
        return [
            FailingChannel(channel_id=channel.channel_id, name=channel.name, since=since)
            for channel in self._settings.channels
            if channel.is_on
            and (result := results.get(channel.channel_id)) is not None
            and (since := result.failing_since) is not None
            and result.undelivered
            and now - since >= CHANNEL_GRACE
        ]

    # Keeping ----------------------------------------------------------------

    def _channel(self, channel_id: str) -> Channel:
        found = next((channel for channel in self._settings.channels if channel.channel_id == channel_id), None)
        if found is None:
            raise KnownError("This channel was removed meanwhile.")
        return found

    async def _save(self, settings: AlertSettings) -> None:
        await asyncio.to_thread(self._store.write_settings, settings)
        self._settings = settings
        self._deliveries.use(settings.channels)
        self._changed()

    async def _keep_memory(self) -> None:
        """A disk that takes nothing must not silence the alerts."""
        memory = AlertMemory(
            state=self._state,
            history=self._history,
            pending=self._deliveries.pending(),
            results=self._deliveries.results(),
        )
        if memory == self._kept:
            return
        try:
            async with self._saving, within(WRITE_SECONDS):
                await asyncio.to_thread(self._store.write_memory, memory)
        except (KnownError, TimeoutError) as error:
            log.warning("the memory of the alerts cannot be written", cause=str(error) or "no answer")
            return
        self._kept = memory


def _replaced(channels: Iterable[Channel], changed: Channel) -> Iterable[Channel]:
    return (changed if channel.channel_id == changed.channel_id else channel for channel in channels)


def _of_themselves(message: AlertMessage) -> set[str]:
    """A channel is not asked to tell that it fails."""
    causes = [*message.causes, *(end.cause for end in message.ended)]
    if any(cause.kind is not RuleKind.CHANNEL_FAILING for cause in causes):
        return set()
    return {cause.key for cause in causes} if message.kind is not MessageKind.RECOVERY else set()


def worded(message: AlertMessage, zone: tzinfo | None = None) -> Alert:
    return Alert(
        at=message.at,
        kind=message.kind,
        title=alert_title(message),
        body=alert_body(message, zone=zone),
        stops_sales=message.kind is not MessageKind.RECOVERY and bool(message.kinds & STOPS_SALES),
    )


def a_test(at: datetime) -> Alert:
    return worded(AlertMessage(kind=MessageKind.TEST, at=at))


def local_hour(hour: int, zone: tzinfo | None = None) -> datetime:
    """The local time of an hour, counted from 1970 in UTC."""
    return datetime.fromtimestamp(hour * 3600, zone).astimezone(zone)
