"""Runs the acceptance checks against a private farm with virtual phones, or against any farm by URL."""

from __future__ import annotations

import asyncio
import secrets
import tempfile
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import aiohttp
from pydantic import SecretStr

from phonefarm.commands.certify.caller import Caller
from phonefarm.commands.certify.examination import Result, run_checks
from phonefarm.commands.certify.push_checks import PushChecks, SendSms
from phonefarm.commands.certify.webhook_checks import WebhookChecks
from phonefarm.commands.demo.private_adb import private_adb_server
from phonefarm.commands.status import fetch_health
from phonefarm.config.settings import is_host, load_settings, parse_address
from phonefarm.domain.errors import KnownError
from phonefarm.runtime.command_adapters import adb_program, key_in_memory
from phonefarm.runtime.engine_thread import EngineThread
from phonefarm.simulation.control_client import PhonesClient
from phonefarm.simulation.farm import VirtualFarm
from phonefarm.simulation.market import Market
from phonefarm.support.deadlines import within
from phonefarm.support.logs import SecretFilter

PHONES = 12
READY_TIMEOUT_SECONDS = 60.0


@dataclass(frozen=True, kw_only=True)
class Plan:
    """The farm to check and how; an empty `url` means a private farm with virtual phones."""

    url: str = ""
    key: str = ""
    admin: str = ""
    """`host:port` of the farm's admin port, whose /health counts open rents."""
    push_listen: str = ""
    """`host:port` in the farm's push URL; empty: pushes are not checked."""
    phones_control: str = ""
    even_with_open_rents: bool = False


async def certify(plan: Plan, on_result: Callable[[Result], None]) -> list[Result]:
    """Check a farm; raises KnownError if customers have open rents there, or if it cannot be checked."""
    if not plan.url:
        return await _certify_private_farm(on_result)
    await _refuse_during_open_rents(plan)
    async with AsyncExitStack() as stack:
        session = await stack.enter_async_context(aiohttp.ClientSession())
        market = None
        if plan.push_listen:
            market = await stack.enter_async_context(
                Market("", plan.key, listen=_parse_listen_address(plan.push_listen))
            )
        return await _run_all_checks(plan.url, plan.key, session, market, _make_sender(plan, session), on_result)


async def _run_all_checks(
    url: str,
    key: str,
    session: aiohttp.ClientSession,
    market: Market | None,
    send: SendSms | None,
    on_result: Callable[[Result], None],
) -> list[Result]:
    caller = Caller(url, key, session)
    try:
        checks = PushChecks(caller, market, send).all() + WebhookChecks(caller).all()
        return await run_checks(checks, on_result)
    finally:
        await caller.finish_all()


async def _refuse_during_open_rents(plan: Plan) -> None:
    if plan.even_with_open_rents:
        return
    rents = await _count_open_rents(plan)
    if rents is None:
        raise KnownError(
            "It is unknown whether customers have open rents on that farm: name its admin port with --admin, "
            "or give --even-with-open-rents. The check orders all its numbers and gives them back."
        )
    if rents:
        raise KnownError(
            f"{rents} rents of customers are open on that farm, and the check orders all its numbers. "
            "Wait for their end, or give --even-with-open-rents."
        )


async def _count_open_rents(plan: Plan) -> int | None:
    admin = plan.admin
    if not admin:
        return None
    health = await fetch_health(admin)
    return int(health["counts"]["rents_open"])


def _make_sender(plan: Plan, session: aiohttp.ClientSession) -> SendSms | None:
    return PhonesClient(plan.phones_control, session).deliver if plan.phones_control else None


def _parse_listen_address(text: str) -> tuple[str, int]:
    try:
        return parse_address(text)
    except ValueError as error:
        raise KnownError(f"--push-listen {error}.") from error


def check_url(url: str) -> str:
    """The base address of a farm's webhooks; raises KnownError for anything else."""
    try:
        parts = urlsplit(url)
        is_fine = parts.scheme in ("http", "https") and is_host(parts.hostname or "") and parts.port != 0
    except ValueError:
        is_fine = False
    if not is_fine:
        raise KnownError(f"'{url[:80]}' is no web address: write it as https://host or http://127.0.0.1:8080.")
    return url.rstrip("/")


# A private farm -----------------------------------------------------------------------


async def _certify_private_farm(on_result: Callable[[Result], None]) -> list[Result]:
    key = secrets.token_urlsafe(24)
    with (
        tempfile.TemporaryDirectory(prefix="phonefarm-certify-", ignore_cleanup_errors=True) as scratch,
        private_adb_server(adb_program(), Path(scratch)) as adb_port,
    ):
        async with AsyncExitStack() as stack:
            farm = await stack.enter_async_context(VirtualFarm(PHONES, query_seconds=0.2))
            market = await stack.enter_async_context(Market("", key))
            await farm.connect_to("127.0.0.1", adb_port)
            url = await stack.enter_async_context(_run_private_app(Path(scratch), key, adb_port, farm, market))
            session = await stack.enter_async_context(aiohttp.ClientSession())

            async def send(number: str, sender: str, text: str) -> None:
                await farm.deliver(number, sender, text)

            return await _run_all_checks(url, key, session, market, send, on_result)


@asynccontextmanager
async def _run_private_app(
    folder: Path, key: str, adb_port: int, farm: VirtualFarm, market: Market
) -> AsyncIterator[str]:
    numbers = folder / "numbers.csv"
    numbers.write_text(farm.numbers_csv(), encoding="utf-8")
    hidden = SecretFilter()
    hidden.add(key)
    settings = load_settings(
        data_dir=folder / "data",
        api_key=SecretStr(key),
        listen="127.0.0.1:0",
        admin_listen="127.0.0.1:0",
        push_url=market.push_url,
        adb_servers=f"127.0.0.1:{adb_port}",
        numbers_file=str(numbers),
    )
    engine = EngineThread(settings, hidden, key_in_memory(key))
    await asyncio.to_thread(engine.start)
    try:
        listeners = engine.farm.listeners
        await _wait_until_ready(listeners.admin_address)
        yield f"http://{listeners.webhooks_address}"
    finally:
        await asyncio.to_thread(engine.stop)


async def _wait_until_ready(admin: str) -> None:
    try:
        async with within(READY_TIMEOUT_SECONDS):
            while (await fetch_health(admin))["counts"]["phones_ready"] < PHONES:  # noqa: ASYNC110 - polled over HTTP
                await asyncio.sleep(0.2)
    except TimeoutError:
        raise KnownError(
            f"The virtual phones were not ready within {READY_TIMEOUT_SECONDS:g} s: see the log."
        ) from None
