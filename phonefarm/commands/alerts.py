"""What `alerts list` and `alerts test` say."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from phonefarm.application.model.alerts import (
    THRESHOLDS,
    AlertMemory,
    AlertSettings,
    Channel,
    ChannelKind,
    ChannelResult,
    Delivery,
)
from phonefarm.config.settings import Settings
from phonefarm.domain.errors import KnownError
from phonefarm.runtime.alerting import StoredAlerts
from phonefarm.support.logs import SecretFilter
from phonefarm.wording.alerts import delivery_text

Values = Mapping[str, Any]


def describe(settings: Settings, hidden: SecretFilter) -> Values:
    """Rules and channels as they are kept, whether or not a farm runs."""
    stored = StoredAlerts(settings, hidden)
    return _as_values(stored.settings(), stored.memory())


async def send_tests(settings: Settings, hidden: SecretFilter, name: str) -> list[Values]:
    """Sends a test by the channel of that name, or by all that are on; raises KnownError where there is none."""
    stored = StoredAlerts(settings, hidden)
    channels = _wanted(stored.settings().channels, name)
    return [_result(channel, await stored.test(channel)) for channel in channels]


def as_text(values: Values) -> str:
    lines = ["rules:"]
    lines += [f"  {'on ' if rule['on'] else 'off'} {_rule_line(rule)}" for rule in values["rules"]]
    lines.append("channels:")
    lines += [f"  {'on ' if channel['on'] else 'off'} {_channel_line(channel)}" for channel in values["channels"]]
    if not any(channel["on"] and channel["kind"] != ChannelKind.DESKTOP for channel in values["channels"]):
        lines.append("Nobody is called. Add a channel on the Settings page, under Alerts.")
    return "\n".join(lines)


def as_lines(results: Sequence[Values]) -> str:
    return "\n".join(
        f"{'ok  ' if result['arrived'] else 'FAIL'} {result['name']}: {result['text']}" for result in results
    )


def _wanted(channels: Sequence[Channel], name: str) -> list[Channel]:
    others = [channel for channel in channels if channel.kind is not ChannelKind.DESKTOP]
    if not name:
        found = [channel for channel in others if channel.is_on]
        if not found:
            raise KnownError("No channel is on. Add one on the Settings page, under Alerts.")
        return found
    found = [channel for channel in others if name.casefold() in (channel.name.casefold(), channel.channel_id)]
    if not found:
        names = ", ".join(channel.name for channel in others) or "none"
        raise KnownError(f"There is no channel '{name}'. There are: {names}.")
    return found


def _as_values(settings: AlertSettings, memory: AlertMemory) -> Values:
    told = memory.state.told_at
    return {
        "rules": [
            {
                "kind": str(rule.kind),
                "on": rule.is_on,
                "thresholds": [
                    {"value": value, "unit": str(threshold.unit)}
                    for value, threshold in zip(rule.values, THRESHOLDS[rule.kind], strict=True)
                ],
                "last_told_at": told[rule.kind].isoformat() if rule.kind in told else None,
            }
            for rule in settings.policy.rules
        ],
        "quiet_hours": {
            "on": settings.policy.quiet.is_on,
            "begin": f"{settings.policy.quiet.begin:%H:%M}",
            "end": f"{settings.policy.quiet.end:%H:%M}",
        },
        "channels": [
            _channel(channel, memory.results.get(channel.channel_id, ChannelResult())) for channel in settings.channels
        ],
        "sent_in_30_days": len(memory.history),
    }


def _channel(channel: Channel, result: ChannelResult) -> Values:
    return {
        "id": channel.channel_id,
        "kind": str(channel.kind),
        "name": channel.name,
        "target": channel.target,
        "on": channel.is_on,
        "arrived_at": result.arrived_at and result.arrived_at.isoformat(),
        "failing_since": result.failing_since and result.failing_since.isoformat(),
        "last": delivery_text(channel.kind, result.last) if result.last else None,
    }


def _result(channel: Channel, delivery: Delivery) -> Values:
    return {
        "id": channel.channel_id,
        "name": channel.name,
        "arrived": delivery.arrived,
        "seconds": round(delivery.seconds, 1),
        "fault": str(delivery.fault) if delivery.fault else None,
        "text": delivery_text(channel.kind, delivery),
    }


def _rule_line(rule: Values) -> str:
    limits = ", ".join(f"{threshold['value']} {threshold['unit']}" for threshold in rule["thresholds"])
    told = f", last told {rule['last_told_at']}" if rule["last_told_at"] else ""
    return f"{rule['kind']}{f' ({limits})' if limits else ''}{told}"


def _channel_line(channel: Values) -> str:
    target = f" {channel['target']}" if channel["target"] else ""
    last = f": {channel['last']}" if channel["last"] else ""
    return f"{channel['name']}{target}{last}"
