"""The ports of the alerts: sending, secrets, and storage."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

from phonefarm.application.model.alerts import Alert, AlertMemory, AlertSettings, Channel, ChannelKind, Delivery


class Notifier(Protocol):
    async def deliver(self, channel: Channel, secrets: Mapping[str, str], alert: Alert) -> Delivery:
        """Make one attempt, within a deadline. Raises nothing for failures of the service or the network."""
        ...

    def understands(self, kind: ChannelKind, values: Mapping[str, str]) -> bool:
        """Whether the values, secrets included, form a valid address. Sends nothing."""
        ...


class NamedSecrets(Protocol):
    """Stores secrets by name. Each call may block for 5 s. Raises KnownError."""

    def read(self, name: str) -> str | None:
        """None if there is none. Raises KnownError if that is unknown."""
        ...

    def write(self, name: str, secret: str) -> None:
        """Store it in the keyring; if that is impossible, in a file that only this user can read."""
        ...

    def forget(self, name: str) -> None: ...


class AlertStore(Protocol):
    """Settings and memory of the alerts in the data folder. Each call may block."""

    def read_settings(self) -> AlertSettings:
        """The defaults if there are none, or none that can be read."""
        ...

    def write_settings(self, settings: AlertSettings) -> None:
        """Atomic. Raises KnownError."""
        ...

    def read_memory(self) -> AlertMemory: ...

    def write_memory(self, memory: AlertMemory) -> None:
        """Atomic. Raises KnownError."""
        ...
