"""Effect of unauthenticated callers on the market's calls: idle connections under a file limit, and a busy admin port.

The app is measured as it is and in a naive version: the connection limit is the setting alone, a hundred connections
are accepted per loop iteration, the file limit is not raised, and each /health request computes the overview.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import socket
import sys
import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import aiohttp
from quart import Quart

from bench._environment import KEY, App, Spread, post, process
from bench._outbox import insert_history
from phonefarm.adapters.admin import endpoints
from phonefarm.adapters.http import accept_loop, server
from phonefarm.adapters.storage.sqlite.database import Database
from phonefarm.application.desk.farm_desk import FarmDesk
from phonefarm.application.upkeep.wrong_keys import WrongKeys
from phonefarm.commands.cli import main as phonefarm
from phonefarm.runtime import engine_thread
from phonefarm.runtime import farm as bootstrap
from phonefarm.support.file_limit import NO_LIMIT

WAYS = ("naive", "ours")
CALLS = 8
CALL_SECONDS = 5.0
GAP_SECONDS = 0.05
SETTLE_SECONDS = 2.0


class Uncached(endpoints._OverviewCache):
    """One query per request."""

    async def get(self) -> endpoints._CachedOverview:
        return endpoints._CachedOverview(overview=await self._desk.overview(), at=datetime.now(UTC), since=self._now())


def naive_endpoints(desk: FarmDesk, wrong_keys: WrongKeys) -> Quart:
    """The admin endpoints without a cache: each request computes the overview."""
    endpoints._OverviewCache = Uncached  # type: ignore[misc]
    return endpoints.make_endpoints(desk, wrong_keys, time.monotonic)


def serve(way: str, limit: int) -> None:
    """Run the app, naive if asked, with a soft limit of open files; 0 means no limit."""
    if limit:
        import resource

        resource.setrlimit(resource.RLIMIT_NOFILE, (limit, resource.getrlimit(resource.RLIMIT_NOFILE)[1]))
    if way == "naive":
        engine_thread.raise_file_limit = lambda: NO_LIMIT  # type: ignore[attr-defined]
        accept_loop.ACCEPTS_PER_ITERATION = server.BACKLOG
        bootstrap.admin_app = naive_endpoints  # type: ignore[assignment,attr-defined]
    sys.argv[1:] = ["serve"]
    phonefarm()


@contextlib.contextmanager
def run_app(way: str, limit: int = 0, history: int = 0) -> Iterator[App]:
    """Run the app in a child process with `history` old rents, messages and pushes."""
    with tempfile.TemporaryDirectory(prefix="phonefarm-bench-", ignore_cleanup_errors=True) as data:
        if history:
            path = Path(data) / "phonefarm.db"
            database = Database(f"sqlite:///{path}")
            database.open()
            insert_history(path, history)
            database.close()
        settings = {
            "DATA_DIR": data,
            "API_KEY": KEY,
            "LISTEN": "127.0.0.1:0",
            "ADMIN_LISTEN": "127.0.0.1:0",
            "PUSH_URL": "http://127.0.0.1:9/push",
            "ADB_SERVERS": "192.0.2.1:5037",
        }
        environment = {f"PHONEFARM_{name}": value for name, value in settings.items()}
        with process(["-m", "bench.strangers", "--serve", way, str(limit)], environment) as (line, pid):
            words = line.replace(",", "").split()
            yield App(webhooks=f"http://{words[words.index('on') + 1]}", admin=f"http://{words[-1]}", pid=pid)


def count_answered_calls(app: App, strangers: int) -> int:
    """How many of the market's calls are answered while others hold idle connections to both ports."""
    with contextlib.ExitStack() as connections_held:
        for url in (app.webhooks, app.admin):
            host, _, port = url.removeprefix("http://").rpartition(":")
            with contextlib.suppress(OSError):  # it accepts no more
                for _ in range(strangers):
                    connections_held.enter_context(socket.create_connection((host, int(port)), timeout=1))
        count = 0
        for _ in range(CALLS):
            with contextlib.suppress(OSError):
                post(f"{app.webhooks}/getServicesRent", {"action": "GET_SERVICES", "key": KEY}, CALL_SECONDS)
                count += 1
        return count


