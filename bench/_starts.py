"""Time from a start until numbers are on offer and inboxes are read: first start, restart and a naive loop.

Every phone has messages. Before the restart some numbers are rented and the app is stopped; then each of their phones
receives an SMS, whose push shows when the inbox was read. The naive loop is the obvious implementation: a thread pool
that queries each phone sequentially through adbutils. CPU time is measured per process.
"""

from __future__ import annotations

import re
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import adbutils

from bench._environment import App, Phones, get, post, serving_app, until
from bench._processes import adb_pid, cpu_seconds
from bench.arrival import Sink

MESSAGES_BEFORE = 20
"""Messages in each inbox before the start."""
MAX_RENTS = 24
"""Open rents at the restart; at most a quarter of the numbers."""
NAIVE_THREADS = 16
POLL_SECONDS = 0.25
"""Each poll costs the app some milliseconds, as it computes the whole overview."""
STABLE_SECONDS = 3.0
READY_TIMEOUT_SECONDS = 240.0
QUERIES = (
    "getprop",
    "dumpsys isub",
    "dumpsys telephony.registry",
    "dumpsys battery",
    "content query --uri content://telephony/siminfo --projection _id:sim_id:icc_id:number",
    "content query --uri content://sms/inbox --projection _id:address:date:body --sort '_id DESC LIMIT 50'",
)
_MESSAGE = re.compile(r"body=(waiting \d+)")


@dataclass(frozen=True, kw_only=True)
class Start:
    """Times in seconds from the start of the process, unless stated otherwise."""

    way: str
    first_sale: float
    half: float
    all: float
    """Until the offer was complete."""
    rents_read: float | None
    """From the end of loading until the last waiting SMS was pushed."""
    cpu: float
    """CPU time of the program, without loading."""
    simulation_cpu: float
    adb_cpu: float
    calls: float
    """Shell calls per phone."""


class _Costs:
    """CPU time of the phones and of adb, and shell calls per phone, since construction."""

    def __init__(self, phones: Phones) -> None:
        self._phones = phones
        self._adb = adb_pid(phones.adb_port)
        self._before = self._now()

    def _now(self) -> tuple[float, float, float]:
        calls = sum(phone["shell_commands"] for phone in get(f"{self._phones.control}/phones"))
        return cpu_seconds(self._phones.pid), cpu_seconds(self._adb), calls / len(self._phones.serials)

    def so_far(self) -> tuple[float, float, float]:
        simulation, adb, calls = (now - before for now, before in zip(self._now(), self._before, strict=True))
        return simulation, adb, calls


def fill_inboxes(phones: Phones) -> None:
    for phone in get(f"{phones.control}/phones"):
        post(f"{phones.control}/phones/{phone['name']}/restore", {"count": MESSAGES_BEFORE})


def measure_starts(phones: Phones) -> list[Start]:
    """Measure the first start, a restart with open rents, and the naive loop on the same phones."""
    sink = Sink()
    try:
        with tempfile.TemporaryDirectory(prefix="phonefarm-bench-", ignore_cleanup_errors=True) as data:
            first, rented = _first_start(phones, sink, data)
            texts = [f"waiting {place}" for place in range(len(rented))]
            for number, text in zip(rented, texts, strict=True):
                phones.send(number, text)
            again = _restart(phones, sink, data, texts)
        return [first, again, _measure_naive_loop(phones, set(texts))]
    finally:
        sink.close()


