"""Collects garbage on the engine's thread while the window, which normally does it, is frozen.

With a window Python's automatic collection is off: a widget in a garbage cycle must be destroyed on the window's
thread, so the window collects once a second. While it is frozen, the engine's memory would grow.
"""

from __future__ import annotations

import asyncio
import gc
import time

import structlog

log = structlog.get_logger(__name__)

WINDOW_SILENT_SECONDS = 30.0
"""The engine collects this long after the window's last collection."""
CHECK_SECONDS = 5.0


class GarbageFallback:
    """Call `check` every few seconds on the engine's thread.

    Before the engine collects, existing objects are frozen, so that the window's garbage is left to the window.
    """

    def __init__(self, silent_seconds: float = WINDOW_SILENT_SECONDS) -> None:
        self._silent_seconds = silent_seconds
        self._seen_collections = _collections()
        self._last_seen_at: float | None = None
        self._is_in_charge = False

    def check(self, now: float) -> None:
        """`now`: seconds on the monotonic clock."""
        if gc.isenabled():
            self._give_back()
            self._last_seen_at = now
            return
        if _collections() != self._seen_collections or self._last_seen_at is None:
            self._give_back()
            self._last_seen_at = now
        elif now - self._last_seen_at >= self._silent_seconds and _is_due(0):
            self._collect()
        self._seen_collections = _collections()

    async def run(self) -> None:
        while True:
            self.check(time.monotonic())
            await asyncio.sleep(CHECK_SECONDS)

    def _collect(self) -> None:
        if not self._is_in_charge:
            log.warning("the window is frozen; the engine collects garbage itself")
            gc.freeze()
            self._is_in_charge = True
        for generation in (2, 1, 0):
            if _is_due(generation):
                gc.collect(generation)
                return

    def _give_back(self) -> None:
        """Unfreeze the objects, which the window then collects on its own thread."""
        if self._is_in_charge:
            log.info("the window collects garbage again")
            gc.unfreeze()
            self._is_in_charge = False


def _collections() -> int:
    return sum(generation["collections"] for generation in gc.get_stats())


def _is_due(generation: int) -> bool:
    return gc.get_count()[generation] > gc.get_threshold()[generation]
