"""The whole farm over real HTTP without phones: offers, secrets in files and logs, the key, start and stop."""

from __future__ import annotations

import asyncio
import json
import logging
import os
import socket
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

import aiohttp
import pytest
import structlog
from aiohttp import web
from pydantic import SecretStr

from phonefarm.adapters.admin.access import CALLS_PER_SECOND
from phonefarm.adapters.http.accept_loop import ignore_failed_accept
from phonefarm.adapters.secrets.memory_store import MemoryStore
from phonefarm.adapters.storage.sqlite.database import Database
from phonefarm.application.model.health_board import ENGINE, WEBHOOKS
from phonefarm.application.model.read_models import AttentionKind, HealthCheck, PushState, Topic, Verdict
from phonefarm.application.model.row_queries import PUSHES, RENTS
from phonefarm.application.model.timeline import TimelineKind
from phonefarm.application.upkeep import staying_awake
from phonefarm.commands.status import as_text, fetch_health
from phonefarm.config.settings import Settings
from phonefarm.domain.errors import KnownError
from phonefarm.runtime.control import admin_address, tell_farm
from phonefarm.runtime.engine_thread import EngineThread
from phonefarm.runtime.farm import CurrentKey, Farm, utc_now
from phonefarm.runtime.listeners import bind_listeners
from phonefarm.support.logs import SecretFilter, set_up_logs
from phonefarm.wording.health import health_text
from tests.application.stored_farm import StoredFarm
from tests.builders import NUMBER, a_seen_sim
from tests.fakes.pc import FakePc
from tests.waiting import until

KEY = "planted-partner-key-5e1f"
STOP_LIMIT_SECONDS = 5.0

Ports = Callable[[], int]


@pytest.fixture
def hidden(settings: Settings) -> Iterator[SecretFilter]:
    """DEBUG logs of everything, in the farm's data folder."""
    root = logging.getLogger()
    before, level = list(root.handlers), root.level
    for handler in before:
        root.removeHandler(handler)
    hidden = SecretFilter()
    set_up_logs(settings.data_dir / "logs", hidden, to_stderr=False, level=logging.DEBUG)
    yield hidden
    for handler in list(root.handlers):
        root.removeHandler(handler)
        handler.close()
    for handler in before:
        root.addHandler(handler)
    root.setLevel(level)
    structlog.reset_defaults()


@asynccontextmanager
async def running(
    settings: Settings, hidden: SecretFilter, key: str | None = KEY, pc: FakePc | None = None
) -> AsyncIterator[tuple[Farm, str, str]]:
    """A running farm, its webhook address and its admin address."""
    settings.data_dir.mkdir(parents=True, exist_ok=True)
    listeners = bind_listeners(settings)
    farm = Farm(settings, listeners, hidden, MemoryStore(key), wakefulness=pc or FakePc())
    await farm.start()
    try:
        yield farm, f"http://{listeners.webhooks_address}", f"http://{listeners.admin_address}"
    finally:
        await asyncio.wait_for(farm.stop(), STOP_LIMIT_SECONDS)


@asynccontextmanager
async def a_market() -> AsyncIterator[tuple[str, list[Any]]]:
    """A push URL, and the received pushes."""
    sent: list[Any] = []

    async def take(request: web.Request) -> web.Response:
        sent.append(await request.json())
        return web.json_response({"status": "ERROR"} if len(sent) == 1 else {"status": "SUCCESS"})

    app = web.Application()
    app.router.add_post("/push", take)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    try:
        yield f"http://127.0.0.1:{runner.addresses[0][1]}/push", sent
    finally:
        await runner.cleanup()


async def call(url: str, **body: Any) -> tuple[int, Any]:
    async with aiohttp.ClientSession() as session, session.post(url, json=body) as answer:
        return answer.status, await answer.json()


async def health(admin: str) -> Any:
    await asyncio.sleep(1 / CALLS_PER_SECOND)  # stay below the rate limit while polling
    async with aiohttp.ClientSession() as session, session.get(f"{admin}/health") as answer:
        return await answer.json()


