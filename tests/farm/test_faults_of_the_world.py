"""What the world does to a running farm, and what the farm says and does then: each with its state and its sentence.

Elsewhere: a second copy (test_kill_and_restart.py), a damaged database (tests/runtime/test_backups.py), garbage and
endless answers (tests/adapters/onlinesim/test_push_answer.py, test_push_channel.py), adb's faults (test_adb_faults.py).
"""

from __future__ import annotations

import contextlib
import shutil
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from phonefarm.adapters.secrets.memory_store import MemoryStore
from phonefarm.config.settings import load_settings
from phonefarm.runtime import farm as bootstrap
from phonefarm.runtime.engine_thread import EngineThread
from phonefarm.simulation.answers import Outcome
from phonefarm.support.logs import SecretFilter
from phonefarm.wording.health import health_text
from tests.farm.app_process import KEY, AppProcess
from tests.farm.field import Field, Pace, run_field, wait_until_ready
from tests.farm.harness import Harness, until

if sys.platform != "win32":
    import resource

pytestmark = pytest.mark.farm

linux_only = pytest.mark.skipif(sys.platform != "linux", reason="limits and mounts as Linux has them")
HOUR = timedelta(hours=1)


def check(harness: Harness, name: str) -> tuple[str, str]:
    found = harness.app.health()["checks"][name]
    return found["status"], found["detail"]


def order_is_refused(harness: Harness) -> bool:
    """Whether an order is answered without a number."""
    calls = len(harness.record.calls)
    rent = harness.market.run(lambda market: market.order())
    assert len(harness.record.calls) == calls + 1
    return rent is None


def answers_of_orders(harness: Harness) -> list[tuple[int | None, str]]:
    return [
        (call.http_status, call.answer["error"]) for call in harness.record.calls if call.answer["status"] == "ERROR"
    ]


# The market ---------------------------------------------------------------------------------


def test_market_that_hangs_is_reported_and_gets_the_messages_when_it_answers(harness: Harness) -> None:
    harness.open_app()
    rents = [harness.order() for _ in range(3)]
    harness.market.call(lambda market: market.policy.script(*[Outcome.HANG] * 6))

    for rent in rents:
        harness.send(rent.msisdn, "first")
    silence = ("warn", "cannot be reached (no answer within 10 s)")
    until(lambda: check(harness, "market") == silence, 25, "the market's silence said")
    for rent in rents:
        harness.send(rent.msisdn, "second")

    for rent in rents:
        harness.until_texts(rent, "first", "second")
    until(lambda: check(harness, "market")[0] == "pass", what="the market well again")
    assert harness.record.repeated_after_200() == []


def test_unreachable_market_is_reported_and_messages_of_many_numbers_wait_for_it(harness: Harness) -> None:
    harness.open_app()
    rents = [harness.order() for _ in range(3)]
    harness.market.call(lambda market: market.policy.chances.update({Outcome.CUT: 1.0}))
    for text in ("one", "two", "three"):
        for rent in rents:
            harness.send(rent.msisdn, text)
    until(lambda: harness.app.counts()["pushes_waiting"] == 9, what="all messages waiting")
    assert check(harness, "market")[0] == "warn"
    assert check(harness, "market")[1].startswith("cannot be reached (no connection: ")

    harness.market.call(lambda market: market.policy.chances.clear())

    for rent in rents:
        harness.until_count(rent, 3)
    assert harness.record.repeated_after_200() == []
    until(lambda: harness.app.counts()["pushes_waiting"] == 0, what="an empty queue")


