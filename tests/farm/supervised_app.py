"""An app that kills itself at given commits and is restarted on the same data folder."""

from __future__ import annotations

import contextlib
import os
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from http.client import HTTPException
from pathlib import Path
from typing import IO, Any

from phonefarm.simulation.farm import VirtualFarm
from phonefarm.simulation.market import Market
from phonefarm.simulation.market_record import MarketRecord, RentRecord
from phonefarm.simulation.partner import PartnerFailed
from phonefarm.simulation.simulation_thread import SimulationThread
from tests.checkout import CHECKOUT
from tests.farm.app_process import ADDRESSES, KEY, health_now
from tests.farm.killed_at import Point, Request

POLL_SECONDS = 0.02
TIMEOUT_SECONDS = 30.0
STOP_TIMEOUT_SECONDS = 10.0


class ForkServer:
    """The process that forks apps."""

    def __init__(self, process: subprocess.Popen[str], stdin: IO[str], stdout: IO[str]) -> None:
        self._process = process
        self._stdin = stdin
        self._stdout = stdout

    def start(self, request: Request) -> int:
        return int(self._ask(f"start {request.as_json()}"))

    def status(self, pid: int) -> int | None:
        """The exit code (negative for a signal) of an ended process, else None. Call it only once after the end."""
        answer = self._ask(f"poll {pid}")
        return None if answer == "-" else os.waitstatus_to_exitcode(int(answer))

    def _ask(self, line: str) -> str:
        self._stdin.write(f"{line}\n")
        self._stdin.flush()
        answer = self._stdout.readline().strip()
        assert answer, "the fork server has ended"
        return answer


