"""Saved settings apply at once: the farm restarts in order on the engine's loop, and nothing is lost."""

from __future__ import annotations

import asyncio
import json
import socket
import threading
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from phonefarm.adapters.secrets.memory_store import MemoryStore
from phonefarm.application.desk.farm_desk import FarmDesk
from phonefarm.application.messages.push_worker import PushWorker
from phonefarm.application.model.health_board import ENGINE
from phonefarm.application.model.read_models import Changes, Topic, Verdict
from phonefarm.application.ports.storage import StorageFailing
from phonefarm.config.settings import load_settings, settings_file, write_settings
from phonefarm.domain.health import Health
from phonefarm.runtime import engine_thread
from phonefarm.runtime.engine_thread import EngineThread
from phonefarm.support.logs import SecretFilter
from phonefarm.wording.health import health_text
from tests.farm.harness import until

ANSWER_SECONDS = 20.0


@pytest.fixture
def engine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[EngineThread]:
    """An engine whose settings stand in settings.toml, as the Settings page leaves them."""
    data = tmp_path / "data"
    monkeypatch.setenv("PHONEFARM_DATA_DIR", str(data))
    settings = load_settings()
    write_settings(
        settings_file(settings),
        {
            "listen": "127.0.0.1:0",
            "admin_listen": "127.0.0.1:0",
            "adb_servers": f"127.0.0.1:{_free_port()}",
            "push_url": "https://example.com/push",
            "keep_awake": False,
            "adb_path": "/no/adb",
        },
    )
    engine = EngineThread(load_settings(), SecretFilter(), MemoryStore("key"))
    engine.start()
    yield engine
    engine.stop()


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
        return port


def save(engine: EngineThread, **changes: str) -> None:
    assert list(engine.ask(lambda desk: desk.save_settings(changes))) == []


def until_restarted(engine: EngineThread, farm: object) -> None:
    until(lambda: engine.farm is not farm, ANSWER_SECONDS, "another farm")
    engine.ask(lambda desk: desk.overview())


def engine_health(engine: EngineThread) -> tuple[Verdict, Health]:
    check = next(check for check in engine.ask(lambda desk: desk.overview()).checks if check.name == ENGINE)
    return check.verdict, check.health


def offered(address: str) -> Any:
    body = json.dumps({"key": "key", "action": "GET_SERVICES"}).encode()
    request = urllib.request.Request(
        f"http://{address}/getServicesRent", body, {"Content-Type": "application/json"}, method="POST"
    )
    with urllib.request.urlopen(request, timeout=ANSWER_SECONDS) as answer:
        return json.loads(answer.read())


def test_whoever_has_saved_a_setting_finds_it_in_use(engine: EngineThread) -> None:
    farm = engine.farm

    save(engine, push_url="https://example.com/another-push")
    engine.ask(lambda desk: desk.setup())

    assert engine.farm is not farm


def test_setting_that_changes_nothing_keeps_the_farm_and_its_desk(engine: EngineThread) -> None:
    farm = engine.farm

    save(engine, push_url="https://example.com/push")
    engine.ask(lambda desk: desk.setup())

    assert engine.farm is farm


def test_saved_setting_is_in_use_on_the_same_loop_and_at_the_same_address(engine: EngineThread) -> None:
    farm, loop, address = engine.farm, engine.loop, engine.farm.listeners.webhooks_address

    save(engine, shared_path="/onlinesim")
    until_restarted(engine, farm)

    assert engine.loop is loop
    assert engine.farm.listeners.webhooks_address == address
    assert offered(address)["status"] == "SUCCESS"
    fields = {field.name: field.value for field in engine.ask(lambda desk: desk.settings())}
    assert fields["shared_path"] == "/onlinesim"


def test_call_that_comes_while_the_farm_restarts_waits_and_is_answered(engine: EngineThread) -> None:
    address = engine.farm.listeners.webhooks_address
    answers: list[Any] = []
    is_over = threading.Event()

    def keep_calling() -> None:
        while not is_over.is_set():
            answers.append(offered(address)["status"])

    farm = engine.farm
    caller = threading.Thread(target=keep_calling)
    caller.start()
    save(engine, sms_id="message")
    until_restarted(engine, farm)
    is_over.set()
    caller.join(ANSWER_SECONDS)

    assert not caller.is_alive()
    assert set(answers) == {"SUCCESS"}


