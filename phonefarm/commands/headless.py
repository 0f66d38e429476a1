"""Runs the farm without a window until a signal or an end event of Windows."""

from __future__ import annotations

import sys
from collections.abc import Callable

from phonefarm.config.settings import Settings
from phonefarm.runtime.engine_thread import EngineThread
from phonefarm.support.crash_reports import crash_reports, crash_sentence
from phonefarm.support.logs import FOLDER as LOGS
from phonefarm.support.logs import SecretFilter
from phonefarm.support.stop_requests import Endings, asked_by_signals, stop_requests_from
from phonefarm.support.windows_endings import system_endings


def run_headless(
    settings: Settings,
    hidden: SecretFilter,
    on_start: Callable[[EngineThread], None],
    endings: Endings = system_endings,
) -> None:
    """Run until a stop request; calls `on_start` once the farm is running."""
    with crash_reports(settings.data_dir / LOGS) as report:
        if report is not None:
            print(f"phonefarm: {crash_sentence(report)}", file=sys.stderr)
        engine = EngineThread(settings, hidden)
        engine.start()
        with stop_requests_from(endings) as stop, asked_by_signals(stop):
            try:
                on_start(engine)
                stop.wait_until_asked()
            finally:
                engine.stop()


def print_addresses(engine: EngineThread) -> None:
    listeners = engine.farm.listeners
    print(f"phonefarm serves webhooks on {listeners.webhooks_address}, admin on {listeners.admin_address}")
