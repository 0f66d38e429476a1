"""The one place where the window meets the engine: questions go over awaited, changes come back merged."""

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
"""Changed keys; None means any."""

ANSWER_WITHIN = 30.0


def merged(one: Mapping[Topic, Keys], other: Mapping[Topic, Keys]) -> dict[Topic, Keys]:
    """Both sets of changes as one: "any" swallows keys."""
    result = dict(one)
    for topic, keys in other.items():
        known = result.get(topic, frozenset())
        result[topic] = None if keys is None or known is None else known | keys
    return result


class EngineLink(QObject):
    """Carries calls to the engine's loop and its changes to the window's thread."""

    changed = Signal(object)
    """dict[Topic, Keys], on the window's thread."""

    _arrived = Signal()

    def __init__(
        self, engine: RunningEngine, parent: QObject | None = None, answer_within: float = ANSWER_WITHIN
    ) -> None:
        super().__init__(parent)
        self._engine = engine
        self._answer_within = answer_within
        self._lock = threading.Lock()
        self._pending: dict[Topic, Keys] = {}
        self._is_signalled = False
        self._is_closed = False
        self._waiting: set[concurrent.futures.Future[Any]] = set()
        self._undo: Callable[[], None] | None = None
        self._arrived.connect(self._deliver, Qt.ConnectionType.QueuedConnection)

    async def ask(self, question: Callable[[FarmDesk], Answer[T]]) -> T:
        """The desk's answer; a KnownError where the engine is gone or silent."""
        if not self._is_engine_alive():
            raise KnownError(tr(ENGINE_GONE))
        work = question(self._engine.desk)
        try:
            there = asyncio.run_coroutine_threadsafe(work, self._engine.loop)
        except RuntimeError as error:  # the loop was closed in this very moment
            work.close()
            raise KnownError(tr(ENGINE_GONE)) from error
        self._waiting.add(there)
        try:
            async with within(self._answer_within):
                return await asyncio.wrap_future(there)
        except TimeoutError as error:
            raise KnownError(tr(ENGINE_SILENT).format(seconds=int(self._answer_within))) from error
        except asyncio.CancelledError as error:
            task = asyncio.current_task()
            if task is not None and task.cancelling():
                raise
            raise KnownError(tr(ENGINE_GONE)) from error
        finally:
            self._waiting.discard(there)

    async def open(self) -> None:
        """Begin to hear of changes."""

        async def subscribe(desk: FarmDesk) -> Callable[[], None]:
            return desk.subscribe(self._note)

        self._undo = await self.ask(subscribe)

    def close(self) -> None:
        """Hear of nothing more; calls under way fail."""
        with self._lock:
            self._is_closed = True
        undo, self._undo = self._undo, None
        if undo is not None and self._engine.loop.is_running():
            self._engine.loop.call_soon_threadsafe(undo)
        self._give_up_waiting()

    def check(self) -> None:
        """Fail the calls that wait for an engine that is gone; the window calls this now and then."""
        if self._waiting and not self._is_engine_alive():
            self._give_up_waiting()

    def _give_up_waiting(self) -> None:
        for there in list(self._waiting):
            there.cancel()

    def _is_engine_alive(self) -> bool:
        return self._engine.loop.is_running() and not self._is_closed

    def _note(self, changes: Changes) -> None:
        """On the engine's thread: merge, and signal only if no signal is on its way already."""
        with self._lock:
            if self._is_closed:
                return
            self._pending = merged(self._pending, changes.keys)
            if self._is_signalled:
                return
            self._is_signalled = True
        self._arrived.emit()

    def _deliver(self) -> None:
        with self._lock:
            pending, self._pending = self._pending, {}
            self._is_signalled = False
        if pending and not self._is_closed:
            self.changed.emit(pending)
