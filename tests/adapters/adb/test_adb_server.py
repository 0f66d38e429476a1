"""Choice of the adb program, start of the server, and check of its version."""

from __future__ import annotations

import os
import sys
import threading
from pathlib import Path

import pytest

from phonefarm.adapters.adb import adb_server
from phonefarm.adapters.adb.adb_server import ensure_server, find_adb, is_local, version_in_words
from phonefarm.adapters.adb.bridge import AdbBridge
from phonefarm.adapters.adb.smart_socket import SmartSocket
from phonefarm.application.ports.world import ServerDown
from phonefarm.domain.errors import KnownError
from phonefarm.support.tasks import Tasks
from tests.fakes.adb_server import FakeAdbServer, Line, block
from tests.waiting import until


def an_adb(folder: Path) -> Path:
    path = folder / ("adb.exe" if os.name == "nt" else "adb")
    path.write_text("#!/bin/sh\nexit 3\n")
    path.chmod(0o755)
    return path


def test_adb_of_the_setting_comes_first(tmp_path: Path) -> None:
    mine = an_adb(tmp_path)

    assert find_adb(str(mine), {"ADBUTILS_ADB_PATH": "/other"}) == mine
    assert find_adb(None, {"ADBUTILS_ADB_PATH": str(mine)}) == mine


def test_shipped_adb_comes_before_an_installed_one(tmp_path: Path) -> None:
    an_adb(tmp_path)
    if adb_server._shipped_adb() is None:
        pytest.skip("adbutils brings no adb for this platform")

    assert "adbutils" in str(find_adb(None, {"PATH": str(tmp_path)}))


def test_installed_adb_comes_last(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(adb_server, "_shipped_adb", lambda: None)
    mine = an_adb(tmp_path)

    assert find_adb(None, {"PATH": str(tmp_path)}) == mine
    with pytest.raises(KnownError, match="platform-tools"):
        find_adb(None, {"PATH": str(tmp_path / "empty")})


@pytest.mark.parametrize(("setting", "env"), [("/nowhere/adb", {}), (None, {"ADBUTILS_ADB_PATH": "/nowhere/adb"})])
def test_wrong_path_is_a_known_error(setting: str | None, env: dict[str, str]) -> None:
    with pytest.raises(KnownError, match="/nowhere/adb"):
        find_adb(setting, env)


@pytest.mark.parametrize(
    ("host", "local"),
    [("127.0.0.1", True), ("localhost", True), ("::1", True), ("192.168.1.5", False), ("farm-pc", False)],
)
def test_only_a_server_on_loopback_may_be_started(host: str, local: bool) -> None:
    assert is_local(host) is local


def test_versions_are_worded() -> None:
    assert version_in_words(41, "x") == "1.0.41"
    assert "newer" in version_in_words(42, "x")
    with pytest.raises(ServerDown, match=r"1\.0\.36"):
        version_in_words(36, "127.0.0.1:5037")


async def test_running_server_is_not_restarted() -> None:
    async with FakeAdbServer() as server:
        assert await ensure_server(SmartSocket("127.0.0.1", server.port), "/nowhere/adb") == "1.0.41"


async def test_bridge_reports_an_old_server() -> None:
    async with FakeAdbServer(replies={"host:version": b"OKAY" + block("001f")}) as server:
        with pytest.raises(ServerDown, match="old kind"):
            await AdbBridge(server.address).ensure_server()


async def test_a_remote_server_is_never_started(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(adb_server, "is_local", lambda _: False)
    async with FakeAdbServer() as server:
        port = server.port

    with pytest.raises(ServerDown, match="another PC"):
        await ensure_server(SmartSocket("127.0.0.1", port))


@pytest.mark.skipif(sys.platform == "win32", reason="the stand-in program is a shell script")
async def test_error_for_a_server_that_does_not_start_has_the_next_step(tmp_path: Path) -> None:
    async with FakeAdbServer() as server:
        port = server.port

    with pytest.raises(ServerDown, match=f"ended with 3.*-P {port} start-server"):
        await ensure_server(SmartSocket("127.0.0.1", port), str(an_adb(tmp_path)))
    with pytest.raises(ServerDown, match="no such file"):
        await ensure_server(SmartSocket("127.0.0.1", port), str(tmp_path / "none"))


@pytest.mark.skipif(sys.platform == "win32", reason="the stand-in program is a shell script")
async def test_cancelled_start_leaves_no_process(tmp_path: Path) -> None:
    pid_file = tmp_path / "pid"
    hanging = tmp_path / "hanging-adb"
    hanging.write_text(f"#!/bin/sh\necho $$ > {pid_file}.new && mv {pid_file}.new {pid_file}\nexec sleep 600\n")
    hanging.chmod(0o755)
    async with FakeAdbServer() as server:
        port = server.port
    tasks = Tasks()
    starting = tasks.start(ensure_server(SmartSocket("127.0.0.1", port), str(hanging)), "start")
    await until(pid_file.exists)

    await tasks.stop()

    def is_gone() -> bool:
        try:
            os.kill(int(pid_file.read_text()), 0)
        except ProcessLookupError:
            return True
        return False

    assert starting.cancelled()
    await until(is_gone)
    await until(lambda: not any(thread.name == "adb start-server" for thread in threading.enumerate()))


async def test_hanging_server_is_reported_and_not_started_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(adb_server, "ANSWER_TIMEOUT_SECONDS", 0.1)

    async with FakeAdbServer(streams={"host:version": Line.hang}) as server:
        with pytest.raises(ServerDown, match="hangs: end its process"):
            await ensure_server(SmartSocket("127.0.0.1", server.port), "/nowhere/adb")
