"""The server on a socket bound beforehand: it answers, and it stops in time."""

from __future__ import annotations

import asyncio
import socket
from typing import Any, cast

import aiohttp
import pytest
from quart import Quart

from phonefarm.adapters.asgi import Application
from phonefarm.adapters.http.server import bind, serve_until
from phonefarm.domain.errors import KnownError
from tests.waiting import until
from tests.windows_loop import WindowsAccepts


def an_app(entered: asyncio.Event, release: asyncio.Event) -> Application:
    quart = Quart(__name__, static_folder=None)

    @quart.get("/quick")
    async def quick() -> str:
        return "here"

    @quart.get("/slow")
    async def slow() -> str:
        entered.set()
        await release.wait()
        return "late"

    return cast(Application, quart)


class Served:
    """An application on a free port, until the test ends it."""

    def __init__(self) -> None:
        self.entered, self.release, self.stop = asyncio.Event(), asyncio.Event(), asyncio.Event()
        self.listener = bind("127.0.0.1", 0, "test server")
        self.url = f"http://127.0.0.1:{self.listener.getsockname()[1]}"
        self.ended = asyncio.gather(serve_until(an_app(self.entered, self.release), self.listener, self.stop))

    async def __aenter__(self) -> Served:
        return self

    async def __aexit__(self, *_: Any) -> None:
        self.release.set()
        self.stop.set()
        await asyncio.wait_for(self.ended, 10)
        self.listener.close()


async def get(url: str) -> str:
    async with aiohttp.ClientSession() as session, session.get(url) as answer:
        return await answer.text()


async def test_bound_socket_is_served() -> None:
    async with Served() as served:
        assert await get(f"{served.url}/quick") == "here"


async def test_client_that_connects_before_the_server_runs_is_answered() -> None:
    listener = bind("127.0.0.1", 0, "test server")
    early = asyncio.gather(get(f"http://127.0.0.1:{listener.getsockname()[1]}/quick"))
    await asyncio.sleep(0.05)
    stop = asyncio.Event()

    ended = asyncio.gather(serve_until(an_app(asyncio.Event(), asyncio.Event()), listener, stop))

    assert (await asyncio.wait_for(early, 10))[0] == "here"
    stop.set()
    await asyncio.wait_for(ended, 10)
    listener.close()


async def test_idle_server_stops_at_once() -> None:
    async with Served() as served:
        await get(f"{served.url}/quick")
        begun = asyncio.get_running_loop().time()
        served.stop.set()
        await asyncio.wait_for(asyncio.shield(served.ended), 10)

        assert asyncio.get_running_loop().time() - begun < 3


async def test_request_in_flight_at_the_stop_gets_its_response() -> None:
    async with Served() as served:
        late = asyncio.gather(get(f"{served.url}/slow"))
        await served.entered.wait()

        served.stop.set()
        await until(lambda: served.stop.is_set())
        served.release.set()

        assert (await asyncio.wait_for(late, 10))[0] == "late"


async def test_endless_request_does_not_delay_the_stop() -> None:
    async with Served() as served:
        stuck = asyncio.gather(get(f"{served.url}/slow"), return_exceptions=True)
        await served.entered.wait()

        served.stop.set()
        await asyncio.wait_for(asyncio.shield(served.ended), 8)

        assert (await asyncio.wait_for(stuck, 5))[0] != "late"


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
def test_error_for_a_taken_port_has_the_next_step(host: str) -> None:
    with bind("127.0.0.1", 0, "webhook server") as first:
        port = first.getsockname()[1]

        with pytest.raises(KnownError, match=f"webhook server cannot listen on {host}:{port}.*another port"):
            bind(host, port, "webhook server")


def test_address_of_another_computer_is_refused() -> None:
    with pytest.raises(KnownError, match="cannot listen on"):
        bind("192.0.2.1", 0, "webhook server")


@pytest.mark.skipif(not socket.has_ipv6, reason="no IPv6 here")
def test_ipv6_is_understood() -> None:
    try:
        with bind("::1", 0, "webhook server") as listener:
            assert listener.family == socket.AF_INET6
    except KnownError:
        pytest.skip("no IPv6 loopback here")


@pytest.mark.parametrize("is_windows", [False, True])
async def test_nagles_algorithm_is_off(is_windows: bool) -> None:
    """asyncio disables it only on sockets that name their protocol; those that Windows accepts name none."""
    if is_windows:
        WindowsAccepts(asyncio.get_running_loop())
    no_delay: list[int] = []

    async def app(scope: Any, _receive: Any, send: Any) -> None:
        client = scope["phonefarm.connection"].writer.get_extra_info("socket")
        no_delay.append(client.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY))
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"0")]})
        await send({"type": "http.response.body", "body": b""})

    stop, listener = asyncio.Event(), bind("127.0.0.1", 0, "test server")
    ended = asyncio.gather(serve_until(app, listener, stop))
    await get(f"http://127.0.0.1:{listener.getsockname()[1]}/")
    stop.set()
    await asyncio.wait_for(ended, 10)

    assert no_delay[0] != 0
