"""`phonefarm simulate phones` and `phonefarm simulate market`: each runs until it is cancelled."""

from __future__ import annotations

import asyncio
import sys

import aiohttp

from phonefarm.simulation.answers import AnswerPolicy, Outcome
from phonefarm.simulation.control import ControlServer, market_routes, phone_routes
from phonefarm.simulation.control_client import PhonesClient
from phonefarm.simulation.delivery_audit import audit_deliveries
from phonefarm.simulation.farm import VirtualFarm
from phonefarm.simulation.market import Market
from phonefarm.simulation.scripted_market import ScriptedMarket
from phonefarm.simulation.smart_socket import AdbServerError

ENDLESS_SECONDS = 10.0 * 365 * 24 * 3600
FAULT_RATES = {Outcome.ANSWER_LOST: 0.03, Outcome.ERROR_500: 0.03, Outcome.TOO_MANY: 0.01, Outcome.CUT: 0.01}
"""Chance of each faulty answer while the scripted market runs."""


def host_and_port(text: str, default_port: int = 0) -> tuple[str, int]:
    """`host:port`, `host` or `:port`."""
    host, _, port = text.rpartition(":") if ":" in text else (text, "", "")
    return host or "127.0.0.1", int(port) if port else default_port


def _print_now(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


async def run_phones(
    count: int = 12,
    listen: str | None = None,
    query_seconds: float = 0.4,
    seed: int = 1,
    adb_server: str | None = None,
    control: str = "127.0.0.1:0",
) -> None:
    """Run virtual phones on loopback addresses from `listen` on; connect them to `adb_server` if one is given."""
    async with (
        VirtualFarm(count, seed, query_seconds, first_address=listen) as farm,
        ControlServer(phone_routes(farm), host_and_port(control)) as server,
    ):
        connected = await _connect_phones(farm, adb_server) if adb_server else "not connected to an adb server"
        first, last = (farm.phones[place].serial if farm.phones else "-" for place in (0, -1))
        _print_now(f"{count} virtual phones at {first} … {last}, {connected}, control {server.url}")
        await asyncio.Event().wait()


async def _connect_phones(farm: VirtualFarm, adb_server: str) -> str:
    host, port = host_and_port(adb_server, 5037)
    try:
        answers = await farm.connect_to(host, port)
    except AdbServerError as error:
        return f"adb server {host}:{port} does not answer ({error})"
    connected = sum(answer.startswith(("connected", "already")) for answer in answers.values())
    return f"{connected} connected to adb server {host}:{port}"


async def run_market(
    target_url: str,
    key: str,
    listen: str = "127.0.0.1:0",
    control: str = "127.0.0.1:0",
    play: bool = False,
    seed: int = 1,
    *,
    phones_control: str | None = None,
    speed: float = 1.0,
    seconds: float = ENDLESS_SECONDS,
    settle_seconds: float = 15.0,
) -> None:
    """Run a virtual Onlinesim for the partner at `target_url`.

    With `play`, it orders and finishes rents itself and sends SMS through `phones_control`.
    """
    policy = AnswerPolicy(seed=seed, chances=FAULT_RATES if play else {})
    async with (
        Market(target_url, key, listen=host_and_port(listen), policy=policy) as market,
        ControlServer(market_routes(market), host_and_port(control)) as server,
    ):
        _print_now(f"virtual Onlinesim: PHONEFARM_PUSH_URL={market.push_url}, calls {target_url}, control {server.url}")
        if play and phones_control is not None:
            await _run_script(market, phones_control, seed, speed, seconds, settle_seconds)
        else:
            await asyncio.Event().wait()


async def _run_script(
    market: Market, phones_control: str, seed: int, speed: float, seconds: float, settle_seconds: float
) -> None:
    async with aiohttp.ClientSession() as session:
        phones = PhonesClient(phones_control, session)
        script = ScriptedMarket(market, phones.deliver, numbers=await phones.numbers(), seed=seed, speed=speed)
        await script.run(seconds)
        await script.wait_for(lambda: audit_deliveries(script.sent, market.record).lost == 0, settle_seconds)
        summary = audit_deliveries(script.sent, market.record)
        _print_now(" ".join(f"{name}={value}" for name, value in summary.as_dict().items()))
