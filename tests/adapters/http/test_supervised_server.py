"""A server that loses its socket, ends or stops answering comes back at the same address."""

from __future__ import annotations

import asyncio
import errno
import socket
import struct
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import cast

import aiohttp
import pytest
from quart import Quart
from structlog.testing import capture_logs

from phonefarm.adapters.asgi import Application
from phonefarm.adapters.http import supervised_server
from phonefarm.adapters.http.server import Server, bind
from phonefarm.adapters.http.supervised_server import MAX_BACKOFF_SECONDS, SupervisedServer
from tests.waiting import until
from tests.windows_loop import LINGER, NETNAME_DELETED, WindowsAccepts


@pytest.fixture(autouse=True)
def _quick_probes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(supervised_server, "PROBE_INTERVAL_SECONDS", 0.02)


class Site:
    """An application behind a supervised server, and the reports about it."""

    def __init__(self) -> None:
        self.listener = bind("127.0.0.1", 0, "test server")
        self.port = self.listener.getsockname()[1]
        self.reports: list[str | None] = []
        self.apps = 0
        self.entered, self.release, self.stop = asyncio.Event(), asyncio.Event(), asyncio.Event()
        self.server = SupervisedServer(
            self._make_app, self.listener, "test server", self.reports.append, probe_path="/probe"
        )

    def _make_app(self) -> Application:
        self.apps += 1
        quart = Quart(__name__, static_folder=None)

        @quart.get("/slow")
        async def slow() -> str:
            self.entered.set()
            await self.release.wait()
            return "late"

        return cast(Application, quart)

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
async def running_site() -> AsyncIterator[Site]:
    site = Site()
    running = asyncio.gather(site.server.run(site.stop))
    try:
        yield site
    finally:
        site.stop.set()
        await asyncio.wait_for(running, 10)


def somebody_closes(listener: socket.socket) -> None:
    listener.close()


def network_shuts_down(listener: socket.socket) -> None:
    listener.shutdown(socket.SHUT_RDWR)


async def test_server_that_answers_is_reported_and_not_restarted() -> None:
    async with running_site() as site:
        await until(lambda: len(site.reports) >= 5)

        assert set(site.reports) == {None}
        assert site.apps == 1


# Clients that reset --------------------------------------------------------------------


