"""Settings and memory of the alerts come back as they were written; what cannot be read costs only itself."""

from __future__ import annotations

import json
from datetime import time
from pathlib import Path

import pytest

from phonefarm.adapters.notify.alert_files import MEMORY_NAME, SETTINGS_NAME, AlertFiles
from phonefarm.application.model.alerts import (
    DESKTOP_CHANNEL,
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
from phonefarm.domain.alert_rules import completed
from phonefarm.domain.alerts import Entry
from phonefarm.domain.errors import KnownError
from phonefarm.domain.health import HealthKind, health
from tests.builders import HOUR, NOON

SETTINGS = AlertSettings(
    policy=AlertPolicy(
        rules=completed([Rule(kind=RuleKind.PHONES_LOST, is_on=False, values=(9, 8))]),
        quiet=QuietHours(is_on=False, begin=time(22, 30), end=time(7, 15)),
        reminds=False,
        reminder_hours=12,
        tells_recovery=False,
    ),
    channels=(
        DESKTOP_CHANNEL,
        Channel(
            channel_id="a1",
            kind=ChannelKind.EMAIL,
            name="Почта",
            is_on=False,
            fields={"server": "smtp.example.org"},
            target="a@b.org",
        ),
    ),
)
ALERT = Alert(at=NOON, kind=MessageKind.REMINDER, title="t", body="two\nlines", stops_sales=True)
CAUSE = Cause(
    kind=RuleKind.PHONES_LOST,
    key="hub 1-1",
    since=NOON,
    values={"phones": 3, "hub": "1-1"},
    health=health(HealthKind.ERRORS, http_status=502),
    members=frozenset({"p1", "p2"}),
)
MEMORY = AlertMemory(
    state=AlertState(
        entries=(
            Entry(cause=CAUSE, told_at=NOON, has_waited=True, reminded_at=NOON, is_implied=True, is_seen=True),
            Entry(
                cause=Cause(kind=RuleKind.DISK, since=NOON), told_at=NOON, gone_since=NOON, ended_at=NOON, relapses=3
            ),
        ),
        told_at={RuleKind.DISK: NOON - HOUR},
    ),
    history=(ALERT,),
    pending=(PendingAlert(channel_id="a1", alert=ALERT),),
    results={
        "a1": ChannelResult(
            arrived_at=NOON,
            seconds=0.6,
            failing_since=NOON,
            last=Delivery(seconds=1.0, fault=DeliveryFault.REJECTED, fields={"code": 400}),
            was_test=True,
            undelivered=4,
        ),
        "b2": ChannelResult(),
    },
)


def test_settings_and_memory_come_back_as_they_were(tmp_path: Path) -> None:
    files = AlertFiles(tmp_path / "new")

    files.write_settings(SETTINGS)
    files.write_memory(MEMORY)

    again = AlertFiles(tmp_path / "new")
    assert again.read_settings() == SETTINGS
    assert again.read_memory() == MEMORY


def test_without_files_there_are_the_default_rules_and_the_notices_of_this_pc(tmp_path: Path) -> None:
    files = AlertFiles(tmp_path)

    assert files.read_settings() == AlertSettings()
    assert files.read_memory() == AlertMemory()


@pytest.mark.parametrize("content", ["", "{", "[]", "null", '{"rules": 3}', '{"entries": [{}]}', "\x00\xff"])
def test_a_file_that_cannot_be_understood_is_as_none(tmp_path: Path, content: str) -> None:
    for name in (SETTINGS_NAME, MEMORY_NAME):
        (tmp_path / name).write_text(content, encoding="latin-1")
    files = AlertFiles(tmp_path)

    assert files.read_settings() == AlertSettings()
    assert files.read_memory() == AlertMemory()


def test_values_of_another_version_cost_only_themselves(tmp_path: Path) -> None:
    files = AlertFiles(tmp_path)
    files.write_settings(SETTINGS)
    values = json.loads((tmp_path / SETTINGS_NAME).read_text(encoding="utf-8"))
    values["rules"] += [{"kind": "of the future", "is_on": True, "values": [1]}]
    values["rules"][0]["values"] = [100_000]
    values["reminder_hours"] = 0
    values["channels"] = values["channels"][1:]
    (tmp_path / SETTINGS_NAME).write_text(json.dumps(values), encoding="utf-8")

    read = files.read_settings()

    assert read.policy.values_of(RuleKind.NOTHING_FOR_SALE) == (5,)
    assert read.policy.values_of(RuleKind.PHONES_LOST) is None
    assert read.policy.reminder_hours == 4
    assert read.channels == SETTINGS.channels


def test_a_folder_that_takes_nothing_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")

    with pytest.raises(KnownError, match="cannot be written"):
        AlertFiles(tmp_path / "file").write_settings(SETTINGS)
