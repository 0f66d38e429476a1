"""Settings and memory of the alerts as JSON files in the data folder; no secret stands in either."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import asdict
from datetime import datetime, time
from pathlib import Path
from typing import Any, TypeVar

import structlog

from phonefarm.application.model.alerts import (
    Alert,
    AlertMemory,
    AlertPolicy,
    AlertSettings,
    AlertState,
    Cause,
    Channel,
    ChannelKind,
    ChannelResult,
    Delivery,
    DeliveryFault,
    MessageKind,
    PendingAlert,
    QuietHours,
    Rule,
    RuleKind,
)
from phonefarm.domain.alert_channels import with_desktop
from phonefarm.domain.alert_rules import REMINDER_HOURS, completed
from phonefarm.domain.alerts import Entry
from phonefarm.domain.errors import KnownError
from phonefarm.domain.health import Health, HealthKind
from phonefarm.support.atomic_files import atomic_write
from phonefarm.support.os_errors import cause_of
from phonefarm.support.text_files import read_text

log = structlog.get_logger(__name__)

SETTINGS_NAME = "alerts.json"
MEMORY_NAME = "alerts-memory.json"
Values = Mapping[str, Any]
T = TypeVar("T")


class AlertFiles:
    def __init__(self, folder: Path) -> None:
        self._settings = folder / SETTINGS_NAME
        self._memory = folder / MEMORY_NAME

    def read_settings(self) -> AlertSettings:
        return _read(self._settings, _settings_of, AlertSettings())

    def write_settings(self, settings: AlertSettings) -> None:
        _write(self._settings, _plain_settings(settings))

    def read_memory(self) -> AlertMemory:
        return _read(self._memory, _memory_of, AlertMemory())

    def write_memory(self, memory: AlertMemory) -> None:
        _write(self._memory, _plain_memory(memory))


def _read(path: Path, parse: Callable[[Values], T], otherwise: T) -> T:
    """A file that cannot be used is left where it is until the next one is written."""
    try:
        return parse(json.loads(read_text(path)))
    except FileNotFoundError:
        return otherwise
    except (OSError, ValueError, LookupError, TypeError, AttributeError) as error:
        log.warning("a file of the alerts cannot be used", file=path.name, cause=type(error).__name__)
        return otherwise


def _write(path: Path, values: Values) -> None:
    draft = path.with_suffix(".new")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with atomic_write(path, draft):
            draft.write_text(json.dumps(values, ensure_ascii=False, indent=1), encoding="utf-8")
    except OSError as error:
        raise KnownError(f"{path} cannot be written: {cause_of(error)}. Check the disk's free space.") from error


# Settings -------------------------------------------------------------------


def _plain_settings(settings: AlertSettings) -> Values:
    policy = settings.policy
    return {
        "rules": [{"kind": str(rule.kind), "is_on": rule.is_on, "values": list(rule.values)} for rule in policy.rules],
        "quiet": {
            "is_on": policy.quiet.is_on,
            "begin": f"{policy.quiet.begin:%H:%M}",
            "end": f"{policy.quiet.end:%H:%M}",
        },
        "reminds": policy.reminds,
        "reminder_hours": policy.reminder_hours,
        "tells_recovery": policy.tells_recovery,
        "channels": [asdict(channel) for channel in settings.channels],
    }


def _settings_of(values: Values) -> AlertSettings:
    quiet, hours = values["quiet"], int(values["reminder_hours"])
    is_usable = REMINDER_HOURS.least <= hours <= REMINDER_HOURS.most
    policy = AlertPolicy(
        rules=completed([_rule_of(rule) for rule in values["rules"] if rule["kind"] in list(RuleKind)]),
        quiet=QuietHours(
            is_on=bool(quiet["is_on"]),
            begin=time.fromisoformat(quiet["begin"]),
            end=time.fromisoformat(quiet["end"]),
        ),
        reminds=bool(values["reminds"]),
        reminder_hours=hours if is_usable else REMINDER_HOURS.default,
        tells_recovery=bool(values["tells_recovery"]),
    )
    return AlertSettings(policy=policy, channels=with_desktop(_channel_of(found) for found in values["channels"]))


def _rule_of(values: Values) -> Rule:
    return Rule(
        kind=RuleKind(values["kind"]), is_on=bool(values["is_on"]), values=tuple(int(v) for v in values["values"])
    )


def _channel_of(values: Values) -> Channel:
    return Channel(
        channel_id=str(values["channel_id"]),
        kind=ChannelKind(values["kind"]),
        name=str(values["name"]),
        is_on=bool(values["is_on"]),
        fields={str(name): str(value) for name, value in values["fields"].items()},
        target=str(values["target"]),
    )


# Memory ---------------------------------------------------------------------


def _plain_memory(memory: AlertMemory) -> Values:
    return {
        "entries": [_plain_entry(entry) for entry in memory.state.entries],
        "told_at": {str(kind): at.isoformat() for kind, at in memory.state.told_at.items()},
        "history": [_plain_alert(alert) for alert in memory.history],
        "pending": [
            {"channel_id": pending.channel_id, "alert": _plain_alert(pending.alert)} for pending in memory.pending
        ],
        "results": {channel_id: _plain_result(result) for channel_id, result in memory.results.items()},
    }


def _memory_of(values: Values) -> AlertMemory:
    state = AlertState(
        entries=tuple(_entry_of(entry) for entry in values["entries"]),
        told_at={RuleKind(kind): datetime.fromisoformat(at) for kind, at in values["told_at"].items()},
    )
    return AlertMemory(
        state=state,
        history=tuple(_alert_of(alert) for alert in values["history"]),
        pending=tuple(
            PendingAlert(channel_id=str(pending["channel_id"]), alert=_alert_of(pending["alert"]))
            for pending in values["pending"]
        ),
        results={str(channel_id): _result_of(result) for channel_id, result in values["results"].items()},
    )


def _plain_entry(entry: Entry) -> Values:
    return {
        "cause": _plain_cause(entry.cause),
        "told_at": _plain_time(entry.told_at),
        "has_waited": entry.has_waited,
        "reminded_at": _plain_time(entry.reminded_at),
        "is_implied": entry.is_implied,
        "is_seen": entry.is_seen,
        "gone_since": _plain_time(entry.gone_since),
        "ended_at": _plain_time(entry.ended_at),
        "relapses": entry.relapses,
    }


def _entry_of(values: Values) -> Entry:
    return Entry(
        cause=_cause_of(values["cause"]),
        told_at=_time_of(values["told_at"]),
        has_waited=bool(values["has_waited"]),
        reminded_at=_time_of(values["reminded_at"]),
        is_implied=bool(values["is_implied"]),
        is_seen=bool(values["is_seen"]),
        gone_since=_time_of(values["gone_since"]),
        ended_at=_time_of(values["ended_at"]),
        relapses=int(values["relapses"]),
    )


def _plain_cause(cause: Cause) -> Values:
    return {
        "kind": str(cause.kind),
        "key": cause.key,
        "since": cause.since.isoformat(),
        "values": dict(cause.values),
        "health": cause.health and {"kind": str(cause.health.kind), "fields": dict(cause.health.fields)},
        "members": sorted(cause.members),
    }


def _cause_of(values: Values) -> Cause:
    found = values["health"]
    return Cause(
        kind=RuleKind(values["kind"]),
        key=str(values["key"]),
        since=datetime.fromisoformat(values["since"]),
        values=dict(values["values"]),
        health=Health(kind=HealthKind(found["kind"]), fields=dict(found["fields"])) if found else None,
        members=frozenset(str(member) for member in values["members"]),
    )


def _plain_alert(alert: Alert) -> Values:
    return {
        "at": alert.at.isoformat(),
        "kind": str(alert.kind),
        "title": alert.title,
        "body": alert.body,
        "stops_sales": alert.stops_sales,
    }


def _alert_of(values: Values) -> Alert:
    return Alert(
        at=datetime.fromisoformat(values["at"]),
        kind=MessageKind(values["kind"]),
        title=str(values["title"]),
        body=str(values["body"]),
        stops_sales=bool(values["stops_sales"]),
    )


def _plain_result(result: ChannelResult) -> Values:
    last = result.last
    return {
        "arrived_at": _plain_time(result.arrived_at),
        "seconds": result.seconds,
        "failing_since": _plain_time(result.failing_since),
        "last": last and _plain_delivery(last),
        "was_test": result.was_test,
        "undelivered": result.undelivered,
    }


def _plain_delivery(delivery: Delivery) -> Values:
    fault = delivery.fault
    return {"seconds": delivery.seconds, "fault": fault and str(fault), "fields": dict(delivery.fields)}


def _result_of(values: Values) -> ChannelResult:
    last = values["last"]
    return ChannelResult(
        arrived_at=_time_of(values["arrived_at"]),
        seconds=float(values["seconds"]),
        failing_since=_time_of(values["failing_since"]),
        last=Delivery(
            seconds=float(last["seconds"]),
            fault=DeliveryFault(last["fault"]) if last["fault"] else None,
            fields=dict(last["fields"]),
        )
        if last
        else None,
        was_test=bool(values["was_test"]),
        undelivered=int(values["undelivered"]),
    )


def _plain_time(moment: datetime | None) -> str | None:
    return None if moment is None else moment.isoformat()


def _time_of(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text)
