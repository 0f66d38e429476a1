"""A dispatcher that begins no attempt and sends nothing."""

from __future__ import annotations

from phonefarm.application.ports.dispatch import QueuedPushes
from phonefarm.application.ports.storage import Result


class QuietDispatcher:
    def reserve(self) -> _NoPlaces:
        return _NoPlaces()

    def wake(self) -> None:
        pass


class _NoPlaces:
    places = 0

    def complete(self, result: Result[QueuedPushes]) -> None:
        pass
