"""Runs the whole app as a process: `phonefarm serve` with a temporary data folder and free ports."""

from __future__ import annotations

import contextlib
import json
import os
import re
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from phonefarm.support.windows_endings import ConsoleEvent
from tests.checkout import CHECKOUT
from tests.one_process import ENVIRONMENT, PYTHON
from tests.windows_session import tell_console

START_TIMEOUT_SECONDS = 40.0
STOP_TIMEOUT_SECONDS = 12.0
KEY = "a-partner-key-for-tests"
ADDRESSES = re.compile(r"serves webhooks on (\S+), admin on (\S+)")


def health_now(admin: str) -> dict[str, Any]:
    """The body of /health, not older than this call; the app caches it for a second."""
    asked_at = datetime.now(UTC)
    while True:
        with urllib.request.urlopen(f"{admin}/health", timeout=5) as answer:
            body: dict[str, Any] = json.loads(answer.read())
        if datetime.fromisoformat(body["at"]) >= asked_at:
            return body
        time.sleep(0.05)


class AppProcess:
    """An app process; `stop` ends it like a service manager, `kill` like a power cut."""

    def __init__(self, data_dir: Path, settings: Mapping[str, str]) -> None:
        self._settings = {"DATA_DIR": str(data_dir), "API_KEY": KEY, "LISTEN": "127.0.0.1:0"} | dict(settings)
        self._settings |= {"ADMIN_LISTEN": "127.0.0.1:0", "KEEP_AWAKE": "false"}
        self._process: subprocess.Popen[str] | None = None
        self.command = [PYTHON, "-m", "phonefarm", "serve"]
        self.webhooks = ""
        self.admin = ""

    def set(self, **settings: str) -> None:
        """Further settings, from the next start on."""
        self._settings |= settings

    def environment(self) -> dict[str, str]:
        own = {f"PHONEFARM_{name}": value for name, value in self._settings.items()}
        kept = {name: value for name, value in os.environ.items() if not name.startswith("PHONEFARM_")}
        return kept | ENVIRONMENT | own

    def start(self) -> None:
        self._process = subprocess.Popen(
            self.command,
            env=self.environment(),
            cwd=CHECKOUT,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0),
        )
        line = self._first_line()
        found = ADDRESSES.search(line)
        assert found is not None, f"serve said {line!r}"
        self.webhooks, self.admin = f"http://{found[1]}", f"http://{found[2]}"

    def stop(self) -> int:
        """Send SIGTERM and return the exit code."""
        assert self._process is not None
        if sys.platform == "win32":
            tell_console(self._process.pid, ConsoleEvent.CTRL_BREAK)
        else:
            self._process.terminate()
        try:
            return self._process.wait(STOP_TIMEOUT_SECONDS)
        finally:
            self._process.kill()
            self._process.wait(STOP_TIMEOUT_SECONDS)
            self._end()

    def kill(self) -> None:
        assert self._process is not None
        self._process.kill()
        self._process.wait(STOP_TIMEOUT_SECONDS)
        self._end()

    def health(self) -> dict[str, Any]:
        return health_now(self.admin)

    def counts(self) -> dict[str, int]:
        counts: dict[str, int] = self.health()["counts"]
        return counts

    def _first_line(self) -> str:
        assert self._process is not None
        assert self._process.stdout is not None
        timer = threading.Timer(START_TIMEOUT_SECONDS, self._process.kill)
        timer.start()
        try:
            return self._process.stdout.readline()
        finally:
            timer.cancel()

    def _end(self) -> None:
        assert self._process is not None
        assert self._process.stdout is not None
        self._process.stdout.close()
        self._process = None

    @property
    def is_running(self) -> bool:
        return self._process is not None


@contextlib.contextmanager
def running(app: AppProcess) -> Iterator[AppProcess]:
    """Start the app, and kill it at the end if it is still running."""
    app.start()
    try:
        yield app
    finally:
        if app.is_running:
            app.kill()
