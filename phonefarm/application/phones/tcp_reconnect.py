"""Phones over TCP: an adb server that ends forgets them, so they are connected anew when it is back."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from itertools import chain, repeat

import structlog

from phonefarm.application.ports.world import ListedDevice, PhoneBridge, PhoneUnreachable, ServerDown
from phonefarm.domain.phones import is_address
from phonefarm.support.tasks import Tasks

log = structlog.get_logger(__name__)

AT_ONCE = 16
PAUSES = (1.0, 2.0, 4.0, 8.0, 15.0, *[30.0] * 10)
"""Seconds between the attempts to take up one phone."""
LONG_PAUSE = 120.0
"""Between all further ones: a router may be off for a night."""


class TcpReconnector:
    """Takes up again what one server had when it was lost, or what was dropped to be connected anew.

    A phone that left by itself before is left alone.
    """

    def __init__(self, bridge: PhoneBridge, tasks: Tasks) -> None:
        self._bridge = bridge
        self._tasks = tasks
        self._present: frozenset[str] = frozenset()
        self._wanted: set[str] = set()
        self._calls: dict[str, asyncio.Task[None]] = {}
        self._gate = asyncio.Semaphore(AT_ONCE)

    def note_list(self, devices: Sequence[ListedDevice]) -> None:
        """The server is there and lists these."""
        self._present = frozenset(device.serial for device in devices if is_address(device.serial))
        self._wanted -= self._present
        self._call_wanted()

    def note_loss(self) -> None:
        """The server is down, and with it all that it had."""
        for call in self._calls.values():
            call.cancel()
        self._calls.clear()
        self._wanted |= self._present
        self._present = frozenset()

    def want(self, serial: str) -> None:
        """A phone over TCP that we dropped and that did not answer when it was connected anew."""
        self._wanted.add(serial)
        self._call_wanted()

    def _call_wanted(self) -> None:
        for serial in sorted(self._wanted - self._calls.keys()):
            self._calls[serial] = self._tasks.start(self._call_back(serial), f"taking up {serial}")

    async def _call_back(self, serial: str) -> None:
        try:
            await self._try_again_and_again(serial)
        finally:
            if self._calls.get(serial) is asyncio.current_task():
                del self._calls[serial]

    async def _try_again_and_again(self, serial: str) -> None:
        for pause in chain(PAUSES, repeat(LONG_PAUSE)):
            async with self._gate:
                if serial not in self._wanted:
                    break
                try:
                    await self._bridge.reconnect(serial)
                except PhoneUnreachable as error:
                    log.info("a phone is not there again yet", serial=serial, cause=str(error))
                except ServerDown as error:
                    log.info("the server went before a phone was back", serial=serial, cause=str(error))
            await asyncio.sleep(pause)
