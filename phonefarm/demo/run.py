"""Runs the demo from its first adb server to its summary."""

from __future__ import annotations

import secrets
import tempfile
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

from pydantic import SecretStr

from phonefarm.adapters.adb.adb_server import find_adb
from phonefarm.adapters.secrets.memory_store import MemoryStore
from phonefarm.demo.private_adb import private_adb_server
from phonefarm.demo.world import World
from phonefarm.engine_thread import EngineThread
from phonefarm.logs import SecretFilter, set_up_logs
from phonefarm.settings import FILE_NAME, Settings, load_settings, write_settings
from phonefarm.simulation.in_thread import InThread
from phonefarm.simulation.judge import Summary

SETTLE_WITHIN = 30.0
SETTLE_STEP = 0.2

Show = Callable[[EngineThread, float | None], None]
"""Shows the running farm for so many seconds, or until the user has seen enough."""


@dataclass(frozen=True, kw_only=True)
class DemoResult:
    summary: Summary
    waiting: int

    @property
    def lost(self) -> int:
        """SMS for an open rent that were neither delivered nor refused and do not wait either."""
        return max(self.summary.lost - self.waiting, 0)

    @property
    def is_clean(self) -> bool:
        return not (self.lost or self.summary.repeated_after_200 or self.summary.violations or self.summary.misdirected)

    def as_lines(self) -> str:
        summary = self.summary
        return (
            f"rents {summary.rents}, SMS received {summary.sms_received}, delivered {summary.delivered}, "
            f"refused {summary.refused}, waiting {self.waiting}, lost {self.lost}, "
            f"repeated after a 200: {summary.repeated_after_200}"
        )


def run_demo(show: Show, *, phones: int, seconds: float | None, seed: int = 1) -> DemoResult:
    """Play the whole farm on a scratch folder; raises KnownError if this PC does not let it."""
    hidden = SecretFilter()
    with tempfile.TemporaryDirectory(prefix="phonefarm-demo-", ignore_cleanup_errors=True) as scratch:
        folder = Path(scratch)
        key = secrets.token_urlsafe(24)
        hidden.add(key)
        set_up_logs(folder / "logs", hidden, to_stderr=False)
        with (
            private_adb_server(find_adb(), folder) as adb_port,
            InThread(lambda: World(adb_port, key, phones=phones, seed=seed)) as world,
        ):
            engine = EngineThread(_settings(folder, key, adb_port, world), hidden, MemoryStore(key))
            engine.start()
            try:
                webhooks = f"http://{engine.farm.listeners.webhooks_address}"
                world.call(lambda it: it.start_play(webhooks, seconds))
                show(engine, seconds)
                return _judged(engine, world)
            finally:
                engine.stop()
                set_up_logs(None, hidden, to_stderr=False)


def _settings(folder: Path, key: str, adb_port: int, world: InThread[World]) -> Settings:
    """Settings as a user would have them: in the file of the data folder, where the Settings page finds them."""
    numbers = folder / "numbers.csv"
    numbers.write_text(world.sim.farm.numbers_csv(), encoding="utf-8")
    data = folder / "data"
    values = {
        "listen": "127.0.0.1:0",
        "admin_listen": "127.0.0.1:0",
        "push_url": world.sim.market.push_url,
        "adb_servers": f"127.0.0.1:{adb_port}",
        "numbers_file": str(numbers),
    }
    write_settings(data / FILE_NAME, values)
    return load_settings(data_dir=data, api_key=SecretStr(key), **values, database_url="")


def _judged(engine: EngineThread, world: InThread[World]) -> DemoResult:
    """End the play, let what is under way arrive, and hold the app's counts against the market's record."""
    world.run(lambda it: it.end_play())
    deadline = time.monotonic() + SETTLE_WITHIN
    while time.monotonic() < deadline:
        counts = engine.ask(lambda desk: desk.overview()).counts
        if counts.pushes_waiting == 0 and world.call(lambda it: it.is_settled()):
            break
        time.sleep(SETTLE_STEP)
    summary = world.call(lambda it: it.summary(asdict(counts)))
    return DemoResult(summary=summary, waiting=counts.pushes_waiting)
