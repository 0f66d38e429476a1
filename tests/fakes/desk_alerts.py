"""The alerts of the window's fake desk: some rules that were told, some channels, one of them failing."""

from __future__ import annotations

from datetime import datetime, timedelta

from phonefarm.application.model.alerts import (
    DESKTOP_CHANNEL,
    AlertPolicy,
    AlertsOverview,
    Channel,
    ChannelKind,
    ChannelResult,
    ChannelRow,
    Delivery,
    DeliveryFault,
    RuleKind,
)
from ui.table.row_table import utc_now

TELEGRAM = Channel(
    channel_id="t1", kind=ChannelKind.TELEGRAM, name="Telegram", fields={"chat": "-100123"}, target="-100123"
)
MAIL = Channel(
    channel_id="m1",
    kind=ChannelKind.EMAIL,
    name="E-mail",
    fields={"server": "smtp.example.org:587", "user": "me@example.org", "recipient": "farm@example.org"},
    target="farm@example.org",
)
NTFY = Channel(
    channel_id="n1", kind=ChannelKind.NTFY, name="ntfy", fields={"topic": "farm"}, target="farm", is_on=False
)


def some_alerts(now: datetime | None = None) -> AlertsOverview:
    now = now or utc_now()
    refused = Delivery(seconds=0.4, fault=DeliveryFault.LOGIN_REFUSED, fields={"code": 535})
    return AlertsOverview(
        policy=AlertPolicy(),
        last_told_at={
            RuleKind.PHONES_LOST: now - timedelta(minutes=14),
            RuleKind.TUNNEL_DOWN: now - timedelta(hours=11),
            RuleKind.NO_ORDERS: now - timedelta(days=20),
        },
        channels=(
            ChannelRow(channel=DESKTOP_CHANNEL, result=ChannelResult(arrived_at=now - timedelta(minutes=14))),
            ChannelRow(
                channel=TELEGRAM,
                result=ChannelResult(
                    arrived_at=now - timedelta(hours=5), seconds=0.6, last=Delivery(seconds=0.6), was_test=True
                ),
            ),
            ChannelRow(
                channel=MAIL,
                result=ChannelResult(failing_since=now - timedelta(hours=20), last=refused, undelivered=2),
            ),
            ChannelRow(channel=NTFY, result=ChannelResult()),
        ),
        sent_in_30_days=34,
        open_causes=2,
    )