def store_sim(settings: Settings) -> None:
    """Store a phone with a SIM in the stopped farm's database; it counts as gone after the start."""

    async def store() -> None:
        database = Database(settings.resolved_database_url)
        database.open()
        await StoredFarm(database).seat(a_seen_sim())
        database.close()

    settings.data_dir.mkdir(parents=True, exist_ok=True)
    asyncio.run(store())


async def make_ready(farm: Farm) -> StoredFarm:
    """Store a ready phone with a SIM, as if the watch had found it."""
    stored = StoredFarm(farm._database)
    stored.clock.now = utc_now()
    await stored.seat(a_seen_sim())
    return stored


def files_with(secret: str, folder: Path) -> list[str]:
    return [str(path) for path in folder.rglob("*") if path.is_file() and secret.encode() in path.read_bytes()]


async def test_no_file_of_the_farm_holds_the_key_after_an_order_a_push_and_a_finish(
    settings: Settings, hidden: SecretFilter
) -> None:
    async with a_market() as (push_url, sent):
        settings = settings.model_copy(update={"push_url": push_url})
        async with running(settings, hidden) as (farm, webhooks, admin):
            stored = await make_ready(farm)
            _, order = await call(f"{webhooks}/getNumberRent", key=KEY, action="GET_NUMBER", service="rent", sum=320)
            await call(f"{webhooks}/getNumberRent", key=f"{KEY}x", action="GET_NUMBER", service="rent", sum=KEY)
            await call(f"{webhooks}/getServicesRent", key=KEY, action=KEY)
            stored.clock.now = utc_now()
            await stored.sms(body="Your code is 4821")
            await until(lambda: len(sent) == 2)
            finish = {"key": KEY, "action": "FINISH_ACTIVATION", "service": "rent", "status": 3, "sum": 870}
            _, end = await call(f"{webhooks}/finishActivationRent", activationId=order["activationId"], **finish)

            async def is_delivered() -> bool:
                return [push.state for push in await farm.desk.rows(PUSHES)] == [PushState.DELIVERED]

            await until(is_delivered)
            said = [await health(admin), await farm.desk.overview(), await farm.desk.settings()]

    assert order == {"status": "SUCCESS", "number": int(NUMBER), "activationId": order["activationId"]}
    assert end == {"status": "SUCCESS"}
    assert {body["key"] for body in sent} == {KEY}
    assert files_with(KEY, settings.data_dir) == []
    assert files_with("number issued", settings.data_dir) != []
    assert files_with("4821", settings.data_dir / "logs") == []
    assert KEY not in repr(said)


async def test_pause_by_the_command_line_empties_the_offer_at_once_and_outlives_a_restart(
    settings: Settings, hidden: SecretFilter
) -> None:
    settings = settings.model_copy(update={"push_url": "https://market.example/push"})
    services = {"key": KEY, "action": "GET_SERVICES"}
    order = {"key": KEY, "action": "GET_NUMBER", "service": "rent", "sum": 320}
    async with running(settings, hidden) as (farm, webhooks, _):
        await make_ready(farm)
        _, before = await call(f"{webhooks}/getServicesRent", **services)

        answer = await tell_farm(settings, "pause")

        _, offer = await call(f"{webhooks}/getServicesRent", **services)
        _, refusal = await call(f"{webhooks}/getNumberRent", **order)
    async with running(settings, hidden) as (farm, webhooks, admin):
        await make_ready(farm)
        _, after_restart = await call(f"{webhooks}/getServicesRent", **services)
        said = await fetch_health(admin.removeprefix("http://"))
        needs = [need.kind for need in (await farm.desk.overview()).attention]
        resumed = await tell_farm(settings, "resume")
        _, again = await call(f"{webhooks}/getServicesRent", **services)

    assert (answer["paused"], answer["by"], resumed["paused"]) == (True, "the user", False)
    assert before == again
    assert offer == after_restart
    assert before != offer
    assert refusal["status"] == "ERROR"
    assert (said["checks"][WEBHOOKS]["status"], said["paused"]["by"]) == ("warn", "the user")
    assert said["checks"][WEBHOOKS]["detail"] == "selling is paused by the user"
    assert f"selling is paused by the user since {said['paused']['since']}" in as_text(said)
    assert AttentionKind.NOT_SELLING not in needs