def test_question_right_after_a_save_is_answered_once_it_applies(engine: EngineThread) -> None:
    """So the Settings page knows when to say "Saved"."""
    before = engine.farm

    async def save_and_read(desk: FarmDesk) -> object:
        assert list(await desk.save_settings({"push_retry_seconds": "20"})) == []
        await desk.settings()
        return engine.farm

    assert engine.ask(save_and_read, ANSWER_SECONDS) is not before


def test_desk_answers_after_a_save_that_changes_nothing(engine: EngineThread) -> None:
    save(engine, push_url="https://example.com/push")

    assert engine.ask(lambda desk: desk.settings())


def test_questions_to_the_desk_wait_for_the_new_farm(engine: EngineThread) -> None:
    farm = engine.farm

    save(engine, text_hours="24")
    for _ in range(50):
        engine.ask(lambda desk: desk.settings())
    until_restarted(engine, farm)

    assert engine_health(engine)[0] is Verdict.PASS


def test_subscription_outlives_the_restart_and_everything_is_read_again(engine: EngineThread) -> None:
    announced: list[Changes] = []

    async def subscribe(desk: Any) -> None:
        desk.subscribe(announced.append)

    engine.ask(subscribe)
    farm = engine.farm
    save(engine, text_hours="24")
    until_restarted(engine, farm)

    until(lambda: any(changes.keys.get(Topic.PHONES, ()) is None for changes in announced), what="all phones")


def test_new_port_is_listened_on(engine: EngineThread) -> None:
    port, farm = _free_port(), engine.farm

    save(engine, listen=f"127.0.0.1:{port}")
    until_restarted(engine, farm)

    assert offered(f"127.0.0.1:{port}")["status"] == "SUCCESS"


def test_settings_that_do_not_work_are_put_back_and_the_reason_is_shown(engine: EngineThread) -> None:
    address, farm = engine.farm.listeners.webhooks_address, engine.farm
    with socket.create_server(("127.0.0.1", 0)) as taken:
        save(engine, listen=f"127.0.0.1:{taken.getsockname()[1]}")
        until_restarted(engine, farm)

    verdict, found = engine_health(engine)
    assert verdict is Verdict.FAIL
    assert "cannot listen" in health_text(found)
    assert "former ones are in use" in health_text(found)
    assert engine.farm.listeners.webhooks_address == address or offered(engine.farm.listeners.webhooks_address)
    assert 'listen = "127.0.0.1:0"' in settings_file(load_settings()).read_text(encoding="utf-8")


def test_new_key_restarts_nothing(engine: EngineThread) -> None:
    farm = engine.farm

    save(engine, api_key="another-key")
    engine.ask(lambda desk: desk.overview())

    assert engine.farm is farm


def test_farm_that_stops_slowly_is_waited_for_before_the_next_one_opens_its_database(
    engine: EngineThread, monkeypatch: pytest.MonkeyPatch
) -> None:
    """At the end of the program a slow stop is given up; here the next farm needs the database's lock."""
    monkeypatch.setattr(engine_thread, "STOP_TIMEOUT_SECONDS", 0.05)
    farm = engine.farm
    stop = farm.stop

    async def stop_slowly() -> None:
        await asyncio.sleep(1.0)
        await stop()

    monkeypatch.setattr(farm, "stop", stop_slowly)
    save(engine, text_hours="24")
    until_restarted(engine, farm)

    assert engine_health(engine)[0] is Verdict.PASS
    assert offered(engine.farm.listeners.webhooks_address)["status"] == "SUCCESS"


def test_farm_that_fails_after_opening_the_database_leaves_it_to_the_former_settings(
    engine: EngineThread, monkeypatch: pytest.MonkeyPatch
) -> None:
    recover, failures = PushWorker.recover, [StorageFailing("The database cannot be used: disk full.")]

    async def fail_once(worker: PushWorker) -> None:
        if failures:
            raise failures.pop()
        await recover(worker)

    monkeypatch.setattr(PushWorker, "recover", fail_once)
    farm = engine.farm
    save(engine, text_hours="24")
    until_restarted(engine, farm)

    verdict, found = engine_health(engine)
    assert verdict is Verdict.FAIL
    assert "disk full" in health_text(found)
    assert offered(engine.farm.listeners.webhooks_address)["status"] == "SUCCESS"
