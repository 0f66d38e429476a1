"""Builds the log of a running farm: what writes it, bounds it, reads it, and the checks that it needs."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

from phonefarm.adapters.onlinesim.call_reports import CallReporter
from phonefarm.application.log.call_log import CallLog
from phonefarm.application.log.log_reader import LogBounds, LogReader
from phonefarm.application.log.retention import BYTES_PER_MEGABYTE, LogRetention
from phonefarm.application.log.self_checks import KeyState, SelfChecks
from phonefarm.application.model.events import Announcer
from phonefarm.application.model.health_board import HealthBoard
from phonefarm.application.ports.storage import Storage
from phonefarm.application.trade.sales_gate import SalesGate
from phonefarm.config.settings import Settings
from phonefarm.domain.errors import KnownError
from phonefarm.support.clock import Clock
from phonefarm.support.os_errors import cause_of
from phonefarm.support.tasks import Tasks


class FarmLog:
    def __init__(
        self,
        settings: Settings,
        storage: Storage,
        announcer: Announcer,
        board: HealthBoard,
        sales: SalesGate,
        clock: Clock,
        *,
        current_key: Callable[[], str | None],
        key_state: Callable[[], KeyState],
    ) -> None:
        self.calls = CallLog(storage, announcer, clock, closure=sales.problem)
        self.reporter = CallReporter(self.calls.note, current_key, clock)
        self.reader = LogReader(storage, clock, log_bounds(settings), lambda: self.calls.lost)
        self._retention = LogRetention(
            storage,
            announcer,
            clock,
            keep=timedelta(days=settings.log_days),
            most_bytes=settings.log_megabytes * BYTES_PER_MEGABYTE,
        )
        self._checks = SelfChecks(
            storage,
            board,
            clock,
            free_bytes=lambda: free_bytes(settings.data_dir),
            key_state=key_state,
            clock_problem=sales.clock_problem,
        )

    async def start(self, tasks: Tasks) -> None:
        await self.calls.start()
        tasks.keep_going(self.calls.run, "log")
        tasks.keep_going(self._retention.run, "cleaning the log")
        tasks.keep_going(self._checks.run, "health checks of this PC")

    async def stop(self) -> None:
        await self.calls.stop()


def log_bounds(settings: Settings) -> LogBounds:
    return LogBounds(days=settings.log_days, megabytes=settings.log_megabytes)


def free_bytes(folder: Path) -> int:
    try:
        return shutil.disk_usage(folder).free
    except OSError as error:
        raise KnownError(f"The data folder {folder} cannot be read: {cause_of(error)}.") from error