async def test_control_token_is_in_a_file_for_its_owner_alone_and_nowhere_else(
    settings: Settings, hidden: SecretFilter
) -> None:
    file = settings.data_dir / "control.json"
    async with running(settings, hidden) as (farm, _, _):
        token = json.loads(file.read_text(encoding="utf-8"))["token"]
        log_the_token = structlog.get_logger("test")
        log_the_token.info("said by mistake", token=token)
        await tell_farm(settings, "pause")
        assert (await fetch_health(admin_address(settings)))["paused"] is not None
        if os.name == "posix":
            assert file.stat().st_mode & 0o777 == 0o600
        assert files_with(token, settings.data_dir) == [str(file)]
        assert token not in repr(farm._control)

    assert not file.exists()
    assert admin_address(settings) == settings.admin_listen
    with pytest.raises(KnownError, match="No phonefarm runs on"):
        await tell_farm(settings, "pause")


async def test_calls_with_a_wrong_key_are_counted_in_health_and_status_without_their_keys(
    settings: Settings, hidden: SecretFilter
) -> None:
    started = utc_now()
    async with running(settings, hidden) as (_, webhooks, admin):
        assert (await call(f"{webhooks}/getServicesRent", key="a strangers guess", action="GET_SERVICES"))[0] == 401
        assert (await call(f"{webhooks}/getServicesRent", key=KEY, action="GET_SERVICES"))[0] == 200
        said = await fetch_health(admin.removeprefix("http://"))

    assert said["wrong_keys"]["count"] == 1
    assert started <= datetime.fromisoformat(said["wrong_keys"]["last_at"]) <= utc_now()
    assert "1 calls with a wrong key, the last at" in as_text(said)
    assert not any(key in repr(said) for key in (KEY, "a strangers guess"))


async def test_farm_without_adb_starts_reports_it_and_offers_nothing(settings: Settings, hidden: SecretFilter) -> None:
    settings = settings.model_copy(update={"push_url": "http://127.0.0.1:9/push"})
    await asyncio.to_thread(store_sim, settings)

    async with running(settings, hidden) as (_, webhooks, admin):

        async def adb_is_down() -> bool:
            return bool((await health(admin))["checks"]["adb"]["status"] == "fail")

        await until(adb_is_down)
        said = await health(admin)
        _, offer = await call(f"{webhooks}/getServicesRent", key=KEY, action="GET_SERVICES")

    assert said["status"] == "fail"
    assert (said["counts"]["sims"], said["counts"]["numbers_on_offer"]) == (1, 0)
    assert offer["countryList"] == [{"country": "russia", "operatorMap": {"any": {"rent": 0}}}]


async def test_farm_without_a_push_url_sells_nothing(settings: Settings, hidden: SecretFilter) -> None:
    async with running(settings, hidden) as (farm, webhooks, admin):
        await make_ready(farm)
        _, order = await call(f"{webhooks}/getNumberRent", key=KEY, action="GET_NUMBER", service="rent", sum=320)
        needs = [need.kind for need in (await farm.desk.overview()).attention]
        said = await health(admin)

    assert order["error"] == "NO_NUMBERS"
    assert AttentionKind.NOT_SELLING in needs
    assert said["checks"]["webhooks"]["detail"] == "the push URL is not set"
    assert said["counts"]["numbers_on_offer"] == 0


async def test_key_entered_in_the_window_sells_at_once(settings: Settings, hidden: SecretFilter) -> None:
    settings = settings.model_copy(update={"push_url": "http://127.0.0.1:9/push"})
    order = {"key": KEY, "action": "GET_NUMBER", "service": "rent", "sum": 320}
    async with running(settings, hidden, key=None) as (farm, webhooks, admin):
        await make_ready(farm)
        before = await health(admin)
        assert (await call(f"{webhooks}/getNumberRent", **order))[0] == 401

        assert await farm.desk.save_settings({"api_key": KEY}) == []

        async def is_selling() -> bool:
            return bool((await health(admin))["checks"]["webhooks"]["status"] == "pass")

        await until(is_selling)
        assert (await health(admin))["counts"]["numbers_on_offer"] == 1
        _, answer = await call(f"{webhooks}/getNumberRent", **order)

    assert before["checks"]["webhooks"]["detail"] == "the Onlinesim key is not set"
    assert before["counts"]["numbers_on_offer"] == 0
    assert answer["status"] == "SUCCESS"
    assert files_with(KEY, settings.data_dir) == []


