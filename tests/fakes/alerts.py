"""A world for the alerts: facts that a test sets, services that do as they are told, a memory without a disk."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, ParamSpec, TypeVar

from phonefarm.adapters.secrets.named_secrets import SecretsInMemory
from phonefarm.application.alerts.alerts import Alerts
from phonefarm.application.alerts.observer import Observation
from phonefarm.application.model.alerts import (
    Alert,
    AlertMemory,
    AlertPolicy,
    AlertSettings,
    Channel,
    ChannelKind,
    Delivery,
    DeliveryFault,
    QuietHours,
)
from phonefarm.application.model.events import Announcer
from phonefarm.domain.alert_causes import FailingChannel, FarmFacts
from phonefarm.domain.alert_rules import RuleKind
from phonefarm.domain.errors import KnownError
from phonefarm.support.clock import Clock
from phonefarm.support.tasks import Tasks
from tests.builders import NOON

P = ParamSpec("P")
T = TypeVar("T")

NEVER_QUIET = AlertPolicy(quiet=QuietHours(is_on=False))


def a_webhook(channel_id: str = "w1", *, is_on: bool = True) -> Channel:
    return Channel(channel_id=channel_id, kind=ChannelKind.WEBHOOK, name=channel_id, is_on=is_on)


@dataclass
class ScriptedFacts:
    """The facts that the test has set."""

    facts: FarmFacts = field(default_factory=lambda: FarmFacts(started_at=NOON))
    unobserved: frozenset[RuleKind] = frozenset()
    channels: list[FailingChannel] = field(default_factory=list)

    async def observe(self, policy: AlertPolicy, channels: Sequence[FailingChannel]) -> Observation:
        self.channels = list(channels)
        facts = FarmFacts(**{**vars(self.facts), "failing_channels": tuple(channels)})
        return Observation(facts=facts, unobserved=self.unobserved)


@dataclass
class ScriptedNotifier:
    """Notes what arrives; a channel in `faults` fails, one in `hanging` does not answer until released."""

    faults: dict[str, DeliveryFault] = field(default_factory=dict)
    hanging: dict[str, asyncio.Event] = field(default_factory=dict)
    arrived: list[tuple[str, Alert]] = field(default_factory=list)
    attempts: list[tuple[str, Mapping[str, str]]] = field(default_factory=list)
    not_understood: frozenset[str] = frozenset()

    async def deliver(self, channel: Channel, secrets: Mapping[str, str], alert: Alert) -> Delivery:
        self.attempts.append((channel.channel_id, dict(secrets)))
        if (release := self.hanging.get(channel.channel_id)) is not None:
            await release.wait()
        if (fault := self.faults.get(channel.channel_id)) is not None:
            return Delivery(seconds=0.1, fault=fault)
        self.arrived.append((channel.channel_id, alert))
        return Delivery(seconds=0.6)

    def understands(self, kind: ChannelKind, values: Mapping[str, str]) -> bool:
        return values.get("url", "") not in self.not_understood

    def titles(self, channel_id: str) -> list[str]:
        return [alert.title for name, alert in self.arrived if name == channel_id]


@dataclass
class MemoryOfAlerts:
    """Keeps what is written; `is_broken` as a full disk would."""

    settings: AlertSettings = field(default_factory=AlertSettings)
    memory: AlertMemory = field(default_factory=AlertMemory)
    is_broken: bool = False
    writes: int = 0

    def read_settings(self) -> AlertSettings:
        return self.settings

    def write_settings(self, settings: AlertSettings) -> None:
        self._note()
        self.settings = settings

    def read_memory(self) -> AlertMemory:
        return self.memory

    def write_memory(self, memory: AlertMemory) -> None:
        self._note()
        self.memory = memory

    def _note(self) -> None:
        if self.is_broken:
            raise KnownError("The disk is full.")
        self.writes += 1


@dataclass
class AlertStage:
    """Everything around the alerts, which `begin` starts (and starts again)."""

    tasks: Tasks
    clock: Clock
    facts: ScriptedFacts = field(default_factory=ScriptedFacts)
    notifier: ScriptedNotifier = field(default_factory=ScriptedNotifier)
    store: MemoryOfAlerts = field(default_factory=MemoryOfAlerts)
    secrets: SecretsInMemory = field(default_factory=SecretsInMemory)
    hidden: list[str] = field(default_factory=list)
    announcer: Announcer = field(default_factory=Announcer)
    look_seconds: float = 10.0

    def with_channels(self, *channels: Channel, policy: AlertPolicy = NEVER_QUIET) -> AlertStage:
        for channel in channels:
            self.secrets.write(f"alert channel {channel.channel_id}", '{"url": "https://example.org/planted"}')
        self.store.settings = AlertSettings(policy=policy, channels=channels)
        return self

    async def begin(self) -> Alerts:
        alerts = Alerts(
            self.facts,
            self.store,
            self.notifier,
            self.secrets,
            self.hidden.append,
            self.tasks,
            self.clock,
            self.announcer.show_alert,
            zone=UTC,
            look_seconds=self.look_seconds,
        )
        await alerts.start()
        return alerts


class InlineExecutor(ThreadPoolExecutor):
    """Does the work at once: for a loop of virtual time, which would not wait for a thread."""

    def submit(self, fn: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> Future[T]:
        future: Future[T] = Future()
        try:
            future.set_result(fn(*args, **kwargs))
        except Exception as error:  # noqa: BLE001 - carried to the caller
            future.set_exception(error)
        return future


def facts(started_at: datetime = NOON, **changes: Any) -> FarmFacts:
    return FarmFacts(**({"started_at": started_at} | changes))
