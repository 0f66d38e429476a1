"""What `phonefarm simulate phones` and `phonefarm simulate market` run until they are cancelled."""

from __future__ import annotations

import asyncio
import sys

import aiohttp

from phonefarm.simulation.answers import AnswerPolicy, Outcome
from phonefarm.simulation.control import ControlServer, market_routes, phone_routes
from phonefarm.simulation.control_client import PhonesClient
from phonefarm.simulation.farm import VirtualFarm
from phonefarm.simulation.judge import judge
from phonefarm.simulation.market import Market
from phonefarm.simulation.play import Play
from phonefarm.simulation.smart_socket import AdbServerError

PLAY_WITHOUT_END = 10.0 * 365 * 24 * 3600
EVERYDAY_TROUBLE = {Outcome.ANSWER_LOST: 0.03, Outcome.ERROR_500: 0.03, Outcome.TOO_MANY: 0.01, Outcome.CUT: 0.01}
"""How often an answer of a play goes wrong."""


def host_and_port(text: str, default_port: int = 0) -> tuple[str, int]:
    """`host:port`, `host` or `:port`."""
    host, _, port = text.rpartition(":") if ":" in text else (text, "", "")
    return host or "127.0.0.1", int(port) if port else default_port


def _say(line: str) -> None:
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
    """Virtual phones from the loopback address `listen` on, connected to `adb_server` if one is named."""
    async with (
        VirtualFarm(count, seed, query_seconds, first_address=listen) as farm,
        ControlServer(phone_routes(farm), host_and_port(control)) as server,
    ):
        connected = await _connect(farm, adb_server) if adb_server else "not connected to an adb server"
        first, last = (farm.phones[place].serial if farm.phones else "-" for place in (0, -1))
        _say(f"{count} virtual phones at {first} … {last}, {connected}, control {server.url}")
        await asyncio.Event().wait()


async def _connect(farm: VirtualFarm, adb_server: str) -> str:
    host, port = host_and_port(adb_server, 5037)
    try:
        answers = await farm.connect_to(host, port)
    except AdbServerError as error:
        return f"adb server {host}:{port} cannot be asked ({error})"
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
    tempo: float = 1.0,
    seconds: float = PLAY_WITHOUT_END,
    settle_seconds: float = 15.0,
) -> None:
    """A virtual Onlinesim for the partner at `target_url`; playing it sends SMS through `phones_control`."""
    policy = AnswerPolicy(seed=seed, chances=EVERYDAY_TROUBLE if play else {})
    async with (
        Market(target_url, key, listen=host_and_port(listen), policy=policy) as market,
        ControlServer(market_routes(market), host_and_port(control)) as server,
    ):
        _say(f"virtual Onlinesim: PHONEFARM_PUSH_URL={market.push_url}, calls {target_url}, control {server.url}")
        if play and phones_control is not None:
            await _play(market, phones_control, seed, tempo, seconds, settle_seconds)
        else:
            await asyncio.Event().wait()


async def _play(
    market: Market, phones_control: str, seed: int, tempo: float, seconds: float, settle_seconds: float
) -> None:
    async with aiohttp.ClientSession() as session:
        phones = PhonesClient(phones_control, session)
        played = Play(market, phones.deliver, numbers=await phones.numbers(), seed=seed, tempo=tempo)
        await played.run(seconds)
        await played.settle(lambda: judge(played.sent, market.record).lost == 0, settle_seconds)
        summary = judge(played.sent, market.record)
        _say(" ".join(f"{name}={value}" for name, value in summary.as_dict().items()))
