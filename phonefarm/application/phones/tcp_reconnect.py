"""Reconnects phones over TCP: an adb server that ends forgets them."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from itertools import chain, repeat

import structlog

from phonefarm.application.ports.world import ListedDevice, PhoneBridge, PhoneUnreachable, ServerDown
from phonefarm.domain.phones import is_address
from phonefarm.support.tasks import Tasks

log = structlog.get_logger(__name__)

MOST_AT_ONCE = 16
PAUSES_SECONDS = (1.0, 2.0, 4.0, 8.0, 15.0, *[30.0] * 10)
"""Between the attempts to reconnect one phone."""
LONG_PAUSE_SECONDS = 120.0
"""Between all further attempts: a router may be off for a night."""


class TcpReconnector:
    """Reconnects the phones that one server had when it was lost, and those that failed to reconnect once.

    A phone that had left before the server was lost is not reconnected.
    """

    def __init__(self, bridge: PhoneBridge, tasks: Tasks) -> None:
        self._bridge = bridge
        self._tasks = tasks
        self._present: frozenset[str] = frozenset()
        self._missing: set[str] = set()
        self._attempts: dict[str, asyncio.Task[None]] = {}
        self._slots = asyncio.Semaphore(MOST_AT_ONCE)

    def note_list(self, devices: Sequence[ListedDevice]) -> None:
        """The server answers and lists these devices."""
        self._present = frozenset(device.serial for device in devices if is_address(device.serial))
        self._missing -= self._present
        self._start_attempts()

    def note_loss(self) -> None:
        """The server is down: its phones are reconnected when it lists devices again."""
        for attempt in self._attempts.values():
            attempt.cancel()
        self._attempts.clear()
        self._missing |= self._present
        self._present = frozenset()

    def reconnect(self, serial: str) -> None:
        """Retry a phone that was dropped and did not answer when it was connected again."""
        self._missing.add(serial)
        self._start_attempts()

    def _start_attempts(self) -> None:
        for serial in sorted(self._missing - self._attempts.keys()):
            self._attempts[serial] = self._tasks.start(self._attempt(serial), f"reconnecting {serial}")

    async def _attempt(self, serial: str) -> None:
        try:
            await self._retry(serial)
        finally:
            if self._attempts.get(serial) is asyncio.current_task():
                del self._attempts[serial]

    async def _retry(self, serial: str) -> None:
        for pause in chain(PAUSES_SECONDS, repeat(LONG_PAUSE_SECONDS)):
            async with self._slots:
                if serial not in self._missing:
                    break
                try:
                    await self._bridge.reconnect(serial)
                except PhoneUnreachable as error:
                    log.info("a phone cannot be reconnected yet", serial=serial, cause=str(error))
                except ServerDown as error:
                    log.info("the server ended before a phone was reconnected", serial=serial, cause=str(error))
            await asyncio.sleep(pause)