@pytest.mark.parametrize(("part", "check"), [("webhooks", WEBHOOKS), ("admin", ENGINE)])
async def test_port_that_cannot_be_bound_again_is_reported_and_recovers(
    settings: Settings, hidden: SecretFilter, part: str, check: str
) -> None:
    settings = settings.model_copy(update={"push_url": "http://127.0.0.1:9/push"})
    async with running(settings, hidden) as (farm, *addresses):

        async def current() -> HealthCheck:
            return next(each for each in (await farm.desk.overview()).checks if each.name == check)

        async def is_away() -> bool:
            return "cannot listen" in health_text((await current()).health)

        async def is_back() -> bool:
            return (await current()).verdict is Verdict.PASS

        await until(is_back)
        listener: socket.socket = getattr(farm.listeners, part)
        with socket.socket() as thief:
            address = listener.getsockname()
            listener.close()
            thief.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            thief.bind(address)
            thief.listen()
            await until(is_away)

        await until(is_back)
        async with aiohttp.ClientSession() as session:
            for url in addresses:
                async with session.get(f"{url}/probe") as answer:
                    assert answer.status < 500


async def test_failed_accept_is_logged_once(settings: Settings, hidden: SecretFilter) -> None:
    async with running(settings, hidden):
        assert asyncio.get_running_loop().get_exception_handler() is ignore_failed_accept


async def test_answered_order_is_stored_as_answered(settings: Settings, hidden: SecretFilter) -> None:
    settings = settings.model_copy(update={"push_url": "http://127.0.0.1:9/push"})
    async with running(settings, hidden) as (farm, webhooks, _):
        await make_ready(farm)
        await call(f"{webhooks}/getNumberRent", key=KEY, action="GET_NUMBER", service="rent", sum=320)

        async def is_answered() -> bool:
            (rent,) = await farm.desk.rows(RENTS)
            entries = await farm.desk.timeline(Topic.RENTS, str(rent.rent_id))
            return any(line.kind is TimelineKind.ANSWERED for line in entries)

        await until(is_answered)


async def test_choices_that_the_contract_leaves_open_reach_the_webhooks(
    settings: Settings, hidden: SecretFilter
) -> None:
    choices = {"shared_path": "/onlinesim", "no_numbers": "status", "wrong_keys_per_minute": 1.0}
    settings = settings.model_copy(update=choices)
    async with running(settings, hidden) as (_, webhooks, _):
        order = {"action": "GET_NUMBER", "service": "rent", "sum": 320}

        assert await call(f"{webhooks}/onlinesim", key=KEY, **order) == (200, {"status": "NO_NUMBERS"})
        assert [(await call(f"{webhooks}/onlinesim", key="guess", **order))[0] for _ in range(2)] == [401, 429]
        assert (await call(f"{webhooks}/onlinesim", key=KEY, **order))[0] == 200


async def test_webhook_port_shows_no_admin_page_and_the_admin_port_no_webhook(
    settings: Settings, hidden: SecretFilter
) -> None:
    async with running(settings, hidden) as (_, webhooks, admin), aiohttp.ClientSession() as session:
        for url in (f"{webhooks}/health", f"{webhooks}/metrics", f"{admin}/getServicesRent"):
            async with session.get(url) as answer:
                assert answer.status == 404


def test_taken_admin_port_frees_the_webhook_port_again(settings: Settings, unused_tcp_port_factory: Ports) -> None:
    first = bind_listeners(settings)
    webhooks = f"127.0.0.1:{unused_tcp_port_factory()}"

    with pytest.raises(KnownError, match="admin port cannot listen"):
        bind_listeners(settings.model_copy(update={"listen": webhooks, "admin_listen": first.admin_address}))

    bind_listeners(settings.model_copy(update={"listen": webhooks})).close()
    first.close()


