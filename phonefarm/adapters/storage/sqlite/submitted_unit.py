"""A unit of work on its way from its caller's loop to the writer's thread and back."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import structlog

from phonefarm.application.ports.storage import Result, UnitOfWork
from phonefarm.domain.errors import KnownError

log = structlog.get_logger(__name__)


@dataclass
class SubmittedUnit:
    work: Callable[[UnitOfWork], Any]
    loop: asyncio.AbstractEventLoop
    waiting: asyncio.Future[Any]
    on_done: Callable[[Result[Any]], None] | None
    is_urgent: bool
    result: Any = None
    error: BaseException | None = None

    def report(self) -> None:
        """Call `on_done`, then let the caller resume. Runs on the caller's loop."""
        if self.on_done is not None:
            try:
                self.on_done(self._outcome)
            except Exception as error:  # the caller gets its result nevertheless
                log.error("a bug in phonefarm", exc_info=error)
        if self.waiting.done():  # the caller was cancelled
            if self.error is not None:
                _log_if_bug(self.error)
        elif self.error is not None:
            self.waiting.set_exception(self.error)
        else:
            self.waiting.set_result(self.result)

    async def wait(self) -> Any:
        try:
            return await self.waiting
        except asyncio.CancelledError:
            if self.waiting.done() and not self.waiting.cancelled() and (error := self.waiting.exception()) is not None:
                _log_if_bug(error)  # cancelled between the result and its resumption
            raise

    def _outcome(self) -> Any:
        if self.error is not None:
            raise self.error
        return self.result


def report_to_loops(units: Sequence[SubmittedUnit]) -> None:
    """Report each unit on the loop of its caller; may be called from any thread."""
    for loop in {id(unit.loop): unit.loop for unit in units}.values():
        with suppress(RuntimeError):  # the caller's loop is closed: the commit stands, and nobody waits for its result
            loop.call_soon_threadsafe(_report_all, [unit for unit in units if unit.loop is loop])


def _report_all(units: Sequence[SubmittedUnit]) -> None:
    for unit in units:
        unit.report()


def _log_if_bug(error: BaseException) -> None:
    """Nobody waits for this error any more."""
    if not isinstance(error, KnownError):
        log.error("a bug in phonefarm", task="unit of work", exc_info=error)
