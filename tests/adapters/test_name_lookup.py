"""Name lookups block nothing else, and a cached address survives a resolver that hangs or fails."""

from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import Callable, Iterator, Sequence

import pytest

from phonefarm.adapters import name_lookup
from phonefarm.adapters.adb.smart_socket import SmartSocket
from phonefarm.adapters.name_lookup import Address, NameLookup, system_lookup
from phonefarm.adapters.onlinesim.market_connection import MarketConnections, Unreachable
from phonefarm.application.ports.world import ServerDown
from tests.waiting import PATIENCE

SOON = 0.05


class Resolver:
    """Replaces the system's resolver."""

    def __init__(self) -> None:
        self.calls = 0
        self.error: Exception | None = None
        self.let_go = threading.Event()
        self.let_go.set()

    def __call__(self, host: str, port: int) -> Sequence[Address]:
        self.calls += 1
        self.let_go.wait(PATIENCE)
        if self.error is not None:
            raise self.error
        return system_lookup("127.0.0.1", port)


@pytest.fixture
def resolver(monkeypatch: pytest.MonkeyPatch) -> Iterator[Resolver]:
    monkeypatch.setattr(name_lookup, "LOOKUP_TIMEOUT_SECONDS", SOON)
    monkeypatch.setattr(name_lookup, "CACHED_LOOKUP_TIMEOUT_SECONDS", SOON)
    resolver = Resolver()
    yield resolver
    resolver.let_go.set()


def hosts(addresses: Sequence[Address]) -> list[str]:
    return [address[4][0] for address in addresses]


async def test_name_is_looked_up(resolver: Resolver) -> None:
    assert hosts(await NameLookup("market.example", 443, resolver).addresses()) == ["127.0.0.1"]


@pytest.mark.parametrize("host", ["127.0.0.1", "::1"])
async def test_address_is_not_looked_up(resolver: Resolver, host: str) -> None:
    assert hosts(await NameLookup(host, 443, resolver).addresses()) == [host]
    assert resolver.calls == 0


@pytest.mark.parametrize("trouble", ["hangs", "fails"])
async def test_cached_address_is_used_if_the_resolver(resolver: Resolver, trouble: str) -> None:
    lookup = NameLookup("market.example", 443, resolver)
    good = await lookup.addresses()
    if trouble == "hangs":
        resolver.let_go.clear()
    else:
        resolver.error = socket.gaierror(socket.EAI_AGAIN, "try again")

    assert [await lookup.addresses() for _ in range(3)] == [good] * 3


async def test_hanging_resolver_occupies_one_thread(resolver: Resolver) -> None:
    lookup = NameLookup("market.example", 443, resolver)
    resolver.let_go.clear()

    results = await asyncio.gather(*(lookup.addresses() for _ in range(30)), return_exceptions=True)

    assert {type(error) for error in results} == {socket.gaierror}
    assert resolver.calls == 1


async def test_hanging_resolver_does_not_occupy_the_shared_threads(
    resolver: Resolver, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A push and adb requests to a host name, while another task needs a shared thread."""
    resolver.let_go.clear()
    monkeypatch.setattr(socket, "getaddrinfo", hanging(resolver, socket.getaddrinfo))
    market, adb = MarketConnections("http://market.example/push"), SmartSocket("station.example", 5037)

    async def push() -> None:
        with pytest.raises(Unreachable):
            await market.post(market.head({}), b"{}", PATIENCE)

    async def ask() -> None:
        with pytest.raises(ServerDown):
            await adb.version(within=PATIENCE)

    asking = asyncio.gather(*(push() for _ in range(20)), *(ask() for _ in range(20)))
    await asyncio.sleep(0)
    assert await asyncio.wait_for(asyncio.to_thread(lambda: "done"), PATIENCE) == "done"
    await asking
    market.close()


def hanging(resolver: Resolver, real: Callable[..., object]) -> Callable[..., object]:
    def getaddrinfo(host: str, port: int, *args: object, **options: object) -> object:
        if host.endswith(".example") and not options.get("flags"):
            return resolver(host, port)
        return real(host, port, *args, **options)

    return getaddrinfo


@pytest.mark.parametrize("host", ["x..y", "a" * 64 + ".example", ".example"])
async def test_invalid_host_name_is_an_os_error(host: str) -> None:
    with pytest.raises(OSError, match=r".*"):
        await NameLookup(host, 443).addresses()


async def test_new_address_is_used_once_the_resolver_answers(resolver: Resolver) -> None:
    lookup = NameLookup("market.example", 443, resolver)
    resolver.error = socket.gaierror(socket.EAI_NONAME, "no such name")
    with pytest.raises(socket.gaierror):
        await lookup.addresses()

    resolver.error = None

    assert hosts(await lookup.addresses()) == ["127.0.0.1"]