class Reader(asyncio.Protocol):
    """Requests /health on one connection in a closed loop."""

    def __init__(self, host: str) -> None:
        self._request = f"GET /health HTTP/1.1\r\nHost: {host}\r\n\r\n".encode()
        self._received = b""
        self._transport: asyncio.WriteTransport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.WriteTransport)
        self._transport = transport
        transport.write(self._request)

    def data_received(self, data: bytes) -> None:
        self._received += data
        head, end, body = self._received.partition(b"\r\n\r\n")
        if end and len(body) >= int(head.lower().split(b"content-length:")[1].split()[0]):
            self._received = b""
            self._transport.write(self._request)


async def request_health_endlessly(host: str, connections: int) -> None:
    name, _, port = host.rpartition(":")
    for _ in range(connections):
        await asyncio.get_running_loop().create_connection(lambda: Reader(host), name, int(port))
    print("reading", flush=True)
    await asyncio.Event().wait()


async def measure_calls(app: App, calls: int) -> Spread:
    """Response times in seconds of sequential GET_SERVICES calls."""
    body = json.dumps({"action": "GET_SERVICES", "key": KEY}).encode()
    seconds: list[float] = []
    async with aiohttp.ClientSession() as market:
        for _ in range(calls):
            started = time.perf_counter()
            async with market.post(f"{app.webhooks}/getServicesRent", data=body) as answer:
                await answer.read()
            seconds.append(time.perf_counter() - started)
            await asyncio.sleep(GAP_SECONDS)
    return Spread.of(seconds)


def measure_calls_beside_readers(way: str, connections: int, history: int, calls: int) -> Spread:
    """Response times of the market's calls while `connections` connections request /health in closed loops."""
    with run_app(way, history=history) as app, contextlib.ExitStack() as busy:
        if connections:
            reading = ["-m", "bench.strangers", "--read", app.admin.removeprefix("http://"), str(connections)]
            busy.enter_context(process(reading))
        time.sleep(SETTLE_SECONDS)
        return asyncio.run(measure_calls(app, calls))


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    options.add_argument("--strangers", type=int, default=300, help="idle connections to each port")
    options.add_argument("--readers", type=int, default=100, help="connections that request /health in closed loops")
    options.add_argument("--history", type=int, default=10_000, help="old rents, messages and pushes")
    options.add_argument("--calls", type=int, default=30, help="GET_SERVICES calls meanwhile")
    options.add_argument("--serve", nargs=2, help=argparse.SUPPRESS)
    options.add_argument("--read", nargs=2, help=argparse.SUPPRESS)
    chosen = options.parse_args()
    if chosen.serve is not None:
        serve(chosen.serve[0], int(chosen.serve[1]))
        return
    if chosen.read is not None:
        asyncio.run(request_health_endlessly(chosen.read[0], int(chosen.read[1])))
        return
    print(f"{chosen.strangers} idle strangers on each port: calls of the market answered, of {CALLS}")
    for limit in (64, 256):
        for way in WAYS:
            with run_app(way, limit) as app:
                print(f"  {limit:>4} files  {way:<6} {count_answered_calls(app, chosen.strangers)}", flush=True)
    print(f"{chosen.readers} connections that request /health: GET_SERVICES, milliseconds")
    p50: dict[str, float] = {}
    for way, connections in (("ours", 0), ("naive", chosen.readers), ("ours", chosen.readers)):
        spread = measure_calls_beside_readers(way, connections, chosen.history, chosen.calls)
        name = way if connections else "quiet"
        p50[name] = spread.p50
        print(f"  {name:<6} p50 {1000 * spread.p50:>7.1f}  p99 {1000 * spread.p99:>7.1f}", flush=True)
    naive, ours = p50["naive"] / p50["quiet"], p50["ours"] / p50["quiet"]
    print(f"p50 beside a quiet port: naive {naive:.0f} times, ours {ours:.1f}")


if __name__ == "__main__":
    main()
