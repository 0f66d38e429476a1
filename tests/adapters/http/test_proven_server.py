"""A server that loses its socket, or ends, is noticed and comes back at the same address."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
import pytest
from quart import Quart

from phonefarm.adapters.http import proven_server
from phonefarm.adapters.http.conversation import Limits
from phonefarm.adapters.http.proven_server import ProvenServer
from phonefarm.adapters.http.server import bind, serve_until
from tests.waiting import until


@pytest.fixture(autouse=True)
def _quick_probes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(proven_server, "PROBE_EVERY", 0.02)
    monkeypatch.setattr(proven_server, "PAUSE_BEFORE_REBIND", 0.01)


class Shop:
    """An application behind a proven server, and what was reported of it."""

    def __init__(self) -> None:
        self.listener = bind("127.0.0.1", 0, "test server")
        self.port = self.listener.getsockname()[1]
        self.reports: list[str | None] = []
        self.apps = 0
        self.entered, self.let_go, self.stop = asyncio.Event(), asyncio.Event(), asyncio.Event()
        self.server = ProvenServer(
            self._make_app, self.listener, "test server", self.reports.append, probe_path="/probe"
        )

    def _make_app(self) -> Quart:
        self.apps += 1
        quart = Quart(__name__, static_folder=None)

        @quart.get("/slow")
        async def slow() -> str:
            self.entered.set()
            await self.let_go.wait()
            return "late"

        return quart

    async def get(self, path: str) -> int:
        async with aiohttp.ClientSession() as http, http.get(f"http://127.0.0.1:{self.port}{path}") as answer:
            return answer.status

    async def is_open(self) -> bool:
        try:
            return await self.get("/") == 404
        except aiohttp.ClientError:
            return False

    @property
    def last_report(self) -> str | None:
        return self.reports[-1] if self.reports else "nothing yet"


@asynccontextmanager
async def open_shop() -> AsyncIterator[Shop]:
    shop = Shop()
    running = asyncio.gather(shop.server.run(shop.stop))
    try:
        yield shop
    finally:
        shop.stop.set()
        await asyncio.wait_for(running, 10)


def proactor_closes(listener: socket.socket) -> None:
    """What CPython's Proactor loop does to a listening socket after one accept that failed."""
    asyncio.get_running_loop().remove_reader(listener)
    listener.close()


def network_shuts_down(listener: socket.socket) -> None:
    asyncio.get_running_loop().remove_reader(listener)
    listener.shutdown(socket.SHUT_RDWR)


async def test_server_that_answers_is_said_to_and_left_alone() -> None:
    async with open_shop() as shop:
        await until(lambda: len(shop.reports) >= 5)

        assert set(shop.reports) == {None}
        assert shop.apps == 1


@pytest.mark.parametrize("loses_it", [proactor_closes, network_shuts_down])
async def test_server_whose_socket_is_gone_is_reported_and_comes_back_at_its_port(
    loses_it: Callable[[socket.socket], None],
) -> None:
    async with open_shop() as shop:
        await until(lambda: shop.last_report is None)

        loses_it(shop.listener)

        await until(lambda: f"does not answer on port {shop.port}" in shop.reports)
        await until(lambda: shop.last_report is None)
        assert await shop.is_open()
        assert shop.apps == 2


async def test_server_that_ends_by_itself_is_started_again(monkeypatch: pytest.MonkeyPatch) -> None:
    ends = [RuntimeError("a bug"), None]

    async def ends_at_first(app: Any, listener: socket.socket, stop: asyncio.Event, limits: Limits) -> None:
        if ends:
            error = ends.pop(0)
            listener.close()
            if error is not None:
                raise error
            return
        await serve_until(app, listener, stop, limits)

    monkeypatch.setattr(proven_server, "serve_until", ends_at_first)

    async with open_shop() as shop:
        await until(shop.is_open)
        await until(lambda: shop.last_report is None)

        assert f"does not answer on port {shop.port}" in shop.reports


async def test_port_that_another_program_took_meanwhile_is_said_and_tried_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(proven_server, "PROBE_WITHIN", 0.2)
    async with open_shop() as shop:
        await until(lambda: shop.last_report is None)

        with socket.socket() as thief:
            proactor_closes(shop.listener)
            thief.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            thief.bind(("127.0.0.1", shop.port))
            thief.listen()
            await until(lambda: "cannot listen" in (shop.last_report or ""))

        await until(lambda: shop.last_report is None)
        assert await shop.is_open()


async def test_request_under_way_at_the_stop_gets_its_answer() -> None:
    async with open_shop() as shop:
        slow = asyncio.gather(shop.get("/slow"))
        await shop.entered.wait()

        shop.stop.set()
        shop.let_go.set()

        assert (await asyncio.wait_for(slow, 10))[0] == 200


async def test_stop_does_not_wait_for_a_server_that_is_down(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(proven_server, "PAUSE_BEFORE_REBIND", 60.0)
    async with open_shop() as shop:
        await until(lambda: shop.last_report is None)
        proactor_closes(shop.listener)
        await until(lambda: shop.last_report is not None)
        begun = asyncio.get_running_loop().time()
        shop.stop.set()

    assert asyncio.get_running_loop().time() - begun < 3


@pytest.mark.parametrize(
    ("listens_on", "asked_at"),
    [("0.0.0.0", "127.0.0.1"), ("::", "[::1]"), ("::1", "[::1]"), ("127.0.0.9", "127.0.0.9")],
)
def test_server_is_asked_at_an_address_that_this_pc_reaches(listens_on: str, asked_at: str) -> None:
    assert proven_server._reachable(listens_on) == asked_at