def _first_start(phones: Phones, sink: Sink, data: str) -> tuple[Start, list[str]]:
    costs, started = _Costs(phones), time.monotonic()
    with serving_app(phones, sink.url, data=data) as app:
        start = _measure_offer(phones, app, started, costs, "first start")
        wanted = min(MAX_RENTS, len(phones.numbers) // 4)
        rented: list[str] = []
        while len(rented) < wanted and (rent := app.order()) is not None:
            rented.append(rent[1])
        time.sleep(STABLE_SECONDS)
    return start, rented


def _restart(phones: Phones, sink: Sink, data: str, texts: list[str]) -> Start:
    costs, started = _Costs(phones), time.monotonic()
    with serving_app(phones, sink.url, data=data) as app:
        working = time.monotonic()
        start = _measure_offer(phones, app, started, costs, "restart")
        until(lambda: all(text in sink.arrived for text in texts), 60)
    read = max(sink.arrived[text] for text in texts) - working if texts else None
    return Start(**{**vars(start), "rents_read": read})


def _measure_offer(phones: Phones, app: App, started: float, costs: _Costs, way: str) -> Start:
    """Poll the offer until all phones are ready and it no longer changes."""
    loaded = cpu_seconds(app.pid)
    samples: list[tuple[float, int, float]] = []
    costs_when_complete: tuple[float, float, float] = (0.0, 0.0, 0.0)
    while True:
        counts = get(f"{app.admin}/health")["counts"]
        now, offer = time.monotonic() - started, counts["numbers_on_offer"]
        if not samples or offer != samples[-1][1]:
            samples.append((now, offer, cpu_seconds(app.pid) - loaded))
            costs_when_complete = costs.so_far()
        elif counts["phones_ready"] >= len(phones.serials) and now - samples[-1][0] > STABLE_SECONDS:
            break
        if now > READY_TIMEOUT_SECONDS:
            raise TimeoutError("not all phones became ready")
        time.sleep(POLL_SECONDS)
    most = samples[-1][1]
    return Start(
        way=way,
        first_sale=next(at for at, offer, _ in samples if offer),
        half=next(at for at, offer, _ in samples if offer >= most / 2),
        all=samples[-1][0],
        rents_read=None,
        cpu=samples[-1][2],
        simulation_cpu=costs_when_complete[0],
        adb_cpu=costs_when_complete[1],
        calls=costs_when_complete[2],
    )


def _measure_naive_loop(phones: Phones, texts: set[str]) -> Start:
    costs, started, used = _Costs(phones), time.monotonic(), time.process_time()
    client = adbutils.AdbClient("127.0.0.1", phones.adb_port)
    known: list[float] = []
    read: list[float] = []

    def ask(serial: str) -> None:
        device = client.device(serial=serial)
        answers = [str(device.shell(question)) for question in QUERIES]
        known.append(time.monotonic() - started)
        if not texts.isdisjoint(_MESSAGE.findall(answers[-1])):
            read.append(known[-1])

    with ThreadPoolExecutor(NAIVE_THREADS) as pool:
        list(pool.map(ask, phones.serials))
    cpu = time.process_time() - used
    simulation, adb, calls = costs.so_far()
    return Start(
        way=f"naive, {NAIVE_THREADS} threads",
        first_sale=min(known),
        half=sorted(known)[len(known) // 2],
        all=max(known),
        rents_read=max(read) if read else None,
        cpu=cpu,
        simulation_cpu=simulation,
        adb_cpu=adb,
        calls=calls,
    )


HEAD = (
    f"{'phones':>6}  {'':<17} {'first':>7} {'half':>7} {'all':>7} {'rents read':>11} "
    f"{'CPU':>7} {'a phone':>8} {'calls':>6} {'phones CPU':>11} {'adb CPU':>8}"
)


def line_of(count: int, start: Start) -> str:
    read = "" if start.rents_read is None else f"{start.rents_read:.1f} s"
    return (
        f"{count:>6}  {start.way:<17} {start.first_sale:>5.1f} s {start.half:>5.1f} s {start.all:>5.1f} s {read:>11} "
        f"{start.cpu:>5.1f} s {1000 * start.cpu / count:>5.0f} ms {start.calls:>6.1f} "
        f"{start.simulation_cpu:>9.1f} s {start.adb_cpu:>6.1f} s"
    )
