"""The demo without a window: a live table on a terminal, or one line per event if the output is not one."""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Callable
from datetime import datetime

from rich.console import Console, Group
from rich.live import Live
from rich.table import Table
from rich.text import Text

from phonefarm.application.model.read_models import Overview
from phonefarm.commands.demo.event_lines import EventLines
from phonefarm.runtime.engine_thread import EngineThread
from phonefarm.support.stop_requests import StopRequests

REFRESH_SECONDS = 0.5
LINES_SHOWN = 16
MAX_QUEUED_LINES = 10_000
"""The oldest lines are dropped if the output blocks."""


def show_in_terminal(engine: EngineThread, seconds: float | None, stop: StopRequests) -> None:
    """Show the farm until a stop request or until `seconds` have passed."""
    console = Console(highlight=False)
    console.print("No display here: the demo runs in the terminal. Ctrl-C ends it.", style="dim")
    deadline = None if seconds is None else time.monotonic() + seconds
    if console.is_terminal:
        _live_table(engine, console, deadline, stop)
    else:
        _plain_lines(engine, deadline, stop)


def _plain_lines(engine: EngineThread, deadline: float | None, stop: StopRequests) -> None:
    lines: deque[str] = deque(maxlen=MAX_QUEUED_LINES)

    def write_lines() -> None:
        """On this thread, as a blocked output must not block the engine's thread."""
        while lines:
            print(lines.popleft(), flush=True)

    following = asyncio.run_coroutine_threadsafe(_event_lines(engine, lines).follow(), engine.loop)
    _wait(deadline, stop, write_lines)
    following.cancel()
    write_lines()


def _live_table(engine: EngineThread, console: Console, deadline: float | None, stop: StopRequests) -> None:
    lines: deque[str] = deque(maxlen=LINES_SHOWN)
    following = asyncio.run_coroutine_threadsafe(_event_lines(engine, lines).follow(), engine.loop)
    with Live(console=console, refresh_per_second=4) as live:

        def refresh() -> None:
            overview = engine.ask(lambda desk: desk.overview())
            live.update(Group(_figures(overview), Text("\n".join(lines))))

        _wait(deadline, stop, refresh)
    following.cancel()


def _event_lines(engine: EngineThread, lines: deque[str]) -> EventLines:
    return EventLines(engine.desk, lambda line: lines.append(f"{datetime.now().astimezone():%H:%M:%S} {line}"))


def _figures(overview: Overview) -> Table:
    counts = overview.counts
    table = Table(title="phonefarm demo")
    cells = {
        "phones ready": f"{counts.phones_ready} of {counts.phones}",
        "on offer": f"{counts.numbers_on_offer} of {counts.sims}",
        "rents open": str(counts.rents_open),
        "SMS": str(counts.sms_received),
        "waiting": str(counts.pushes_waiting),
        "delivered": str(counts.pushes_delivered),
        "refused": str(counts.pushes_refused),
        "stopped": str(counts.pushes_parked),
        "bans": str(counts.bans),
        "arrival p50": "-" if overview.arrival_p50_seconds is None else f"{overview.arrival_p50_seconds:.2f} s",
    }
    for name in cells:
        table.add_column(name, justify="right")
    table.add_row(*cells.values())
    return table


def _wait(deadline: float | None, stop: StopRequests, each_round: Callable[[], None]) -> None:
    while deadline is None or time.monotonic() < deadline:
        each_round()
        left = REFRESH_SECONDS if deadline is None else min(REFRESH_SECONDS, deadline - time.monotonic())
        if stop.wait(max(left, 0.0)):
            return