# The key ------------------------------------------------------------------------------


def test_key_of_the_environment_wins_over_the_keyrings(settings: Settings) -> None:
    given = settings.model_copy(update={"api_key": SecretStr("given")})

    key = CurrentKey(given, MemoryStore("kept"), SecretFilter())
    key.write_key("newer")

    assert key() == "given"


def test_key_changed_in_the_window_is_used_at_once(settings: Settings) -> None:
    key = CurrentKey(settings, MemoryStore("kept"), SecretFilter())
    assert key() == "kept"

    key.write_key("newer")

    assert (key(), key.read_key()) == ("newer", "newer")


class LockedStore(MemoryStore):
    """A keyring that cannot be read until it is unlocked."""

    is_locked = True

    def read_key(self) -> str | None:
        if self.is_locked:
            raise KnownError("The system's keyring cannot be read: it does not answer within 5 s.")
        return super().read_key()


async def test_farm_without_a_readable_key_sells_nothing_until_the_key_can_be_read(
    settings: Settings, hidden: SecretFilter, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("phonefarm.runtime.farm.KEY_RETRY_SECONDS", 0.05)
    settings = settings.model_copy(update={"push_url": "http://127.0.0.1:9/push"})
    settings.data_dir.mkdir(parents=True, exist_ok=True)
    store = LockedStore(KEY)
    farm = Farm(settings, bind_listeners(settings), hidden, store)
    await farm.start()

    async def state_of_webhooks() -> str:
        checks = (await fetch_health(farm.listeners.admin_address))["checks"]
        return str(checks["webhooks"]["detail"])

    try:
        assert "the Onlinesim key is not known: The system's keyring" in await state_of_webhooks()

        store.is_locked = False

        async def knows_its_key() -> bool:
            return "key" not in await state_of_webhooks()

        await until(knows_its_key, every=0.1)  # the admin port has a rate limit
    finally:
        await farm.stop()


# The engine's thread --------------------------------------------------------------------


def test_engine_runs_on_its_own_thread_and_stops_completely(settings: Settings, hidden: SecretFilter) -> None:
    engine = EngineThread(settings, hidden, MemoryStore(KEY))
    engine.start()

    counts = engine.ask(lambda desk: desk.overview()).counts
    engine.stop()
    engine.stop()

    assert counts.phones == 0
    again = EngineThread(settings, hidden, MemoryStore(KEY))
    again.start()
    again.stop()


def test_second_engine_on_the_folder_is_refused(settings: Settings, hidden: SecretFilter) -> None:
    first = EngineThread(settings, hidden, MemoryStore(KEY))
    first.start()

    try:
        with pytest.raises(KnownError, match="Another phonefarm is running"):
            EngineThread(settings, hidden, MemoryStore(KEY)).start()
    finally:
        first.stop()


def test_engine_that_cannot_start_reports_why_and_unlocks_the_folder(settings: Settings, hidden: SecretFilter) -> None:
    settings.data_dir.mkdir(parents=True, exist_ok=True)
    (settings.data_dir / "phonefarm.db").write_bytes(b"no database" * 1000)

    with pytest.raises(KnownError, match="is damaged"):
        EngineThread(settings, hidden, MemoryStore(KEY)).start()

    (settings.data_dir / "phonefarm.db").unlink()
    engine = EngineThread(settings, hidden, MemoryStore(KEY))
    engine.start()
    engine.stop()


@pytest.mark.parametrize("keep_awake", [True, False])
async def test_pc_is_kept_awake_while_the_farm_runs_if_the_setting_is_on(
    keep_awake: bool, settings: Settings, hidden: SecretFilter, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = settings.model_copy(update={"keep_awake": keep_awake})
    monkeypatch.setattr(staying_awake, "CHECK_SECONDS", 0.01)
    pc = FakePc()
    async with running(settings, hidden, pc=pc) as (farm, _, _):
        await (await make_ready(farm)).rent()
        if keep_awake:
            await until(lambda: pc.is_held)
        assert pc.is_held is keep_awake

    assert not pc.is_held
