"""A whole farm tells what happened to a real server of this PC, and sells on while that server hangs."""

from __future__ import annotations

import asyncio
import json
import os
from pathlib import Path

import pytest

from phonefarm.adapters.notify.alert_files import MEMORY_NAME, SETTINGS_NAME, AlertFiles
from phonefarm.adapters.secrets.key_store import KeyStore
from phonefarm.adapters.secrets.named_secrets import NamedSecretStore
from phonefarm.application.desk.farm_desk import FarmDesk
from phonefarm.application.model.alerts import (
    Alert,
    AlertPolicy,
    AlertSettings,
    Channel,
    ChannelKind,
    MessageKind,
    QuietHours,
)
from phonefarm.config.own_environment import PREFIX
from phonefarm.config.settings import Settings, load_settings
from phonefarm.runtime.engine_thread import EngineThread
from phonefarm.runtime.farm import Farm
from phonefarm.runtime.listeners import bind_listeners
from phonefarm.support.logs import FOLDER as LOGS
from phonefarm.support.logs import SecretFilter
from tests.fakes.alert_sinks import HttpSink, listening
from tests.waiting import until

REPORT = "crash-20261201-120000-aa.txt"


@pytest.fixture
def settings(tmp_path: Path, unused_tcp_port: int, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """A farm that crashed at its last run, with its secrets in files and no adb server."""
    for name in list(os.environ):
        if name.startswith(PREFIX):
            monkeypatch.delenv(name)
    folder = tmp_path / "farm"
    KeyStore(folder).write_key_file("planted-partner-key")
    (folder / LOGS).mkdir()
    (folder / LOGS / REPORT).write_text("stacks")
    return load_settings(
        data_dir=folder,
        listen="127.0.0.1:0",
        admin_listen="127.0.0.1:0",
        adb_servers=f"127.0.0.1:{unused_tcp_port}",
        adb_path=str(tmp_path / "no adb here"),
    )


def keep_webhook(settings: Settings, url: str) -> None:
    channel = Channel(channel_id="w1", kind=ChannelKind.WEBHOOK, name="Hook", target="127.0.0.1")
    policy = AlertPolicy(quiet=QuietHours(is_on=False))
    AlertFiles(settings.data_dir).write_settings(AlertSettings(policy=policy, channels=(channel,)))
    NamedSecretStore(settings.data_dir).write("alert channel w1", json.dumps({"url": url}))


async def run_until(settings: Settings, sink: HttpSink, connections: int) -> None:
    farm = Farm(settings, bind_listeners(settings), SecretFilter())
    await farm.start()
    try:
        await until(lambda: sink.connections >= connections)
    finally:
        async with asyncio.timeout(6):
            await farm.stop()


async def test_crash_of_the_last_run_is_told_once_over_restarts(settings: Settings) -> None:
    async with listening(sink := HttpSink()):
        keep_webhook(settings, f"{sink.url}/planted-token")
        await run_until(settings, sink, connections=1)
        await run_until(settings, sink, connections=1)

    assert [body["title"] for body in sink.bodies] == ["phonefarm: Crash at the last run"]
    kept = "".join((settings.data_dir / name).read_text(encoding="utf-8") for name in (SETTINGS_NAME, MEMORY_NAME))
    assert "planted-token" not in kept


async def test_farm_stops_in_time_while_a_service_hangs_and_tells_it_later(settings: Settings) -> None:
    async with listening(hanging := HttpSink(hangs=True)):
        keep_webhook(settings, hanging.url)
        await run_until(settings, hanging, connections=1)

    async with listening(sink := HttpSink()):
        keep_webhook(settings, sink.url)
        await run_until(settings, sink, connections=1)
        await until(lambda: sink.bodies)

    assert sink.bodies[0]["title"] == "phonefarm: Crash at the last run"


def test_notices_reach_the_window_of_a_running_engine_also_after_it_restarted(settings: Settings) -> None:
    changed = settings.model_copy(update={"poll_seconds": 11.0})
    engine = EngineThread(settings, SecretFilter(), reload=lambda: changed)
    engine.start()
    heard = list[Alert]()
    try:

        async def listen(desk: FarmDesk) -> None:
            desk.subscribe_alerts(heard.append)

        engine.ask(listen)
        engine.ask(lambda desk: desk.test_alert_channel("desktop"))
        before = engine.farm
        engine.ask(lambda desk: desk.save_settings({"poll_seconds": "11"}))
        asyncio.run(until(lambda: engine.farm is not before))
        delivery = engine.ask(lambda desk: desk.test_alert_channel("desktop"))
    finally:
        engine.stop()

    assert delivery.arrived
    assert [alert.kind for alert in heard].count(MessageKind.TEST) == 2
