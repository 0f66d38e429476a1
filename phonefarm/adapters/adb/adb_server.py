"""Finds the adb program, starts and restarts its server on this PC, and recognises foreign servers."""

from __future__ import annotations

import asyncio
import importlib.util
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from contextlib import closing, suppress
from pathlib import Path

from phonefarm.adapters.adb.adb_connection import ProtocolError
from phonefarm.adapters.adb.smart_socket import ServerSilent, SmartSocket
from phonefarm.application.ports.world import ServerDown
from phonefarm.domain.errors import KnownError
from phonefarm.domain.hosts import is_loopback
from phonefarm.support.daemon_threads import in_own_thread
from phonefarm.support.os_errors import cause_of

KNOWN_VERSION = 41
"""The internal version of adb 29 to 36; adb programs of different versions kill each other's server."""

START_TIMEOUT_SECONDS = 20.0
ANSWER_TIMEOUT_SECONDS = 5.0
STOP_CHECKS = 100
STOP_CHECK_SECONDS = 0.1


def find_adb(setting: str | None = None, environment: Mapping[str, str] | None = None) -> Path:
    """The adb program from the setting, else ADBUTILS_ADB_PATH, else adbutils' package, else PATH (often old)."""
    env = os.environ if environment is None else environment
    for path, source in ((setting, "the settings"), (env.get("ADBUTILS_ADB_PATH"), "ADBUTILS_ADB_PATH")):
        if path:
            if not Path(path).is_file():
                raise KnownError(f"{source[0].upper()}{source[1:]} name {path} as adb, and there is no such file.")
            return Path(path)
    if (shipped := _shipped_adb()) is not None:
        return shipped
    if (installed := shutil.which("adb", path=env.get("PATH"))) is not None:
        return Path(installed)
    raise KnownError(
        "There is no adb program on this PC: install Android's platform-tools, "
        "or name its adb in the environment variable ADBUTILS_ADB_PATH."
    )


def _shipped_adb() -> Path | None:
    spec = importlib.util.find_spec("adbutils")
    folders = spec.submodule_search_locations if spec is not None else None
    name = "adb.exe" if sys.platform == "win32" else "adb"
    candidates = (Path(folder, "binaries", name) for folder in folders or ())
    return next((path for path in candidates if path.is_file()), None)


def is_local(host: str) -> bool:
    """Whether a server on `host` is this PC's, so that we may start it."""
    return is_loopback(host)


async def ensure_server(socket: SmartSocket, adb_setting: str | None = None) -> str:
    """Start a local server if none answers; returns its version in words."""
    try:
        version = await socket.version(within=ANSWER_TIMEOUT_SECONDS)
    except ProtocolError:
        raise
    except ServerDown as down:
        if not is_local(socket.host):
            raise ServerDown(
                f"{down} It runs on another PC: start it there with 'adb -a -P {socket.port} server nodaemon', "
                "behind a tunnel."
            ) from down
        if isinstance(down, ServerSilent):
            raise ServerDown(f"{down} It hangs: end its process, and a new one is started.") from down
        await _start(socket, adb_setting)
        version = await socket.version(within=ANSWER_TIMEOUT_SECONDS)
    return version_in_words(version, socket.name)


def version_in_words(version: int, where: str) -> str:
    if version < KNOWN_VERSION:
        raise ServerDown(
            f"The adb server on {where} is of an old kind (1.0.{version}, this app needs 1.0.{KNOWN_VERSION}): "
            "close the program that started it, and run 'adb kill-server' with that program's adb."
        )
    newer = "" if version == KNOWN_VERSION else f", newer than the known 1.0.{KNOWN_VERSION}"
    return f"1.0.{version}{newer}"


async def restart_server(socket: SmartSocket, adb_setting: str | None = None) -> str:
    """Stop this PC's server and start another. Raises ServerDown and stops nothing if the server is not ours."""
    if not is_local(socket.host):
        raise ServerDown(f"The adb server on {socket.name} runs on another PC: it is not stopped from here.")
    try:
        version = await socket.version(within=ANSWER_TIMEOUT_SECONDS)
    except (ProtocolError, ServerSilent):
        raise
    except ServerDown:
        return await ensure_server(socket, adb_setting)
    if version != KNOWN_VERSION:
        raise ServerDown(
            f"The adb server on {socket.name} belongs to another adb (1.0.{version} and not 1.0.{KNOWN_VERSION}): "
            "it is not stopped, or the two programs would stop each other's server again and again."
        )
    await _stop(socket)
    return await ensure_server(socket, adb_setting)


async def _stop(socket: SmartSocket) -> None:
    async with socket.server_errors(within=ANSWER_TIMEOUT_SECONDS):
        with closing(await socket.connect()) as connection, suppress(OSError, EOFError):
            await connection.request("host:kill")  # it may exit without an answer
    for _ in range(STOP_CHECKS):
        if not await _is_listening(socket):
            return
        await asyncio.sleep(STOP_CHECK_SECONDS)
    raise ServerDown(
        f"The adb server on {socket.name} does not stop on request: end its process, and a new one is started."
    )


async def _is_listening(socket: SmartSocket) -> bool:
    try:
        (await socket.connect()).close()
    except ServerDown:
        return False
    return True


async def _start(socket: SmartSocket, adb_setting: str | None) -> None:
    try:
        adb = find_adb(adb_setting)
    except KnownError as error:
        raise ServerDown(f"No adb server answers on {socket.name}. {error}") from error
    # On a thread: asyncio's subprocesses need a child watcher or a certain loop.
    start = _ServerStart(adb, socket.port)
    try:
        code = await in_own_thread(start.run, "adb start-server")
    except asyncio.CancelledError:
        start.cancel()
        raise
    except subprocess.TimeoutExpired as error:
        raise ServerDown(
            f"The adb server on {socket.name} did not start within {START_TIMEOUT_SECONDS:g} s."
        ) from error
    except OSError as error:
        raise ServerDown(f"The adb program {adb} cannot be run: {cause_of(error)}.") from error
    if code != 0:
        raise ServerDown(
            f"The adb server on {socket.name} did not start ({adb} ended with {code}): "
            f"run '{adb} -P {socket.port} start-server' in a terminal to see why."
        )


class _ServerStart:
    """One run of `adb start-server`; `cancel` may be called from another thread."""

    def __init__(self, adb: Path, port: int) -> None:
        self._command = [str(adb), "-P", str(port), "start-server"]
        self._process: subprocess.Popen[bytes] | None = None
        self._is_cancelled = False

    def run(self) -> int:
        """The exit code. The server inherits what we pass and outlives us: no pipe, no console, no mDNS."""
        process = subprocess.Popen(  # noqa: S603 - fixed program and arguments
            self._command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            env={**os.environ, "ADB_MDNS": os.environ.get("ADB_MDNS", "0")},
            creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0),
        )
        self._process = process
        if self._is_cancelled:
            process.kill()
        try:
            return process.wait(START_TIMEOUT_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
            raise

    def cancel(self) -> None:
        self._is_cancelled = True
        if self._process is not None:
            self._process.kill()
