"""Announces which rows may have changed, coalesced to at most ten events a second."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable

from phonefarm.application.model.alerts import Alert
from phonefarm.application.model.read_models import Changes, Topic

FLUSH_SECONDS = 0.1
MOST_KEYS = 500
"""With more changed keys in one event, all rows of the topic count as changed."""

Listener = Callable[[Changes], None]
AlertListener = Callable[[Alert], None]


class Announcer:
    """Collects changed keys on the engine's loop and passes them to the listeners in batches."""

    def __init__(self) -> None:
        self._listeners: list[Listener] = []
        self._alert_listeners: list[AlertListener] = []
        self._pending: dict[Topic, set[str] | None] = {}
        self._timer: asyncio.TimerHandle | None = None
        self._last_flush = float("-inf")

    def subscribe(self, listener: Listener) -> Callable[[], None]:
        self._listeners.append(listener)

        def unsubscribe() -> None:
            if listener in self._listeners:
                self._listeners.remove(listener)

        return unsubscribe

    def changed(self, topic: Topic, keys: Iterable[object] | None = ()) -> None:
        """Announce changed rows of `topic`; None: any row of it."""
        pending = self._pending.setdefault(topic, set())
        if keys is None or pending is None:
            self._pending[topic] = None
        else:
            pending.update(str(key) for key in keys)
            if len(pending) > MOST_KEYS:
                self._pending[topic] = None
        if self._timer is None and self._listeners:
            loop = asyncio.get_running_loop()
            self._timer = loop.call_at(max(loop.time(), self._last_flush + FLUSH_SECONDS), self._flush)

    def _flush(self) -> None:
        self._timer = None
        self._last_flush = asyncio.get_running_loop().time()
        pending, self._pending = self._pending, {}
        if not pending:
            return
        batch = Changes(keys={topic: None if keys is None else frozenset(keys) for topic, keys in pending.items()})
        for listener in list(self._listeners):
            listener(batch)

    def subscribe_alerts(self, listener: AlertListener) -> Callable[[], None]:
        """Call `listener` with each alert for the screen of this PC; returns the undo."""
        self._alert_listeners.append(listener)

        def undo() -> None:
            if listener in self._alert_listeners:
                self._alert_listeners.remove(listener)

        return undo

    def show_alert(self, alert: Alert) -> bool:
        """At once; False where nobody listens."""
        for listener in list(self._alert_listeners):
            listener(alert)
        return bool(self._alert_listeners)

    def close(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        self._listeners.clear()
        self._alert_listeners.clear()
