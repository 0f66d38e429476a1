"""Cost of 50, 100 and 200 virtual phones for the app and adb, idle and under load, against a naive loop.

For each size the app first runs idle, without open rents, then with half of the numbers rented and occasional SMS.
Measured are the queries per phone, CPU and memory of the app and the adb server (Linux /proc), and the time from an
SMS in the inbox to its push, minus the query time of its phone. The naive loop of `bench.arrival` (a thread per phone,
a query each 3 s) then runs on the same phones.

Before that, it measures starts: the time until all numbers are on offer and the inboxes of open rents are read
(`bench._starts`).
"""

from __future__ import annotations

import argparse
import random
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from bench._environment import App, Phones, Spread, get, serving_app, until, virtual_phones
from bench._processes import adb_pid, cpu_seconds, resident_megabytes
from bench._starts import HEAD, fill_inboxes, line_of, measure_starts
from bench.arrival import Sink, measure_naive_loop

_SETTLING_SECONDS = 20.0


@dataclass(frozen=True, kw_only=True)
class Cost:
    """Resource use of a process in an interval: share of one core, and resident memory before and after."""

    cpu_percent: float
    before_mb: float
    after_mb: float


class Meter:
    """Measures one process through /proc."""

    def __init__(self, pid: int) -> None:
        self._pid = pid
        self._begun = time.monotonic()
        self._cpu = cpu_seconds(pid)
        self._memory = resident_megabytes(pid)

    def cost(self) -> Cost:
        seconds = time.monotonic() - self._begun
        used = cpu_seconds(self._pid) - self._cpu
        return Cost(cpu_percent=100 * used / seconds, before_mb=self._memory, after_mb=resident_megabytes(self._pid))


@dataclass(frozen=True, kw_only=True)
class Idle:
    app: Cost
    adb: Cost
    queries_per_minute: Spread
    """Queries of the SMS and SIM providers per phone and minute."""


def measure_idle(phones: Phones, app: App, seconds: float) -> Idle:
    before = _queries(phones)
    app_meter, adb_meter = Meter(app.pid), Meter(adb_pid(phones.adb_port))
    time.sleep(seconds)
    costs = app_meter.cost(), adb_meter.cost()
    after = _queries(phones)
    rates = [(after[serial] - before[serial]) * 60 / seconds for serial in after]
    return Idle(app=costs[0], adb=costs[1], queries_per_minute=Spread.of(rates))


def _queries(phones: Phones) -> dict[str, int]:
    return {phone["serial"]: phone["queries"] for phone in _describe_phones(phones)}


def _describe_phones(phones: Phones) -> list[dict[str, Any]]:
    phones_json: list[dict[str, Any]] = get(f"{phones.control}/phones")
    return phones_json


@dataclass(frozen=True, kw_only=True)
class Busy:
    app: Cost
    added_latency: Spread
    """Seconds from the inbox to the push, minus the query time of the phone."""


def measure_busy(phones: Phones, app: App, sink: Sink, messages: int, gap: float, query_seconds: float) -> Busy:
    rented: list[str] = []
    while len(rented) < len(phones.numbers) // 2 and (rent := app.order()) is not None:
        rented.append(rent[1])
    time.sleep(_SETTLING_SECONDS / 4)
    meter = Meter(app.pid)
    rng = random.Random(1)
    sent: dict[str, float] = {}
    for number in range(messages):
        text = f"bench {number}"
        sent[text] = phones.send(rng.choice(rented), text)
        time.sleep(rng.uniform(0.5, 1.5) * gap)
    until(lambda: all(text in sink.arrived for text in sent), 60)
    seconds = [sink.arrived[text] - at - query_seconds for text, at in sent.items()]
    return Busy(app=meter.cost(), added_latency=Spread.of(seconds))


def show(count: int, started: float, idle: Idle, busy: Busy, naive: Sequence[float], query_seconds: float) -> None:
    plain = Spread.of([seconds - query_seconds for seconds in naive]) if naive else None
    app, adb = idle.app, idle.adb
    queries = idle.queries_per_minute
    lines = [
        f"ready after {started:.1f} s",
        f"idle: app {app.cpu_percent:.1f} % of a core, adb {adb.cpu_percent:.1f} %; "
        f"app RSS {app.before_mb:.0f} -> {app.after_mb:.0f} MB, adb {adb.before_mb:.0f} -> {adb.after_mb:.0f} MB",
        f"idle: queries per phone and minute p50 {queries.p50:.1f}, max {queries.maximum:.1f}",
        f"busy: app {busy.app.cpu_percent:.1f} % of a core, RSS {busy.app.before_mb:.0f} -> {busy.app.after_mb:.0f} MB",
        f"arrival to push minus query time: p50 {busy.added_latency.p50:+.2f} s, p99 {busy.added_latency.p99:+.2f} s",
    ]
    if plain is not None:
        lines.append(
            f"naive loop, the same: p50 {plain.p50:+.2f} s, p99 {plain.p99:+.2f} s (20 queries per phone and minute)"
        )
    for line in lines:
        print(f"{count:>4} phones  {line}", flush=True)


def show_starts(counts: Sequence[int], query_seconds: float) -> None:
    """Measure a first start and a restart of each size, and a naive loop on the same phones."""
    print("seconds from the start of the process; CPU is the program's own, without loading it", flush=True)
    print(HEAD, flush=True)
    for count in counts:
        with virtual_phones(count, query_seconds) as phones:
            fill_inboxes(phones)
            for start in measure_starts(phones):
                print(line_of(count, start), flush=True)


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    options.add_argument("--phones", type=int, nargs="+", default=[50, 100, 200])
    options.add_argument("--starts", type=int, nargs="*", default=[12, 60, 200, 400], help="sizes for the starts")
    options.add_argument("--only-starts", action="store_true")
    options.add_argument("--idle-seconds", type=float, default=120)
    options.add_argument("--messages", type=int, default=300)
    options.add_argument("--gap", type=float, default=0.2, help="seconds between messages")
    options.add_argument("--query-seconds", type=float, default=0.4)
    options.add_argument("--without-naive", action="store_true")
    chosen = options.parse_args()
    show_starts(chosen.starts, chosen.query_seconds)
    for count in [] if chosen.only_starts else chosen.phones:
        with virtual_phones(count, chosen.query_seconds) as phones:
            sink = Sink()
            started = time.monotonic()
            with serving_app(phones, sink.url) as app:
                app.until_ready(count)
                started = time.monotonic() - started
                time.sleep(_SETTLING_SECONDS)
                idle = measure_idle(phones, app, chosen.idle_seconds)
                busy = measure_busy(phones, app, sink, chosen.messages, chosen.gap, chosen.query_seconds)
            sink.close()
            naive = [] if chosen.without_naive else measure_naive_loop(phones, chosen.messages, chosen.gap)
        show(count, started, idle, busy, naive, chosen.query_seconds)


if __name__ == "__main__":
    main()
