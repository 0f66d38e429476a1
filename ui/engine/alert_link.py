"""Brings the notices for the screen of this PC from the engine's thread to the window's."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QObject, Qt, Signal

from phonefarm.application.desk.farm_desk import FarmDesk
from phonefarm.application.model.alerts import Alert
from ui.engine.engine_link import EngineLink


class AlertLink(QObject):
    """While it is open, this PC counts as a channel that shows alerts."""

    arrived = Signal(object)
    """An Alert, on the window's thread: for notices in the window and of the tray icon."""
    _received = Signal(object)

    def __init__(self, link: EngineLink, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._link = link
        self._unsubscribe: Callable[[], None] | None = None
        self._is_closed = False
        self._received.connect(self._deliver, Qt.ConnectionType.QueuedConnection)

    async def open(self) -> None:
        """Raises KnownError if the engine is gone."""

        async def subscribe(desk: FarmDesk) -> Callable[[], None]:
            return desk.subscribe_alerts(self._received.emit)

        self._unsubscribe = await self._link.ask(subscribe)
        if self._is_closed:
            self.close()

    def close(self) -> None:
        """Unsubscribe; what is on its way is not delivered."""
        self._is_closed = True
        unsubscribe, self._unsubscribe = self._unsubscribe, None
        if unsubscribe is not None:
            self._link.call_soon(unsubscribe)

    def _deliver(self, alert: Alert) -> None:
        if not self._is_closed:
            self.arrived.emit(alert)
