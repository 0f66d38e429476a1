"""A private adb server for the demo: on a free port, with a temporary home folder and without USB."""

from __future__ import annotations

import contextlib
import os
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

from phonefarm.domain.errors import KnownError

ANSWER_TIMEOUT_SECONDS = 20.0
END_TIMEOUT_SECONDS = 5.0


@contextlib.contextmanager
def private_adb_server(adb: Path, home: Path) -> Iterator[int]:
    """Run `adb server nodaemon` and yield its port; raises KnownError if it does not start."""
    port = _free_port()
    log = home / "adb-server.log"
    with log.open("wb") as output:
        server = subprocess.Popen(  # noqa: S603 - a fixed program with fixed arguments
            [str(adb), "-P", str(port), "server", "nodaemon"],
            env=_environment(home, port),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0),
        )
        try:
            _wait_until_ready(port, server, log)
            yield port
        finally:
            server.kill()
            server.wait(END_TIMEOUT_SECONDS)


def _environment(home: Path, port: int) -> dict[str, str]:
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(("ADB_", "ANDROID_"))}
    private_home = {name: str(home) for name in ("HOME", "USERPROFILE", "ANDROID_USER_HOME")}
    return (
        inherited
        | private_home
        | {"ANDROID_ADB_SERVER_PORT": str(port), "ADB_MDNS": "0", "ADB_EMU": "0", "ADB_USB": "0"}
    )


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _wait_until_ready(port: int, server: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + ANSWER_TIMEOUT_SECONDS
    while time.monotonic() < deadline and server.poll() is None:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1.0) as probe:
            probe.settimeout(ANSWER_TIMEOUT_SECONDS)
            probe.sendall(b"000chost:version")
            if probe.recv(4) == b"OKAY":
                return
        time.sleep(0.05)
    output = log.read_text(encoding="utf-8", errors="replace").strip()[-500:]
    raise KnownError(f"The demo's adb server did not start. Its output: {output or 'none'}")