@pytest.fixture
def keyring_field(harness: Harness) -> Iterator[tuple[Harness, EngineThread]]:
    """An engine in this process whose key is in a keyring, so that the window can change it."""
    settings = load_settings(
        data_dir=harness.folder / "data",
        listen="127.0.0.1:0",
        admin_listen="127.0.0.1:0",
        push_url=harness.market.sim.push_url,
        adb_servers=f"127.0.0.1:{harness.adb_port}",
        numbers_file=str(harness.folder / "numbers.csv"),
        push_retry_seconds=0.5,
    )
    engine = EngineThread(settings, SecretFilter(), MemoryStore(KEY))
    engine.start()
    try:
        harness.market.sim.target_url = f"http://{engine.farm.listeners.webhooks_address}"
        until(lambda: engine.ask(lambda desk: desk.overview()).counts.phones_ready == 3, 40, "all phones ready")
        yield harness, engine
    finally:
        engine.stop()


def test_refused_key_is_an_alarm_and_a_new_key_is_used_at_once(
    keyring_field: tuple[Harness, EngineThread],
) -> None:
    harness, engine = keyring_field
    rent = harness.order()
    change_the_markets_key(harness, "another0key")

    harness.send(rent.msisdn, "under the old key")
    until(lambda: market_check(engine) == ("fail", "HTTP 401: the key is refused"), what="the alarm")
    refused = len(harness.record.pushes)
    assert engine.ask(lambda desk: desk.save_settings({"api_key": "another0key"})) == []

    harness.until_texts(rent, "under the old key", within=10)
    assert refused == 1
    until(lambda: market_check(engine)[0] == "pass", what="the alarm over")


def change_the_markets_key(harness: Harness, key: str) -> None:
    harness.market.sim._key = harness.market.sim._push_endpoint._key = key


def market_check(engine: EngineThread) -> tuple[str, str]:
    checks = {check.name: check for check in engine.ask(lambda desk: desk.overview()).checks}
    return checks["market"].verdict.value, health_text(checks["market"].health)


# The disk -------------------------------------------------------------------------------------


def pid_of(app: AppProcess) -> int:
    assert app._process is not None
    return app._process.pid


@contextlib.contextmanager
def full_disk(app: AppProcess) -> Iterator[None]:
    """Limit the size of the app's files to a few bytes, as on a full disk."""
    limits = resource.prlimit(pid_of(app), resource.RLIMIT_FSIZE)
    resource.prlimit(pid_of(app), resource.RLIMIT_FSIZE, (1, limits[1]))
    try:
        yield
    finally:
        resource.prlimit(pid_of(app), resource.RLIMIT_FSIZE, limits)


@linux_only
def test_full_disk_refuses_orders_is_reported_and_loses_no_message(harness: Harness) -> None:
    harness.open_app()
    rent = harness.order()

    with full_disk(harness.app):
        harness.send(rent.msisdn, "came while the disk was full")
        until(lambda: check(harness, "storage")[0] == "fail", what="the full disk said")
        assert order_is_refused(harness)
        assert harness.market.run(lambda market: market.services())["ukraine"]["any"] == 0
        sentence = check(harness, "storage")[1]
        assert harness.texts(rent) == []

    harness.until_texts(rent, "came while the disk was full", within=30)
    until(lambda: check(harness, "storage")[0] == "pass", what="the disk well again")
    assert sentence.startswith("The database cannot be used: disk I/O error. Check the disk and the data folder's")
    assert answers_of_orders(harness) == [(200, "NO_NUMBERS")]
    assert harness.order().msisdn != rent.msisdn
    assert harness.app.stop() == 0


@linux_only
@pytest.mark.skipif(shutil.which("unshare") is None, reason="no mount of one's own")
def test_read_only_disk_ends_the_start_with_one_sentence(tmp_path: Path) -> None:
    data = tmp_path / "data"
    data.mkdir()
    script = f"mount --bind {data} {data} && mount -o remount,ro,bind {data}"
    if subprocess.run(["unshare", "-m", "sh", "-c", script], capture_output=True, check=False).returncode:
        pytest.skip("no mount of one's own")

    done = subprocess.run(
        ["unshare", "-m", "sh", "-c", f"{script} && exec {sys.executable} -m phonefarm serve"],
        env=AppProcess(data, {}).environment(),
        capture_output=True,
        text=True,
        timeout=40,
        check=False,
    )

    assert done.returncode == 1
    assert len(done.stderr.strip().splitlines()) == 1
    assert "Read-only file system" in done.stderr


