"""Recovery by the bridge: reconnect offline phones, restart this PC's server, leave other servers alone."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from phonefarm.adapters.adb import adb_server
from phonefarm.adapters.adb.bridge import AdbBridge
from phonefarm.application.ports.world import ServerDown
from tests.fakes.adb_server import FakeAdbServer, Line, block
from tests.simulation.adb_server import own_adb_server

needs_sh = pytest.mark.skipif(sys.platform == "win32", reason="the stand-in program is a shell script")


def an_adb_that_leaves_a_trace(folder: Path) -> tuple[Path, Path]:
    """A program that only logs that it was run."""
    adb, trace = folder / "adb", folder / "was-run"
    adb.write_text(f"#!/bin/sh\necho $@ >> {trace}\nexit 3\n")
    adb.chmod(0o755)
    return adb, trace


@asynccontextmanager
async def a_server_that_ends_when_told() -> AsyncIterator[FakeAdbServer]:
    async with FakeAdbServer() as server:

        async def end(line: Line) -> None:
            await line.send(b"OKAY")
            server.stop_listening()

        server.streams["host:kill"] = end
        yield server


async def test_offline_phones_are_reconnected_in_one_request() -> None:
    async with FakeAdbServer(replies={"host:reconnect-offline": b"OKAY" + block("reconnecting R5\n")}) as server:
        await AdbBridge(server.address).reconnect_offline()

    assert server.requests == ["host:reconnect-offline"]


async def test_refused_reconnect_of_offline_phones_has_the_cause() -> None:
    async with FakeAdbServer() as server:
        with pytest.raises(ServerDown, match="unknown host service"):
            await AdbBridge(server.address).reconnect_offline()


@pytest.mark.parametrize(("server", "may"), [("127.0.0.1:5037", True), ("[::1]:5037", True), ("farm-pc:5037", False)])
def test_only_this_pcs_server_may_be_restarted(server: str, may: bool) -> None:
    assert AdbBridge(server).may_restart is may


@pytest.mark.farm
async def test_real_server_is_stopped_and_replaced(monkeypatch: pytest.MonkeyPatch) -> None:
    with own_adb_server() as server:
        for name, value in server.environment.items():
            monkeypatch.setenv(name, value)
        bridge = AdbBridge(f"127.0.0.1:{server.port}")
        lists = bridge.device_lists()
        await anext(lists)
        await bridge.reconnect_offline()

        await bridge.restart()

        with pytest.raises(ServerDown):
            await anext(lists)
        assert await bridge.ensure_server() == "1.0.41"
        async with asyncio.timeout(5):
            assert await anext(bridge.device_lists()) == ()
        await end(bridge)


async def end(bridge: AdbBridge) -> None:
    """The new server is not our child process."""
    await adb_server._stop(bridge._socket)


@needs_sh
async def test_new_server_is_started_after_the_old_one_has_stopped(tmp_path: Path) -> None:
    adb, trace = an_adb_that_leaves_a_trace(tmp_path)
    async with a_server_that_ends_when_told() as server:
        with pytest.raises(ServerDown, match="ended with 3"):
            await AdbBridge(server.address, adb=str(adb)).restart()

    assert server.requests == ["host:version", "host:kill"]
    assert "start-server" in trace.read_text()


async def test_server_that_refuses_to_stop_is_an_error() -> None:
    """Some servers are started with an option to refuse it."""
    async with FakeAdbServer() as server:
        server.replies["host:kill"] = b"FAIL" + block("kill-server rejected by remote server")
        with pytest.raises(ServerDown, match="rejected"):
            await AdbBridge(server.address).restart()


@needs_sh
async def test_server_that_stops_without_an_answer_is_restarted(tmp_path: Path) -> None:
    adb, trace = an_adb_that_leaves_a_trace(tmp_path)
    async with FakeAdbServer() as server:

        async def go(line: Line) -> None:
            server.stop_listening()

        server.streams["host:kill"] = go
        with pytest.raises(ServerDown, match="ended with 3"):
            await AdbBridge(server.address, adb=str(adb)).restart()

    assert "start-server" in trace.read_text()


@needs_sh
async def test_server_that_does_not_stop_is_an_error_and_no_other_is_started(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(adb_server, "STOP_CHECK_SECONDS", 0)
    monkeypatch.setattr(adb_server, "STOP_CHECKS", 3)
    adb, trace = an_adb_that_leaves_a_trace(tmp_path)
    async with FakeAdbServer(replies={"host:version": b"OKAY" + block("0029"), "host:kill": b"OKAY"}) as server:
        with pytest.raises(ServerDown, match="does not stop on request: end its process"):
            await AdbBridge(server.address, adb=str(adb)).restart()

    assert not trace.exists()


@needs_sh
async def test_restart_without_a_running_server_only_starts_one(tmp_path: Path) -> None:
    adb, trace = an_adb_that_leaves_a_trace(tmp_path)
    async with FakeAdbServer() as server:
        address = server.address

    with pytest.raises(ServerDown, match="ended with 3"):
        await AdbBridge(address, adb=str(adb)).restart()
    assert "start-server" in trace.read_text()


@needs_sh
@pytest.mark.parametrize("version", ["001f", "0024", "002a"])
@pytest.mark.parametrize("call", ["restart", "ensure_server"])
async def test_server_of_another_adb_is_reported_and_not_stopped(tmp_path: Path, version: str, call: str) -> None:
    """adb programs of different versions would stop each other's server again and again."""
    adb, trace = an_adb_that_leaves_a_trace(tmp_path)
    async with FakeAdbServer(replies={"host:version": b"OKAY" + block(version)}) as server:
        bridge = AdbBridge(server.address, adb=str(adb))
        if (call, version) == ("ensure_server", "002a"):
            assert "newer" in await bridge.ensure_server()
        else:
            with pytest.raises(ServerDown, match=r"old kind|another adb"):
                await getattr(bridge, call)()

    assert server.requests == ["host:version"]
    assert not trace.exists()


@needs_sh
@pytest.mark.parametrize("reply", [b"HTTP/1.1 400 Bad Request\r\n\r\n", b"OKAYzzzz", b"OKAY0004what"])
async def test_another_program_on_the_port_is_left_alone(tmp_path: Path, reply: bytes) -> None:
    adb, trace = an_adb_that_leaves_a_trace(tmp_path)
    async with FakeAdbServer(replies={"host:version": reply}) as server:
        for call in (AdbBridge(server.address, adb=str(adb)).restart, AdbBridge(server.address).ensure_server):
            with pytest.raises(ServerDown):
                await call()

    assert set(server.requests) == {"host:version"}
    assert not trace.exists()


async def test_server_of_another_pc_is_not_stopped(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(adb_server, "is_local", lambda _: False)
    async with FakeAdbServer() as server:
        with pytest.raises(ServerDown, match="another PC"):
            await AdbBridge(server.address).restart()

    assert server.requests == []
