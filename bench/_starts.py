"""How long a farm takes to sell and to read after a start: the app's first start, its restart, and a naive loop.

Every phone holds messages. Before the restart some numbers are rented, the app is ended, and each of their phones gets
an SMS: its push tells when the inbox was read. The naive loop is what one would write first: a pool of threads, and
each phone's questions one after the other through adbutils. Processor time is taken of each process by itself.
"""

from __future__ import annotations

import re
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import adbutils

from bench._processes import adb_pid, cpu_seconds
from bench.arrival import Sink
from bench.parts import App, Phones, get, post, serving_app, until

MESSAGES_BEFORE = 20
"""In each inbox, before anything starts."""
RENTS = 24
"""At most so many are open at the restart; never more than a quarter of the numbers."""
NAIVE_THREADS = 16
LOOK_EVERY = 0.25
"""Each look costs the app some milliseconds: the whole overview is reckoned for it."""
STEADY_FOR = 3.0
READY_WITHIN = 240.0
QUESTIONS = (
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
    """Seconds from the start of the process, where nothing else is said."""

    way: str
    first_sale: float
    half: float
    all: float
    """Until everything was for sale that ever is."""
    rents_read: float | None
    """From the moment at which the program had begun to work, until the last of the waiting SMS was known."""
    cpu: float
    """Of the program itself, without what loading it took."""
    simulation_cpu: float
    adb_cpu: float
    calls: float
    """Shell calls a phone."""


class _Costs:
    """Processor time of the phones and of adb, and calls, since it was made."""

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
    """The app's first start, its restart with open rents, and the naive loop over the same phones."""
    sink = Sink()
    try:
        with tempfile.TemporaryDirectory(prefix="phonefarm-bench-", ignore_cleanup_errors=True) as data:
            first, rented = _first_start(phones, sink, data)
            texts = [f"waiting {place}" for place in range(len(rented))]
            for number, text in zip(rented, texts, strict=True):
                phones.send(number, text)
            again = _restart(phones, sink, data, texts)
        return [first, again, _naive(phones, set(texts))]
    finally:
        sink.close()


def _first_start(phones: Phones, sink: Sink, data: str) -> tuple[Start, list[str]]:
    costs, begun = _Costs(phones), time.monotonic()
    with serving_app(phones, sink.url, data=data) as app:
        start = _watched(phones, app, begun, costs, "first start")
        wanted = min(RENTS, len(phones.numbers) // 4)
        rented: list[str] = []
        while len(rented) < wanted and (rent := app.order()) is not None:
            rented.append(rent[1])
        time.sleep(STEADY_FOR)
    return start, rented


def _restart(phones: Phones, sink: Sink, data: str, texts: list[str]) -> Start:
    costs, begun = _Costs(phones), time.monotonic()
    with serving_app(phones, sink.url, data=data) as app:
        working = time.monotonic()
        start = _watched(phones, app, begun, costs, "restart")
        until(lambda: all(text in sink.arrived for text in texts), 60)
    read = max(sink.arrived[text] for text in texts) - working if texts else None
    return Start(**{**vars(start), "rents_read": read})


def _watched(phones: Phones, app: App, begun: float, costs: _Costs, way: str) -> Start:
    """The offer as it grows, until it stays as it is with all phones ready."""
    loaded = cpu_seconds(app.pid)
    seen: list[tuple[float, int, float]] = []
    settled: tuple[float, float, float] = (0.0, 0.0, 0.0)
    while True:
        counts = get(f"{app.admin}/health")["counts"]
        now, offer = time.monotonic() - begun, counts["numbers_on_offer"]
        if not seen or offer != seen[-1][1]:
            seen.append((now, offer, cpu_seconds(app.pid) - loaded))
            settled = costs.so_far()
        elif counts["phones_ready"] >= len(phones.serials) and now - seen[-1][0] > STEADY_FOR:
            break
        if now > READY_WITHIN:
            raise TimeoutError("not all phones got ready")
        time.sleep(LOOK_EVERY)
    most = seen[-1][1]
    return Start(
        way=way,
        first_sale=next(at for at, offer, _ in seen if offer),
        half=next(at for at, offer, _ in seen if offer >= most / 2),
        all=seen[-1][0],
        rents_read=None,
        cpu=seen[-1][2],
        simulation_cpu=settled[0],
        adb_cpu=settled[1],
        calls=settled[2],
    )


def _naive(phones: Phones, texts: set[str]) -> Start:
    costs, begun, used = _Costs(phones), time.monotonic(), time.process_time()
    client = adbutils.AdbClient("127.0.0.1", phones.adb_port)
    known: list[float] = []
    read: list[float] = []

    def ask(serial: str) -> None:
        device = client.device(serial=serial)
        answers = [str(device.shell(question)) for question in QUESTIONS]
        known.append(time.monotonic() - begun)
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
