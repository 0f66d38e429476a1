"""Builds the alerts of a farm, and single channels of them for commands."""

from __future__ import annotations

import shutil
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from phonefarm.adapters.notify.alert_files import AlertFiles
from phonefarm.adapters.notify.apprise_notifier import AppriseNotifier
from phonefarm.adapters.secrets.named_secrets import NamedSecretStore
from phonefarm.application.alerts.alerts import Alerts, a_test, local_hour
from phonefarm.application.alerts.channels import ChannelSecrets, Sender
from phonefarm.application.alerts.observer import FarmObserver, PcFacts
from phonefarm.application.model.alerts import AlertMemory, AlertSettings, Channel, Delivery
from phonefarm.application.model.events import Announcer
from phonefarm.application.model.health_board import HealthBoard
from phonefarm.application.model.read_models import Overview, Topic
from phonefarm.application.ports.alerts import NamedSecrets
from phonefarm.application.ports.storage import Storage
from phonefarm.application.trade.sales_gate import Closure
from phonefarm.config.settings import Settings
from phonefarm.support.clock import Clock
from phonefarm.support.crash_reports import newest_report
from phonefarm.support.logs import FOLDER as LOGS
from phonefarm.support.logs import SecretFilter
from phonefarm.support.tasks import Tasks

CRASH_TOLD_FOR = timedelta(days=1)
"""A crash that is older was of an earlier run."""


@dataclass(frozen=True, kw_only=True)
class FarmParts:
    """What the alerts look at."""

    overview: Callable[[], Awaitable[Overview]]
    storage: Storage
    health: HealthBoard
    closure: Callable[[], Closure | None]
    wrong_keys: Callable[[], int]
    newest_backup_at: Callable[[], datetime | None]


def make_alerts(
    settings: Settings,
    parts: FarmParts,
    hidden: SecretFilter,
    tasks: Tasks,
    clock: Clock,
    announcer: Announcer,
    secrets: NamedSecrets | None = None,
) -> Alerts:
    """`secrets`: instead of the OS keyring, if given."""
    observer = FarmObserver(
        overview=parts.overview,
        storage=parts.storage,
        health=parts.health,
        closure=parts.closure,
        wrong_keys=parts.wrong_keys,
        pc=PcFacts(
            free_bytes=lambda: _free_bytes(settings.data_dir),
            newest_backup_at=parts.newest_backup_at,
            newest_crash=lambda: _newest_crash(settings.data_dir / LOGS, clock()),
        ),
        clock=clock,
        local=local_hour,
    )
    return Alerts(
        observer,
        AlertFiles(settings.data_dir),
        AppriseNotifier(),
        secrets or NamedSecretStore(settings.data_dir),
        hidden.add,
        tasks,
        clock,
        announcer.show_alert,
        changed=lambda: announcer.changed(Topic.SETTINGS),
    )


class StoredAlerts:
    """Rules and channels of a data folder, for a command: a farm may run on it or not."""

    def __init__(self, settings: Settings, hidden: SecretFilter) -> None:
        self._files = AlertFiles(settings.data_dir)
        self._secrets = ChannelSecrets(NamedSecretStore(settings.data_dir), hidden.add)
        self._sender = Sender(AppriseNotifier(), self._secrets, lambda _alert: False)

    def settings(self) -> AlertSettings:
        return self._files.read_settings()

    def memory(self) -> AlertMemory:
        return self._files.read_memory()

    async def test(self, channel: Channel) -> Delivery:
        """Sends a test by it; its result is not kept."""
        return await self._sender.send(channel, a_test(utc_now()))


def utc_now() -> datetime:
    return datetime.now(UTC)


def _free_bytes(folder: Path) -> int | None:
    try:
        return shutil.disk_usage(folder).free
    except OSError:
        return None


def _newest_crash(logs: Path, now: datetime) -> tuple[str, datetime] | None:
    report = newest_report(logs)
    if report is None:
        return None
    path, at = report
    return (path.name, at) if now - at < CRASH_TOLD_FOR else None
