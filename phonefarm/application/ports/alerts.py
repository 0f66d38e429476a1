"""What the alerts want of the world: a way to send, a place for secrets, a memory."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

from phonefarm.application.model.alerts import Alert, AlertMemory, AlertSettings, Channel, ChannelKind, Delivery


class Notifier(Protocol):
    async def deliver(self, channel: Channel, secrets: Mapping[str, str], alert: Alert) -> Delivery:
        """One attempt within its deadline; never raises for anything that the service or the network does."""
        ...

    def understands(self, kind: ChannelKind, values: Mapping[str, str]) -> bool:
        """Whether the values, secrets included, make an address. Sends nothing."""
        ...


class NamedSecrets(Protocol):
    """Keeps secrets by name. Each call may take 5 s: call it off the loop. Raises KnownError."""

    def read(self, name: str) -> str | None:
        """None where there is none; KnownError where nobody knows whether there is one."""
        ...

    def write(self, name: str, secret: str) -> None:
        """In the keyring, or, where it takes none, in a file that only this user can read."""
        ...

    def forget(self, name: str) -> None: ...


class AlertStore(Protocol):
    """Settings and memory of the alerts in the data folder. Each call may wait for the disk: call it off the loop."""

    def read_settings(self) -> AlertSettings:
        """The default ones where there are none, or none that can be read."""
        ...

    def write_settings(self, settings: AlertSettings) -> None:
        """Whole or not at all; raises KnownError."""
        ...

    def read_memory(self) -> AlertMemory: ...

    def write_memory(self, memory: AlertMemory) -> None:
        """Whole or not at all; raises KnownError."""
        ...
