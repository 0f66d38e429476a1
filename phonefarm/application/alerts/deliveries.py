"""Brings alerts to their channels: a bounded queue each, retried with backoff; nobody else waits for any of it."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import timedelta

import structlog

from phonefarm.application.model.alerts import (
    Alert,
    Channel,
    ChannelKind,
    ChannelResult,
    Delivery,
    DeliveryFault,
    PendingAlert,
)
from phonefarm.support.clock import Clock
from phonefarm.support.deadlines import is_set_within
from phonefarm.support.tasks import Tasks

log = structlog.get_logger(__name__)

MOST_QUEUED = 50
"""For each channel; beyond that the oldest is given up."""
GIVEN_UP_AFTER = timedelta(hours=24)
BACKOFF_SECONDS = (10.0, 30.0, 60.0, 300.0, 900.0)
"""The last one for ever."""

Send = Callable[[Channel, Alert], Awaitable[Delivery]]


class Deliveries:
    """One worker task for each channel that has something to deliver."""

    def __init__(self, send: Send, tasks: Tasks, clock: Clock, changed: Callable[[], None]) -> None:
        """`changed` is called when a queue or a result has changed."""
        self._send = send
        self._tasks = tasks
        self._clock = clock
        self._changed = changed
        self._channels: dict[str, Channel] = {}
        self._queues: dict[str, deque[Alert]] = {}
        self._results: dict[str, ChannelResult] = {}
        self._wake: dict[str, asyncio.Event] = {}
        self._workers: dict[str, asyncio.Task[None]] = {}

    def restore(self, pending: Iterable[PendingAlert], results: Mapping[str, ChannelResult]) -> None:
        """Goes on where the last run ended; call `use` afterwards."""
        self._results = dict(results)
        for waiting in pending:
            self._queue(waiting.channel_id).append(waiting.alert)

    def use(self, channels: Sequence[Channel]) -> None:
        """From now on these channels; a changed one is tried again at once."""
        before, self._channels = self._channels, {channel.channel_id: channel for channel in channels}
        for channel_id in {*self._queues, *self._results} - set(self._channels):
            self._queues.pop(channel_id, None)
            self._results.pop(channel_id, None)
        for channel_id, channel in self._channels.items():
            if not channel.is_on:
                self._queue(channel_id).clear()
            if before.get(channel_id) != channel:
                self._event(channel_id).set()
            self._work(channel_id)

    def put(self, alert: Alert, *, without: Iterable[str] = ()) -> None:
        """Queues the alert for every channel that is on, except those named."""
        left_out = set(without)
        for channel_id, channel in self._channels.items():
            if not channel.is_on or channel_id in left_out:
                continue
            queue = self._queue(channel_id)
            queue.append(alert)
            while len(queue) > MOST_QUEUED:
                queue.popleft()
                log.warning("an alert was given up: its channel's queue is full", channel=channel_id)
            self._work(channel_id)

    def pending(self) -> tuple[PendingAlert, ...]:
        return tuple(
            PendingAlert(channel_id=channel_id, alert=alert)
            for channel_id, queue in self._queues.items()
            for alert in queue
        )

    def results(self) -> Mapping[str, ChannelResult]:
        return dict(self._results)

    def result_of(self, channel_id: str) -> ChannelResult:
        return self._results.get(channel_id, ChannelResult())

    async def test(self, channel: Channel, alert: Alert) -> Delivery:
        """One attempt now, past the queue; its result is kept as any other's."""
        delivery = await self._send(channel, alert)
        self._note(channel.channel_id, delivery, was_test=True)
        if delivery.arrived:
            self._event(channel.channel_id).set()
        return delivery

    # Workers ----------------------------------------------------------------

    def _queue(self, channel_id: str) -> deque[Alert]:
        return self._queues.setdefault(channel_id, deque())

    def _event(self, channel_id: str) -> asyncio.Event:
        return self._wake.setdefault(channel_id, asyncio.Event())

    def _work(self, channel_id: str) -> None:
        worker = self._workers.get(channel_id)
        if self._queue(channel_id) and (worker is None or worker.done()):
            self._workers[channel_id] = self._tasks.start(self._deliver_all(channel_id), f"alerts by {channel_id}")

    async def _deliver_all(self, channel_id: str) -> None:
        failures = 0
        queue = self._queue(channel_id)
        while queue and (channel := self._channels.get(channel_id)) is not None:
            alert = queue[0]
            wake = self._event(channel_id)
            wake.clear()
            delivery = await self._send(channel, alert)
            self._note(channel_id, delivery)
            is_hopeless = delivery.fault is DeliveryFault.NO_WINDOW or self._clock() - alert.at >= GIVEN_UP_AFTER
            if delivery.arrived or is_hopeless:
                failures = 0
                if queue and queue[0] is alert:
                    queue.popleft()
                self._changed()
                continue
            log.warning("an alert did not arrive", channel=channel_id, cause=str(delivery.fault))
            self._changed()
            pause = BACKOFF_SECONDS[min(failures, len(BACKOFF_SECONDS) - 1)]
            failures += 1
            if await is_set_within(wake, pause):
                failures = 0

    def _note(self, channel_id: str, delivery: Delivery, *, was_test: bool = False) -> None:
        if delivery.fault is DeliveryFault.NO_WINDOW and not was_test:
            return  # a farm without a window is in order
        before, now = self.result_of(channel_id), self._clock()
        if delivery.arrived:
            result = ChannelResult(arrived_at=now, seconds=delivery.seconds, last=delivery, was_test=was_test)
        else:
            result = replace(
                before,
                failing_since=before.failing_since or now,
                last=delivery,
                was_test=was_test,
                undelivered=max(len(self._queue(channel_id)), before.undelivered),
            )
        self._results[channel_id] = result
        self._changed()


def is_alone(channels: Sequence[Channel]) -> bool:
    """Whether nobody but the screen of this PC is told."""
    return not any(channel.is_on and channel.kind is not ChannelKind.DESKTOP for channel in channels)