LOCKED_SECONDS = 20.0


def test_locked_database_refuses_orders_is_reported_and_loses_no_message(harness: Harness) -> None:
    harness.open_app()
    rent = harness.order()
    other = sqlite3.connect(harness.folder / "data" / "phonefarm.db", isolation_level=None)
    with contextlib.closing(other):
        other.execute("BEGIN IMMEDIATE")
        locked_at = time.monotonic()
        harness.send(rent.msisdn, "came while it was locked")
        until(lambda: check(harness, "storage")[0] == "fail", what="the lock said")
        sentence = check(harness, "storage")[1]
        assert order_is_refused(harness)
        until(lambda: time.monotonic() - locked_at > LOCKED_SECONDS, LOCKED_SECONDS + 5, "the end of the lock")
        assert harness.app.health()["checks"]["engine"]["status"] == "pass"

    harness.until_texts(rent, "came while it was locked", within=30)
    until(lambda: check(harness, "storage")[0] == "pass", what="the database well again")
    assert sentence.startswith("The database cannot be used: database is locked.")
    assert len(harness.record.pushes) == 1


# The PC ----------------------------------------------------------------------------------------


def test_port_that_is_taken_ends_the_start_with_one_sentence(harness: Harness) -> None:
    harness.app.start()
    taken = harness.app.webhooks.removeprefix("http://")

    second = subprocess.run(
        [sys.executable, "-m", "phonefarm", "serve"],
        env=AppProcess(harness.folder / "another", {"LISTEN": taken}).environment(),
        capture_output=True,
        text=True,
        timeout=40,
        check=False,
    )

    assert second.returncode == 1
    (line,) = second.stderr.strip().splitlines()
    assert f"webhook server cannot listen on {taken}" in line
    assert "choose another port" in line


class PcClock:
    """The PC's clock for the app, which tests can set."""

    def __init__(self) -> None:
        self._real = bootstrap.utc_now
        self.ahead = timedelta(0)

    def __call__(self) -> datetime:
        return self._real() + self.ahead


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> PcClock:
    clock = PcClock()
    monkeypatch.setattr(bootstrap, "utc_now", clock)
    return clock


@pytest.fixture
def field(harness: Harness, clock: PcClock, tmp_path: Path) -> Iterator[Field]:
    """An engine in this process with the settable clock."""
    with run_field(tmp_path, f"127.0.0.1:{harness.adb_port}", harness.farm, Pace()) as field:
        wait_until_ready(field, [phone.name for phone in harness.farm.sim.phones])
        yield field


@pytest.mark.parametrize("step", [-HOUR, HOUR], ids=["back", "forward"])
def test_clock_that_is_set_by_an_hour_delays_no_message_and_ends_no_rent(
    field: Field, clock: PcClock, step: timedelta
) -> None:
    rent = field.market.run(lambda market: market.order())
    assert rent is not None
    field.send(rent.msisdn, "before")
    field.until_texts(rent, "before")
    field.market.call(lambda market: market.policy.chances.update({Outcome.ERROR_500: 1.0}))
    field.send(rent.msisdn, "waiting")
    until(lambda: field.overview().counts.pushes_waiting == 1, what="a message that waits")

    clock.ahead = step
    field.market.call(lambda market: market.policy.chances.clear())
    field.send(rent.msisdn, "after")

    field.until_texts(rent, "before", "waiting", "after")
    assert field.overview().counts.rents_open == 1
    assert field.market.sim.record.repeated_after_200() == []
    assert field.market.run(lambda market: market.finish(rent.rent_id, 3, 320))
    assert field.market.run(lambda market: market.order()) is not None
