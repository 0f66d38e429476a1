"""The bridge between the window's thread and the engine's: calls are awaited, changes come back coalesced."""

from __future__ import annotations

import asyncio
import concurrent.futures
import threading
from collections.abc import Callable, Coroutine, Mapping
from typing import Any, TypeVar

from PySide6.QtCore import QObject, Qt, Signal

from phonefarm.application.desk.engine import RunningEngine
from phonefarm.application.desk.farm_desk import FarmDesk
from phonefarm.application.model.read_models import Changes, KnownError, Topic
from phonefarm.support.deadlines import within
from ui.text.words import ENGINE_GONE, ENGINE_SILENT, tr

T = TypeVar("T")
Answer = Coroutine[Any, Any, T]
Keys = frozenset[str] | None
"""Keys of changed rows; None means any row."""

ANSWER_TIMEOUT_SECONDS = 30.0


def merged(one: Mapping[Topic, Keys], other: Mapping[Topic, Keys]) -> dict[Topic, Keys]:
    """The union by topic; None (any row) absorbs keys."""
    result = dict(one)
    for topic, keys in other.items():
        before = result.get(topic, frozenset())
        result[topic] = None if keys is None or before is None else before | keys
    return result


class EngineLink(QObject):
    """Runs calls on the engine's loop, and emits its changes on the window's thread."""

    changed = Signal(object)
    """dict[Topic, Keys], on the window's thread."""

    _changes_pending = Signal()

    def __init__(
        self, engine: RunningEngine, parent: QObject | None = None, timeout_seconds: float = ANSWER_TIMEOUT_SECONDS
    ) -> None:
        super().__init__(parent)
        self._engine = engine
        self._timeout_seconds = timeout_seconds
        self._lock = threading.Lock()
        self._pending: dict[Topic, Keys] = {}
        self._is_signalled = False
        self._is_closed = False
        self._calls: set[concurrent.futures.Future[Any]] = set()
        self._unsubscribe: Callable[[], None] | None = None
        self._changes_pending.connect(self._emit_changes, Qt.ConnectionType.QueuedConnection)

    async def ask(self, question: Callable[[FarmDesk], Answer[T]]) -> T:
        """The desk's answer; raises KnownError if the engine has ended or does not answer in time."""
        if not self._is_engine_alive():
            raise KnownError(tr(ENGINE_GONE))
        work = question(self._engine.desk)
        try:
            call = asyncio.run_coroutine_threadsafe(work, self._engine.loop)
        except RuntimeError as error:  # the loop was closed just now
            work.close()
            raise KnownError(tr(ENGINE_GONE)) from error
        self._calls.add(call)
        try:
            async with within(self._timeout_seconds):
                return await asyncio.wrap_future(call)
        except TimeoutError as error:
            raise KnownError(tr(ENGINE_SILENT).format(seconds=int(self._timeout_seconds))) from error
        except asyncio.CancelledError as error:
            task = asyncio.current_task()
            if task is not None and task.cancelling():
                raise
            raise KnownError(tr(ENGINE_GONE)) from error
        finally:
            self._calls.discard(call)

    async def open(self) -> None:
        """Subscribe to changes."""

        async def subscribe(desk: FarmDesk) -> Callable[[], None]:
            return desk.subscribe(self._merge_changes)

        self._unsubscribe = await self.ask(subscribe)

    def close(self) -> None:
        """Unsubscribe; calls in flight fail."""
        with self._lock:
            self._is_closed = True
        unsubscribe, self._unsubscribe = self._unsubscribe, None
        if unsubscribe is not None:
            self.call_soon(unsubscribe)
        self._cancel_calls()

    def call_soon(self, call: Callable[[], None]) -> None:
        """Run a plain call on the engine's loop, unless the engine has ended."""
        if self._engine.loop.is_running():
            self._engine.loop.call_soon_threadsafe(call)

    def fail_calls_if_engine_ended(self) -> None:
        """To be called periodically: no future tells that the engine's loop has stopped."""
        if self._calls and not self._is_engine_alive():
            self._cancel_calls()

    def _cancel_calls(self) -> None:
        for call in list(self._calls):
            call.cancel()

    def _is_engine_alive(self) -> bool:
        return self._engine.loop.is_running() and not self._is_closed

    def _merge_changes(self, changes: Changes) -> None:
        """On the engine's thread: signal only if no signal is in flight."""
        with self._lock:
            if self._is_closed:
                return
            self._pending = merged(self._pending, changes.keys)
            if self._is_signalled:
                return
            self._is_signalled = True
        self._changes_pending.emit()

    def _emit_changes(self) -> None:
        with self._lock:
            pending, self._pending = self._pending, {}
            self._is_signalled = False
        if pending and not self._is_closed:
            self.changed.emit(pending)
