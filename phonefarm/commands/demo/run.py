"""Runs the demo and summarizes its deliveries."""

from __future__ import annotations

import secrets
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from pydantic import SecretStr

from phonefarm.application.model.read_models import OPEN_PUSH_STATES, MessageRow, SmsStanding
from phonefarm.application.model.row_queries import MESSAGES
from phonefarm.commands.demo.private_adb import private_adb_server
from phonefarm.commands.demo.world import World
from phonefarm.config.settings import FILE_NAME, Settings, load_settings, write_settings
from phonefarm.runtime.command_adapters import adb_program, key_in_memory
from phonefarm.runtime.engine_thread import EngineThread
from phonefarm.runtime.preload import preload_modules
from phonefarm.simulation.delivery_audit import MessageKey, Summary
from phonefarm.simulation.simulation_thread import SimulationThread
from phonefarm.support.leftovers import remove_stale
from phonefarm.support.logs import SecretFilter, set_up_logs

SETTLE_TIMEOUT_SECONDS = 30.0
POLL_SECONDS = 0.2
SALE_SECONDS = 10.0
SCRATCH_PREFIX = "phonefarm-demo-"

Show = Callable[[EngineThread, float | None], None]
"""Shows the running farm for the given seconds; None: until the user ends it."""


@dataclass(frozen=True, kw_only=True)
class DemoResult:
    summary: Summary
    seconds: float | None
    """The requested duration; None: until the user ended it."""

    @property
    def is_clean(self) -> bool:
        return self.summary.is_clean and not self.delivered_nothing

    @property
    def delivered_nothing(self) -> bool:
        """Whether a demo that was long enough for a sale delivered no SMS; it proves nothing then."""
        is_long = self.seconds is not None and self.seconds >= SALE_SECONDS
        return is_long and not (self.summary.rents and self.summary.delivered)

    def as_lines(self) -> str:
        summary = self.summary
        late = f", too late for their rent {summary.late}" if summary.late else ""
        lines = [
            f"rents {summary.rents}, SMS received {summary.sms_received} (of these stray {summary.stray}), "
            f"delivered {summary.delivered}, refused {summary.refused}, waiting {summary.waiting}{late}, "
            f"lost {summary.lost}, repeated after a 200: {summary.repeated_after_200}"
        ]
        if self.delivered_nothing:
            lines.append("FAILED: no SMS of a rent reached the market")
        if summary.misdirected:
            lines.append(f"FAILED: {summary.misdirected} SMS from before a rent were shown to its renter")
        if summary.violations:
            lines.append(f"FAILED: {summary.violations} violations of the market's protocol")
        return "\n".join(lines)


def run_demo(show: Show, *, phones: int, seconds: float | None, seed: int = 1) -> DemoResult:
    """Run the whole farm in a temporary folder; raises KnownError if this PC does not allow it."""
    preload_modules()
    hidden = SecretFilter()
    remove_stale(Path(tempfile.gettempdir()), f"{SCRATCH_PREFIX}*")
    with tempfile.TemporaryDirectory(prefix=SCRATCH_PREFIX, ignore_cleanup_errors=True) as scratch:
        folder = Path(scratch)
        key = secrets.token_urlsafe(24)
        hidden.add(key)
        set_up_logs(folder / "logs", hidden, to_stderr=False)
        with (
            private_adb_server(adb_program(), folder) as adb_port,
            SimulationThread(lambda: World(adb_port, key, phones=phones, seed=seed)) as world,
        ):
            engine = EngineThread(_write_settings(folder, key, adb_port, world), hidden, key_in_memory(key))
            engine.start()
            try:
                webhooks = f"http://{engine.farm.listeners.webhooks_address}"
                world.call(lambda it: it.start_traffic(webhooks, seconds))
                show(engine, seconds)
                return _end_and_summarize(engine, world, seconds)
            finally:
                engine.stop()
                set_up_logs(None, hidden, to_stderr=False)


def _write_settings(folder: Path, key: str, adb_port: int, world: SimulationThread[World]) -> Settings:
    """Write the settings to the data folder's file, where the Settings page reads them, and load them."""
    numbers = folder / "numbers.csv"
    numbers.write_text(world.sim.farm.numbers_csv(), encoding="utf-8")
    data = folder / "data"
    values: dict[str, str | bool] = {
        "listen": "127.0.0.1:0",
        "admin_listen": "127.0.0.1:0",
        "push_url": world.sim.market.push_url,
        "adb_servers": f"127.0.0.1:{adb_port}",
        "numbers_file": str(numbers),
        "keep_awake": False,
    }
    write_settings(data / FILE_NAME, values)
    return load_settings(data_dir=data, api_key=SecretStr(key), **values, database_url="")


def _end_and_summarize(engine: EngineThread, world: SimulationThread[World], seconds: float | None) -> DemoResult:
    """End the traffic, wait for pending deliveries and compare the app's messages with the market's record."""
    world.run(lambda it: it.end_traffic())
    deadline = time.monotonic() + SETTLE_TIMEOUT_SECONDS
    while time.monotonic() < deadline:
        counts = engine.ask(lambda desk: desk.overview()).counts
        if counts.pushes_waiting == 0 and world.call(lambda it: it.are_all_delivered()):
            break
        time.sleep(POLL_SECONDS)
    # The app before the market: a push sent in between is then in both, and not in neither.
    messages = engine.ask(lambda desk: desk.rows(MESSAGES))
    counts = engine.ask(lambda desk: desk.overview()).counts
    stray = sum(message.standing is SmsStanding.NO_RENT for message in messages)
    app_counts = {"sms_received": counts.sms_received, "sms_stray": stray}
    summary = world.call(lambda it: it.summary(app_counts, waiting_in_app(messages)))
    return DemoResult(summary=summary, seconds=seconds)


def waiting_in_app(messages: Sequence[MessageRow]) -> list[MessageKey]:
    """The messages that the app will still push, or that wait for the user."""
    return [
        (message.msisdn, message.sender, message.text)
        for message in messages
        if message.push_state in OPEN_PUSH_STATES or message.standing is SmsStanding.HELD
    ]
