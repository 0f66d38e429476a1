"""Runs the demo from its first adb server to its summary."""

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
from phonefarm.runtime.engine_thread import EngineThread
from phonefarm.runtime.parts import adb_program, key_in_memory
from phonefarm.runtime.preload import preload_modules
from phonefarm.simulation.in_thread import InThread
from phonefarm.simulation.judge import MessageKey, Summary
from phonefarm.support.leftovers import remove_stale
from phonefarm.support.logs import SecretFilter, set_up_logs

SETTLE_WITHIN = 30.0
SETTLE_STEP = 0.2
LONG_ENOUGH_FOR_A_SALE = 10.0
SCRATCH = "phonefarm-demo-"

Show = Callable[[EngineThread, float | None], None]
"""Shows the running farm for so many seconds, or until the user has seen enough."""


@dataclass(frozen=True, kw_only=True)
class DemoResult:
    summary: Summary
    seconds: float | None
    """How long the demo was to last; None: until the user had seen enough."""

    @property
    def is_clean(self) -> bool:
        return self.summary.is_clean and not self.showed_nothing

    @property
    def showed_nothing(self) -> bool:
        """A demo long enough for a sale in which no SMS reached the market proves nothing, however clean it is."""
        is_long = self.seconds is not None and self.seconds >= LONG_ENOUGH_FOR_A_SALE
        return is_long and not (self.summary.rents and self.summary.delivered)

    def as_lines(self) -> str:
        summary = self.summary
        late = f", too late for their rent {summary.late}" if summary.late else ""
        lines = [
            f"rents {summary.rents}, SMS received {summary.sms_received} (of these stray {summary.stray}), "
            f"delivered {summary.delivered}, refused {summary.refused}, waiting {summary.waiting}{late}, "
            f"lost {summary.lost}, repeated after a 200: {summary.repeated_after_200}"
        ]
        if self.showed_nothing:
            lines.append("FAILED: no SMS of a rent reached the market")
        if summary.misdirected:
            lines.append(f"FAILED: {summary.misdirected} SMS from before a rent were shown to its renter")
        if summary.violations:
            lines.append(f"FAILED: {summary.violations} breaches of the market's protocol")
        return "\n".join(lines)


def run_demo(show: Show, *, phones: int, seconds: float | None, seed: int = 1) -> DemoResult:
    """Play the whole farm on a scratch folder; raises KnownError if this PC does not let it."""
    preload_modules()
    hidden = SecretFilter()
    remove_stale(Path(tempfile.gettempdir()), f"{SCRATCH}*")
    with tempfile.TemporaryDirectory(prefix=SCRATCH, ignore_cleanup_errors=True) as scratch:
        folder = Path(scratch)
        key = secrets.token_urlsafe(24)
        hidden.add(key)
        set_up_logs(folder / "logs", hidden, to_stderr=False)
        with (
            private_adb_server(adb_program(), folder) as adb_port,
            InThread(lambda: World(adb_port, key, phones=phones, seed=seed)) as world,
        ):
            engine = EngineThread(_settings(folder, key, adb_port, world), hidden, key_in_memory(key))
            engine.start()
            try:
                webhooks = f"http://{engine.farm.listeners.webhooks_address}"
                world.call(lambda it: it.start_play(webhooks, seconds))
                show(engine, seconds)
                return _judged(engine, world, seconds)
            finally:
                engine.stop()
                set_up_logs(None, hidden, to_stderr=False)


def _settings(folder: Path, key: str, adb_port: int, world: InThread[World]) -> Settings:
    """Settings as a user would have them: in the file of the data folder, where the Settings page finds them."""
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


def _judged(engine: EngineThread, world: InThread[World], seconds: float | None) -> DemoResult:
    """End the play, let what is under way arrive, and hold the app's books against the market's record."""
    world.run(lambda it: it.end_play())
    deadline = time.monotonic() + SETTLE_WITHIN
    while time.monotonic() < deadline:
        counts = engine.ask(lambda desk: desk.overview()).counts
        if counts.pushes_waiting == 0 and world.call(lambda it: it.is_settled()):
            break
        time.sleep(SETTLE_STEP)
    # The app first: what it brings to the market in between is found there.
    messages = engine.ask(lambda desk: desk.rows(MESSAGES))
    counts = engine.ask(lambda desk: desk.overview()).counts
    stray = sum(message.standing is SmsStanding.NO_RENT for message in messages)
    by_app = {"sms_received": counts.sms_received, "sms_stray": stray}
    summary = world.call(lambda it: it.summary(by_app, still_with_app(messages)))
    return DemoResult(summary=summary, seconds=seconds)


def still_with_app(messages: Sequence[MessageRow]) -> list[MessageKey]:
    """The messages that the app has and will bring to the market, or that wait for the user."""
    return [
        (message.msisdn, message.sender, message.text)
        for message in messages
        if message.push_state in OPEN_PUSH_STATES or message.standing is SmsStanding.HELD
    ]
