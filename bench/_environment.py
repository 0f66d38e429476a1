"""The environment of a benchmark: a private adb server, virtual phones and the app, each in its own process."""

from __future__ import annotations

import contextlib
import json
import os
import statistics
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from phonefarm.adapters.adb.adb_server import find_adb
from phonefarm.commands.demo.private_adb import private_adb_server

KEY = "a-partner-key-for-measuring"
START_TIMEOUT_SECONDS = 60.0


def post(url: str, body: dict[str, Any], within: float = 30.0) -> Any:
    """POST JSON and return the JSON answer; `within` in seconds."""
    request = urllib.request.Request(
        url, json.dumps(body).encode(), {"Content-Type": "application/json; charset=utf-8", "User-Agent": "bench"}
    )
    with urllib.request.urlopen(request, timeout=within) as answer:
        return json.loads(answer.read() or b"null")


def get(url: str) -> Any:
    with urllib.request.urlopen(url, timeout=30) as answer:
        return json.loads(answer.read())


@contextlib.contextmanager
def process(arguments: Sequence[str], environment: dict[str, str] | None = None) -> Iterator[tuple[str, int]]:
    """Run a child process; yields its first line of output and its pid, and terminates it at the end."""
    child = subprocess.Popen(
        [sys.executable, *arguments],
        env={**os.environ, "PYTHONIOENCODING": "utf-8", **(environment or {})},
        stdout=subprocess.PIPE,
        encoding="utf-8",
        cwd=Path(__file__).resolve().parent.parent,
    )
    assert child.stdout is not None
    timer = threading.Timer(START_TIMEOUT_SECONDS, child.kill)
    timer.start()
    line = child.stdout.readline()
    timer.cancel()
    try:
        yield line, child.pid
    finally:
        child.terminate()
        try:
            child.wait(10)
        except subprocess.TimeoutExpired:
            child.kill()
            child.wait(10)
        child.stdout.close()


@dataclass(frozen=True, kw_only=True)
class Phones:
    adb_port: int
    control: str
    serials: tuple[str, ...]
    numbers: tuple[str, ...]
    numbers_csv: str
    folder: Path
    pid: int
    """The process of the virtual phones."""

    def send(self, msisdn: str, text: str) -> float:
        """Deliver an SMS; returns the monotonic time at which it was stored in the inbox."""
        post(f"{self.control}/sms", {"msisdn": msisdn, "sender": "Bench", "text": text})
        return time.monotonic()


@contextlib.contextmanager
def virtual_phones(count: int, query_seconds: float) -> Iterator[Phones]:
    """Run `count` phones in a separate process, connected to a private adb server."""
    with tempfile.TemporaryDirectory(prefix="phonefarm-bench-", ignore_cleanup_errors=True) as scratch:
        folder = Path(scratch)
        with private_adb_server(find_adb(), folder) as adb_port:
            arguments = ["-m", "phonefarm", "simulate", "phones", "--count", str(count)]
            arguments += ["--adb-server", f"127.0.0.1:{adb_port}", "--query-seconds", str(query_seconds)]
            with process(arguments) as (line, pid):
                control = line.split("control ")[1].strip()
                described = get(f"{control}/phones")
                with urllib.request.urlopen(f"{control}/numbers.csv", timeout=30) as answer:
                    numbers_csv = answer.read().decode()
                yield Phones(
                    adb_port=adb_port,
                    control=control,
                    serials=tuple(phone["serial"] for phone in described),
                    numbers=tuple(row.split(",")[1] for row in numbers_csv.splitlines()[1:]),
                    numbers_csv=numbers_csv,
                    folder=folder,
                    pid=pid,
                )


@contextlib.contextmanager
def serving_app(
    phones: Phones, push_url: str, module: Sequence[str] = ("-m", "phonefarm", "serve"), *, data: str | None = None
) -> Iterator[App]:
    """Run the app on a temporary data folder, or on `data`, which is kept."""
    numbers = phones.folder / "numbers.csv"
    if not numbers.exists():
        numbers.write_text(phones.numbers_csv, encoding="utf-8")
    with tempfile.TemporaryDirectory(prefix="phonefarm-bench-", ignore_cleanup_errors=True) as scratch:
        settings = {
            "DATA_DIR": data or scratch,
            "API_KEY": KEY,
            "LISTEN": "127.0.0.1:0",
            "ADMIN_LISTEN": "127.0.0.1:0",
            "PUSH_URL": push_url,
            "ADB_SERVERS": f"127.0.0.1:{phones.adb_port}",
            "NUMBERS_FILE": str(numbers),
        }
        with process(list(module), {f"PHONEFARM_{name}": value for name, value in settings.items()}) as (line, pid):
            words = line.replace(",", "").split()
            yield App(webhooks=f"http://{words[words.index('on') + 1]}", admin=f"http://{words[-1]}", pid=pid)


@dataclass(frozen=True, kw_only=True)
class App:
    webhooks: str
    admin: str
    pid: int

    def until_ready(self, phones: int) -> None:
        until(lambda: get(f"{self.admin}/health")["counts"]["phones_ready"] >= phones, 120)

    def order(self) -> tuple[int, str] | None:
        """The rent id and number, or None if no number is on offer."""
        order = {"action": "GET_NUMBER", "key": KEY, "service": "rent", "sum": 100}
        answer = post(f"{self.webhooks}/getNumberRent", order)
        return (answer["activationId"], str(answer["number"])) if answer["status"] == "SUCCESS" else None

    def finish(self, rent_id: int, status: int) -> None:
        finish = {"action": "FINISH_ACTIVATION", "key": KEY, "service": "rent", "activationId": rent_id}
        post(f"{self.webhooks}/finishActivationRent", {**finish, "status": status, "sum": 100})


def until(condition: Callable[[], bool], within: float, every: float = 0.1) -> None:
    deadline = time.monotonic() + within
    while not condition():
        if time.monotonic() > deadline:
            raise TimeoutError("the awaited condition did not hold in time")
        time.sleep(every)


@dataclass(frozen=True, kw_only=True)
class Spread:
    """Percentiles of a sample, in the sample's unit."""

    count: int
    p50: float
    p99: float
    maximum: float

    @classmethod
    def of(cls, values: Sequence[float]) -> Spread:
        cuts = statistics.quantiles(values, n=100, method="inclusive")
        return cls(count=len(values), p50=cuts[49], p99=cuts[98], maximum=max(values))