async def test_connections_reset_at_once_do_the_server_no_harm(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(supervised_server, "PROBE_INTERVAL_SECONDS", 60.0)
    windows = WindowsAccepts(asyncio.get_running_loop(), failures=[NETNAME_DELETED] * 5)
    with capture_logs() as lines:
        async with running_site() as site:
            for _ in range(5):
                hang_up_at_once(site.port)
            await until(lambda: windows.have_failed)

            assert await site.is_open()
            assert site.listener.fileno() != -1
            assert site.apps == 1

    assert set(site.reports) <= {None}
    assert windows.reports == []
    (line,) = [line for line in lines if line["log_level"] in ("warning", "error")]
    assert (line["event"], line["port"]) == ("connections could not be accepted", site.port)
    assert line["cause"] == "Connection reset by peer"


async def test_connections_reset_at_once_do_not_keep_others_out() -> None:
    """Not simulated: on Windows these make the loop's own accept fail."""
    async with running_site() as site:
        for _ in range(30):
            hang_up_at_once(site.port)

        assert await site.is_open()
        assert site.listener.fileno() != -1
        assert site.apps == 1


async def test_accept_that_fails_for_lack_of_file_descriptors_is_retried_after_a_pause(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    loop = asyncio.get_running_loop()
    accept, tries = loop.sock_accept, [loop.time()]

    async def out_of_files(listener: socket.socket) -> object:
        tries.append(loop.time())
        if len(tries) < 5:
            raise OSError(errno.EMFILE, "Too many open files")
        return await accept(listener)

    monkeypatch.setattr(loop, "sock_accept", out_of_files)
    async with running_site() as site:
        assert await site.is_open()

        assert tries[4] - tries[1] > 0.2
        assert site.apps == 1


def hang_up_at_once(port: int) -> None:
    with socket.create_connection(("127.0.0.1", port), timeout=5) as caller:
        caller.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack(LINGER, 1, 0))  # a reset


# A lost socket --------------------------------------------------------------------------


LOSSES = [somebody_closes] if sys.platform == "win32" else [somebody_closes, network_shuts_down]
"""Windows cannot shut down a listening socket."""


@pytest.mark.parametrize("loses_it", LOSSES)
async def test_lost_socket_is_bound_again_before_the_next_probe(
    loses_it: Callable[[socket.socket], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(supervised_server, "PROBE_INTERVAL_SECONDS", 60.0)
    with capture_logs() as lines:
        async with running_site() as site:
            await until(lambda: site.last_report is None)

            loses_it(site.listener)
            await until(site.is_open, within=2.0)  # 0.15 s on an idle machine

            assert site.reports == [None]

    logged = [line["event"] for line in lines if line["log_level"] in ("warning", "error")]
    assert logged == ["a server listens on a new socket"]


async def test_request_in_flight_survives_the_loss_of_the_socket(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(supervised_server, "PROBE_INTERVAL_SECONDS", 60.0)
    async with running_site() as site:
        slow = asyncio.gather(site.get("/slow"))
        await site.entered.wait()

        somebody_closes(site.listener)
        await until(site.is_open)
        site.release.set()

        assert (await asyncio.wait_for(slow, 10))[0] == 200
        assert site.apps == 1


async def test_server_that_ends_by_itself_is_started_again(monkeypatch: pytest.MonkeyPatch) -> None:
    class EndsAtFirst(Server):
        ends = 0

        async def listen(self, listener: socket.socket) -> None:
            if EndsAtFirst.ends < 2:
                EndsAtFirst.ends += 1
                raise RuntimeError("a bug")
            await super().listen(listener)

    monkeypatch.setattr(supervised_server, "Server", EndsAtFirst)

    async with running_site() as site:
        await until(site.is_open)
        await until(lambda: site.last_report is None)

        assert f"does not answer on port {site.port}" in site.reports


async def test_server_that_accepts_and_does_not_answer_is_restarted(monkeypatch: pytest.MonkeyPatch) -> None:
    """The probe is the safety net for failures that close no socket."""
    monkeypatch.setattr(supervised_server, "PROBE_TIMEOUT_SECONDS", 0.2)

    class SilentAtFirst(Server):
        starts = 0

        async def listen(self, listener: socket.socket) -> None:
            SilentAtFirst.starts += 1
            if SilentAtFirst.starts == 1:
                await asyncio.Event().wait()
            await super().listen(listener)

    monkeypatch.setattr(supervised_server, "Server", SilentAtFirst)

    async with running_site() as site:
        await until(lambda: f"does not answer on port {site.port}" in site.reports)
        await until(site.is_open)
        await until(lambda: site.last_report is None)

        assert site.apps == 2


async def test_port_taken_by_another_program_is_reported_and_retried() -> None:
    with capture_logs() as lines:
        async with running_site() as site:
            await until(lambda: site.last_report is None)

            with socket.socket() as thief:
                somebody_closes(site.listener)
                thief.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                thief.bind(("127.0.0.1", site.port))
                thief.listen()
                await until(lambda: sum("cannot listen" in (report or "") for report in site.reports) >= 3)
                assert "cannot listen" in (site.last_report or "")

            await until(lambda: site.last_report is None)
            assert await site.is_open()

    logged = [line["event"] for line in lines if line["log_level"] in ("warning", "error")]
    assert logged.count("a server cannot bind its port again") == 1
    assert "a bug in phonefarm" not in logged


async def test_backoff_grows_until_the_server_answers() -> None:
    site = Site()
    site.listener.close()

    backoffs = [site.server._next_backoff() for _ in range(8)]

    assert backoffs == [0.05, 0.1, 0.2, 0.4, 0.8, MAX_BACKOFF_SECONDS, MAX_BACKOFF_SECONDS, MAX_BACKOFF_SECONDS]


async def test_request_in_flight_at_the_stop_gets_its_response() -> None:
    async with running_site() as site:
        slow = asyncio.gather(site.get("/slow"))
        await site.entered.wait()

        site.stop.set()
        site.release.set()

        assert (await asyncio.wait_for(slow, 10))[0] == 200


async def test_stop_does_not_wait_for_the_backoff(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(supervised_server, "FIRST_BACKOFF_SECONDS", 60.0)
    async with running_site() as site:
        await until(lambda: site.last_report is None)
        somebody_closes(site.listener)
        await until(lambda: site.last_report is not None)
        begun = asyncio.get_running_loop().time()
        site.stop.set()

    assert asyncio.get_running_loop().time() - begun < 3


@pytest.mark.parametrize(
    ("listens_on", "probed_at"),
    [("0.0.0.0", "127.0.0.1"), ("::", "[::1]"), ("::1", "[::1]"), ("127.0.0.9", "127.0.0.9")],
)
def test_server_is_probed_at_an_address_that_this_pc_reaches(listens_on: str, probed_at: str) -> None:
    assert supervised_server._local_address_of(listens_on) == probed_at
