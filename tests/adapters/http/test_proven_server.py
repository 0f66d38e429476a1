"""A server that loses its socket, or ends, is noticed and comes back at the same address."""

from __future__ import annotations

import asyncio
import errno
import socket
import struct
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import aiohttp
import pytest
from quart import Quart
from structlog.testing import capture_logs

from phonefarm.adapters.http import proven_server
from phonefarm.adapters.http.proven_server import LONGEST_PAUSE, ProvenServer
from phonefarm.adapters.http.server import Server, bind
from tests.waiting import until
from tests.windows_loop import LINGER, NETNAME_DELETED, WindowsAccepts


@pytest.fixture(autouse=True)
def _quick_probes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(proven_server, "PROBE_EVERY", 0.02)


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


def somebody_closes(listener: socket.socket) -> None:
    listener.close()


def network_shuts_down(listener: socket.socket) -> None:
    listener.shutdown(socket.SHUT_RDWR)


async def test_server_that_answers_is_said_to_and_left_alone() -> None:
    async with open_shop() as shop:
        await until(lambda: len(shop.reports) >= 5)

        assert set(shop.reports) == {None}
        assert shop.apps == 1


# Callers who hang up ------------------------------------------------------------------


async def test_callers_who_hang_up_at_once_cost_the_server_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(proven_server, "PROBE_EVERY", 60.0)
    windows = WindowsAccepts(asyncio.get_running_loop(), failures=[NETNAME_DELETED] * 5)
    with capture_logs() as lines:
        async with open_shop() as shop:
            for _ in range(5):
                hang_up_at_once(shop.port)
            await until(lambda: windows.have_failed)

            assert await shop.is_open()
            assert shop.listener.fileno() != -1
            assert shop.apps == 1

    assert set(shop.reports) <= {None}
    assert windows.reports == []
    (line,) = [line for line in lines if line["log_level"] in ("warning", "error")]
    assert (line["event"], line["port"]) == ("callers could not be let in", shop.port)
    assert line["cause"] == "Connection reset by peer"


async def test_callers_who_hang_up_at_once_do_not_keep_others_out() -> None:
    """Not played: on Windows the loop's own accept fails of them."""
    async with open_shop() as shop:
        for _ in range(30):
            hang_up_at_once(shop.port)

        assert await shop.is_open()
        assert shop.listener.fileno() != -1
        assert shop.apps == 1


async def test_accept_that_fails_for_want_of_files_is_tried_again_and_not_at_once() -> None:
    loop = asyncio.get_running_loop()
    accept, tries = loop.sock_accept, [loop.time()]

    async def out_of_files(listener: socket.socket) -> object:
        tries.append(loop.time())
        if len(tries) < 5:
            raise OSError(errno.EMFILE, "Too many open files")
        return await accept(listener)

    loop.sock_accept = out_of_files  # type: ignore[method-assign, assignment]
    async with open_shop() as shop:
        assert await shop.is_open()

        assert tries[4] - tries[1] > 0.2
        assert shop.apps == 1


def hang_up_at_once(port: int) -> None:
    with socket.create_connection(("127.0.0.1", port), timeout=5) as caller:
        caller.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack(LINGER, 1, 0))  # a reset


# A socket that is lost -----------------------------------------------------------------


LOSSES = [somebody_closes] if sys.platform == "win32" else [somebody_closes, network_shuts_down]
"""Windows shuts no listening socket down."""


@pytest.mark.parametrize("loses_it", LOSSES)
async def test_server_whose_socket_is_gone_is_back_at_its_port_before_anybody_asks(
    loses_it: Callable[[socket.socket], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(proven_server, "PROBE_EVERY", 60.0)
    with capture_logs() as lines:
        async with open_shop() as shop:
            await until(lambda: shop.last_report is None)

            loses_it(shop.listener)
            await until(shop.is_open, within=2.0)  # 0.15 s, on a machine that has nothing else to do

            assert shop.reports == [None]

    told = [line["event"] for line in lines if line["log_level"] in ("warning", "error")]
    assert told == ["a server listens on a new socket"]


async def test_who_is_being_answered_when_the_socket_is_lost_gets_the_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(proven_server, "PROBE_EVERY", 60.0)
    async with open_shop() as shop:
        slow = asyncio.gather(shop.get("/slow"))
        await shop.entered.wait()

        somebody_closes(shop.listener)
        await until(shop.is_open)
        shop.let_go.set()

        assert (await asyncio.wait_for(slow, 10))[0] == 200
        assert shop.apps == 1


async def test_server_that_ends_by_itself_is_started_again(monkeypatch: pytest.MonkeyPatch) -> None:
    class EndsAtFirst(Server):
        ends = 0

        async def listen(self, listener: socket.socket) -> None:
            if EndsAtFirst.ends < 2:
                EndsAtFirst.ends += 1
                raise RuntimeError("a bug")
            await super().listen(listener)

    monkeypatch.setattr(proven_server, "Server", EndsAtFirst)

    async with open_shop() as shop:
        await until(shop.is_open)
        await until(lambda: shop.last_report is None)

        assert f"does not answer on port {shop.port}" in shop.reports


async def test_server_that_lets_callers_in_and_does_not_answer_is_set_up_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    """The second net: whatever the first one does not see."""
    monkeypatch.setattr(proven_server, "PROBE_WITHIN", 0.2)

    class DeafAtFirst(Server):
        heard = 0

        async def listen(self, listener: socket.socket) -> None:
            DeafAtFirst.heard += 1
            if DeafAtFirst.heard == 1:
                await asyncio.Event().wait()
            await super().listen(listener)

    monkeypatch.setattr(proven_server, "Server", DeafAtFirst)

    async with open_shop() as shop:
        await until(lambda: f"does not answer on port {shop.port}" in shop.reports)
        await until(shop.is_open)
        await until(lambda: shop.last_report is None)

        assert shop.apps == 2


async def test_port_that_another_program_took_meanwhile_is_said_and_tried_again() -> None:
    with capture_logs() as lines:
        async with open_shop() as shop:
            await until(lambda: shop.last_report is None)

            with socket.socket() as thief:
                somebody_closes(shop.listener)
                thief.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                thief.bind(("127.0.0.1", shop.port))
                thief.listen()
                await until(lambda: sum("cannot listen" in (report or "") for report in shop.reports) >= 3)
                assert "cannot listen" in (shop.last_report or "")

            await until(lambda: shop.last_report is None)
            assert await shop.is_open()

    told = [line["event"] for line in lines if line["log_level"] in ("warning", "error")]
    assert told.count("a server gets no new socket for now") == 1
    assert "a bug in phonefarm" not in told


async def test_pauses_before_a_new_socket_grow_until_the_server_answers() -> None:
    shop = Shop()
    shop.listener.close()

    pauses = [shop.server._next_pause() for _ in range(8)]

    assert pauses == [0.05, 0.1, 0.2, 0.4, 0.8, LONGEST_PAUSE, LONGEST_PAUSE, LONGEST_PAUSE]


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
        somebody_closes(shop.listener)
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
