"""Throughput and latency from the reading of an inbox to the market: a burst, a steady stream and a backlog.

The database with durable commits, the intake, the push worker, the push channel and the webhooks are the real ones on
one event loop; the sink is a separate process. Compared on the same sink: a naive loop with one commit and one request
per message, and Kannel, if installed, with its fake SMSC and a spool on disk, with its defaults and with a spool as
durable as our commits (measured at its smsbox). During bursts on a long history, another process orders and finishes
numbers (`bench._orders`).
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import json
import os
import sqlite3
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from statistics import median

from bench._environment import KEY, Spread, get, post, process, until
from bench._kannel import is_installed, kannel, make_durable, messages
from bench._outbox import Outbox, outbox, queue_backlog, reading_of
from bench._sink import PATH
from phonefarm.domain.heard import NOTHING_HEARD
from phonefarm.domain.ids import PhoneId
from phonefarm.domain.sms import Reading

RENTED = 200
POLL_SECONDS = 0.02
"""Interval of the progress polls; the same for all candidates."""
MAX_SMS_PER_SECOND = 15_000
"""Upper bound of the throughput."""


def texts(kind: str, count: int) -> list[str]:
    return [f"{kind} {number}" for number in range(count)]


async def wait_until_received(sink: str, count: int, within: float) -> None:
    deadline = time.monotonic() + within
    while (await asyncio.to_thread(get, f"{sink}/count"))["count"] < count:
        if time.monotonic() > deadline:
            raise TimeoutError(f"{count} messages were not at the sink within {within:g} s")
        await asyncio.sleep(POLL_SECONDS)


async def wait_until_stored(parts: Outbox) -> None:
    """Wait until the farm has stored the last answer."""
    while await asyncio.to_thread(parts.has_open_pushes):  # noqa: ASYNC110 - polled in a database
        await asyncio.sleep(0.01)


def flush_page_cache() -> None:
    """Write dirty pages to the disk now, so that they do not slow down the next candidate."""
    if sys.platform != "win32":
        os.sync()


async def burst(parts: Outbox, sink: str, count: int) -> float:
    """SMS per second, from the first reading to the last message at the sink and stored as delivered."""
    return await deliver_burst(parts, sink, readings_of(list((await parts.rent(min(RENTED, count))).values()), count))


def readings_of(phones: Sequence[PhoneId], count: int, first_row: int = 1) -> list[Reading]:
    """One reading per phone, with its share of `count` new messages."""
    all_texts = texts(f"burst {first_row}", count)
    share = -(-count // len(phones))
    return [
        reading_of(phone, all_texts[place * share : (place + 1) * share], first_row)
        for place, phone in enumerate(phones)
    ]


async def deliver_burst(parts: Outbox, sink: str, readings: Sequence[Reading]) -> float:
    count = sum(len(reading.rows) for reading in readings)
    await asyncio.to_thread(post, f"{sink}/forget", {})
    started = time.perf_counter()
    async with asyncio.TaskGroup() as group:
        for reading in readings:
            group.create_task(parts.intake.accept(reading, NOTHING_HEARD))
            await asyncio.sleep(0)  # let the phones' tasks run
    await wait_until_received(sink, count, 300)
    await wait_until_stored(parts)
    return count / (time.perf_counter() - started)


async def backlog(parts: Outbox, path: Path, sink: str, count: int) -> tuple[float, int]:
    """SMS per second while a backlog is drained, and how many arrived out of sequence for their number."""
    post(f"{sink}/forget", {})
    rents = await parts.rent(RENTED)
    await asyncio.to_thread(queue_backlog, path, list(rents), count)
    started = time.perf_counter()
    parts.pushes.wake()
    await wait_until_received(sink, count, 600)
    await wait_until_stored(parts)
    rate = count / (time.perf_counter() - started)
    taken = list(await asyncio.to_thread(get, f"{sink}/times"))
    places: dict[str, int] = {}
    out_of_sequence = 0
    for text in taken:
        _, number, place = text.split()
        out_of_sequence += int(place) < places.get(number, -1)
        places[number] = int(place)
    return rate, out_of_sequence


async def steady(parts: Outbox, sink: str, seconds: float, rate: float) -> list[float]:
    """Latencies in seconds from the reading to the sink, at `rate` messages per second."""
    post(f"{sink}/forget", {})
    phones = list((await parts.rent(50)).values())
    started = time.perf_counter()
    sent_at: dict[str, float] = {}

    async def one(number: int) -> None:
        text = f"steady {number}"
        reading = reading_of(phones[number % len(phones)], [text], first_row=1_000 + number)
        sent_at[text] = time.time()
        await parts.intake.accept(reading, NOTHING_HEARD)

    async with asyncio.TaskGroup() as group:
        for number in range(int(seconds * rate)):
            await asyncio.sleep(max(started + number / rate - time.perf_counter(), 0))
            group.create_task(one(number))
    await wait_until_received(sink, len(sent_at), 60)
    taken = await asyncio.to_thread(get, f"{sink}/times")
    return [taken[text] - at for text, at in sent_at.items()]


@contextmanager
def naive_outbox(folder: Path, sink: str) -> Iterator[Callable[[str], None]]:
    """The naive outbox: insert and commit, post, update and commit; yields its send function."""
    with closing(sqlite3.connect(folder / "naive.db")) as connection:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute("CREATE TABLE IF NOT EXISTS outbox (text TEXT PRIMARY KEY, sent INTEGER DEFAULT 0)")

        def give(text: str) -> None:
            with connection:
                connection.execute("INSERT INTO outbox (text) VALUES (?)", (text,))
            body = json.dumps({"text": text, "key": KEY}).encode()
            request = urllib.request.Request(sink + PATH, body, {"Content-Type": "application/json"})
            with urllib.request.urlopen(request, timeout=30) as answer:
                answer.read()
            with connection:
                connection.execute("UPDATE outbox SET sent = 1 WHERE text = ?", (text,))

        yield give


def measure_naive(folder: Path, sink: str, count: int) -> float:
    """SMS per second, sent sequentially."""
    post(f"{sink}/forget", {})
    with naive_outbox(folder, sink) as give:
        started = time.perf_counter()
        for text in texts("naive", count):
            give(text)
        return count / (time.perf_counter() - started)


def measure_naive_steady(folder: Path, sink: str, seconds: float, rate: float) -> list[float]:
    """Like `steady`, but sequential; `rate` is so low that no message waits for another."""
    post(f"{sink}/forget", {})
    sent_at: dict[str, float] = {}
    with naive_outbox(folder, sink) as give:
        started = time.perf_counter()
        for number, text in enumerate(texts("naive steady", int(seconds * rate))):
            time.sleep(max(started + number / rate - time.perf_counter(), 0))
            sent_at[text] = time.time()
            give(text)
    taken = get(f"{sink}/times")
    return [taken[text] - at for text, at in sent_at.items()]


def measure_kannel(folder: Path, sink: str, count: int, *, durable: bool) -> float | None:
    """SMS per second from Kannel to the sink, by its requests; None if no durable spool is available."""
    home = folder / ("durable" if durable else "default")
    (home / "spool").mkdir(parents=True)
    if durable and not make_durable(home / "spool"):
        return None
    with kannel(home, sink) as port:
        time.sleep(1.0)
        post(f"{sink}/forget", {})
        started = time.perf_counter()
        with messages(port, count):
            until(lambda: get(f"{sink}/requests")["count"] >= count, 300, POLL_SECONDS)
        return count / (time.perf_counter() - started)


async def orders_during(parts: Outbox, sink: str, count: int, seconds: float) -> tuple[Spread, float]:
    """Response times of GET_NUMBER from another process during consecutive bursts, and the bursts' throughput.

    All readings are built in advance, so that the loop runs only the bursts and the orders.
    """
    phones = list((await parts.rent(RENTED)).values())
    burst_count = 1 + int(seconds * MAX_SMS_PER_SECOND / count)
    bursts = [readings_of(phones, count, first_row=1 + number * count) for number in range(burst_count)]
    gc.freeze()
    words = [sys.executable, "-m", "bench._orders", parts.webhooks, "--seconds", str(seconds)]
    child = await asyncio.create_subprocess_exec(*words, stdout=asyncio.subprocess.PIPE)
    assert child.stdout is not None
    await child.stdout.readline()  # it has started to order
    rates: list[float] = []
    async with asyncio.TaskGroup() as group:
        ended = group.create_task(child.stdout.read())
        for readings in bursts:
            if ended.done():
                break
            rates.append(await deliver_burst(parts, sink, readings))
    assert len(rates) < len(bursts), "the bursts ended before the orders"
    await child.wait()
    return Spread.of(json.loads(ended.result())), median(rates)


async def compare_bursts(folder: Path, sink: str, chosen: argparse.Namespace) -> None:
    """Measure the candidates alternately in several rounds, so that load changes of the machine affect all."""
    rates: dict[str, list[float]] = {}
    async with outbox(folder, sink + PATH, sims=(chosen.rounds + 1) * RENTED + 50) as parts:
        for number in range(chosen.rounds):
            home = folder / str(number)
            home.mkdir()
            await asyncio.to_thread(flush_page_cache)
            rates.setdefault("phonefarm", []).append(await burst(parts, sink, chosen.messages))
            for way, rate in await asyncio.to_thread(list, measure_others(home, sink, chosen.messages)):
                rates.setdefault(way, []).append(rate)
        await asyncio.to_thread(flush_page_cache)
        spread = Spread.of(await steady(parts, sink, chosen.seconds, 50))
        naive = Spread.of(await asyncio.to_thread(measure_naive_steady, folder, sink, chosen.seconds, 50))
    ours = rates.pop("phonefarm")
    print(f"burst of {chosen.messages}, median of {chosen.rounds}: phonefarm {median(ours):.0f} SMS/s", flush=True)
    for way, theirs in rates.items():
        ratio = median(mine / other for mine, other in zip(ours, theirs, strict=True))
        print(f"{way}: {median(theirs):.0f} SMS/s; phonefarm / it: {ratio:.2f}", flush=True)
    for way, its in (("phonefarm", spread), ("one commit and one request per message", naive)):
        times = f"p50 {1000 * its.p50:.1f} ms, p99 {1000 * its.p99:.1f} ms"
        print(f"50/s for {chosen.seconds:g} s, {way}: {times}", flush=True)


def measure_others(folder: Path, sink: str, count: int) -> Iterator[tuple[str, float]]:
    flush_page_cache()
    yield "one commit and one request per message", measure_naive(folder, sink, min(count, 1_000))
    if not is_installed():
        print("Kannel is not installed (Debian: apt install kannel kannel-extras): not measured", flush=True)
        return
    for durable, spool in ((True, "synchronous"), (False, "default, without fsync")):
        flush_page_cache()
        rate = measure_kannel(folder, sink, count, durable=durable)
        if rate is not None:
            yield f"Kannel, spool {spool}", rate


async def measure_backlog(folder: Path, sink: str, chosen: argparse.Namespace) -> None:
    async with outbox(folder, sink + PATH, sims=2 * RENTED) as parts:
        rate, out_of_sequence = await backlog(parts, folder / "bench.db", sink, chosen.backlog)
        print(
            f"backlog of {chosen.backlog}: {rate:.0f} SMS/s, {out_of_sequence} out of sequence for their number",
            flush=True,
        )


async def measure_orders_during_bursts(folder: Path, sink: str, chosen: argparse.Namespace) -> None:
    async with outbox(folder, sink + PATH, sims=2_000, history=chosen.history) as parts:
        spread, rate = await orders_during(parts, sink, chosen.messages, 60)
        print(
            f"2,000 SIMs, {chosen.history} history rows, during bursts of {chosen.messages} ({rate:.0f} SMS/s): "
            f"GET_NUMBER p50 {1000 * spread.p50:.1f} ms, p99 {1000 * spread.p99:.1f} ms",
            flush=True,
        )


def main(arguments: Sequence[str] | None = None) -> None:
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    options.add_argument("--messages", type=int, default=5_000)
    options.add_argument("--rounds", type=int, default=3)
    options.add_argument("--seconds", type=float, default=20)
    options.add_argument("--history", type=int, default=1_000_000)
    options.add_argument("--backlog", type=int, default=100_000)
    chosen = options.parse_args(arguments)
    with process(["-m", "bench._sink"]) as (line, _):
        sink = line.strip()
        for measure in (compare_bursts, measure_backlog, measure_orders_during_bursts):
            with tempfile.TemporaryDirectory(prefix="phonefarm-bench-", ignore_cleanup_errors=True) as folder:
                asyncio.run(measure(Path(folder), sink, chosen))


if __name__ == "__main__":
    main()
