"""Sends alerts through apprise, each attempt on a daemon thread of its own with a deadline."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from functools import partial

from phonefarm.adapters.notify.apprise_library import NotifyType, send, service_of
from phonefarm.adapters.notify.channel_urls import apprise_url
from phonefarm.adapters.notify.failures import failure_in
from phonefarm.application.model.alerts import Alert, Channel, ChannelKind, Delivery, DeliveryFault, MessageKind
from phonefarm.support.daemon_threads import in_own_thread
from phonefarm.support.deadlines import within

DEADLINE_SECONDS = 15.0


class AppriseNotifier:
    """A service that hangs holds one thread, and no second one is started for it meanwhile."""

    def __init__(self, deadline_seconds: float = DEADLINE_SECONDS) -> None:
        self._deadline_seconds = deadline_seconds
        self._busy: set[str] = set()

    async def deliver(self, channel: Channel, secrets: Mapping[str, str], alert: Alert) -> Delivery:
        if channel.channel_id in self._busy:
            return Delivery(seconds=0.0, fault=DeliveryFault.STILL_BUSY)
        loop = asyncio.get_running_loop()
        begun = loop.time()
        url = apprise_url(channel.kind, {**channel.fields, **secrets})
        self._busy.add(channel.channel_id)
        try:
            async with within(self._deadline_seconds):
                attempt = partial(self._attempt, channel.channel_id, url, alert)
                is_confirmed, lines = await in_own_thread(attempt, "alert")
        except TimeoutError:
            seconds = loop.time() - begun
            return Delivery(seconds=seconds, fault=DeliveryFault.SILENT, fields={"seconds": round(seconds)})
        except Exception as error:  # noqa: BLE001 - of any of the services' libraries
            is_confirmed, lines = False, [type(error).__name__]
        seconds = loop.time() - begun
        if is_confirmed:
            return Delivery(seconds=seconds)
        fault, fields = failure_in(lines, seconds)
        return Delivery(seconds=seconds, fault=fault, fields=fields)

    def _attempt(self, channel_id: str, url: str, alert: Alert) -> tuple[bool, list[str]]:
        """On a thread of its own, which may outlast the deadline."""
        try:
            return _send(url, alert)
        finally:
            self._busy.discard(channel_id)

    def understands(self, kind: ChannelKind, values: Mapping[str, str]) -> bool:
        try:
            return service_of(apprise_url(kind, values)) is not None
        except Exception:  # noqa: BLE001 - a service's own reader of its URL
            return False


_URGENCY = {MessageKind.RECOVERY: NotifyType.SUCCESS, MessageKind.TEST: NotifyType.INFO}


def _send(url: str, alert: Alert) -> tuple[bool, list[str]]:
    service = service_of(url)
    if service is None:
        return False, [UNPARSABLE]
    urgency = NotifyType.FAILURE if alert.stops_sales else NotifyType.WARNING
    return send(service, alert.title, alert.body, _URGENCY.get(alert.kind, urgency))


UNPARSABLE = "Unsupported URL"
