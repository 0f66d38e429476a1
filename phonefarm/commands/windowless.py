"""The farm without a window, from start to end: until a signal, or what Windows has instead, asks for its end."""

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


def run_windowless(
    settings: Settings, hidden: SecretFilter, started: Callable[[EngineThread], None], endings: Endings = system_endings
) -> None:
    """`started` is called when the farm runs."""
    with crash_reports(settings.data_dir / LOGS) as report:
        if report is not None:
            print(f"phonefarm: {crash_sentence(report)}", file=sys.stderr)
        engine = EngineThread(settings, hidden)
        engine.start()
        with stop_requests_from(endings) as stop, asked_by_signals(stop):
            try:
                started(engine)
                stop.wait_until_asked()
            finally:
                engine.stop()
