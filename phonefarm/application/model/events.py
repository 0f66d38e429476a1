"""Says which rows may have changed, at most ten times a second; losing an event costs a second, never an SMS."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable

from phonefarm.application.model.alerts import Alert
from phonefarm.application.model.read_models import Changes, Topic

FLUSH_EVERY = 0.1
MOST_KEYS = 500
"""More changed keys than this in one flush become "ask for everything"."""

Listener = Callable[[Changes], None]
AlertListener = Callable[[Alert], None]


class Announcer:
    """Gathers changed keys on the engine's loop and hands them to the listeners in bundles."""

    def __init__(self) -> None:
        self._listeners: list[Listener] = []
        self._alert_listeners: list[AlertListener] = []
        self._pending: dict[Topic, set[str] | None] = {}
        self._timer: asyncio.TimerHandle | None = None
        self._last_flush = float("-inf")

    def subscribe(self, listener: Listener) -> Callable[[], None]:
        self._listeners.append(listener)

        def undo() -> None:
            if listener in self._listeners:
                self._listeners.remove(listener)

        return undo

    def changed(self, topic: Topic, keys: Iterable[object] | None = ()) -> None:
        """Note changed rows of `topic`; None means any of them."""
        known = self._pending.setdefault(topic, set())
        if keys is None or known is None:
            self._pending[topic] = None
        else:
            known.update(str(key) for key in keys)
            if len(known) > MOST_KEYS:
                self._pending[topic] = None
        if self._timer is None and self._listeners:
            loop = asyncio.get_running_loop()
            self._timer = loop.call_at(max(loop.time(), self._last_flush + FLUSH_EVERY), self._flush)

    def _flush(self) -> None:
        self._timer = None
        self._last_flush = asyncio.get_running_loop().time()
        pending, self._pending = self._pending, {}
        if not pending:
            return
        bundle = Changes(keys={topic: None if keys is None else frozenset(keys) for topic, keys in pending.items()})
        for listener in list(self._listeners):
            listener(bundle)

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