@contextlib.contextmanager
def fork_server() -> Iterator[ForkServer]:
    command = [sys.executable, "-m", "tests.farm.killed_at"]
    with subprocess.Popen(
        command, cwd=CHECKOUT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, encoding="utf-8"
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        try:
            yield ForkServer(process, process.stdin, process.stdout)
        finally:
            process.stdin.close()
            process.wait(STOP_TIMEOUT_SECONDS)


class SupervisedApp:
    """The app with its data folder and market; restarted after each planned kill."""

    def __init__(
        self,
        fork_server: ForkServer,
        farm: SimulationThread[VirtualFarm],
        market: SimulationThread[Market],
        adb_port: int,
        folder: Path,
    ) -> None:
        self.market = market
        self.farm = farm
        self.data = folder / "data"
        self.killed = 0
        self.webhooks = ""
        self.admin = ""
        self._fork_server = fork_server
        self._folder = folder
        self._pid: int | None = None
        self._points: list[Point] = []
        numbers = folder / "numbers.csv"
        numbers.write_text(farm.sim.numbers_csv(), encoding="utf-8")
        settings = {
            "DATA_DIR": str(self.data),
            "API_KEY": KEY,
            "LISTEN": "127.0.0.1:0",
            "ADMIN_LISTEN": "127.0.0.1:0",
            "PUSH_URL": market.sim.push_url,
            "ADB_SERVERS": f"127.0.0.1:{adb_port}",
            "NUMBERS_FILE": str(numbers),
            "PUSH_RETRY_SECONDS": "0.3",
            "POLL_SECONDS": "2",
            "RENT_POLL_SECONDS": "1",
        }
        self._environment = {f"PHONEFARM_{name}": value for name, value in settings.items()}

    @property
    def record(self) -> MarketRecord:
        return self.market.sim.record

    @property
    def pid(self) -> int:
        assert self._pid is not None
        return self._pid

    @property
    def committed(self) -> list[str]:
        """The committed kinds of work of all processes, in order."""
        path = self._folder / "ledger"
        return path.read_text(encoding="utf-8").splitlines() if path.exists() else []

    # Start and end ----------------------------------------------------------------

    def start(self, *points: Point) -> None:
        """Start the app; the nth process kills itself at the nth point."""
        self._points = list(points)
        self._start()

    def restart_if_killed(self) -> None:
        """Restart the app if it was killed, like a service manager."""
        if self._pid is None:
            return
        status = self._fork_server.status(self._pid)
        if status is None:
            return
        self._pid = None
        assert status == -signal.SIGKILL, f"the app ended by itself with {status}: {self.output}"
        self.killed += 1
        self._start()

    def stop(self) -> int:
        """Send SIGTERM and return the exit code."""
        os.kill(self.pid, signal.SIGTERM)
        deadline = time.monotonic() + STOP_TIMEOUT_SECONDS
        while (status := self._fork_server.status(self.pid)) is None:
            assert time.monotonic() < deadline, "the app did not stop"
            time.sleep(POLL_SECONDS)
        self._pid = None
        return status

    def kill(self) -> None:
        if self._pid is not None and self._fork_server.status(self._pid) is None:
            os.kill(self._pid, signal.SIGKILL)
            self.until(lambda: self._fork_server.status(self.pid) is not None, "the end")

    @property
    def output(self) -> str:
        output = self._folder / "output"
        return output.read_text(encoding="utf-8") if output.exists() else ""

    def _start(self) -> None:
        output = self._folder / "output"
        output.write_text("", encoding="utf-8")
        point = self._points.pop(0) if self._points else None
        request = Request(
            environment=self._environment, output=str(output), ledger=str(self._folder / "ledger"), point=point
        )
        self.webhooks = self.admin = ""
        self._pid = self._fork_server.start(request)
        self.until(self._has_started, "its first line")

    def _has_started(self) -> bool:
        """Whether the app serves or was killed before that."""
        if found := ADDRESSES.search(self.output):
            self.webhooks, self.admin = f"http://{found[1]}", f"http://{found[2]}"
            self.market.sim.target_url = self.webhooks
            return True
        return self._is_dead()

    def _is_dead(self) -> bool:
        try:
            state = Path(f"/proc/{self.pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()[0]
        except FileNotFoundError:
            return True
        return state == "Z"

    # Actions and waits, with restarts of the app ---------------------------------------

    def until(self, condition: Callable[[], bool], what: str, within: float = TIMEOUT_SECONDS) -> None:
        deadline = time.monotonic() + within
        while not condition():
            assert time.monotonic() < deadline, f"{what} did not come within {within:g} s"
            time.sleep(POLL_SECONDS)

    def wait_with_restarts(self, condition: Callable[[], bool], what: str, within: float = TIMEOUT_SECONDS) -> None:
        def condition_with_restarts() -> bool:
            self.restart_if_killed()
            with contextlib.suppress(OSError, HTTPException):
                return condition()
            return False

        self.until(condition_with_restarts, what, within)

    def counts(self) -> dict[str, int]:
        counts: dict[str, int] = self.health()["counts"]
        return counts

    def health(self) -> dict[str, Any]:
        if not self.admin:
            raise ConnectionError("the app has not started")
        return health_now(self.admin)

    def order(self, only: str | None = None) -> RentRecord:
        """Order a number, or only the number `only`, until one is issued, even if the app is restarted meanwhile."""
        others = [sim.msisdn for _, _, sim in self.farm.sim.sims() if only is not None and sim.msisdn != only]
        without = [int(number) for number in others]
        issued: list[RentRecord] = []

        def has_ordered() -> bool:
            with contextlib.suppress(PartnerFailed):
                rent = self.market.run(lambda market: market.order(without_prefixes=without))
                issued.extend([rent] if rent is not None else [])
            return bool(issued)

        self.wait_with_restarts(has_ordered, f"a number ({only or 'any'})")
        return issued[0]

    def finish(self, rent: RentRecord, status: int, total: float | None = None) -> None:
        """Repeat FINISH until the farm answers SUCCESS, like the market."""

        def has_finished() -> bool:
            with contextlib.suppress(PartnerFailed):
                return self.market.run(lambda market: market.finish(rent.rent_id, status, total))
            return False

        self.wait_with_restarts(has_finished, f"the finish of {rent.rent_id}")

    def send(self, msisdn: str, text: str) -> None:
        self.farm.run(lambda farm: farm.deliver(msisdn, "Telegram", text))

    def texts(self, rent: RentRecord) -> list[str]:
        """The texts that the market accepted for a rent, in order of arrival."""
        pushes = [push for push in self.record.pushes if push.rent_id == rent.rent_id and push.is_accepted]
        return [str(push.body["text"]) for push in pushes]

    # The database of the stopped app --------------------------------------------------

    def query_database(self, query: str) -> list[dict[str, Any]]:
        with contextlib.closing(sqlite3.connect(self.data / "phonefarm.db")) as connection:
            connection.row_factory = sqlite3.Row
            return [dict(row) for row in connection.execute(query)]

    def expire_bans(self) -> None:
        """Let a day pass for the stopped app."""
        with contextlib.closing(sqlite3.connect(self.data / "phonefarm.db", isolation_level=None)) as connection:
            connection.execute("UPDATE sims SET banned_until = banned_since WHERE banned_until IS NOT NULL")


@contextlib.contextmanager
def run_supervised(
    fork_server: ForkServer, farm: SimulationThread[VirtualFarm], adb_port: int, folder: Path
) -> Iterator[SupervisedApp]:
    folder.mkdir(parents=True, exist_ok=True)
    with SimulationThread(lambda: Market("", KEY)) as market:
        app = SupervisedApp(fork_server, farm, market, adb_port, folder)
        try:
            yield app
        finally:
            app.kill()
