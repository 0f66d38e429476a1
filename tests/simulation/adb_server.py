"""A private real adb server: a free port, a temporary HOME, no USB, no mDNS."""

from __future__ import annotations

import contextlib
import os
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import adbutils
import pytest

ANSWER_TIMEOUT_SECONDS = 15.0
END_TIMEOUT_SECONDS = 5.0


def adb_binary() -> Path:
    """The adb of adbutils; skips the test on platforms without one."""
    name = "adb.exe" if os.name == "nt" else "adb"
    binary = Path(adbutils.__file__).parent / "binaries" / name
    if not binary.is_file():
        pytest.skip("adbutils brings no adb for this platform")
    return binary


@contextlib.contextmanager
def private_adb_server() -> Iterator[tuple[int, dict[str, str]]]:
    """The port of a new adb server, and the environment for its adb clients."""
    with own_adb_server() as server:
        yield server.port, server.environment


@dataclass(frozen=True, kw_only=True)
class OwnAdbServer:
    port: int
    environment: dict[str, str]
    process: subprocess.Popen[bytes]


@contextlib.contextmanager
def own_adb_server() -> Iterator[OwnAdbServer]:
    """The same with its process, for tests that stop or kill it."""
    port = _free_port()
    with tempfile.TemporaryDirectory(prefix="adb-home-", ignore_cleanup_errors=True) as home:
        environment = _environment(home, port)
        command = [str(adb_binary()), "-P", str(port), "server", "nodaemon"]
        log = Path(home, "server.log")
        with log.open("wb") as output:
            server = subprocess.Popen(command, env=environment, stdin=subprocess.DEVNULL, stdout=output, stderr=output)
            try:
                _wait_for(port, server, log)
                yield OwnAdbServer(port=port, environment=environment, process=server)
            finally:
                server.kill()
                server.wait(END_TIMEOUT_SECONDS)


def adb(environment: dict[str, str], *arguments: str, timeout: float = 20.0) -> subprocess.CompletedProcess[str]:
    """Run one adb client command against the private server."""
    return subprocess.run(
        [str(adb_binary()), *arguments],
        env=environment,
        capture_output=True,
        text=True,
        encoding="utf-8",
        errors="replace",
        timeout=timeout,
        check=False,
    )


def _environment(home: str, port: int) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("ADB", "ANDROID"))}
    return kept | {
        "HOME": home,
        "USERPROFILE": home,
        "ANDROID_USER_HOME": home,
        "ANDROID_ADB_SERVER_PORT": str(port),
        "ADB_MDNS": "0",
        "ADB_EMU": "0",
        "ADB_USB": "0",
    }


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _wait_for(port: int, server: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + ANSWER_TIMEOUT_SECONDS
    while time.monotonic() < deadline:
        if server.poll() is not None:
            break
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1.0) as probe:
            probe.settimeout(ANSWER_TIMEOUT_SECONDS)
            probe.sendall(b"000chost:version")
            if probe.recv(4) == b"OKAY":
                return
        time.sleep(0.02)
    raise RuntimeError(f"adb server on port {port} did not start: {log.read_text(errors='replace')[-2000:]}")
