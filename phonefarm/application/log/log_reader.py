"""Reads the log for the desk: entries, details, figures, the day of each health check, and today's orders."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from phonefarm.application.model.health_board import NAMES
from phonefarm.application.model.log_entries import (
    CallDetails,
    HealthHistory,
    LogBatch,
    LogQuery,
    LogSummary,
    OrderStanding,
)
from phonefarm.application.ports.storage import Storage
from phonefarm.application.ports.views import Views
from phonefarm.domain.health_history import intervals
from phonefarm.domain.order_gaps import LEARNED_FROM
from phonefarm.domain.usual_orders import order_standing
from phonefarm.support.clock import Clock

HISTORY = timedelta(hours=24)
_DAY = timedelta(days=1)


@dataclass(frozen=True, kw_only=True)
class LogBounds:
    days: int
    megabytes: int


class LogReader:
    def __init__(self, storage: Storage, clock: Clock, bounds: LogBounds, lost: Callable[[], int]) -> None:
        """`lost`: how many calls could not be logged since the start."""
        self._storage = storage
        self._clock = clock
        self._bounds = bounds
        self._lost = lost

    async def entries(self, query: LogQuery) -> LogBatch:
        return await self._storage.read(lambda views: views.log.entries(query))

    async def call_details(self, call_id: int) -> CallDetails | None:
        return await self._storage.read(lambda views: views.log.call_details(call_id))

    async def summary(self, query: LogQuery) -> LogSummary:
        bounds, lost = self._bounds, self._lost()

        def read(views: Views) -> LogSummary:
            return LogSummary(
                entries=views.log.count(query),
                wrong_keys=views.log.wrong_keys(query.since),
                last_call_at=views.log.last_call_at(),
                kept_days=bounds.days,
                kept_megabytes=bounds.megabytes,
                lost=lost,
            )

        return await self._storage.read(read)

    async def health_history(self) -> HealthHistory:
        """Of the last 24 hours."""
        end = self._clock()
        begin = end - HISTORY
        changes = await self._storage.read(lambda views: views.log.level_changes(begin))
        return HealthHistory(
            begin=begin, end=end, checks={name: intervals(changes, name, begin, end) for name in NAMES}
        )

    async def order_standing(self) -> OrderStanding:
        now = self._clock()
        return await self._storage.read(lambda views: read_order_standing(views, now))


def read_order_standing(views: Views, now: datetime) -> OrderStanding:
    orders = views.orders_by_hour(now - LEARNED_FROM - _DAY)
    return order_standing(orders, views.newest_order_at(), now, _local_time)


def _local_time(hour: int) -> datetime:
    return datetime.fromtimestamp(hour * 3600).astimezone()
